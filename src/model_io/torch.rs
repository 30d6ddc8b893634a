//! PyTorch's files: the state dict that `torch.save` wrote, as a weight file. Nothing in the file is executed.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "depths within a limit, and places within a storage, which are checked first"
)]

use crate::data::pickle::{Id, Pickle, Value};
use crate::model_io::{
    ModelError,
    weights::{ORDER_KEY, one_line},
};
use safetensors::{Dtype, tensor::TensorView};
use std::{
    collections::{HashMap, HashSet},
    io::{Cursor, Read},
};
use zip::ZipArchive;

/// The longest pickle that is read, in bytes; numbers are not in it.
const LONGEST: u64 = 1 << 22;

/// The most values in dicts and modules that are looked at.
const MOST: usize = 1 << 17;

/// How deep modules may lie in one another.
const DEEPEST: usize = 32;

/// The state dict in a file of `torch.save`, as the bytes of a safetensors file. A dict with a state dict in it, as
/// training scripts save it, and a whole module are searched for their tensors.
///
/// # Errors
/// If the file is cut short, damaged, or has no tensors in it.
pub fn to_safetensors(bytes: &[u8]) -> Result<Vec<u8>, ModelError> {
    let read = if bytes.starts_with(b"PK") { of_zip(bytes) } else { of_pickles(bytes) };
    let tensors = read.map_err(|got| {
        ModelError(format!(
            "expected a PyTorch file with a state dict, got {}; save it again with torch.save(net.state_dict(), \"net.pth\")",
            one_line(&got)
        ))
    })?;
    let mut names = HashSet::new();
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(tensor.name.as_str())) {
        return Err(ModelError(format!(
            "expected a name for each tensor, got {} twice; the file is damaged, save it again",
            one_line(&twice.name)
        )));
    }
    let views: Result<Vec<_>, _> = tensors
        .iter()
        .map(|tensor| {
            let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?;
            Ok::<_, safetensors::SafeTensorError>((tensor.name.as_str(), view))
        })
        .collect();
    let order = tensors.iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>().join("\n");
    let metadata = HashMap::from([(ORDER_KEY.to_owned(), order)]);
    views.and_then(|views| safetensors::serialize(views, Some(metadata))).map_err(|error| {
        ModelError(format!(
            "expected tensors that fit a weight file, got: {}; save it again",
            one_line(&error.to_string())
        ))
    })
}

/// A tensor of a state dict.
struct Stored {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Where the numbers of storages are.
trait Storages {
    /// The bytes of a storage.
    fn bytes(&mut self, key: &str) -> Result<Vec<u8>, String>;
}

/// A zip: the pickle, and a file for each storage.
struct Zipped<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// What all names in the archive begin with.
    root: String,
    /// How many more bytes of storages can be in the file: torch.save does not compress.
    left: u64,
}

impl Zipped<'_> {
    fn entry(&mut self, name: &str, longest: u64) -> Result<Vec<u8>, String> {
        let mut entry = self.archive.by_name(name).map_err(|error| error.to_string())?;
        let size = entry.size();
        if size > longest {
            return Err(format!("{name} of {size} bytes"));
        }
        let mut bytes = Vec::new();
        entry.by_ref().take(longest).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

impl Storages for Zipped<'_> {
    fn bytes(&mut self, key: &str) -> Result<Vec<u8>, String> {
        let name = format!("{}data/{key}", self.root);
        let bytes = self.entry(&name, self.left)?;
        self.left -= bytes.len() as u64;
        Ok(bytes)
    }
}

fn of_zip(bytes: &[u8]) -> Result<Vec<Stored>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let name = archive.file_names().find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let name = name.ok_or("a zip without data.pkl")?.to_owned();
    let root = name.strip_suffix("data.pkl").unwrap_or_default().to_owned();
    let mut zipped = Zipped { archive, root, left: bytes.len() as u64 };
    let order = format!("{}byteorder", zipped.root);
    if zipped.entry(&order, 16).is_ok_and(|order| order.trim_ascii() == b"big") {
        return Err("numbers in big-endian order".into());
    }
    let values = zipped.entry(&name, LONGEST)?;
    let pickle = Pickle::read(&values)?;
    tensors(&pickle, &mut zipped, bytes.len())
}

/// The storages that follow the pickles of a file before version 1.6.
struct InLine<'a>(HashMap<String, &'a [u8]>);

impl Storages for InLine<'_> {
    fn bytes(&mut self, key: &str) -> Result<Vec<u8>, String> {
        self.0.get(key).map(|bytes| bytes.to_vec()).ok_or_else(|| format!("no storage {key}"))
    }
}

/// The pickle of a large number that begins a file before version 1.6.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// A number, a version and the system, then the values, the names of the storages, and their numbers.
fn of_pickles(bytes: &[u8]) -> Result<Vec<Stored>, String> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or("a pickle that torch.save did not write")?;
    let mut next = || {
        let (pickle, after) = Pickle::read_front(rest)?;
        rest = after;
        Ok::<_, String>(pickle)
    };
    next()?;
    next()?;
    let (values, names) = (next()?, next()?);
    let dtypes = storage_types(&values);
    let mut storages = HashMap::new();
    for &name in names.items(names.root()).unwrap_or_default() {
        let name = names.text(name).ok_or("a storage without a name")?;
        let (len, after) = rest.split_first_chunk().ok_or("a file that is cut short")?;
        let width = dtypes.get(name).and_then(|dtype| width(*dtype)).ok_or("a storage of an unknown type")?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok().and_then(|len| len.checked_mul(width));
        let (own, after) =
            len.and_then(|len| after.split_at_checked(len)).ok_or("a file that is cut short")?;
        storages.insert(name.to_owned(), own);
        rest = after;
    }
    tensors(&values, &mut InLine(storages), bytes.len())
}

/// The number types of the storages that a pickle names.
fn storage_types(pickle: &Pickle) -> HashMap<String, Dtype> {
    let named = pickle.values().iter().filter_map(|value| {
        let Value::Persistent(name) = value else { return None };
        let items = pickle.items(*name)?;
        let dtype = dtype(name_of(pickle, *items.get(1)?)?)?;
        Some((pickle.text(*items.get(2)?)?.to_owned(), dtype))
    });
    named.collect()
}

/// The name of something that Python would look up.
fn name_of<'a>(pickle: &Pickle<'a>, id: Id) -> Option<&'a str> {
    if let Value::Name { name, .. } = pickle.value(id) { Some(name) } else { None }
}

/// The pairs of a dict, or of the state of an object.
fn pairs<'p>(pickle: &'p Pickle, id: Id) -> Option<&'p [(Id, Id)]> {
    if let Value::Dict(pairs) = pickle.value(id) {
        return Some(pairs);
    }
    let Value::Made { state: Some(state), .. } = pickle.value(id) else { return None };
    // A state may be a pair of dicts; the first has the attributes.
    let state = match pickle.items(*state) {
        Some(&[first, _]) => first,
        _ => *state,
    };
    if let Value::Dict(pairs) = pickle.value(state) { Some(pairs) } else { None }
}

/// The number type of a storage's class or of a dtype.
fn dtype(name: &str) -> Option<Dtype> {
    Some(match name {
        "FloatStorage" | "float32" => Dtype::F32,
        "DoubleStorage" | "float64" => Dtype::F64,
        "HalfStorage" | "float16" => Dtype::F16,
        "BFloat16Storage" | "bfloat16" => Dtype::BF16,
        "LongStorage" | "int64" => Dtype::I64,
        "IntStorage" | "int32" => Dtype::I32,
        "ShortStorage" | "int16" => Dtype::I16,
        "CharStorage" | "int8" => Dtype::I8,
        "ByteStorage" | "uint8" | "UntypedStorage" => Dtype::U8,
        "BoolStorage" | "bool" => Dtype::BOOL,
        _ => return None,
    })
}

/// Bytes per number.
fn width(dtype: Dtype) -> Option<usize> {
    Some(dtype.bitsize() / 8).filter(|&width| width > 0)
}

/// The tensors of the state dict in a pickle. `len` is the file's size in bytes: tensors that share numbers may not make
/// much more of it.
fn tensors(pickle: &Pickle, storages: &mut dyn Storages, len: usize) -> Result<Vec<Stored>, String> {
    let root = pickle.root();
    let mut walk = Walk { pickle, found: Vec::new(), left: MOST };
    walk.find(root, "", 0);
    if walk.found.is_empty() {
        // A training script's dict: the first entry with tensors.
        for &(_, value) in pairs(pickle, root).unwrap_or_default() {
            walk.find(value, "", 0);
            if !walk.found.is_empty() {
                break;
            }
        }
    }
    let found = walk.found;
    if found.is_empty() {
        return Err("no tensors in it".into());
    }
    let mut held: HashMap<String, Vec<u8>> = HashMap::new();
    let mut read = Vec::with_capacity(found.len());
    let mut left = len.saturating_mul(4);
    for (name, arguments) in found {
        let tensor = tensor(pickle, name, arguments, storages, &mut held)?;
        left = left.checked_sub(tensor.bytes.len()).ok_or("tensors that share their numbers too often")?;
        read.push(tensor);
    }
    Ok(read)
}

/// A walk through the dicts and modules of a pickle.
struct Walk<'p, 'a> {
    pickle: &'p Pickle<'a>,
    /// The tensors so far: names and the arguments of the calls that make them.
    found: Vec<(String, &'p [Id])>,
    /// How many more values may be looked at: modules may hold one another in a circle.
    left: usize,
}

impl Walk<'_, '_> {
    /// The tensors of a dict by name, or of a module with its parameters, buffers and modules.
    fn find(&mut self, id: Id, prefix: &str, depth: usize) {
        let pickle = self.pickle;
        let is_module = matches!(pickle.value(id), Value::Made { .. });
        for &(key, value) in pairs(pickle, id).filter(|_| depth < DEEPEST).unwrap_or_default() {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            let Some(key) = pickle.text(key) else { continue };
            match (is_module, key) {
                (true, "_parameters" | "_buffers") => self.find(value, prefix, depth + 1),
                (true, "_modules") => {
                    for &(name, module) in pairs(pickle, value).unwrap_or_default() {
                        let Some(left) = self.left.checked_sub(1) else { return };
                        self.left = left;
                        let name = pickle.text(name).unwrap_or_default();
                        self.find(module, &format!("{prefix}{name}."), depth + 1);
                    }
                }
                (true, _) => {}
                (false, _) => {
                    let arguments = arguments(pickle, value, 0);
                    self.found.extend(arguments.map(|arguments| (format!("{prefix}{key}"), arguments)));
                }
            }
        }
    }
}

/// The arguments of the call that makes a tensor.
fn arguments<'p>(pickle: &'p Pickle, id: Id, depth: usize) -> Option<&'p [Id]> {
    let Value::Made { maker, arguments, .. } = pickle.value(id) else { return None };
    let items = pickle.items(*arguments)?;
    match name_of(pickle, *maker)? {
        "_rebuild_tensor_v2" | "_rebuild_tensor" | "_rebuild_tensor_v3" => Some(items),
        "_rebuild_parameter" | "_rebuild_parameter_with_state" if depth == 0 => {
            self::arguments(pickle, *items.first()?, 1)
        }
        _ => None,
    }
}

/// Whole numbers of at least 0.
fn numbers(pickle: &Pickle, id: Id) -> Option<Vec<usize>> {
    pickle.items(id)?.iter().map(|&id| usize::try_from(pickle.int(id)?).ok()).collect()
}

/// A tensor from its storage, offset, shape and strides.
fn tensor(
    pickle: &Pickle,
    name: String,
    arguments: &[Id],
    storages: &mut dyn Storages,
    held: &mut HashMap<String, Vec<u8>>,
) -> Result<Stored, String> {
    let damaged = || format!("a tensor {name} that is damaged");
    let &[storage, offset, shape, strides, ..] = arguments else { return Err(damaged()) };
    let offset = pickle.int(offset).ok_or_else(damaged)?;
    let Value::Persistent(storage) = pickle.value(storage) else { return Err(damaged()) };
    let storage = pickle.items(*storage).ok_or_else(damaged)?;
    let &[_, class, key, ..] = storage else { return Err(damaged()) };
    let key = pickle.text(key).ok_or_else(damaged)?;
    let class = name_of(pickle, class).ok_or_else(damaged)?;
    // The third form of the call names the type itself.
    let own = arguments.get(6).and_then(|&id| name_of(pickle, id)).and_then(dtype);
    let dtype = own.or_else(|| dtype(class)).ok_or_else(|| format!("a tensor {name} of type {class}"))?;
    let width = width(dtype).ok_or_else(damaged)?;
    let (shape, strides) = numbers(pickle, shape).zip(numbers(pickle, strides)).ok_or_else(damaged)?;
    if !held.contains_key(key) {
        held.insert(key.to_owned(), storages.bytes(key)?);
    }
    let bytes = held.get(key).ok_or_else(damaged)?;
    let offset = usize::try_from(offset).map_err(|_| damaged())?;
    let bytes = strided(bytes, width, offset, &shape, &strides)
        .ok_or_else(|| format!("a tensor {name} that reaches beyond its numbers"))?;
    Ok(Stored { name, dtype, shape, bytes })
}

/// The numbers of a tensor in row-major order; `None` if it reaches beyond its storage or is larger than it.
pub(super) fn strided(
    bytes: &[u8],
    width: usize,
    offset: usize,
    shape: &[usize],
    strides: &[usize],
) -> Option<Vec<u8>> {
    let held = bytes.len() / width;
    let count = shape.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim))?;
    if shape.len() != strides.len() || shape.len() > 8 || count > held {
        return None;
    }
    if count == 0 {
        return Some(Vec::new());
    }
    let last = shape
        .iter()
        .zip(strides)
        .try_fold(offset, |last, (&dim, &stride)| last.checked_add((dim - 1).checked_mul(stride)?))?;
    if last >= held {
        return None;
    }
    let mut rows = vec![1usize; shape.len()];
    for d in (1..shape.len()).rev() {
        rows[d - 1] = rows[d] * shape[d];
    }
    if rows == strides {
        return Some(bytes[offset * width..(offset + count) * width].to_vec());
    }
    let mut out = Vec::with_capacity(count * width);
    for cell in 0..count {
        let place: usize = (0..shape.len()).map(|d| cell / rows[d] % shape[d] * strides[d]).sum();
        let start = (offset + place) * width;
        out.extend_from_slice(&bytes[start..start + width]);
    }
    Some(out)
}

//! PyTorch's files: the state dict that `torch.save` wrote, as a weight file. Nothing in the file is executed.

mod pickle;

use super::{ModelError, weights::one_line};
use pickle::{Item, Object, Pickle};
use safetensors::{Dtype, tensor::TensorView};
use std::{
    collections::HashMap,
    io::{Cursor, Read},
};
use zip::ZipArchive;

/// The longest pickle that is read, in bytes; numbers are not in it.
const LONGEST: u64 = 1 << 22;

/// The most tensors.
const MOST: usize = 1 << 16;

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
    let views: Result<Vec<_>, _> = tensors
        .iter()
        .map(|tensor| {
            let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?;
            Ok::<_, safetensors::SafeTensorError>((tensor.name.as_str(), view))
        })
        .collect();
    views.and_then(|views| safetensors::serialize(views, None)).map_err(|error| {
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
    let pickle = Pickle::read(&zipped.entry(&name, LONGEST)?)?;
    tensors(&pickle, &mut zipped, bytes.len())
}

/// The storages that follow the pickles of a file before version 1.6.
struct InLine<'a>(HashMap<String, &'a [u8]>);

impl Storages for InLine<'_> {
    fn bytes(&mut self, key: &str) -> Result<Vec<u8>, String> {
        self.0.get(key).map(|bytes| bytes.to_vec()).ok_or_else(|| format!("no storage {key}"))
    }
}

/// A number, a version and the system, then the values, the names of the storages, and their numbers.
fn of_pickles(bytes: &[u8]) -> Result<Vec<Stored>, String> {
    let mut rest = bytes;
    let mut next = || {
        let pickle = Pickle::read(&rest[..rest.len().min(LONGEST as usize)])?;
        rest = &rest[pickle.len..];
        Ok::<_, String>(pickle)
    };
    let first = next()?;
    if first.root.and_then(|root| first.pairs(root)).is_some() {
        return Err("a pickle that torch.save did not write".into());
    }
    next()?;
    next()?;
    let (values, names) = (next()?, next()?);
    let dtypes = storage_types(&values);
    let mut storages = HashMap::new();
    for &name in names.root.and_then(|root| names.items(root)).unwrap_or_default() {
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
    let named = pickle.storages().filter_map(|name| {
        let items = pickle.items(name)?;
        let dtype = dtype(pickle.global(*items.get(1)?)?)?;
        Some((pickle.text(*items.get(2)?)?.to_owned(), dtype))
    });
    named.collect()
}

/// The number type of a storage's class or of a dtype.
fn dtype(name: &str) -> Option<Dtype> {
    let name = name.rsplit('.').next().unwrap_or(name);
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
    let root = pickle.root.ok_or("an empty pickle")?;
    let mut found = Vec::new();
    find(pickle, root, "", 0, &mut found);
    if found.is_empty() {
        // A training script's dict: the first entry with tensors.
        for &(_, value) in pickle.pairs(root).unwrap_or_default() {
            find(pickle, value, "", 0, &mut found);
            if !found.is_empty() {
                break;
            }
        }
    }
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

/// The tensors of a dict by name, or of a module with its parameters, buffers and modules; with their arguments.
fn find<'a>(
    pickle: &'a Pickle,
    item: Item,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, &'a [Item])>,
) {
    let Some(pairs) = pickle.pairs(item).filter(|_| depth < DEEPEST) else { return };
    let is_module = matches!(pickle.object(item), Some(Object::Instance(_)));
    for &(key, value) in pairs {
        let Some(key) = pickle.text(key) else { continue };
        match (is_module, key) {
            (true, "_parameters" | "_buffers") => find(pickle, value, prefix, depth + 1, found),
            (true, "_modules") => {
                for &(name, module) in pickle.pairs(value).unwrap_or_default() {
                    let name = pickle.text(name).unwrap_or_default();
                    find(pickle, module, &format!("{prefix}{name}."), depth + 1, found);
                }
            }
            (true, _) => {}
            (false, _) => {
                if let Some(arguments) = arguments(pickle, value, 0).filter(|_| found.len() < MOST) {
                    found.push((format!("{prefix}{key}"), arguments));
                }
            }
        }
    }
}

/// The arguments of the call that makes a tensor.
fn arguments(pickle: &Pickle, item: Item, depth: usize) -> Option<&[Item]> {
    let Object::Call(function, arguments) = pickle.object(item)? else { return None };
    let items = pickle.items(*arguments)?;
    match pickle.global(*function)? {
        "torch._utils._rebuild_tensor_v2"
        | "torch._utils._rebuild_tensor"
        | "torch._utils._rebuild_tensor_v3" => Some(items),
        "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" if depth == 0 => {
            self::arguments(pickle, *items.first()?, 1)
        }
        _ => None,
    }
}

/// Whole numbers of at least 0.
fn numbers(pickle: &Pickle, item: Item) -> Option<Vec<usize>> {
    let number = |item: &Item| match item {
        Item::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    };
    pickle.items(item)?.iter().map(number).collect()
}

/// A tensor from its storage, offset, shape and strides.
fn tensor(
    pickle: &Pickle,
    name: String,
    arguments: &[Item],
    storages: &mut dyn Storages,
    held: &mut HashMap<String, Vec<u8>>,
) -> Result<Stored, String> {
    let damaged = || format!("a tensor {name} that is damaged");
    let &[storage, Item::Int(offset), shape, strides, ..] = arguments else { return Err(damaged()) };
    let Some(Object::Storage(storage)) = pickle.object(storage) else { return Err(damaged()) };
    let storage = pickle.items(*storage).ok_or_else(damaged)?;
    let at = |place: usize| storage.get(place).copied().unwrap_or(Item::None);
    let key = pickle.text(at(2)).ok_or_else(damaged)?;
    let class = pickle.global(at(1)).ok_or_else(damaged)?;
    // The third form of the call names the type itself.
    let own = arguments.get(6).and_then(|&item| pickle.global(item)).and_then(dtype);
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
fn strided(bytes: &[u8], width: usize, offset: usize, shape: &[usize], strides: &[usize]) -> Option<Vec<u8>> {
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

//! The weights of a program: a part for each, or a state dict that `torch.save` wrote, in files of earlier versions.

use super::zip::Zip;
use crate::model_io::{onnx::proto::data_type, torch};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A tensor of floating-point numbers.
pub struct Weight {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its type, as ONNX numbers it.
    pub data_type: i32,
    /// Its numbers, little-endian.
    pub bytes: Vec<u8>,
}

/// The weights and constants by their names in the state dict; others than of floating-point numbers are left out.
///
/// # Errors
/// If they are damaged.
pub fn read(zip: &mut Zip) -> Result<BTreeMap<String, Weight>, String> {
    if zip.entry("byteorder")?.is_some_and(|order| order.trim_ascii() == b"big") {
        return Err("numbers in big-endian order".into());
    }
    let mut weights = BTreeMap::new();
    let ends = |zip: &Zip, start: &str, end: &str| {
        zip.names().filter(|name| name.starts_with(start) && name.ends_with(end)).cloned().collect::<Vec<_>>()
    };
    for folder in ["data/weights/", "data/constants/"] {
        for name in ends(zip, folder, "_config.json") {
            let Some(config) = zip.json(&name)? else { continue };
            for (name, entry) in config.get("config").and_then(Json::as_object).into_iter().flatten() {
                if let Some(weight) = weight(zip, folder, entry).map_err(|got| format!("{got} ({name})"))? {
                    weights.insert(name.clone(), weight);
                }
            }
        }
    }
    let dicts = [
        ends(zip, "data/weights/", ".pt"),
        ends(zip, "data/constants/", ".pt"),
        ends(zip, "serialized_state_dict", ""),
        ends(zip, "serialized_constants", ""),
    ];
    for name in dicts.into_iter().flatten() {
        let Some(bytes) = zip.entry(&name)? else { continue };
        // A model without constants has an empty dict.
        let Ok(file) = torch::to_safetensors(&bytes) else { continue };
        let file = SafeTensors::deserialize(&file).map_err(|error| error.to_string())?;
        for (name, tensor) in file.tensors() {
            if let Some(data_type) = of_safetensors(tensor.dtype()) {
                let weight =
                    Weight { shape: tensor.shape().to_vec(), data_type, bytes: tensor.data().to_vec() };
                weights.insert(name, weight);
            }
        }
    }
    Ok(weights)
}

/// A weight by its entry in the list of weights.
fn weight(zip: &mut Zip, folder: &str, entry: &Json) -> Result<Option<Weight>, String> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str);
    let Some(meta) = entry.get("tensor_meta").filter(|meta| !meta.is_null()) else { return Ok(None) };
    let number =
        |json: &Json| json.get("as_int").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
    let list = |key: &str| meta.get(key)?.as_array()?.iter().map(number).collect::<Option<Vec<_>>>();
    let (Some(shape), Some(strides)) = (list("sizes"), list("strides")) else {
        return Err("a weight without a shape".into());
    };
    let offset = meta.get("storage_offset").and_then(number).unwrap_or(0);
    let (data_type, width) = match meta.get("dtype").and_then(Json::as_u64) {
        Some(6) => (data_type::FLOAT16, 2),
        Some(7) => (data_type::FLOAT, 4),
        Some(8) => (data_type::DOUBLE, 8),
        Some(13) => (data_type::BFLOAT16, 2),
        _ => return Ok(None),
    };
    let path = format!("{folder}{}", text("path_name").ok_or("a weight without a part")?);
    let bytes = zip.entry(&path)?.ok_or("a weight without its part")?;
    if entry.get("use_pickle").and_then(Json::as_bool) == Some(true) {
        return Err("a weight as a pickle of its own".into());
    }
    let bytes = torch::strided(&bytes, width, offset, &shape, &strides);
    Ok(Some(Weight { shape, data_type, bytes: bytes.ok_or("a weight that reaches beyond its numbers")? }))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the number types are those of safetensors and may grow")]
fn of_safetensors(dtype: Dtype) -> Option<i32> {
    match dtype {
        Dtype::F32 => Some(data_type::FLOAT),
        Dtype::F16 => Some(data_type::FLOAT16),
        Dtype::BF16 => Some(data_type::BFLOAT16),
        Dtype::F64 => Some(data_type::DOUBLE),
        _ => None,
    }
}

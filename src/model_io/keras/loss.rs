//! The loss that a Keras model was compiled with.

use crate::model_io::architecture::short;
use crate::nn::loss::Loss;
use serde_json::Value as Json;

/// The loss that the file names, and what is said of one that is not there.
pub fn named(training: &Json) -> (Option<Loss>, Option<String>) {
    let Some(json) = training.get("loss").filter(|loss| !loss.is_null()) else { return (None, None) };
    // A text, an object, or a list with one of them.
    let json = json.get(0).filter(|_| json.as_array().is_some_and(|list| list.len() == 1)).unwrap_or(json);
    let name = json.get("class_name").or(Some(json)).and_then(Json::as_str).unwrap_or_default();
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "categoricalcrossentropy" | "sparsecategoricalcrossentropy" => (Some(Loss::CrossEntropy), None),
        "binarycrossentropy" => (Some(Loss::BinaryCrossEntropy), None),
        "mse" | "meansquarederror" => (Some(Loss::Mse), None),
        _ => {
            let shown = if name.is_empty() { short(&json.to_string()) } else { short(name) };
            (
                None,
                Some(format!(
                    "the model was trained with the loss {shown}, which is not there; it has another one here"
                )),
            )
        }
    }
}

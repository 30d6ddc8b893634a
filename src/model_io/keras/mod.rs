//! Keras models: `.keras` files (a zip with the layers as JSON and the weights as HDF5) and `.h5` files of the whole
//! model. The layers are drawn in ONNX's operators, with the transpositions that channels-last pictures need, and read
//! as an ONNX file is.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of inputs, and of models within models up to a limit"
)]

mod activations;
mod config;
mod draw;
mod layers;
mod loss;
mod pixels;
mod settings;
mod store;
mod weighted;

use super::{
    ModelError,
    onnx::drawn::{Drawing, Drawn, Layout},
    weights::one_line,
};
use config::{Layer, Link, Net, damaged};
use draw::{Draw, Value};
use pixels::{Pixels, Scale};
use serde_json::Value as Json;
use std::{
    collections::HashMap,
    io::{Cursor, Read},
};
use store::{Groups, Store};
use zip::ZipArchive;

/// The longest configuration, in bytes.
const LONGEST: u64 = 1 << 24;

/// Reads a Keras model, as a graph in ONNX's operators.
///
/// # Errors
/// Names the layer, and says what was expected, what came and what to do.
pub(super) fn read(bytes: &[u8]) -> Result<Drawn, ModelError> {
    let file = if bytes.starts_with(b"PK") { of_zip(bytes)? } else { of_hdf5(bytes)? };
    let class = file.config.get("class_name").and_then(Json::as_str).unwrap_or_default();
    let config = file.config.get("config").ok_or_else(|| damaged("no layers"))?;
    let net = config::net(class, config)?;
    let mut draw = Draw {
        drawing: Drawing::default(),
        store: file.store,
        version: file.version,
        pixels: Pixels::default(),
        notes: Vec::new(),
        depth: 0,
    };
    let is_first = config::has_setting(config, "data_format", "channels_first");
    let layout = if is_first { Layout::ChannelsFirst } else { Layout::ChannelsLast };
    let groups = draw.store.top(&net);
    let inputs = draw.inputs(&net, config, layout)?;
    let outputs = draw.net(&net, &groups, inputs)?;
    for output in &outputs {
        let read = draw.used(output)?;
        draw.drawing.output(&read);
    }
    let (loss, note) = loss::named(&file.training);
    let Draw { drawing, store, pixels, mut notes, .. } = draw;
    // The file's numbers are in the drawing: memory for them once is enough.
    drop(store);
    notes.extend(note);
    notes.push(pixels.note());
    Ok(Drawn {
        drawing,
        len: bytes.len(),
        layout: Some(layout),
        preprocess: pixels.preprocess()?,
        loss,
        notes,
        unused: Vec::new(),
    })
}

/// A file's parts.
struct Opened {
    config: Json,
    /// What `compile` was given.
    training: Json,
    /// The version of Keras; empty if the file does not tell.
    version: String,
    store: Store,
}

fn of_zip(bytes: &[u8]) -> Result<Opened, ModelError> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&one_line(&error.to_string())))?;
    let mut entry = |name: &str, longest: u64| {
        let mut entry = archive.by_name(name).map_err(|_| damaged(&format!("no {name} in it")))?;
        if entry.size() > longest {
            return Err(damaged(&format!("{name} of {} bytes", entry.size())));
        }
        let mut bytes = Vec::new();
        entry
            .by_ref()
            .take(longest)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(&one_line(&error.to_string())))?;
        Ok(bytes)
    };
    let config = json(&entry("config.json", LONGEST)?)?;
    let metadata = entry("metadata.json", LONGEST).and_then(|bytes| json(&bytes)).unwrap_or_default();
    // Keras does not compress, and weights hardly repeat.
    let weights = entry("model.weights.h5", (bytes.len() as u64).saturating_mul(16))?;
    Ok(Opened {
        training: config.get("compile_config").cloned().unwrap_or_default(),
        config,
        version: metadata.get("keras_version").and_then(Json::as_str).unwrap_or_default().to_owned(),
        store: store::open(weights, false)?,
    })
}

fn of_hdf5(bytes: &[u8]) -> Result<Opened, ModelError> {
    let store = store::open(bytes.to_vec(), true)?;
    let text = |name: &str| store.file.text("/", name);
    let Some(config) = text("model_config").filter(|text| text.len() as u64 <= LONGEST) else {
        return Err(ModelError(match store.file.has("layers") || store.file.texts("/", "layer_names").is_some() {
            true => "expected a whole Keras model, got its weights alone (.weights.h5), which do not tell the layers; save \
                     the whole model with model.save(\"net.keras\")"
                .into(),
            false => "expected a Keras model in the HDF5 file, got something else; save the model with \
                      model.save(\"net.keras\")"
                .into(),
        }));
    };
    Ok(Opened {
        config: json(config.as_bytes())?,
        training: text("training_config")
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        version: text("keras_version").unwrap_or_default(),
        store,
    })
}

fn json(bytes: &[u8]) -> Result<Json, ModelError> {
    serde_json::from_slice(bytes)
        .map_err(|error| damaged(&format!("no JSON ({})", one_line(&error.to_string()))))
}

impl Draw {
    /// Draws the inputs of the outermost model.
    fn inputs(&mut self, net: &Net, config: &Json, layout: Layout) -> Result<Vec<Value>, ModelError> {
        let mut inputs = Vec::new();
        for (place, link) in net.inputs.iter().enumerate() {
            let layer = net.layers.iter().find(|layer| layer.name == link.layer);
            let layer = layer.ok_or_else(|| damaged("an input that is no layer"))?;
            let dims = extents(layer, config).ok_or_else(|| {
                layer.error("expected the shape of its input, got none; give the model an Input layer and save it again")
            })?;
            let name = if place == 0 { "picture".to_owned() } else { format!("picture {}", place + 1) };
            let rank = dims.len();
            // A picture without an axis of channels has one channel; a sequence has columns and channels.
            let is_picture = rank == 3 && !net.is_sequence(link);
            let dims = match (is_picture, layout) {
                (false, _) => dims,
                (true, Layout::ChannelsLast) => [dims.as_slice(), &[Some(1)]].concat(),
                (true, Layout::ChannelsFirst) => [&dims[..1], &[Some(1)], &dims[1..]].concat(),
            };
            self.drawing.input(&name, &dims);
            inputs.push(Value { name, rank, pixels: Some(Scale::default()) });
        }
        Ok(inputs)
    }

    /// Draws the layers of a model on its inputs; returns its outputs.
    fn net(&mut self, net: &Net, groups: &Groups, inputs: Vec<Value>) -> Result<Vec<Value>, ModelError> {
        let mut made: HashMap<(&str, usize), Value> = HashMap::new();
        for (link, value) in net.inputs.iter().zip(inputs) {
            if let Some(layer) = net.layers.iter().find(|layer| layer.name == link.layer) {
                made.insert((&layer.name, link.call), value);
            }
        }
        let is_chain_start = |layer: &Layer| layer.calls.iter().all(|call| call.inputs.is_empty());
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        for (l, layer) in net.layers.iter().enumerate() {
            if layer.class == "InputLayer" {
                continue;
            }
            if is_chain_start(layer) {
                // The first layer of a Sequential model without an Input layer reads the model's input.
                let key = (layer.name.as_str(), 0);
                let Some(x) = made.get(&key).cloned() else { continue };
                let call = layer.calls.first().cloned().unwrap_or_default();
                made.insert(key, self.layer(layer, &groups[l], &call, &[x])?);
                continue;
            }
            waiting.extend((0..layer.calls.len()).map(|call| (l, call)));
        }
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut still = Vec::new();
            for (l, call) in waiting {
                let layer = &net.layers[l];
                let reads =
                    layer.calls[call].inputs.iter().map(|link| made.get(&(link.layer.as_str(), link.call)));
                match reads.collect::<Option<Vec<_>>>() {
                    Some(reads) => {
                        let reads: Vec<Value> = reads.into_iter().cloned().collect();
                        let value = self.layer(layer, &groups[l], &layer.calls[call], &reads)?;
                        made.insert((&layer.name, call), value);
                    }
                    None => still.push((l, call)),
                }
            }
            if still.len() == before {
                break;
            }
            waiting = still;
        }
        let output = |link: &Link| made.get(&(link.layer.as_str(), link.call)).cloned();
        let outputs = net.outputs.iter().map(output).collect::<Option<Vec<_>>>();
        outputs.filter(|outputs| !outputs.is_empty()).ok_or_else(|| damaged("an output that no layer makes"))
    }

    /// Draws one call of a layer.
    fn layer(
        &mut self,
        layer: &Layer,
        group: &str,
        call: &config::Call,
        reads: &[Value],
    ) -> Result<Value, ModelError> {
        if !config::is_net(layer.class) {
            return layers::draw(self, layer, group, call, reads);
        }
        if self.depth == config::DEEPEST {
            return Err(layer.error("expected fewer models within models, got more; save a simpler model"));
        }
        let net = config::net(layer.class, layer.config)?;
        let groups = self.store.inner(group, &net);
        self.depth += 1;
        let outputs = self.net(&net, &groups, reads.to_vec());
        self.depth -= 1;
        match <[Value; 1]>::try_from(outputs?) {
            Ok([output]) => Ok(output),
            Err(_) => {
                Err(layer.error("expected a model with one output within the model, got more; save it alone"))
            }
        }
    }
}

/// The extents of an input, with the batch; `None` for those that are free.
fn extents(layer: &Layer, config: &Json) -> Option<Vec<Option<i64>>> {
    let of = |config: &Json| {
        let keys = ["batch_shape", "batch_input_shape"].into_iter();
        keys.filter_map(|key| config.get(key)).find(|shape| !shape.is_null()).cloned()
    };
    // A model as the first layer has an Input layer of its own.
    let first = || layer.config.pointer("/layers/0/config").and_then(of);
    let shape = of(layer.config).or_else(first).or_else(|| config.get("build_input_shape").cloned())?;
    let shape = shape.as_array()?;
    (2..=4).contains(&shape.len()).then(|| shape.iter().map(Json::as_i64).collect())
}

//! Checkpoints: the state of a training run in one file, which is a model file as well.
//!
//! Besides the parameters the file holds the moments as `optimizer/<layer>.weight.m` and so on, and the JSON text
//! `checkpoint/run` as bytes: steps done, settings, notes.

#![expect(clippy::arithmetic_side_effects, reason = "a count of tensors")]

use super::{
    Model, ModelError,
    weights::{self, MOMENTS_PREFIX, RUN},
};
use crate::nn::{
    Part, Parts,
    optimizer::{Moments, TRAINED},
};
use crate::tensor::Tensor;
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a training run after a step. Together with the data that its settings name, it continues as if it
/// had never been interrupted.
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    /// The network with its current parameters.
    pub model: Model,
    /// The optimizer's moments, and the number of steps done.
    pub moments: Moments,
    /// The settings that determine the run, by their names on the command line.
    pub settings: BTreeMap<String, String>,
    /// Further text that the writer stores, in its own format.
    pub notes: String,
}

const VERSION: u32 = 1;

/// The JSON part of the file.
#[derive(Serialize, Deserialize)]
struct RunRecord {
    version: u32,
    steps: u64,
    /// The number of tensors that hold moments.
    moments: usize,
    settings: BTreeMap<String, String>,
    notes: String,
}

impl Checkpoint {
    /// Reads a checkpoint file.
    ///
    /// # Errors
    /// If the bytes are not a model file, or hold no checkpoint or a damaged one.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let fails = |what: String| ModelError(format!("{name}: {what}"));
        let file = weights::open(bytes).map_err(|error| fails(error.0))?;
        let run = file.tensor(RUN).map_err(|_| {
            fails(
                "expected a training checkpoint, got a file without one, perhaps a finished model; use a file \
                 that `train --checkpoint` wrote"
                    .into(),
            )
        })?;
        let damaged = |what: &str| {
            fails(format!("expected an undamaged checkpoint, got {what}; use an earlier one or start again"))
        };
        // The version comes first, because other versions may have other fields.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let versioned: Versioned =
            serde_json::from_slice(run.data()).map_err(|_| damaged("one whose run is not JSON"))?;
        if versioned.version != VERSION {
            return Err(fails(format!(
                "expected a checkpoint of version {VERSION}, got version {}; use the convstep that wrote it",
                versioned.version
            )));
        }
        let run: RunRecord =
            serde_json::from_slice(run.data()).map_err(|_| damaged("one whose run is incomplete"))?;
        let model = Model::from_bytes(name, bytes, None).map_err(|error| fails(error.0))?;
        let mut moments = Moments { steps: run.steps, layers: Vec::new() };
        let mut found = 0;
        for (layer, params) in model.network.layers.iter().zip(&model.params.0) {
            let mut parts = Parts::default();
            for trained in TRAINED {
                let Some(param) = params.get(trained.param) else { continue };
                for part in [trained.m, trained.v] {
                    let Ok(stored) = file.tensor(&moment_name(layer.file_name(), part)) else { continue };
                    let numbers = weights::numbers(RUN, &stored)?;
                    let tensor = Tensor::from_shape_vec(param.dim(), numbers)
                        .map_err(|_| damaged("a moment of another shape than its parameter"))?;
                    parts.set(part, tensor);
                    found += 1;
                }
            }
            moments.layers.push(parts);
        }
        if found != run.moments {
            return Err(damaged(&format!("{found} of its {} moments", run.moments)));
        }
        Ok(Self { model, moments, settings: run.settings, notes: run.notes })
    }

    /// Writes the file; the bytes are the same every time.
    ///
    /// # Errors
    /// As for [`Model::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let Self { model, moments, settings, notes } = self;
        let mut more = Vec::new();
        for (layer, parts) in model.network.layers.iter().zip(&moments.layers) {
            for (part, tensor) in parts.iter() {
                let name = moment_name(layer.file_name(), part);
                more.push(weights::Stored::new(name, tensor.shape().to_vec(), tensor));
            }
        }
        let run = RunRecord {
            version: VERSION,
            steps: moments.steps,
            moments: more.len(),
            settings: settings.clone(),
            notes: notes.clone(),
        };
        let bytes = serde_json::to_vec(&run).map_err(|error| {
            ModelError(format!("expected settings that fit JSON, got {error}; report this"))
        })?;
        more.push(weights::Stored { name: RUN.into(), dtype: Dtype::U8, shape: vec![bytes.len()], bytes });
        weights::write_with(&model.network, &model.params, &model.architecture.to_toml(), more)
    }

    /// Whether all parameters and moments are finite, so that training can continue.
    pub fn is_finite(&self) -> bool {
        let finite = |parts: &Parts| parts.iter().all(|(_, tensor)| tensor.iter().all(|x| x.is_finite()));
        self.model.params.0.iter().chain(&self.moments.layers).all(finite)
    }
}

fn moment_name(layer: &str, part: Part) -> String {
    format!("{MOMENTS_PREFIX}{layer}.{}", part.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::bundled;
    use crate::nn::optimizer::{Optimizer, Rule};
    use crate::nn::{Mode, dropout::Stream};

    /// The bundled model after two steps.
    fn checkpoint(rule: Rule) -> Checkpoint {
        let mut model = bundled::load("article-backprop").expect("bundled");
        let optimizer = Optimizer { rule, learning_rate: 0.01, weight_decay: 0.0 };
        let x = Tensor::from_shape_fn((1, 1, 3, 3), |(_, _, i, j)| (i * 3 + j) as f32);
        let [c, h, w] = model.network.output();
        let target = Tensor::zeros((1, c, h, w));
        let mut moments = Moments::default();
        for _ in 0..2 {
            let values = model.network.run(&model.params, &x, &target, Mode::Train, Stream::default());
            let updated = optimizer.update(&model.network, &model.params, &moments, &values);
            model.params = updated.params(&model.params).into();
            moments = updated.moments(&moments);
        }
        let settings = BTreeMap::from([("seed".to_owned(), u64::MAX.to_string())]);
        Checkpoint { model, moments, settings, notes: "any \"text\"\n".into() }
    }

    #[test]
    fn what_is_written_is_read_back_and_is_a_model_file() {
        for rule in Rule::ALL {
            let before = checkpoint(rule);
            let bytes = before.to_bytes().expect("writes");
            assert_eq!(bytes, before.to_bytes().expect("writes"));
            let after = Checkpoint::from_bytes("article-backprop", &bytes).expect("reads");
            assert_eq!(after, before, "{rule:?}");
            assert_eq!(after.moments.steps, 2);
            let model = Model::from_bytes("m", &bytes, None).expect("a model file");
            assert_eq!((model.params, model.unused), (before.model.params, vec![]));
        }
    }

    #[test]
    fn what_is_no_checkpoint_says_so() {
        let whole = checkpoint(Rule::ALL[3]);
        let refused = |bytes: &[u8]| Checkpoint::from_bytes("run", bytes).expect_err("no checkpoint").0;
        let error = refused(&whole.model.to_bytes().expect("writes"));
        assert!(error.contains("run: expected a training checkpoint"), "{error}");
        let bytes = whole.to_bytes().expect("writes");
        for end in [0, 9, bytes.len() / 2, bytes.len() - 1] {
            let error = refused(&bytes[..end]);
            assert!(error.starts_with("run: expected") && !error.contains('\n'), "{error}");
        }
        let changed = |from: &str, to: &str| {
            let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).expect("there");
            [&bytes[..at], to.as_bytes(), &bytes[at + to.len()..]].concat()
        };
        let error = refused(&changed("\"version\":1", "\"version\":7"));
        assert!(error.contains("expected a checkpoint of version 1, got version 7"), "{error}");
        assert!(refused(&changed("\"version\":1", "\"versiom\":1")).contains("not JSON"));
        assert!(refused(&changed("optimizer/conv", "optimiser/conv")).contains("moments"));
    }

    #[test]
    fn a_number_that_is_none_is_seen() {
        let mut whole = checkpoint(Rule::ALL[1]);
        assert!(whole.is_finite());
        whole.moments.layers[0].set(Part::WeightM, Tensor::from_elem((1, 1, 1, 1), f32::NAN));
        assert!(!whole.is_finite());
    }
}

//! Programs that `torch.export.save` wrote: the networks of `branched_models`, as exported and with their operators taken
//! apart. The output, the loss, the gradients of the input and of every parameter must be PyTorch's.
//!
//! The files and the scripts that made them are in `tests/fixtures/branches`.

use crate::{
    branched_models::{NETS, bytes, check},
    changed_zip::with_part_changed,
};
use convstep::model_io::{Model, Near};
use proptest::{collection::vec, option, prelude::*, sample::Index};
use std::path::PathBuf;

fn open(file: &str) -> Model {
    Model::from_file(file, &bytes(file), &Near::NOTHING).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What is compared by name has the names of the state dict.
#[test]
fn programs_compute_what_pytorch_computes() {
    for name in NETS {
        let run = bytes(&format!("{name}.run.safetensors"));
        for ending in ["pt2", "core.pt2"] {
            let file = format!("{name}.{ending}");
            let model = open(&file);
            check(&file, &model, &run, &run);
            assert!(
                model.unused.is_empty() && model.notes.is_empty(),
                "{file}: {:?} {:?}",
                model.unused,
                model.notes
            );
        }
    }
}

/// Normalisations of each picture, transposed convolutions, other sizes, and layers of sequences.
#[test]
fn programs_of_other_layers_compute_what_pytorch_computes() {
    let own = |file: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pt2").join(file);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    for (file, run) in [
        ("norms.pt2", "norms"),
        ("norms.core.pt2", "norms"),
        ("decoder.pt2", "decoder"),
        ("line.pt2", "line"),
    ] {
        let model =
            Model::from_file(file, &own(file), &Near::NOTHING).unwrap_or_else(|e| panic!("{file}: {e}"));
        let run = own(&format!("{run}.run.safetensors"));
        check(file, &model, &run, &run);
        assert!(model.unused.is_empty(), "{file}: {:?}", model.unused);
    }
}

/// The architecture that is exported of a program opens the state dict of the same network, in both of its files.
#[test]
fn an_exported_architecture_opens_the_state_dict() {
    for name in NETS {
        let program = open(&format!("{name}.pt2"));
        let toml = program.architecture.to_toml();
        let near = Near { architecture: Some(&toml), ..Near::NOTHING };
        for ending in ["pth", "safetensors"] {
            let file = format!("{name}.{ending}");
            let model = Model::from_file(&file, &bytes(&file), &near)
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!((&model.network, &model.params), (&program.network, &program.params), "{file}");
        }
    }
}

/// A program with its graph changed.
fn changed(file: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    with_part_changed(bytes(file), "models/model.json", change)
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    let replaced = |file: &'static str, from: &'static str, to: &'static str| {
        changed(file, move |text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        })
    };
    for (bytes, expected) in [
        (
            replaced("residual.pt2", "torch.ops.aten.relu.default", "torch.ops.aten.erfinv.default"),
            "operator \"relu\" (aten.erfinv.default): expected an operator that is there, got another one; the operators are",
        ),
        (
            replaced(
                "inverted_residual.pt2",
                "{\"name\":\"train\",\"arg\":{\"as_bool\":false}",
                "{\"name\":\"train\",\"arg\":{\"as_bool\":true}",
            ),
            "got one in training mode, whose output is drawn at random",
        ),
        (
            replaced(
                "residual.pt2",
                "{\"name\":\"training\",\"arg\":{\"as_bool\":false}",
                "{\"name\":\"training\",\"arg\":{\"as_bool\":true}",
            ),
            "got a batch normalisation in training mode; export the model in evaluation mode",
        ),
        (
            replaced(
                "residual.pt2",
                "{\"as_tensor\":{\"name\":\"p_fc_weight\"}},\"kind\"",
                "{\"as_tensor\":{\"name\":\"nothing\"}},\"kind\"",
            ),
            "got nothing, which nothing makes",
        ),
        (
            changed("residual.pt2", |text| text[..text.len() / 2].to_owned()),
            "expected a program by torch.export (.pt2)",
        ),
    ] {
        let error = Model::from_file("net.pt2", &bytes, &Near::NOTHING).expect_err(expected).0;
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
        assert!(!error.contains("ONNX file"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("CASES").map_or(96, |n| n.parse().expect("a number"))))]
    #[test]
    fn a_changed_file_is_read_or_refused_in_one_line(
        which in 0usize..3,
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let mut file = bytes(["residual.pt2", "encoder_decoder.pt2", "squeeze_excite.core.pt2"][which]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Err(error) = Model::from_file("net.pt2", &file, &Near::NOTHING) {
            let line = error.to_string();
            prop_assert!(!line.is_empty() && !line.contains(char::is_control) && line.len() < 2000, "{line}");
        }
    }
}

//! The models that are compiled into the program.

use super::{Model, ModelError, nearest::hint};

/// A bundled model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bundled {
    /// The name by which it is loaded.
    pub name: &'static str,
    /// A short title for menus.
    pub title: &'static str,
    /// A sentence that describes its purpose.
    pub summary: &'static str,
    /// The bundled sample that it starts with.
    pub default_sample: &'static str,
    /// Its safetensors file.
    pub bytes: &'static [u8],
}

const MODELS: [Bundled; 6] = [
    Bundled {
        name: "photos",
        title: "Ten kinds of photographs",
        summary: "Tells airplanes, automobiles, birds, cats, deer, dogs, frogs, horses, ships and trucks apart.",
        default_sample: "cat",
        bytes: include_bytes!("../../assets/models/photos.safetensors"),
    },
    Bundled {
        name: "shapes",
        title: "Eight shapes, in colour",
        summary: "Recognises circles, squares, triangles, crosses, stars, rings, hearts and arrows.",
        default_sample: "shape-star",
        bytes: include_bytes!("../../assets/models/shapes.safetensors"),
    },
    Bundled {
        name: "digits",
        title: "Ten handwritten digits",
        summary: "Reads one digit, white on black.",
        default_sample: "digit-7",
        bytes: include_bytes!("../../assets/models/digits.safetensors"),
    },
    Bundled {
        name: "mnist",
        title: "Handwritten digits, from MNIST",
        summary: "Reads one digit, white on black; trained on real handwriting.",
        default_sample: "digit-7",
        bytes: include_bytes!("../../assets/models/mnist.safetensors"),
    },
    Bundled {
        name: "article-backprop",
        title: "Backpropagation by hand",
        summary: "One 2x2 filter on a 3x3 input: every partial derivative fits on a page.",
        default_sample: "article-3x3",
        bytes: include_bytes!("../../assets/models/article-backprop.safetensors"),
    },
    Bundled {
        name: "article-match",
        title: "Two patterns to match",
        summary: "A drawn semicircle and a drawn line slide over the picture; the score is divided by the filter's pixels.",
        default_sample: "article-circle",
        bytes: include_bytes!("../../assets/models/article-match.safetensors"),
    },
];

/// The classes of the bundled model `photos`.
pub const PHOTO_CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// All bundled models, in the order in which menus offer them; the program starts with the first.
pub fn models() -> &'static [Bundled] {
    const { &MODELS }
}

/// Loads a bundled model.
///
/// ```
/// use convstep::model_io::bundled;
///
/// let model = bundled::load("article-backprop")?;
/// assert_eq!(model.network.output(), [1, 2, 2]);
/// assert!(bundled::load("shape").unwrap_err().to_string().contains("did you mean \"shapes\""));
/// # Ok::<(), convstep::model_io::ModelError>(())
/// ```
///
/// # Errors
/// If there is no model with this name; the message lists the names.
pub fn load(name: &str) -> Result<Model, ModelError> {
    match MODELS.iter().find(|model| model.name == name) {
        Some(model) => Model::from_bytes(model.name, model.bytes, None),
        None => {
            let names = MODELS.map(|model| model.name);
            let got: String = name.chars().take(60).collect();
            Err(ModelError(format!(
                "expected a bundled model, got {got:?}{}; the models are {}",
                hint(&got, &names),
                names.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::samples;
    use crate::model_io::article;

    #[test]
    fn every_model_loads_and_comes_back_as_the_same_bytes() {
        for bundled in models() {
            let model = load(bundled.name).expect(bundled.name);
            assert!(model.unused.is_empty());
            assert_eq!(model.to_bytes().expect("writes"), bundled.bytes, "{}", bundled.name);
            assert!(bundled.bytes.len() < 4_000_000, "{} takes {} bytes", bundled.name, bundled.bytes.len());
        }
    }

    #[test]
    fn every_default_sample_exists() {
        for bundled in models() {
            samples::load(bundled.default_sample).expect(bundled.name);
        }
    }

    #[test]
    fn the_articles_models_are_what_their_code_says() {
        for model in [article::backprop(), article::matching()] {
            let model = model.expect("builds");
            assert_eq!(load(&model.name).expect("bundled"), model);
        }
    }
}

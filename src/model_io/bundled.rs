//! The models that are compiled into the program.

use super::{Model, ModelError, nearest::hint};
use crate::data::current_name;

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
    /// Whether only lessons need it: lists name it after the others, apart.
    pub is_for_lessons: bool,
    /// Its safetensors file.
    pub bytes: &'static [u8],
}

// A static: each user of a constant would have a copy of the weights in the program for a browser.
static MODELS: [Bundled; 14] = [
    Bundled {
        name: "photos",
        title: "Ten kinds of photographs",
        summary: "Tells airplanes, automobiles, birds, cats, deer, dogs, frogs, horses, ships and trucks apart.",
        default_sample: "cat",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/photos.safetensors"),
    },
    Bundled {
        name: "photos-resnet",
        title: "Ten kinds of photographs, with residual blocks",
        summary: "Tells the same ten kinds apart as photos, and better: what goes around two blocks is added to what they make.",
        default_sample: "cat",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/photos-resnet.safetensors"),
    },
    Bundled {
        name: "shapes",
        title: "Eight shapes, in colour",
        summary: "Recognises circles, squares, triangles, crosses, stars, rings, hearts and arrows.",
        default_sample: "shape-star",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/shapes.safetensors"),
    },
    Bundled {
        name: "digits",
        title: "Ten handwritten digits",
        summary: "Reads one digit, white on black.",
        default_sample: "digit-7",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/digits.safetensors"),
    },
    Bundled {
        name: "mnist",
        title: "Handwritten digits, from MNIST",
        summary: "Reads one digit, white on black; trained on real handwriting.",
        default_sample: "digit-7",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/mnist.safetensors"),
    },
    Bundled {
        name: "article-backprop",
        title: "Backpropagation by hand",
        summary: "One 2x2 filter on a 3x3 input: every partial derivative fits on a page.",
        default_sample: "article-3x3",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/article-backprop.safetensors"),
    },
    Bundled {
        name: "pattern",
        title: "Two patterns to match",
        summary: "A drawn curve and a drawn line slide over the picture; 1 is a perfect match.",
        default_sample: "pattern-circle",
        is_for_lessons: false,
        bytes: include_bytes!("../../assets/models/pattern.safetensors"),
    },
    Bundled {
        name: "overlap",
        title: "A pool whose windows overlap",
        summary: "A 2x2 max pool that moves by one: one cell can win four windows.",
        default_sample: "overlap-3x3",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/overlap.safetensors"),
    },
    Bundled {
        name: "twins",
        title: "Two equal filters",
        summary: "Two filters with the same weights: no training step parts them.",
        default_sample: "article-3x3",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/twins.safetensors"),
    },
    Bundled {
        name: "slide-7",
        title: "A 7x7 window, stride 1",
        summary: "The mean of 7x7 pixels; 32 - 7 + 1 = 26 places in a row.",
        default_sample: "shape-star",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/slide-7.safetensors"),
    },
    Bundled {
        name: "slide-7-2",
        title: "A 7x7 window, stride 2",
        summary: "The mean of 7x7 pixels at every other place; the last row and column are never read.",
        default_sample: "shape-star",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/slide-7-2.safetensors"),
    },
    Bundled {
        name: "slide-7-3",
        title: "A 7x7 window, stride 3",
        summary: "The mean of 7x7 pixels at every third place; the last row and column are never read.",
        default_sample: "shape-star",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/slide-7-3.safetensors"),
    },
    Bundled {
        name: "slide-7-p3",
        title: "A 7x7 window with padding 3",
        summary: "The mean of 7x7 pixels in a frame of zeros three wide: the map is as large as the picture.",
        default_sample: "shape-star",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/slide-7-p3.safetensors"),
    },
    Bundled {
        name: "stretch",
        title: "Eight shapes without convolution",
        summary: "The picture stretched into 3072 numbers and one dense layer: 16 of 100 shapes right, guessing gets 12.5.",
        default_sample: "shape-star",
        is_for_lessons: true,
        bytes: include_bytes!("../../assets/models/stretch.safetensors"),
    },
];

/// The classes of the bundled models `photos` and `photos-resnet`.
pub const PHOTO_CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// All bundled models, in the order in which menus offer them; the program starts with the first.
pub fn models() -> &'static [Bundled] {
    &MODELS
}

/// The models that everybody may want to look at, or those that only lessons need, in the order of menus.
pub fn group(is_for_lessons: bool) -> impl Iterator<Item = &'static Bundled> {
    models().iter().filter(move |model| model.is_for_lessons == is_for_lessons)
}

/// The bundled model with this name, or with this former name.
pub fn find(name: &str) -> Option<&'static Bundled> {
    let name = current_name(name);
    models().iter().find(|model| model.name == name)
}

/// Loads a bundled model by its name, or by a former one.
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
    match find(name) {
        Some(model) => Model::from_bytes(model.name, model.bytes, None),
        None => {
            let names: Vec<&str> = group(false).map(|model| model.name).collect();
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
    use crate::data::{FORMER_NAMES, samples};
    use crate::model_io::by_hand;

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
    fn the_models_by_hand_are_what_their_code_says() {
        let by_hand = by_hand::all().expect("builds");
        assert_eq!(by_hand.len(), 8);
        for model in by_hand {
            assert_eq!(load(&model.name).expect("bundled"), model);
        }
    }

    #[test]
    fn former_names_lead_to_todays() {
        for (former, current) in FORMER_NAMES {
            assert!(models().iter().all(|model| model.name != former));
            assert!(samples::SAMPLES.iter().all(|sample| sample.name != former));
            let found =
                [find(former).map(|model| model.name), samples::find(former).map(|sample| sample.name)];
            assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), [current], "{former}");
        }
        assert_eq!(load("article-match").expect("a former name").name, "pattern");
        assert_eq!(samples::load("article-square").expect("a former name").name, "pattern-square");
    }

    #[test]
    fn what_only_lessons_need_comes_last() {
        assert!(models().is_sorted_by_key(|model| model.is_for_lessons));
    }
}

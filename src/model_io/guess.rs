//! The architecture of a state dict that comes without one: a network of torchvision if all its tensors say so, else a
//! draft to complete. What is assumed is always said.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of modules, and divisors that are checked to be above 0"
)]

use super::{
    Architecture, ModelError, families,
    weights::{self, tensor_name, tensor_shape},
};
use std::{collections::BTreeMap, fmt::Write};

/// The most tensors that are looked at.
const MOST: usize = 1 << 13;

/// An architecture that was told by names and shapes.
pub struct Guess {
    /// The architecture.
    pub architecture: Architecture,
    /// What was assumed, and what a state dict cannot tell.
    pub note: String,
}

/// The names without what wrappers put before them, and the shapes.
type Shapes = BTreeMap<String, Vec<usize>>;

fn shapes(bytes: &[u8]) -> Result<(Shapes, String), ModelError> {
    let file = weights::open(bytes)?;
    let prefix = weights::prefix(&file);
    let own = |name: &str| name.strip_prefix(prefix.as_str()).unwrap_or(name).to_owned();
    let tensors = file.tensors().into_iter().filter(|(name, _)| !name.ends_with(weights::COUNTER)).take(MOST);
    Ok((tensors.map(|(name, tensor)| (own(&name), tensor.shape().to_vec())).collect(), prefix))
}

/// The network of torchvision whose tensors are exactly those of the file, by names and shapes but for the number of
/// classes.
///
/// # Errors
/// If the bytes are not a safetensors file.
pub fn known(bytes: &[u8]) -> Result<Option<Guess>, ModelError> {
    let (own, _) = shapes(bytes)?;
    let last =
        ["fc.bias", "classifier.6.bias", "classifier.1.bias"].into_iter().find_map(|name| own.get(name));
    let Some(&[classes]) = last.map(Vec::as_slice) else { return Ok(None) };
    for family in families::NAMES {
        let Some(architecture) = families::build(family, classes) else { continue };
        let Ok(network) = architecture.build() else { continue };
        let parameters = |layer| {
            let of = |(part, shape)| (tensor_name(layer, part), tensor_shape(layer, part, shape));
            layer.parameters().into_iter().map(of).collect::<Vec<_>>()
        };
        let expected: Shapes = network.layers.iter().flat_map(parameters).collect();
        if expected == own {
            let side = families::SIDE;
            let note = format!(
                "the file has no architecture: it is taken for {family} of torchvision, whose tensors it has, with {classes} \
                 classes; what no state dict tells is assumed: pictures of {side} x {side}, torchvision's mean and deviation of \
                 the pixels, classes without names"
            );
            return Ok(Some(Guess { architecture, note }));
        }
    }
    Ok(None)
}

/// What is said of names that begin with what wrappers put before them.
pub fn note_on_prefix(bytes: &[u8]) -> Option<String> {
    let prefix = weights::open(bytes).ok().map(|file| weights::prefix(&file))?;
    (!prefix.is_empty()).then(|| format!("all names in the file begin with {prefix:?}, which is left out"))
}

/// A module of the network that has tensors.
struct Module {
    name: String,
    tensors: Vec<(String, Vec<usize>)>,
}

impl Module {
    fn shape(&self, tensor: &str) -> Option<&[usize]> {
        self.tensors.iter().find(|(name, _)| name == tensor).map(|(_, shape)| shape.as_slice())
    }
}

/// The modules in the order in which the file has them, or else in the order of their names.
fn modules(bytes: &[u8]) -> Result<Vec<Module>, ModelError> {
    let (own, prefix) = shapes(bytes)?;
    let mut names: Vec<&String> = own.keys().collect();
    let order = weights::order(bytes);
    let place = |name: &str| {
        let long = format!("{prefix}{name}");
        order.iter().position(|other| *other == long)
    };
    names.sort_by_cached_key(|name| (place(name), natural(name)));
    let mut modules: Vec<Module> = Vec::new();
    for full in names {
        let (name, tensor) = full.rsplit_once('.').unwrap_or(("", full.as_str()));
        let tensor = (tensor.to_owned(), own[full].clone());
        match modules.iter_mut().find(|module| module.name == name) {
            Some(module) => module.tensors.push(tensor),
            None => modules.push(Module { name: name.to_owned(), tensors: vec![tensor] }),
        }
    }
    Ok(modules)
}

/// A key by which names stand as people count: 2 before 10, `conv1`, `bn1`, `conv2`, and what ends a network last.
fn natural(name: &str) -> Vec<(bool, u64, bool, String)> {
    let component = |text: &str| {
        let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = text[letters.len()..].parse().unwrap_or(0);
        let starts = |starts: &[&str]| starts.iter().any(|start| letters.starts_with(start));
        let is_last = starts(&["fc", "classifier", "head", "linear", "dense", "out"]);
        (is_last, number, starts(&["bn", "norm", "batch"]), letters.to_owned())
    };
    name.split('.').map(component).collect()
}

/// A draft of the architecture as TOML, with a question mark at what the file does not tell.
///
/// # Errors
/// If the bytes are not a safetensors file, or hold no tensors.
pub fn draft(file: &str, bytes: &[u8]) -> Result<String, ModelError> {
    let modules = modules(bytes)?;
    if modules.is_empty() {
        return Err(ModelError(format!(
            "{file}: expected a file with weights, got none; save the state dict again"
        )));
    }
    let channels = modules.iter().find_map(|module| match module.shape("weight") {
        Some(&[_, channels, _, _]) => Some(channels),
        _ => None,
    });
    let mut text = format!(
        "# A draft: what the weights in {} tell of their network. Complete what is marked with a question mark.\n\
         # No file of weights tells the size of the picture, strides, paddings, activations, pools and branches.\n\n\
         input = [{}, 224, 224]  # ? rows and columns\n",
        file.replace(char::is_control, " "),
        channels.unwrap_or(1)
    );
    let mut before = channels;
    for (n, module) in modules.iter().enumerate() {
        let is_last = n + 1 == modules.len();
        let is_normed = modules.get(n + 1).is_some_and(|next| next.shape("running_mean").is_some());
        before = layer(&mut text, module, before).or(before);
        let makes = matches!(module.shape("weight").map(<[usize]>::len), Some(2 | 4))
            || module.shape("running_mean").is_some();
        if makes && !is_last && !is_normed {
            let name = format!("{}_relu", named(&module.name, n));
            let _ = write!(
                text,
                "\n# ? an activation, perhaps another one, perhaps a pool after it\n[[layers]]\nname = {name:?}\nkind = \"relu\"\n"
            );
        }
    }
    Ok(text)
}

/// A layer's name: letters are needed.
fn named(name: &str, n: usize) -> String {
    match name.chars().any(char::is_alphabetic) {
        true => name
            .chars()
            .map(|c| if c.is_whitespace() || c.is_control() || matches!(c, '/' | ':') { '_' } else { c })
            .collect(),
        false => format!("layer{n}_{name}"),
    }
}

/// Adds what the tensors of a module tell; returns how many channels or features it makes.
fn layer(text: &mut String, module: &Module, before: Option<usize>) -> Option<usize> {
    let name = named(&module.name, 0);
    let weights = if name == module.name { String::new() } else { format!("weights = {:?}\n", module.name) };
    let head = |kind: &str| format!("\n[[layers]]\nname = {name:?}\n{weights}kind = \"{kind}\"\n");
    let bias = if module.shape("bias").is_some() { "" } else { "bias = false\n" };
    match (module.shape("weight"), module.shape("running_mean")) {
        (_, Some(&[features])) => {
            text.push_str(&head("batch_norm2d"));
            text.push_str("eps = 1e-5  # ?\n");
            Some(features)
        }
        (Some(&[out, each, h, w]), _) => {
            text.push_str(&head("conv2d"));
            let _ = write!(
                text,
                "out_channels = {out}\nkernel = [{h}, {w}]\n{bias}stride = 1  # ?\npadding = {}  # ?\n",
                h.max(w).saturating_sub(1) / 2
            );
            match before {
                Some(before) if before != each && each > 0 && before % each == 0 => {
                    let _ = writeln!(
                        text,
                        "groups = {}  # ? it reads {each} of {before} channels",
                        before / each
                    );
                }
                Some(before) if before != each => {
                    let _ = writeln!(
                        text,
                        "# ? it reads {each} channels, and the layer before makes {before}: name what it reads in inputs"
                    );
                }
                _ => {}
            }
            Some(out)
        }
        (Some(&[out, features]), _) => {
            if let Some(before) = before.filter(|&before| before != features) {
                let cells = if before > 0 && features % before == 0 {
                    format!(": {} cells of each of {before} channels", features / before)
                } else {
                    String::new()
                };
                let _ = writeln!(text, "\n# ? the next layer reads {features} features{cells}");
            }
            text.push_str(&head("dense"));
            let _ = write!(text, "out_features = {out}\n{bias}");
            Some(out)
        }
        _ => {
            for (tensor, shape) in &module.tensors {
                let full = format!("{}.{tensor}", module.name);
                let _ =
                    writeln!(text, "\n# ? {full:?} of shape {shape:?} belongs to a layer that is not known");
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::{Dtype, tensor::TensorView};

    fn file(tensors: &[(&str, &[usize])]) -> Vec<u8> {
        let data: Vec<Vec<u8>> =
            tensors.iter().map(|(_, shape)| vec![0; 4 * shape.iter().product::<usize>()]).collect();
        let views = tensors.iter().zip(&data).map(|((name, shape), data)| {
            (*name, TensorView::new(Dtype::F32, shape.to_vec(), data).expect("a view"))
        });
        safetensors::serialize(views, None).expect("serializes")
    }

    /// All tensors of a network.
    fn all(family: &str, classes: usize, prefix: &str) -> Vec<(String, Vec<usize>)> {
        let network = families::build(family, classes)
            .and_then(|architecture| architecture.build().ok())
            .expect("builds");
        let mut tensors = Vec::new();
        for layer in &network.layers {
            for (part, shape) in layer.parameters() {
                tensors.push((
                    format!("{prefix}{}", tensor_name(layer, part)),
                    tensor_shape(layer, part, shape),
                ));
            }
        }
        tensors
    }

    fn of(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
        file(&tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect::<Vec<_>>())
    }

    #[test]
    fn a_network_is_known_by_all_its_tensors_and_nothing_less() {
        for (family, classes, prefix) in
            [("resnet18", 10, ""), ("squeezenet1_1", 7, "module."), ("mobilenet_v2", 2, "")]
        {
            let mut tensors = all(family, classes, prefix);
            let guess = known(&of(&tensors)).expect("a file").expect(family);
            assert_eq!(Some(guess.architecture), families::build(family, classes));
            assert!(guess.note.contains(family) && guess.note.contains("224 x 224"), "{}", guess.note);
            if family == "squeezenet1_1" {
                continue;
            }
            // One tensor more, one less, one of another shape.
            let last = tensors.pop().expect("tensors");
            assert!(known(&of(&tensors)).expect("a file").is_none(), "{family} without {}", last.0);
            tensors.push(last);
            tensors.push(("more.weight".into(), vec![3]));
            assert!(known(&of(&tensors)).expect("a file").is_none(), "{family} and more");
            tensors.pop();
            tensors[0].1[0] += 1;
            assert!(known(&of(&tensors)).expect("a file").is_none(), "{family} of another shape");
        }
    }

    #[test]
    fn names_are_counted_as_people_count() {
        let mut names = ["fc2", "conv10", "bn2", "conv2", "bn10", "fc1", "conv1", "bn1"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(names, ["conv1", "bn1", "conv2", "bn2", "conv10", "bn10", "fc1", "fc2"]);
    }

    #[test]
    fn a_draft_tells_what_the_file_tells_and_marks_the_rest() {
        let bytes = file(&[
            ("conv1.weight", &[6, 1, 5, 5]),
            ("conv1.bias", &[6]),
            ("bn1.weight", &[6]),
            ("bn1.bias", &[6]),
            ("bn1.running_mean", &[6]),
            ("bn1.running_var", &[6]),
            ("conv2.weight", &[6, 1, 3, 3]),
            ("fc.weight", &[10, 54]),
            ("fc.bias", &[10]),
            ("scale", &[3]),
        ]);
        let text = draft("net.pth", &bytes).expect("a draft");
        for part in [
            "input = [1, 224, 224]  # ? rows and columns",
            "name = \"conv1\"\nkind = \"conv2d\"\nout_channels = 6\nkernel = [5, 5]\nstride = 1  # ?\npadding = 2  # ?",
            "kind = \"batch_norm2d\"",
            "bias = false\nstride = 1  # ?\npadding = 1  # ?\ngroups = 6  # ? it reads 1 of 6 channels",
            "# ? the next layer reads 54 features: 9 cells of each of 6 channels",
            "of shape [3] belongs to a layer that is not known",
        ] {
            assert!(text.contains(part), "{text}\n  should contain: {part}");
        }
        // It is an architecture file, though not yet the right one.
        let architecture = Architecture::parse(&text).expect("parses");
        let kinds: Vec<&str> = architecture.layers.iter().map(|layer| layer.kind.name()).collect();
        assert_eq!(kinds, ["conv2d", "batch_norm2d", "relu", "conv2d", "relu", "dense"]);
        assert!(draft("net.pth", &file(&[])).is_err());
    }
}

//! Opens the models and inputs that arguments name: bundled ones, or files.

use super::{CliError, ImageArgs, ModelArgs};
use crate::data::{Background, Content, Fit, Loaded, ModelFolder, SAMPLES, samples};
use crate::model_io::{Model, Near, bundled, nearest, presets};
use crate::tensor::Tensor;
use std::{fs, path::Path};

/// A network's input from a picture or an array.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// The name of the sample or file.
    pub name: String,
    /// (1, C, H, W), the network's input.
    pub x: Tensor,
    /// (1, C, H, W) in 0..=255 before preprocessing; `None` for an array, which is used unchanged.
    pub pixels: Option<Tensor>,
    /// The true class and where it comes from, if it is known.
    pub label: Option<(usize, LabelSource)>,
}

/// Where the target class of the loss comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LabelSource {
    /// The user gave it.
    Given,
    /// It is the sample's class.
    Sample,
    /// It is the class that the network predicts.
    Prediction,
}

impl LabelSource {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Sample => "sample",
            Self::Prediction => "prediction",
        }
    }

    /// A description for text output.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Given => "as given",
            Self::Sample => "the sample's own",
            Self::Prediction => "as predicted; set another with --label",
        }
    }
}

/// Opens a bundled model, a preset with initial weights, an ONNX file, or a weight file with its architecture: the
/// given one, else that in its metadata, else a .toml file with the same name in the same folder. A file that leaves
/// the picture's size free gets that of `image`, where there is one and it fits.
///
/// # Errors
/// If there is no such model, or its files don't fit together.
pub fn open_model(args: &ModelArgs, image: Option<&str>) -> Result<Model, CliError> {
    let given = args.architecture.as_deref().map(read_text).transpose()?;
    if let Some(bundled) = bundled::find(&args.model) {
        return Ok(Model::from_bytes(bundled.name, bundled.bytes, given.as_deref())?);
    }
    if let Some(preset) = presets::find(&args.model) {
        return match given {
            Some(_) => Err(CliError(format!(
                "{}: expected no --architecture with a preset, got one; omit it",
                preset.name
            ))),
            None => Ok(preset.model(presets::SEED)?),
        };
    }
    let path = Path::new(&args.model);
    if !path.exists() {
        let presets = presets::all().iter().map(|preset| preset.name);
        let names: Vec<&str> = bundled::models().iter().map(|bundled| bundled.name).chain(presets).collect();
        return Err(not_there(
            "model",
            &args.model,
            &names,
            "a .safetensors, .onnx, .keras, .h5, .pt2 or .pth file",
        ));
    }
    let bytes = read_file(path)?;
    let text_of = |part: Option<&std::ffi::OsStr>| {
        part.map_or_else(|| args.model.clone(), |part| part.to_string_lossy().into_owned())
    };
    let file = text_of(path.file_name());
    let near = Near { architecture: given.as_deref(), files: &ModelFolder::of(path), size: args.input_size };
    let is_free = Model::leaves_size_free(&file, &bytes);
    if let Some([rows, columns]) = args.input_size.filter(|_| !is_free) {
        return Err(CliError(in_file(
            path,
            &format!(
                "expected no --input-size, because the file fixes its picture's, got {rows}x{columns}; omit it"
            ),
        )));
    }
    let of_image = image.filter(|_| is_free && args.input_size.is_none()).and_then(size_of);
    let fitting =
        of_image.and_then(|size| Model::from_file(&file, &bytes, &Near { size: Some(size), ..near }).ok());
    let model = match fitting {
        Some(model) => model,
        None => Model::from_file(&file, &bytes, &near).map_err(|error| CliError(in_file(path, &error.0)))?,
    };
    Ok(Model { name: text_of(path.file_stem()), ..model })
}

/// The rows and columns of an array, or of a picture that is not too large for a network.
fn size_of(image: &str) -> Option<[usize; 2]> {
    /// The longest side of a picture that is taken as it is.
    const LONGEST: usize = 512;
    let loaded = open_picture(image).ok()?;
    match &loaded.content {
        Content::Picture(picture) => {
            let size = [picture.height(), picture.width()].map(|side| side as usize);
            size.iter().all(|&side| side <= LONGEST).then_some(size)
        }
        Content::Values(values) => {
            let (_, _, rows, columns) = values.dim();
            Some([rows, columns])
        }
    }
}

/// Opens a bundled sample, a picture file or an array.
///
/// # Errors
/// If there is none, or it cannot be read.
pub fn open_picture(name: &str) -> Result<Loaded, CliError> {
    if samples::find(name).is_some() {
        return Ok(samples::load(name)?);
    }
    let path = Path::new(name);
    if !path.exists() {
        let names: Vec<&str> = SAMPLES.iter().map(|sample| sample.name).collect();
        return Err(not_there("sample", name, &names, "a picture or .npy file"));
    }
    let loaded = Loaded::decode(name, &read_file(path)?)?;
    // Errors name the path; the window and the output, the file.
    let file = path.file_name().map(|file| file.to_string_lossy().into_owned());
    Ok(Loaded { name: file.unwrap_or(loaded.name), ..loaded })
}

/// Opens a bundled sample, a picture file or an array, and fits it to the model.
///
/// # Errors
/// If there is none, if it cannot be read, or if it or its label does not fit the model.
pub fn open_input(model: &Model, args: &ImageArgs) -> Result<Input, CliError> {
    let loaded = open_picture(&args.image)?;
    let [c, h, w] = model.network.input;
    let fitted = loaded.input(c, h, w, Fit::from(args.fit), Background::default())?;
    let (x, pixels) = match &loaded.content {
        Content::Picture(_) => {
            let seen = model.architecture.preprocess.seen(&fitted.tensor).into_owned();
            (model.input_from_pixels(&fitted.tensor)?, Some(seen))
        }
        Content::Values(_) => {
            model.check_input(&fitted.tensor)?;
            (fitted.tensor, None)
        }
    };
    let label = match &args.label {
        Some(text) => Some((model.class_index(text)?, LabelSource::Given)),
        // Only names count, because a class number means something else in another model.
        None => {
            let named = |name: &String| model.architecture.classes.iter().position(|class| class == name);
            loaded.label.as_ref().and_then(named).map(|class| (class, LabelSource::Sample))
        }
    };
    Ok(Input { name: loaded.name, x, pixels, label })
}

/// Reads a whole file.
///
/// # Errors
/// If it does not exist, is not a regular file, is too large or cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    /// Larger than any picture or model that the program can use.
    const LARGEST: u64 = 4 << 30;
    let fails = |what: String| CliError(in_file(path, &what));
    let found = fs::metadata(path).map_err(|error| {
        fails(format!("expected a file that can be read, got {error}; check its name and permissions"))
    })?;
    if found.is_dir() {
        return Err(fails("expected a file, got a folder; name a file in it".into()));
    }
    if !found.is_file() {
        return Err(fails("expected a file, got a device or a pipe; save it as a file first".into()));
    }
    if found.len() > LARGEST {
        return Err(fails(format!(
            "expected at most {LARGEST} bytes, got {}; use a smaller file",
            found.len()
        )));
    }
    fs::read(path).map_err(|error| {
        fails(format!("expected a file that can be read, got {error}; check its permissions"))
    })
}

/// Reads a TOML file's text.
pub(super) fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read_file(path)?).map_err(|_| {
        CliError(in_file(path, "expected an architecture as TOML text, got other bytes; use the .toml file"))
    })
}

/// Checks that the window can open `file`.
///
/// # Errors
/// If there is no such file; it may be a mistyped command.
pub fn check_file(file: &Path) -> Result<(), CliError> {
    if file.exists() {
        return Ok(());
    }
    let commands = [
        "models",
        "samples",
        "run",
        "train",
        "eval",
        "step",
        "attribute",
        "export",
        "bench",
        "render",
        "help",
    ];
    Err(not_there("command", &file.to_string_lossy(), &commands, "a file to open"))
}

/// Prefixes an error with the path, unless it begins with the path already.
fn in_file(path: &Path, what: &str) -> String {
    let path = path.display().to_string();
    if what.starts_with(&path) { what.to_owned() } else { format!("{path}: {what}") }
}

fn not_there(kind: &str, got: &str, names: &[&str], file: &str) -> CliError {
    let hint = nearest(got, names).map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"));
    let list = match kind {
        "sample" => "`convstep samples` lists the samples".to_owned(),
        _ => format!("the {kind}s are {}", names.join(", ")),
    };
    let article = if file.starts_with("a ") { "" } else { "a " };
    CliError(format!(
        "expected a {kind}'s name or {article}{file}, got {got:?}, which is neither{hint}; {list}"
    ))
}

//! The session as a file: which JSON, which tensors, and what is refused.

use super::{Marked, Placed, Planned, Session, measured};
use crate::app::state::{
    inputs::{Forked, Inputs},
    marks::Breakpoint,
    view::{Page, ViewState},
};
use crate::data::{Background, Content, Fit, Loaded, Location, Picture, samples};
use crate::model_io::{
    Architecture, Model, ModelError,
    session::{Entry, SessionFile, write},
};
use crate::nn::{
    Mode, Network, Params, Part, Parts,
    optimizer::{Moments, Optimizer, TRAINED},
};
use crate::tensor::{Shape, shape_of};
use crate::train::{Fork, Keyframe, Keyframes, StopWhen, TrainingBranch};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc};

/// What the file says. The first set of parameters is the model's own.
#[derive(Serialize, Deserialize)]
struct About {
    model: AboutModel,
    picture: AboutPicture,
    is_painted: bool,
    fit: Fit,
    ground: Background,
    label: Option<usize>,
    optimizer: Optimizer,
    epochs: u32,
    mode: Mode,
    seed: u64,
    training: Option<Planned>,
    forked: Option<AboutForked>,
    lines: Vec<AboutLine>,
    line: usize,
    stops: Vec<StopWhen>,
    place: Placed,
    bookmarks: Vec<Marked>,
    breaks: Vec<Breakpoint>,
    view: ViewState,
    page: Page,
    moves_per_sec: f32,
    file: Option<Location>,
    params: Vec<AboutSet>,
    moments: Vec<AboutMoments>,
}

#[derive(Serialize, Deserialize)]
struct AboutModel {
    name: String,
    /// As TOML.
    architecture: String,
    unused: Vec<String>,
    notes: Vec<String>,
    /// The set of the weights as they were loaded.
    loaded: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct AboutPicture {
    name: String,
    label: Option<String>,
    content: AboutContent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AboutContent {
    /// A bundled one, by its name.
    Sample,
    /// A PNG file within the file.
    Picture,
    /// A tensor.
    Values,
}

#[derive(Serialize, Deserialize)]
struct AboutLine {
    fork: Option<Fork>,
    optimizers: Vec<(u32, Optimizer)>,
    done: u32,
    frames: Vec<AboutFrame>,
}

/// Weights before a step: the numbers of their sets.
#[derive(Serialize, Deserialize)]
struct AboutFrame {
    time: u32,
    params: usize,
    moments: usize,
    is_pinned: bool,
}

/// An edit of weights in the schedule of training.
#[derive(Serialize, Deserialize)]
struct AboutForked {
    from: usize,
    time: u32,
    original: usize,
    params: usize,
    moments: usize,
}

/// For each layer the parts that it has, by what follows the layer's name.
#[derive(Serialize, Deserialize)]
struct AboutSet(Vec<Vec<String>>);

#[derive(Serialize, Deserialize)]
struct AboutMoments {
    steps: u64,
    layers: AboutSet,
}

const PICTURE: &str = "picture";
const PAINTED: &str = "painted";

/// The name of a tensor within a set.
fn entry(kind: &str, set: usize, layer: usize, part: Part) -> String {
    format!("{kind}/{set}/{layer}.{}", part.suffix())
}

/// Sets of tensors, each once.
#[derive(Default)]
struct Sets<'a> {
    params: Vec<&'a Arc<Params>>,
    moments: Vec<&'a Arc<Moments>>,
}

/// The place of a set among the others, where it is put if it was not there.
fn place<'a, T>(sets: &mut Vec<&'a Arc<T>>, set: &'a Arc<T>) -> usize {
    sets.iter().position(|other| Arc::ptr_eq(other, set)).unwrap_or_else(|| {
        sets.push(set);
        sets.len() - 1
    })
}

fn about_set(layers: &[Parts]) -> AboutSet {
    let names = |parts: &Parts| parts.iter().map(|(part, _)| part.suffix().to_owned()).collect();
    AboutSet(layers.iter().map(names).collect())
}

fn entries<'a>(kind: &str, set: usize, layers: &'a [Parts]) -> Vec<(String, Entry<'a>)> {
    let of_layer = |(l, parts): (usize, &'a Parts)| {
        let of_part = move |(part, tensor)| (entry(kind, set, l, part), Entry::Tensor(tensor));
        parts.iter().map(of_part).collect::<Vec<_>>()
    };
    layers.iter().enumerate().flat_map(of_layer).collect()
}

impl Session {
    /// The file; the same bytes every time.
    ///
    /// # Errors
    /// Where something does not fit the form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let Inputs {
            model,
            loaded,
            picture,
            painted,
            fit,
            ground,
            label,
            optimizer,
            epochs,
            forked,
            mode,
            seed,
            ..
        } = &self.inputs;
        let mut sets = Sets { params: vec![&model.params], moments: Vec::new() };
        let mut all = Vec::new();
        let loaded = loaded.as_ref().map(|loaded| place(&mut sets.params, loaded));
        let content = match &picture.content {
            _ if samples::load(&picture.name).is_ok_and(|sample| sample == **picture) => AboutContent::Sample,
            Content::Picture(content) => {
                let png = content.to_png().map_err(|error| error.to_string())?;
                all.push((PICTURE.to_owned(), Entry::Bytes(Cow::Owned(png))));
                AboutContent::Picture
            }
            Content::Values(values) => {
                all.push((PICTURE.to_owned(), Entry::Tensor(values)));
                AboutContent::Values
            }
        };
        all.extend(painted.as_ref().map(|painted| (PAINTED.to_owned(), Entry::Tensor(painted))));
        let mut lines = Vec::new();
        for (number, line) in self.lines.iter().enumerate() {
            let frames = line.keyframes.iter().map(|(time, frame)| AboutFrame {
                time,
                params: place(&mut sets.params, &frame.params),
                moments: place(&mut sets.moments, &frame.moments),
                is_pinned: line.keyframes.is_pinned(time),
            });
            let (frames, optimizers) = (frames.collect(), line.optimizers());
            let optimizers = optimizers.iter().map(|(&time, &optimizer)| (time, optimizer)).collect();
            lines.push(AboutLine { fork: line.fork(), optimizers, done: line.done(), frames });
            all.push((format!("records/{number}"), Entry::Numbers(measured::of_records(line))));
            all.push((format!("checks/{number}"), Entry::Numbers(measured::of_checks(line))));
        }
        let forked = forked.as_ref().map(|Forked { from, time, original, params, moments }| AboutForked {
            from: *from,
            time: *time,
            original: place(&mut sets.params, original),
            params: place(&mut sets.params, params),
            moments: place(&mut sets.moments, moments),
        });
        let about = About {
            model: AboutModel {
                name: model.name.clone(),
                architecture: model.architecture.to_toml(),
                unused: model.unused.clone(),
                notes: model.notes.clone(),
                loaded,
            },
            picture: AboutPicture { name: picture.name.clone(), label: picture.label.clone(), content },
            is_painted: painted.is_some(),
            fit: *fit,
            ground: *ground,
            label: *label,
            optimizer: *optimizer,
            epochs: *epochs,
            mode: *mode,
            seed: *seed,
            training: self.schedule.clone(),
            forked,
            lines,
            line: self.line,
            stops: self.stops.clone(),
            place: self.place.clone(),
            bookmarks: self.bookmarks.clone(),
            breaks: self.breaks.clone(),
            view: self.view,
            page: self.page,
            moves_per_sec: self.moves_per_sec,
            file: self.file.clone(),
            params: sets.params.iter().map(|set| about_set(&set.0)).collect(),
            moments: sets
                .moments
                .iter()
                .map(|set| AboutMoments { steps: set.steps, layers: about_set(&set.layers) })
                .collect(),
        };
        for (n, set) in sets.params.iter().enumerate() {
            all.extend(entries("params", n, &set.0));
        }
        for (n, set) in sets.moments.iter().enumerate() {
            all.extend(entries("moments", n, &set.layers));
        }
        write(&about, &all).map_err(|error| error.0)
    }

    /// Reads a file. `name` is for the errors.
    ///
    /// # Errors
    /// Where the bytes are no session, one of a later version, or a damaged one.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, String> {
        read(&SessionFile::open(name, bytes).map_err(|error| error.0)?).map_err(|error| error.0)
    }
}

fn read(file: &SessionFile) -> Result<Session, ModelError> {
    let about: About = file.about()?;
    let architecture = Architecture::parse(&about.model.architecture)?;
    let network = architecture.build()?;
    let params = about.params.iter().enumerate().map(|(n, set)| read_params(file, &network, n, set));
    let params = params.collect::<Result<Vec<_>, _>>()?;
    let moments = about.moments.iter().enumerate().map(|(n, set)| read_moments(file, &network, n, set));
    let moments = moments.collect::<Result<Vec<_>, _>>()?;
    let set = |n: usize| params.get(n).cloned().ok_or_else(|| file.damaged("weights that are not there"));
    let loaded = about.model.loaded.map(set).transpose()?;
    let AboutModel { name, unused, notes, .. } = about.model;
    let model = Model { name, params: set(0)?, architecture, unused, notes, network };
    let picture = read_picture(file, about.picture)?;
    let painted = about.is_painted.then(|| file.tensor(PAINTED)).transpose()?;
    let [c, h, w] = model.network.input;
    if painted.as_ref().is_some_and(|painted| painted.dim() != (1, c, h, w)) {
        return Err(file.damaged("a painted picture of another size"));
    }
    if about.label.is_some_and(|label| label >= model.network.classes()) || about.epochs == 0 {
        return Err(file.damaged("a class or a run that there cannot be"));
    }
    let mut inputs = Inputs {
        loaded,
        painted: painted.map(Arc::new),
        fit: about.fit,
        ground: about.ground,
        label: about.label,
        optimizer: about.optimizer,
        epochs: about.epochs,
        mode: about.mode,
        seed: about.seed,
        ..Inputs::new(Arc::new(model), Arc::new(picture))
    };
    if let Some(AboutForked { from, time, original, params, moments: of }) = about.forked {
        let moments = moments.get(of).filter(|moments| moments.steps == u64::from(time));
        let moments = moments.ok_or_else(|| file.damaged("moments that are not there"))?;
        let (original, params, moments) = (set(original)?, set(params)?, Arc::clone(moments));
        if from >= about.lines.len() {
            return Err(file.damaged("an edit on a line that is not there"));
        }
        inputs.forked = Some(Forked { from, time, original, params, moments });
    }
    let lines = about.lines.into_iter().enumerate();
    let lines = lines.map(|(n, line)| read_line(file, &inputs.model.network, n, line, &params, &moments));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    if about.line >= lines.len().max(1) {
        return Err(file.damaged("a line of training that is not there"));
    }
    Ok(Session {
        inputs,
        schedule: about.training,
        lines,
        line: about.line,
        stops: about.stops,
        place: about.place,
        bookmarks: about.bookmarks,
        breaks: about.breaks,
        view: about.view,
        page: about.page,
        moves_per_sec: about.moves_per_sec,
        file: about.file,
    })
}

fn read_picture(file: &SessionFile, about: AboutPicture) -> Result<Loaded, ModelError> {
    let AboutPicture { name, label, content } = about;
    let content = match content {
        AboutContent::Sample => {
            return samples::load(&name)
                .map_err(|_| file.damaged("a sample that this convstep does not have"));
        }
        AboutContent::Picture => {
            let picture = Picture::decode(&name, file.bytes(PICTURE)?);
            Content::Picture(picture.map_err(|error| ModelError(error.to_string()))?)
        }
        AboutContent::Values => Content::Values(file.tensor(PICTURE)?),
    };
    Ok(Loaded { name, content, label })
}

/// The tensors of a layer, by the parts that a set says it has.
fn read_parts(
    file: &SessionFile,
    kind: &str,
    (set, layer): (usize, usize),
    names: &[String],
    may: impl Fn(Part) -> Option<Shape>,
) -> Result<Parts, ModelError> {
    let mut parts = Parts::default();
    for name in names {
        let part = Part::ALL.into_iter().find(|part| part.suffix() == name);
        let Some((part, shape)) = part.and_then(|part| Some((part, may(part)?))) else {
            return Err(file.damaged("a tensor that its network does not have"));
        };
        let tensor = file.tensor(&entry(kind, set, layer, part))?;
        if shape_of(&tensor) != shape {
            return Err(file.damaged("a tensor of another shape than its network has"));
        }
        parts.set(part, tensor);
    }
    Ok(parts)
}

fn read_params(
    file: &SessionFile,
    network: &Network,
    n: usize,
    AboutSet(names): &AboutSet,
) -> Result<Arc<Params>, ModelError> {
    if names.len() != network.layers.len() {
        return Err(file.damaged("weights of another network"));
    }
    let layers = network.layers.iter().zip(names).enumerate().map(|(l, (layer, names))| {
        let own = layer.parameters();
        let may = |part| own.iter().find(|(own, _)| *own == part).map(|(_, shape)| *shape);
        let parts = read_parts(file, "params", (n, l), names, may)?;
        let is_whole = own.iter().all(|(part, _)| parts.get(*part).is_some());
        if is_whole { Ok(parts) } else { Err(file.damaged("a layer without its weights")) }
    });
    Ok(Arc::new(Params(layers.collect::<Result<_, _>>()?)))
}

fn read_moments(
    file: &SessionFile,
    network: &Network,
    n: usize,
    AboutMoments { steps, layers: AboutSet(names) }: &AboutMoments,
) -> Result<Arc<Moments>, ModelError> {
    // Before the first step there are none.
    if !names.is_empty() && names.len() != network.layers.len() {
        return Err(file.damaged("moments of another network"));
    }
    let layers = network.layers.iter().zip(names).enumerate().map(|(l, (layer, names))| {
        let own = layer.parameters();
        let may = |part| {
            let trained = TRAINED.iter().find(|trained| part == trained.m || part == trained.v)?;
            own.iter().find(|(own, _)| *own == trained.param).map(|(_, shape)| *shape)
        };
        read_parts(file, "moments", (n, l), names, may)
    });
    Ok(Arc::new(Moments { steps: *steps, layers: layers.collect::<Result<_, _>>()? }))
}

fn read_line(
    file: &SessionFile,
    network: &Network,
    number: usize,
    about: AboutLine,
    params: &[Arc<Params>],
    moments: &[Arc<Moments>],
) -> Result<TrainingBranch, ModelError> {
    let AboutLine { fork, optimizers, done, frames } = about;
    let frames = frames.iter().map(|frame| {
        let (params, moments) = (params.get(frame.params)?.clone(), moments.get(frame.moments)?.clone());
        // A trainer goes on at the step that its moments have come to.
        let is_of_line = moments.steps == u64::from(frame.time) && frame.time <= done;
        is_of_line.then_some((frame.time, Keyframe { params, moments }, frame.is_pinned))
    });
    let frames: Option<Vec<_>> = frames.collect();
    let frames = frames.filter(|frames| frames.iter().any(|(time, ..)| *time == 0));
    let frames = frames.ok_or_else(|| file.damaged("a line of training without its weights"))?;
    let is_earlier = |fork: Fork| fork.branch < number;
    if !fork.is_none_or(is_earlier) || optimizers.first().is_none_or(|(time, _)| *time != 0) {
        return Err(file.damaged("a line of training that comes from nowhere"));
    }
    let measured = || file.damaged("measurements that are none");
    let records = measured::records(&file.numbers(&format!("records/{number}"))?).ok_or_else(measured)?;
    let checks = file.numbers(&format!("checks/{number}"))?;
    let checks = measured::checks(&checks, network.classes(), network.layers.len()).ok_or_else(measured)?;
    Ok(TrainingBranch::restored(
        fork,
        Keyframes::restored(frames),
        optimizers.into_iter().collect(),
        done,
        records,
        checks,
    ))
}

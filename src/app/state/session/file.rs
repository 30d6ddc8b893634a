//! The session as a file: which JSON, which tensors, and what is refused.

use super::{KeptRuns, Marked, Placed, Session, measured};
use crate::app::state::{
    inputs::{Forked, Inputs, Target},
    marks::Breakpoint,
    planned::Planned,
    training_runs::{RunLabels, RunsAside},
    view::{Page, ViewState},
};
use crate::data::{Adjustment, Background, Content, Fit, Loaded, Location, Picture, samples};
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
use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

/// The JSON part of the file. The first set of parameters is the model's own.
#[derive(Serialize, Deserialize)]
struct About {
    model: AboutModel,
    picture: AboutPicture,
    is_painted: bool,
    fit: Fit,
    #[serde(default)]
    adjustment: Option<Adjustment>,
    ground: Background,
    label: Option<usize>,
    /// Whether the label is the network's guess; `None` in files from before anybody was asked.
    #[serde(default)]
    is_assumed: Option<bool>,
    optimizer: Optimizer,
    epochs: u32,
    mode: Mode,
    seed: u64,
    training: Option<Planned>,
    forked: Option<AboutForked>,
    #[serde(rename = "lines")]
    branches: Vec<AboutBranch>,
    #[serde(rename = "line")]
    branch: usize,
    /// Runs beside those; files of the old form have none.
    #[serde(default)]
    runs: Vec<AboutRuns>,
    #[serde(default)]
    labels: RunLabels,
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
    /// Of each set of weights, and of moments, which of the networks it is of: 0 is the model's own, and then those
    /// of [`About::runs`]. Where the list is short it is 0.
    #[serde(default)]
    networks: [Vec<usize>; 2],
}

/// Runs of other settings.
#[derive(Serialize, Deserialize)]
struct AboutRuns {
    model: AboutModel,
    /// The set of the model's own weights.
    params: usize,
    optimizer: Optimizer,
    seed: u64,
    planned: Planned,
    forked: Option<AboutForked>,
    #[serde(rename = "lines")]
    branches: Vec<AboutBranch>,
    #[serde(rename = "line")]
    branch: usize,
}

#[derive(Serialize, Deserialize)]
struct AboutModel {
    name: String,
    /// The architecture file's text.
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
struct AboutBranch {
    /// Files of the old form have no numbers.
    #[serde(default)]
    number: u32,
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

/// Sets of tensors, each once, with the number of the network that they are of.
struct Sets<'a> {
    params: Vec<(&'a Arc<Params>, usize)>,
    moments: Vec<(&'a Arc<Moments>, usize)>,
    /// The network that sets are put for.
    network: usize,
}

/// The place of a set among the others, where it is put if it was not there.
fn place<'a, T>(sets: &mut Vec<(&'a Arc<T>, usize)>, network: usize, set: &'a Arc<T>) -> usize {
    sets.iter().position(|(other, _)| Arc::ptr_eq(other, set)).unwrap_or_else(|| {
        sets.push((set, network));
        sets.len() - 1
    })
}

fn about_model(model: &Model, loaded: Option<usize>) -> AboutModel {
    AboutModel {
        name: model.name.clone(),
        architecture: model.architecture.to_toml(),
        unused: model.unused.clone(),
        notes: model.notes.clone(),
        loaded,
    }
}

fn about_forked<'a>(sets: &mut Sets<'a>, forked: &'a Forked) -> AboutForked {
    let Forked { from, time, original, params, moments } = forked;
    AboutForked {
        from: *from,
        time: *time,
        original: place(&mut sets.params, sets.network, original),
        params: place(&mut sets.params, sets.network, params),
        moments: place(&mut sets.moments, sets.network, moments),
    }
}

/// The name of what the branches of a network measured: those of the model's own have had no number of it.
fn measured_entry(kind: &str, network: usize, branch: usize) -> String {
    if network == 0 { format!("{kind}/{branch}") } else { format!("{kind}/{network}/{branch}") }
}

/// Branches of a network, of which what they measured goes into `all`.
fn about_branches<'a>(
    sets: &mut Sets<'a>,
    all: &mut Vec<(String, Entry<'a>)>,
    branches: &'a [TrainingBranch],
    network: usize,
) -> Vec<AboutBranch> {
    let about = branches.iter().enumerate().map(|(number, branch)| {
        let frames = branch.keyframes.iter().map(|(time, frame)| AboutFrame {
            time,
            params: place(&mut sets.params, network, &frame.params),
            moments: place(&mut sets.moments, network, &frame.moments),
            is_pinned: branch.keyframes.is_pinned(time),
        });
        let (frames, optimizers) = (frames.collect(), branch.optimizers());
        let optimizers = optimizers.iter().map(|(&time, &optimizer)| (time, optimizer)).collect();
        let records = Entry::Numbers(measured::of_records(branch));
        all.push((measured_entry("records", network, number), records));
        all.push((measured_entry("checks", network, number), Entry::Numbers(measured::of_checks(branch))));
        all.push((measured_entry("samples", network, number), Entry::Numbers(measured::of_samples(branch))));
        AboutBranch { number: branch.number(), fork: branch.fork(), optimizers, done: branch.done(), frames }
    });
    about.collect()
}

/// Runs of other networks or settings, of which what they measured goes into `all`.
fn about_runs<'a>(
    sets: &mut Sets<'a>,
    all: &mut Vec<(String, Entry<'a>)>,
    aside: &'a [RunsAside],
) -> Vec<AboutRuns> {
    let mut runs = Vec::new();
    for aside in aside {
        let Some(planned) = aside.planned.clone() else { continue };
        sets.network = runs.len() + 1;
        let Inputs { model, loaded, optimizer, forked, seed, .. } = &aside.inputs;
        let params = place(&mut sets.params, sets.network, &model.params);
        let loaded = loaded.as_ref().map(|set| place(&mut sets.params, sets.network, set));
        runs.push(AboutRuns {
            params,
            model: about_model(model, loaded),
            optimizer: *optimizer,
            seed: *seed,
            planned,
            branches: about_branches(sets, all, &aside.branches, sets.network),
            forked: forked.as_ref().map(|forked| about_forked(sets, forked)),
            branch: aside.branch,
        });
    }
    runs
}

/// What the picture is; its file or its values go into `all`.
fn about_content<'a>(
    picture: &'a Loaded,
    all: &mut Vec<(String, Entry<'a>)>,
) -> Result<AboutContent, String> {
    if samples::load(&picture.name).is_ok_and(|sample| sample == *picture) {
        return Ok(AboutContent::Sample);
    }
    Ok(match &picture.content {
        Content::Picture(content) => {
            let png = content.to_png().map_err(|error| error.to_string())?;
            all.push((PICTURE.to_owned(), Entry::Bytes(Cow::Owned(png))));
            AboutContent::Picture
        }
        Content::Values(values) => {
            all.push((PICTURE.to_owned(), Entry::Tensor(values)));
            AboutContent::Values
        }
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
            adjustment,
            ground,
            target,
            optimizer,
            epochs,
            forked,
            mode,
            seed,
            ..
        } = &self.inputs;
        let mut sets = Sets { params: vec![(&model.params, 0)], moments: Vec::new(), network: 0 };
        let mut all = Vec::new();
        let loaded = loaded.as_ref().map(|loaded| place(&mut sets.params, 0, loaded));
        let content = about_content(picture, &mut all)?;
        all.extend(painted.as_ref().map(|painted| (PAINTED.to_owned(), Entry::Tensor(painted))));
        let branches = about_branches(&mut sets, &mut all, &self.branches, 0);
        let forked = forked.as_ref().map(|forked| about_forked(&mut sets, forked));
        let runs = about_runs(&mut sets, &mut all, &self.runs.aside);
        let about = About {
            model: about_model(model, loaded),
            picture: AboutPicture { name: picture.name.clone(), label: picture.label.clone(), content },
            is_painted: painted.is_some(),
            fit: adjustment.fit,
            adjustment: (!adjustment.is_plain()).then_some(*adjustment),
            ground: *ground,
            label: target.map(Target::class),
            is_assumed: target.map(|target| !target.is_given()),
            optimizer: *optimizer,
            epochs: *epochs,
            mode: *mode,
            seed: *seed,
            training: self.schedule.clone(),
            forked,
            branches,
            branch: self.branch,
            runs,
            labels: self.runs.labels.clone(),
            stops: self.stops.clone(),
            place: self.place.clone(),
            bookmarks: self.bookmarks.clone(),
            breaks: self.breaks.clone(),
            view: self.view,
            page: self.page,
            moves_per_sec: self.moves_per_sec,
            file: self.file.clone(),
            params: sets.params.iter().map(|(set, _)| about_set(&set.0)).collect(),
            moments: sets
                .moments
                .iter()
                .map(|(set, _)| AboutMoments { steps: set.steps, layers: about_set(&set.layers) })
                .collect(),
            networks: [
                sets.params.iter().map(|(_, network)| *network).collect(),
                sets.moments.iter().map(|(_, network)| *network).collect(),
            ],
        };
        for (n, (set, _)) in sets.params.iter().enumerate() {
            all.extend(entries("params", n, &set.0));
        }
        for (n, (set, _)) in sets.moments.iter().enumerate() {
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
    let sets = read_sets(file, &about)?;
    let (model, loaded) = read_model(file, about.model, &sets, (0, 0))?;
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
        adjustment: about.adjustment.unwrap_or(Adjustment::from(about.fit)).in_range(),
        ground: about.ground,
        target: about.label.map(|class| match about.is_assumed {
            Some(true) => Target::Assumed(class),
            Some(false) | None => Target::Given(class),
        }),
        optimizer: about.optimizer,
        epochs: about.epochs,
        mode: about.mode,
        seed: about.seed,
        ..Inputs::new(Arc::new(model), Arc::new(picture))
    };
    let (mut branches, forked) = read_runs(file, (about.branches, about.forked, about.branch), &sets, 0)?;
    inputs.forked = forked;
    let mut aside = Vec::new();
    for (network, runs) in (1..).zip(about.runs) {
        let AboutRuns { model, params, optimizer, seed, planned, forked, branches, branch } = runs;
        let (model, loaded) = read_model(file, model, &sets, (network, params))?;
        let (branches, forked) = read_runs(file, (branches, forked, branch), &sets, network)?;
        let target = None;
        let own = Inputs { optimizer, seed, loaded, forked, target, ..inputs.clone() };
        let inputs = Inputs { model: Arc::new(model), ..own };
        aside.push(RunsAside { inputs, planned: Some(planned), branches, branch });
    }
    number_all(&mut branches, &mut aside);
    Ok(Session {
        inputs,
        schedule: about.training,
        branches,
        branch: about.branch,
        runs: KeptRuns { aside, labels: about.labels },
        stops: about.stops,
        place: about.place,
        bookmarks: about.bookmarks,
        breaks: about.breaks,
        view: about.view,
        page: about.page,
        moves_per_sec: about.moves_per_sec,
        file: about.file,
        says_what_is_right: about.is_assumed.is_some() || about.label.is_none(),
    })
}

/// The networks, the model's own first, with sets of weights, and of moments with the number of their network.
struct Read {
    networks: Vec<Network>,
    params: Vec<Arc<Params>>,
    moments: Vec<(Arc<Moments>, usize)>,
}

impl Read {
    /// A set of weights for a network: runs share those that are the same.
    fn params(&self, n: usize, network: usize) -> Option<Arc<Params>> {
        let layers = &self.networks.get(network)?.layers;
        let fits = |set: &&Arc<Params>| {
            set.0.len() == layers.len()
                && layers.iter().zip(&set.0).all(|(layer, parts)| {
                    let own = layer.parameters();
                    let fits = |(part, shape): &(Part, Shape)| {
                        parts.get(*part).is_some_and(|cells| shape_of(cells) == *shape)
                    };
                    own.len() == parts.iter().count() && own.iter().all(fits)
                })
        };
        self.params.get(n).filter(fits).cloned()
    }

    fn moments(&self, n: usize, network: usize) -> Option<Arc<Moments>> {
        let (moments, of) = self.moments.get(n)?;
        (*of == network || moments.layers.is_empty()).then(|| Arc::clone(moments))
    }
}

fn read_sets(file: &SessionFile, about: &About) -> Result<Read, ModelError> {
    let models = std::iter::once(&about.model).chain(about.runs.iter().map(|runs| &runs.model));
    let networks = models.map(|model| Architecture::parse(&model.architecture)?.build());
    let networks = networks.collect::<Result<Vec<_>, _>>()?;
    let of = |kind: usize, n: usize| {
        let number = about.networks[kind].get(n).copied().unwrap_or(0);
        let network =
            networks.get(number).ok_or_else(|| file.damaged("weights of a network that is not there"));
        network.map(|network| (network, number))
    };
    let params = about.params.iter().enumerate().map(|(n, set)| {
        let (network, _) = of(0, n)?;
        read_params(file, network, n, set)
    });
    let params = params.collect::<Result<Vec<_>, ModelError>>()?;
    let moments = about.moments.iter().enumerate().map(|(n, set)| {
        let (network, number) = of(1, n)?;
        Ok((read_moments(file, network, n, set)?, number))
    });
    let moments = moments.collect::<Result<Vec<_>, ModelError>>()?;
    Ok(Read { networks, params, moments })
}

/// A model and, where its weights have been edited since, those that were loaded; `own`: the number of its network and
/// of its weights.
fn read_model(
    file: &SessionFile,
    about: AboutModel,
    sets: &Read,
    (network, own): (usize, usize),
) -> Result<(Model, Option<Arc<Params>>), ModelError> {
    let AboutModel { name, architecture, unused, notes, loaded } = about;
    let set = |n: usize| sets.params(n, network).ok_or_else(|| file.damaged("weights that are not there"));
    let loaded = loaded.map(set).transpose()?;
    let (architecture, network) = (Architecture::parse(&architecture)?, sets.networks[network].clone());
    Ok((Model { name, params: set(own)?, architecture, unused, notes, network }, loaded))
}

/// Reads the branches of a network, and the edit of weights that the selected one comes from.
fn read_runs(
    file: &SessionFile,
    (branches, forked, branch): (Vec<AboutBranch>, Option<AboutForked>, usize),
    sets: &Read,
    network: usize,
) -> Result<(Vec<TrainingBranch>, Option<Forked>), ModelError> {
    let set = |n: usize| sets.params(n, network).ok_or_else(|| file.damaged("weights that are not there"));
    let count = branches.len();
    let forked = forked.map(|AboutForked { from, time, original, params, moments }| {
        let moments = sets.moments(moments, network).filter(|moments| moments.steps == u64::from(time));
        let moments = moments.ok_or_else(|| file.damaged("moments that are not there"))?;
        let (original, params) = (set(original)?, set(params)?);
        if from >= count {
            return Err(file.damaged("an edit of a branch that does not exist"));
        }
        Ok(Forked { from, time, original, params, moments })
    });
    let forked = forked.transpose()?;
    let branches = branches.into_iter().enumerate();
    let branches = branches.map(|(n, branch)| read_branch(file, (network, n), branch, sets));
    let branches = branches.collect::<Result<Vec<_>, _>>()?;
    if branch >= branches.len().max(1) {
        return Err(file.damaged("a branch of training that does not exist"));
    }
    Ok((branches, forked))
}

/// Gives each branch a number of its own, where files of the old form, or damaged ones, have none.
fn number_all(branches: &mut [TrainingBranch], aside: &mut [RunsAside]) {
    let mut all: Vec<_> =
        branches.iter_mut().chain(aside.iter_mut().flat_map(|aside| &mut aside.branches)).collect();
    let mut last = all.iter().map(|branch| branch.number()).max().unwrap_or(0);
    let mut seen = BTreeSet::from([0]);
    for branch in &mut all {
        if !seen.insert(branch.number()) {
            last = last.saturating_add(1);
            **branch = branch.clone().with_number(last);
        }
    }
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

/// The tensors of a layer, by the parts that a set lists.
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

fn read_branch(
    file: &SessionFile,
    (network, number): (usize, usize),
    about: AboutBranch,
    sets: &Read,
) -> Result<TrainingBranch, ModelError> {
    let AboutBranch { number: of_all, fork, optimizers, done, frames } = about;
    let frames = frames.iter().map(|frame| {
        let (params, moments) = (sets.params(frame.params, network)?, sets.moments(frame.moments, network)?);
        // A trainer resumes at the step number of its moments.
        let is_of_branch = moments.steps == u64::from(frame.time) && frame.time <= done;
        is_of_branch.then_some((frame.time, Keyframe { params, moments }, frame.is_pinned))
    });
    let frames: Option<Vec<_>> = frames.collect();
    let frames = frames.filter(|frames| frames.iter().any(|(time, ..)| *time == 0));
    let frames = frames.ok_or_else(|| file.damaged("a branch of training without its weights"))?;
    let is_earlier = |fork: Fork| fork.branch < number;
    if !fork.is_none_or(is_earlier) || optimizers.first().is_none_or(|(time, _)| *time != 0) {
        return Err(file.damaged("a branch of training without an origin"));
    }
    let measured = || file.damaged("measurements that are none");
    let records = file.numbers(&measured_entry("records", network, number))?;
    let records = measured::records(&records).ok_or_else(measured)?;
    let checks = file.numbers(&measured_entry("checks", network, number))?;
    // Sessions of before kept none.
    let samples = file.numbers(&measured_entry("samples", network, number)).unwrap_or_default();
    let network = &sets.networks[network];
    let classes = network.classes();
    let mut checks = measured::checks(&checks, classes, network.layers.len()).ok_or_else(measured)?;
    measured::read_samples(&samples, classes, &mut checks).ok_or_else(measured)?;
    let (keyframes, optimizers) = (Keyframes::restored(frames), optimizers.into_iter().collect());
    let branch = TrainingBranch::restored(fork, keyframes, optimizers, done, records, checks);
    Ok(branch.with_number(of_all))
}

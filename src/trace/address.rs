//! Addresses: a place in the plan, and its text.
//!
//! `e2.b14.i3/bwd/conv1.dW/k2,0/(1,4)/m37` names epoch, batch, image in the batch, pass, stage,
//! channel(s), position and term. For one picture outside training the first part is left out:
//! `fwd/conv1/k2/(3,5)/m7`. Parts may be left out from the right, meaning the whole; a position
//! `(0,0)` may be left out where the plane has but one cell. Nothing at all, or `run`, is the whole
//! run. A tensor that the plan does not make is named without a pass: `input/k0/(3,5)`. Where batch
//! normalisation couples the images, forward and backward of all of them are one unit: `e0.b0.i*`.

use super::plan::{Owner, Plan, Stage, TensorId};
use crate::nn::Part;
use crate::tensor::Shape;
use serde::{Deserialize, Serialize};

/// The unit of stepping, coarsest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Grain {
    /// The whole run.
    Run,
    /// All batches once.
    Epoch,
    /// One batch: forward, loss, backward of each image, then the update.
    Batch,
    /// One image of a batch; the update is a unit of its own.
    Example,
    /// Forward, loss, backward or update.
    Pass,
    /// One stage: the making of one tensor.
    #[default]
    Layer,
    /// One channel of it; of a weight, one (out, in) plane.
    Channel,
    /// One number.
    Cell,
    /// One operation.
    Term,
}

impl Grain {
    /// All grains, coarsest first.
    pub const ALL: [Self; 9] = [
        Self::Run,
        Self::Epoch,
        Self::Batch,
        Self::Example,
        Self::Pass,
        Self::Layer,
        Self::Channel,
        Self::Cell,
        Self::Term,
    ];

    /// The next finer grain, or itself.
    pub fn finer(self) -> Self {
        Self::ALL[(self as usize + 1).min(Self::ALL.len() - 1)]
    }

    /// The next coarser grain, or itself.
    pub fn coarser(self) -> Self {
        Self::ALL[(self as usize).saturating_sub(1)]
    }

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Epoch => "epoch",
            Self::Batch => "batch",
            Self::Example => "example",
            Self::Pass => "pass",
            Self::Layer => "layer",
            Self::Channel => "channel",
            Self::Cell => "cell",
            Self::Term => "term",
        }
    }
}

/// The passes of a training step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Pass {
    /// Input to output.
    Fwd,
    /// Output to loss.
    Loss,
    /// Loss to gradients.
    Bwd,
    /// Gradients to parameters.
    Update,
}

impl Pass {
    /// All passes in order.
    pub const ALL: [Self; 4] = [Self::Fwd, Self::Loss, Self::Bwd, Self::Update];

    /// Its text in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fwd => "fwd",
            Self::Loss => "loss",
            Self::Bwd => "bwd",
            Self::Update => "update",
        }
    }
}

/// What an address points into.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Place {
    /// A stage of the plan, by its number.
    Stage(u32),
    /// A tensor that the plan does not make: the input, the target, a parameter before the step.
    Given(TensorId),
}

/// A place in the plan. What lies below its grain is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Address {
    /// The training step: epoch * batches + batch.
    pub time: u32,
    /// The image in the batch.
    pub image: u32,
    /// Stage or given tensor.
    pub place: Place,
    /// The cell within the stage, row-major.
    pub cell: u32,
    /// The term within the cell.
    pub term: u32,
    /// How far down the address goes.
    pub grain: Grain,
}

impl Address {
    /// The same place as a whole unit of a coarser grain: what lies below becomes 0.
    pub fn widen(mut self, grain: Grain, plan: &Plan) -> Self {
        self.grain = self.grain.min(grain);
        if self.grain < Grain::Term {
            self.term = 0;
        }
        if self.grain < Grain::Cell {
            let plane = plan.shape_at(&self).plane() as u32;
            self.cell -= self.cell % plane;
        }
        if self.grain < Grain::Channel {
            self.cell = 0;
        }
        if self.grain < Grain::Layer
            && let Place::Stage(stage) = self.place
        {
            let pass = plan.stages()[stage as usize].pass;
            self.place = Place::Stage(match self.grain {
                Grain::Pass => plan.pass_stages(pass).start,
                Grain::Example if pass == Pass::Update => plan.pass_stages(Pass::Update).start,
                _ => 0,
            } as u32);
        }
        if self.grain < Grain::Example {
            self.image = 0;
        }
        if self.grain < Grain::Batch {
            self.time -= self.time % plan.setup().batches;
        }
        if self.grain < Grain::Epoch {
            self.time = 0;
        }
        self
    }
}

/// Why a text is not an address of a plan. One line: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub String);

/// The text of an address.
pub fn print(plan: &Plan, address: &Address) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let setup = plan.setup();
    let (epoch, batch) = (address.time / setup.batches, address.time % setup.batches);
    let stage = match address.place {
        Place::Stage(stage) => Some(&plan.stages()[stage as usize]),
        Place::Given(_) => None,
    };
    let in_update = stage.is_some_and(|stage| stage.pass == Pass::Update);
    if address.grain == Grain::Run {
        return "run".into();
    }
    let is_batch_level = match address.place {
        Place::Given(tensor) => !tensor.is_per_image(),
        Place::Stage(_) => in_update,
    };
    let shape = plan.shape_at(address);
    let at = shape.at(address.cell as usize);
    // Where the images are coupled, the image is the outermost part of the cell.
    let image = match stage {
        Some(stage) if plan.is_layered() && stage.per_image => at[0],
        _ => address.image as usize,
    };
    let whole = plan.is_layered() && stage.is_some() && address.grain < Grain::Channel;
    let single = setup.images == 1 && address.time == 0 && address.grain >= Grain::Pass;
    if !single {
        let _ = write!(text, "e{epoch}");
        if address.grain >= Grain::Batch {
            let _ = write!(text, ".b{batch}");
        }
        let names_image = address.grain >= Grain::Example && !is_batch_level && !whole;
        if names_image && (stage.is_none_or(|stage| stage.per_image) || !plan.is_layered()) {
            let _ = write!(text, ".i{image}");
        }
        if address.grain <= Grain::Example {
            if address.grain == Grain::Example && in_update {
                text.push_str("/update");
            } else if address.grain == Grain::Example && whole {
                text.push_str(".i*");
            }
            return text;
        }
        text.push('/');
    }
    if let Some(stage) = stage {
        text.push_str(stage.pass.name());
        if address.grain == Grain::Pass {
            return text;
        }
        text.push('/');
    }
    let tensor = match address.place {
        Place::Stage(_) => stage.map(|stage| stage.tensor),
        Place::Given(tensor) => Some(tensor),
    };
    if let Some(tensor) = tensor {
        plan.push_name(tensor, &mut text);
    }
    if address.grain >= Grain::Channel {
        let is_weight = tensor.is_some_and(|tensor| plan.is_weight_shaped(tensor));
        let _ = if is_weight { write!(text, "/k{},{}", at[0], at[1]) } else { write!(text, "/k{}", at[1]) };
    }
    if address.grain >= Grain::Cell {
        let _ = write!(text, "/({},{})", at[2], at[3]);
    }
    if address.grain >= Grain::Term {
        let _ = write!(text, "/m{}", address.term);
    }
    text
}

/// Reads the text of an address. Of `e0.b0/update`, which as a unit is the batch's last example as
/// well as its last pass, it makes the pass.
///
/// # Errors
/// Names the part that does not fit, what the plan has there, and an address that would do.
pub fn parse(plan: &Plan, text: &str) -> Result<Address, AddressError> {
    let text = text.trim();
    let name = plan.network().layers.iter().map(|layer| layer.name().len()).max();
    if text.contains(char::is_control) || text.len() > LONGEST + name.unwrap_or(0) {
        return Err(AddressError(format!(
            "expected an address like fwd/{}/k0/(0,0), got {} characters that are none",
            plan.layer(0).name(),
            text.chars().count()
        )));
    }
    let mut address = parse_parts(plan, text)?;
    let is_of_all = match address.place {
        // The image is part of the cell there; coarser units have none of their own.
        Place::Stage(_) => plan.is_layered(),
        Place::Given(tensor) => !tensor.is_per_image(),
    };
    if is_of_all {
        address.image = 0;
    }
    Ok(address)
}

/// More bytes than any address has beside the layer's name.
const LONGEST: usize = 200;

/// A number as an address has it: digits only.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn parse_parts(plan: &Plan, text: &str) -> Result<Address, AddressError> {
    let first = Place::Stage(0);
    let mut address = Address { time: 0, image: 0, place: first, cell: 0, term: 0, grain: Grain::Run };
    if text.is_empty() || text == "run" {
        return Ok(address);
    }
    let mut parts = text.trim_end_matches('/').split('/').peekable();
    let mut named_image = false;
    if let Some(part) = parts.peek()
        && !plan.given().any(|tensor| plan.name(tensor) == *part)
        && let Some(prefix) = parse_prefix(text, part)?
    {
        parts.next();
        named_image = prefix.image.is_some();
        apply_prefix(plan, text, &mut address, &prefix)?;
    }
    let Some(part) = parts.next() else { return Ok(address) };
    let pass = Pass::ALL.into_iter().find(|pass| pass.name() == part);
    let (stage_text, name_owner) = match pass {
        Some(pass) => {
            let stages = plan.pass_stages(pass);
            if stages.is_empty() {
                return Err(AddressError(format!(
                    "{text}: expected a pass of this network, got {part:?}; it has no parameters to update"
                )));
            }
            address.grain = Grain::Pass;
            address.place = Place::Stage(stages.start as u32);
            if pass == Pass::Update && named_image {
                return Err(AddressError(format!(
                    "{text}: expected an update without an image, got one; the update belongs to the whole \
                     batch: e{}.b{}/update",
                    address.time / plan.setup().batches,
                    address.time % plan.setup().batches
                )));
            }
            (parts.next(), Some(pass))
        }
        None => (Some(part), None),
    };
    let Some(stage_text) = stage_text else { return Ok(address) };
    let tensor = match name_owner {
        Some(pass) => {
            let range = plan.pass_stages(pass);
            let found = range.clone().find(|&s| plan.name(plan.stages()[s].tensor) == stage_text);
            let Some(stage) = found else {
                let names = range.map(|s| plan.name(plan.stages()[s].tensor));
                return Err(unknown(text, "a stage of the pass", stage_text, names));
            };
            address.place = Place::Stage(stage as u32);
            plan.stages()[stage].tensor
        }
        None => {
            let Some(tensor) = plan.given().find(|&tensor| plan.name(tensor) == stage_text) else {
                let passes = Pass::ALL.map(|pass| pass.name().to_owned());
                let names = passes.into_iter().chain(plan.given().map(|tensor| plan.name(tensor)));
                return Err(unknown(text, "a pass or a given tensor", stage_text, names));
            };
            address.place = Place::Given(tensor);
            tensor
        }
    };
    address.grain = Grain::Layer;
    let Some(part) = parts.next() else { return Ok(address) };
    let shape = plan.shape_at(&address);
    let mut at = [0; 4];
    if plan.is_layered() && matches!(address.place, Place::Stage(s) if plan.stages()[s as usize].per_image) {
        at[0] = std::mem::take(&mut address.image) as usize;
    }
    address.grain = Grain::Channel;
    let is_weight = plan.is_weight_shaped(tensor);
    let channel = |text_part: &str| -> Option<Vec<usize>> {
        text_part.strip_prefix('k')?.split(',').map(number).collect()
    };
    let bounds = if is_weight {
        format!("k0,0 to k{},{}", shape.0[0] - 1, shape.0[1] - 1)
    } else {
        format!("k0 to k{}", shape.0[1] - 1)
    };
    let bad_channel = || {
        AddressError(format!(
            "{text}: expected a channel of {} from {bounds}, got {part:?}; write for example {stage_text}/{}",
            plan.name(tensor),
            if is_weight { "k0,0" } else { "k0" }
        ))
    };
    match (channel(part).ok_or_else(bad_channel)?.as_slice(), is_weight) {
        (&[o, i], true) => (at[0], at[1]) = (o, i),
        (&[k], false) => at[1] = k,
        _ => return Err(bad_channel()),
    }
    if at[0] >= shape.0[0] || at[1] >= shape.0[1] {
        return Err(bad_channel());
    }
    let mut next = parts.next();
    if let Some(part) = next {
        // A plane of one cell needs no position.
        if !(part.starts_with('m') && shape.plane() == 1) {
            let position = part.strip_prefix('(').and_then(|p| p.strip_suffix(')')).and_then(|p| {
                let (i, j) = p.split_once(',')?;
                Some((number::<usize>(i.trim())?, number::<usize>(j.trim())?))
            });
            match position {
                Some((i, j)) if i < shape.0[2] && j < shape.0[3] => (at[2], at[3]) = (i, j),
                _ => {
                    return Err(AddressError(format!(
                        "{text}: expected a position of {} from (0,0) to ({},{}), got {part:?}; write it as \
                         (row,column)",
                        plan.name(tensor),
                        shape.0[2] - 1,
                        shape.0[3] - 1
                    )));
                }
            }
            next = parts.next();
        }
        address.grain = Grain::Cell;
    }
    address.cell = shape.flat(at) as u32;
    if let Some(part) = next {
        let terms = match address.place {
            Place::Stage(stage) => plan.stages()[stage as usize].terms,
            Place::Given(_) => 0,
        };
        match part.strip_prefix('m').and_then(number::<u32>) {
            Some(m) if m < terms => {
                address.term = m;
                address.grain = Grain::Term;
            }
            _ if terms == 0 => {
                return Err(AddressError(format!(
                    "{text}: {} is given, not computed, so it has no terms; leave out {part:?}",
                    plan.name(tensor)
                )));
            }
            _ => {
                return Err(AddressError(format!(
                    "{text}: expected a term of this cell from m0 to m{}, got {part:?}; each cell of {} has {terms} \
                     terms",
                    terms - 1,
                    plan.name(tensor)
                )));
            }
        }
    }
    if let Some(part) = parts.next() {
        return Err(AddressError(format!(
            "{text}: expected nothing after the term, got {part:?}; an address is \
             pass/stage/k<channel>/(<row>,<column>)/m<term>"
        )));
    }
    Ok(address)
}

/// Epoch, batch and image as written.
struct Prefix {
    epoch: u32,
    batch: Option<u32>,
    image: Option<Image>,
}

/// One image of a batch, or all of them.
enum Image {
    One(u32),
    All,
}

/// `e2.b14.i3`; `None` where the part is none of that kind.
fn parse_prefix(text: &str, part: &str) -> Result<Option<Prefix>, AddressError> {
    let looks_like_one =
        part.strip_prefix('e').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !looks_like_one {
        return Ok(None);
    }
    let bad = || {
        AddressError(format!(
            "{text}: expected epoch, batch and image as in e0.b0.i0, got {part:?}; each is a letter and a number"
        ))
    };
    let mut numbers = part.split('.');
    let mut next = |letter| match numbers.next() {
        None => Ok(None),
        Some(text) => text.strip_prefix(letter).filter(|n| !n.is_empty()).ok_or_else(bad).map(Some),
    };
    let (epoch, batch, image) = (next('e')?, next('b')?, next('i')?);
    if numbers.next().is_some() {
        return Err(bad());
    }
    let whole = |n: &str| number::<u32>(n).ok_or_else(bad);
    Ok(Some(Prefix {
        epoch: epoch.map_or(Ok(0), whole)?,
        batch: batch.map(whole).transpose()?,
        image: match image {
            Some("*") => Some(Image::All),
            Some(n) => Some(Image::One(whole(n)?)),
            None => None,
        },
    }))
}

fn apply_prefix(plan: &Plan, text: &str, address: &mut Address, prefix: &Prefix) -> Result<(), AddressError> {
    let setup = plan.setup();
    let check = |what: &str, letter: char, got: u32, count: u32| {
        if got < count {
            return Ok(got);
        }
        Err(AddressError(format!(
            "{text}: expected {what} from {letter}0 to {letter}{}, got {letter}{got}; write {letter}{}",
            count - 1,
            count - 1
        )))
    };
    let epoch = check("an epoch of the run", 'e', prefix.epoch, setup.epochs)?;
    let batch = check("a batch of the epoch", 'b', prefix.batch.unwrap_or(0), setup.batches)?;
    address.time = epoch * setup.batches + batch;
    address.image = match prefix.image {
        Some(Image::One(image)) => check("an image of the batch", 'i', image, setup.images)?,
        Some(Image::All) if !plan.is_layered() => {
            return Err(AddressError(format!(
                "{text}: expected one image of the batch, got i*; the images follow one another here: write i0"
            )));
        }
        Some(Image::All) | None => 0,
    };
    address.grain = match (prefix.batch, &prefix.image) {
        (None, _) => Grain::Epoch,
        (Some(_), None) => Grain::Batch,
        (Some(_), Some(_)) => Grain::Example,
    };
    Ok(())
}

fn unknown(text: &str, what: &str, got: &str, names: impl Iterator<Item = String>) -> AddressError {
    let names: Vec<String> = names.collect();
    let listed = if names.len() > 24 {
        format!("{}, … {} in all", names[..24].join(", "), names.len())
    } else {
        names.join(", ")
    };
    AddressError(format!("{text}: expected {what}, got {got:?}; there are {listed}"))
}

impl Plan {
    /// The text of an address.
    pub fn text(&self, address: &Address) -> String {
        print(self, address)
    }

    /// Reads an address; the inverse of [`Plan::text`].
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parse(&self, text: &str) -> Result<Address, AddressError> {
        parse(self, text)
    }

    /// The name of a tensor: its layer's, and after a dot what it is of that layer.
    pub fn name(&self, tensor: TensorId) -> String {
        let mut name = String::new();
        self.push_name(tensor, &mut name);
        name
    }

    fn push_name(&self, tensor: TensorId, text: &mut String) {
        if tensor == TensorId::TARGET {
            text.push_str("target");
            return;
        }
        text.push_str(match tensor.owner {
            Owner::Input => "input",
            Owner::Layer(l) => self.network().layers[l as usize].name(),
            Owner::Loss => "loss",
        });
        if tensor.part != Part::Out {
            text.push('.');
            text.push_str(tensor.part.suffix());
        }
    }

    /// The shape of the tensor that an address points into: of one image, or of the whole batch
    /// where the stage makes all images at once.
    pub fn shape_at(&self, address: &Address) -> Shape {
        match address.place {
            Place::Stage(stage) => self.stages()[stage as usize].shape,
            Place::Given(tensor) => self.shape_of(tensor),
        }
    }

    /// The stage that an address points into.
    pub fn stage_at(&self, address: &Address) -> Option<&Stage> {
        match address.place {
            Place::Stage(stage) => self.stages().get(stage as usize),
            Place::Given(_) => None,
        }
    }
}

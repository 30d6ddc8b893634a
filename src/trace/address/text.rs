//! The text of an address.
//!
//! `e2.b14.i3/bwd/conv1.dW/k2,0/(1,4)/m37` names epoch, batch, image in the batch, pass, stage,
//! channel(s), position and term. For one picture outside training the first part is left out:
//! `fwd/conv1/k2/(3,5)/m7`. Parts may be left out from the right, meaning the whole; a position
//! `(0,0)` may be left out where the plane has but one cell. Nothing at all, or `run`, is the whole
//! run. A tensor that the plan does not make is named without a pass: `input/k0/(3,5)`. Where batch
//! normalisation couples the images, forward and backward of all of them are one unit: `e0.b0.i*`.

use super::{Address, Grain, Pass, Place};
use crate::tensor::Shape;
use crate::trace::{plan::Plan, tensor_id::TensorId};
use std::fmt::Write;

/// Why a text is not an address of a plan. One line: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub String);

/// A place by its names: the text of an address. It outlives the plan that it was made with, and names the same
/// place in any plan that has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AddressText(String);

impl AddressText {
    /// The text of an address of a plan.
    pub fn new(plan: &Plan, address: &Address) -> Self {
        Self(plan.text(address))
    }

    /// A text from outside, which need not name anything; `None` where no plan could have such an address.
    pub fn from_outside(text: &str) -> Option<Self> {
        let text = text.trim();
        /// The most bytes; a layer's name may be long.
        const MOST: usize = 1000;
        (text.len() <= MOST && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The place that it names in a plan; `None` where it names nothing there.
    pub fn resolve(&self, plan: &Plan) -> Option<Address> {
        plan.parse(&self.0).ok()
    }
}

impl std::fmt::Display for AddressText {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Plan {
    /// The text of an address of this plan.
    pub fn text(&self, address: &Address) -> String {
        print(self, address)
    }

    /// Reads the text of an address; the inverse of [`Plan::text`]. It reads `e0.b0/update`, which as a unit is
    /// the batch's last example as well as its last pass, as the pass.
    ///
    /// # Errors
    /// Names the part that does not fit, what the plan has there, and an address that would do.
    pub fn parse(&self, text: &str) -> Result<Address, AddressError> {
        let text = text.trim();
        let name = self.network().layers.iter().map(|layer| layer.name().len()).max();
        if text.contains(char::is_control) || text.len() > LONGEST + name.unwrap_or(0) {
            return Err(AddressError(format!(
                "expected an address like fwd/{}/k0/(0,0), got {} characters that are none",
                self.layer(0).name(),
                text.chars().count()
            )));
        }
        let mut address = Parser { plan: self, text }.address()?;
        let is_of_all = match address.place {
            // The image is part of the cell there; coarser units have none of their own.
            Place::Stage(_) => self.is_layered(),
            Place::Given(tensor) => !tensor.is_per_image(),
        };
        if is_of_all {
            address.image = 0;
        }
        Ok(address)
    }
}

/// The most bytes that an address has beside its layer's name.
const LONGEST: usize = 200;

fn print(plan: &Plan, address: &Address) -> String {
    if address.grain == Grain::Run {
        return "run".into();
    }
    let mut text = String::new();
    let is_single = plan.setup().images == 1 && address.time == 0 && address.grain >= Grain::Pass;
    if !is_single {
        print_time_and_image(plan, address, &mut text);
        if address.grain <= Grain::Example {
            return text;
        }
        text.push('/');
    }
    let tensor = match address.place {
        Place::Stage(stage) => {
            let stage = &plan.stages()[stage as usize];
            text.push_str(stage.pass.name());
            if address.grain == Grain::Pass {
                return text;
            }
            text.push('/');
            stage.tensor
        }
        Place::Given(tensor) => tensor,
    };
    plan.push_name(tensor, &mut text);
    print_cell(plan, address, tensor, &mut text);
    text
}

/// `e2.b14.i3`, and what a unit of all images or the update adds to it.
fn print_time_and_image(plan: &Plan, address: &Address, text: &mut String) {
    let batches = plan.setup().batches;
    let stage = plan.stage_at(address);
    let is_update = stage.is_some_and(|stage| stage.pass == Pass::Update);
    let is_of_batch = match address.place {
        Place::Given(tensor) => !tensor.is_per_image(),
        Place::Stage(_) => is_update,
    };
    // Where the images are coupled, the image is the outermost part of the cell.
    let image = match stage {
        Some(stage) if plan.is_layered() && stage.per_image => stage.shape.at(address.cell as usize)[0],
        _ => address.image as usize,
    };
    let is_of_all_images = plan.is_layered() && stage.is_some() && address.grain < Grain::Channel;
    let _ = write!(text, "e{}", address.time / batches);
    if address.grain >= Grain::Batch {
        let _ = write!(text, ".b{}", address.time % batches);
    }
    let names_image = address.grain >= Grain::Example && !is_of_batch && !is_of_all_images;
    if names_image && (stage.is_none_or(|stage| stage.per_image) || !plan.is_layered()) {
        let _ = write!(text, ".i{image}");
    }
    if address.grain == Grain::Example && is_update {
        text.push_str("/update");
    } else if address.grain == Grain::Example && is_of_all_images {
        text.push_str(".i*");
    }
}

/// `/k2,0/(1,4)/m37`, as far as the grain goes.
fn print_cell(plan: &Plan, address: &Address, tensor: TensorId, text: &mut String) {
    let [n, k, i, j] = plan.shape_at(address).at(address.cell as usize);
    if address.grain >= Grain::Channel {
        let _ = match plan.is_weight_shaped(tensor) {
            true => write!(text, "/k{n},{k}"),
            false => write!(text, "/k{k}"),
        };
    }
    if address.grain >= Grain::Cell {
        let _ = write!(text, "/({i},{j})");
    }
    if address.grain >= Grain::Term {
        let _ = write!(text, "/m{}", address.term);
    }
}

/// A number as an address has it: digits only.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Reads one text against one plan, part by part from the left.
struct Parser<'a> {
    plan: &'a Plan,
    text: &'a str,
}

type Parts<'a> = std::iter::Peekable<std::str::Split<'a, char>>;

impl<'a> Parser<'a> {
    fn address(&self) -> Result<Address, AddressError> {
        let mut address = Address::RUN;
        if self.text.is_empty() || self.text == "run" {
            return Ok(address);
        }
        let mut parts = self.text.trim_end_matches('/').split('/').peekable();
        let names_image = self.time_and_image(&mut parts, &mut address)?;
        let Some(part) = parts.next() else { return Ok(address) };
        let tensor = match Pass::ALL.into_iter().find(|pass| pass.name() == part) {
            Some(pass) => {
                self.pass(pass, names_image, &mut address)?;
                let Some(part) = parts.next() else { return Ok(address) };
                self.stage(pass, part, &mut address)?
            }
            None => self.given(part, &mut address)?,
        };
        let Some(part) = parts.next() else { return Ok(address) };
        self.cell(tensor, part, &mut parts, &mut address)?;
        match parts.next() {
            Some(part) => Err(self.error(format!(
                "expected nothing after the term, got {part:?}; an address is \
                 pass/stage/k<channel>/(<row>,<column>)/m<term>"
            ))),
            None => Ok(address),
        }
    }

    fn error(&self, message: String) -> AddressError {
        AddressError(format!("{}: {message}", self.text))
    }

    /// Reads `e2.b14.i3` where the text begins with it. Returns whether it names an image.
    fn time_and_image(&self, parts: &mut Parts<'a>, address: &mut Address) -> Result<bool, AddressError> {
        let Some(&part) = parts.peek() else { return Ok(false) };
        if self.plan.given().any(|tensor| self.plan.name(tensor) == part) {
            return Ok(false);
        }
        let Some(prefix) = self.prefix(part)? else { return Ok(false) };
        parts.next();
        let setup = self.plan.setup();
        let epoch = self.below("an epoch of the run", 'e', prefix.epoch, setup.epochs)?;
        let batch = self.below("a batch of the epoch", 'b', prefix.batch.unwrap_or(0), setup.batches)?;
        address.time = epoch * setup.batches + batch;
        address.image = match prefix.image {
            Some(Image::One(image)) => self.below("an image of the batch", 'i', image, setup.images)?,
            Some(Image::All) if !self.plan.is_layered() => {
                return Err(self.error(
                    "expected one image of the batch, got i*; the images follow one another here: write i0"
                        .into(),
                ));
            }
            Some(Image::All) | None => 0,
        };
        address.grain = match (prefix.batch, &prefix.image) {
            (None, _) => Grain::Epoch,
            (Some(_), None) => Grain::Batch,
            (Some(_), Some(_)) => Grain::Example,
        };
        Ok(prefix.image.is_some())
    }

    /// The numbers of `e2.b14.i3`; `None` where the part does not begin with `e` and a digit.
    fn prefix(&self, part: &str) -> Result<Option<Prefix>, AddressError> {
        let is_prefix =
            part.strip_prefix('e').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if !is_prefix {
            return Ok(None);
        }
        let bad = || {
            self.error(format!(
                "expected epoch, batch and image as in e0.b0.i0, got {part:?}; each is a letter and a number"
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

    fn below(&self, what: &str, letter: char, got: u32, count: u32) -> Result<u32, AddressError> {
        if got < count {
            return Ok(got);
        }
        let last = count - 1;
        Err(self.error(format!(
            "expected {what} from {letter}0 to {letter}{last}, got {letter}{got}; write {letter}{last}"
        )))
    }

    /// Goes to a pass.
    fn pass(&self, pass: Pass, names_image: bool, address: &mut Address) -> Result<(), AddressError> {
        let stages = self.plan.pass_stages(pass);
        if stages.is_empty() {
            return Err(self.error(format!(
                "expected a pass of this network, got {:?}; it has no parameters to update",
                pass.name()
            )));
        }
        if pass == Pass::Update && names_image {
            let batches = self.plan.setup().batches;
            return Err(self.error(format!(
                "expected an update without an image, got one; the update belongs to the whole batch: \
                 e{}.b{}/update",
                address.time / batches,
                address.time % batches
            )));
        }
        address.place = Place::Stage(stages.start as u32);
        address.grain = Grain::Pass;
        Ok(())
    }

    /// Goes to the stage of a pass that makes the tensor of this name.
    fn stage(&self, pass: Pass, name: &str, address: &mut Address) -> Result<TensorId, AddressError> {
        let tensor_of = |s: usize| self.plan.stages()[s].tensor;
        let stages = self.plan.pass_stages(pass);
        let Some(stage) = stages.clone().find(|&s| self.plan.name(tensor_of(s)) == name) else {
            let names = stages.map(|s| self.plan.name(tensor_of(s)));
            return Err(self.unknown("a stage of the pass", name, names));
        };
        address.place = Place::Stage(stage as u32);
        address.grain = Grain::Layer;
        Ok(tensor_of(stage))
    }

    /// Goes to the given tensor of this name.
    fn given(&self, name: &str, address: &mut Address) -> Result<TensorId, AddressError> {
        let Some(tensor) = self.plan.given().find(|&tensor| self.plan.name(tensor) == name) else {
            let passes = Pass::ALL.map(|pass| pass.name().to_owned());
            let names = passes.into_iter().chain(self.plan.given().map(|tensor| self.plan.name(tensor)));
            return Err(self.unknown("a pass or a given tensor", name, names));
        };
        address.place = Place::Given(tensor);
        address.grain = Grain::Layer;
        Ok(tensor)
    }

    /// Reads `k2,0/(1,4)/m37`, `part` being its first part.
    fn cell(
        &self,
        tensor: TensorId,
        part: &str,
        parts: &mut Parts<'a>,
        address: &mut Address,
    ) -> Result<(), AddressError> {
        let shape = self.plan.shape_at(address);
        let mut at = self.channel(tensor, shape, part)?;
        if self.plan.is_layered() && self.plan.stage_at(address).is_some_and(|stage| stage.per_image) {
            at[0] = std::mem::take(&mut address.image) as usize;
        }
        address.grain = Grain::Channel;
        let mut next = parts.next();
        if let Some(part) = next {
            // A plane of one cell needs no position.
            if !(part.starts_with('m') && shape.plane() == 1) {
                [at[2], at[3]] = self.position(tensor, shape, part)?;
                next = parts.next();
            }
            address.grain = Grain::Cell;
        }
        address.cell = shape.flat(at) as u32;
        if let Some(part) = next {
            address.term = self.term(tensor, address, part)?;
            address.grain = Grain::Term;
        }
        Ok(())
    }

    /// Reads `k2`, or `k2,0` in a weight: the first cell of the channel. In a tensor of all images the first
    /// number stays 0.
    fn channel(&self, tensor: TensorId, shape: Shape, part: &str) -> Result<[usize; 4], AddressError> {
        let is_weight = self.plan.is_weight_shaped(tensor);
        let numbers: Option<Vec<usize>> =
            part.strip_prefix('k').and_then(|numbers| numbers.split(',').map(number).collect());
        match (numbers.as_deref(), is_weight) {
            (Some(&[o, i]), true) if o < shape.0[0] && i < shape.0[1] => return Ok([o, i, 0, 0]),
            (Some(&[k]), false) if k < shape.0[1] => return Ok([0, k, 0, 0]),
            _ => {}
        }
        let (bounds, first) = match is_weight {
            true => (format!("k0,0 to k{},{}", shape.0[0] - 1, shape.0[1] - 1), "k0,0"),
            false => (format!("k0 to k{}", shape.0[1] - 1), "k0"),
        };
        let name = self.plan.name(tensor);
        Err(self.error(format!(
            "expected a channel of {name} from {bounds}, got {part:?}; write for example {name}/{first}"
        )))
    }

    /// Reads `(1,4)`.
    fn position(&self, tensor: TensorId, shape: Shape, part: &str) -> Result<[usize; 2], AddressError> {
        let position = part.strip_prefix('(').and_then(|p| p.strip_suffix(')')).and_then(|p| {
            let (i, j) = p.split_once(',')?;
            Some([number::<usize>(i.trim())?, number::<usize>(j.trim())?])
        });
        position.filter(|&[i, j]| i < shape.0[2] && j < shape.0[3]).ok_or_else(|| {
            self.error(format!(
                "expected a position of {} from (0,0) to ({},{}), got {part:?}; write it as (row,column)",
                self.plan.name(tensor),
                shape.0[2] - 1,
                shape.0[3] - 1
            ))
        })
    }

    /// Reads `m37`.
    fn term(&self, tensor: TensorId, address: &Address, part: &str) -> Result<u32, AddressError> {
        let Some(stage) = self.plan.stage_at(address) else {
            return Err(self.error(format!(
                "{} is given, not computed, so it has no terms; leave out {part:?}",
                self.plan.name(tensor)
            )));
        };
        let terms = stage.terms;
        let term = part.strip_prefix('m').and_then(number::<u32>).filter(|&m| m < terms);
        term.ok_or_else(|| {
            self.error(format!(
                "expected a term of this cell from m0 to m{}, got {part:?}; each cell of {} has {terms} terms",
                terms - 1,
                self.plan.name(tensor)
            ))
        })
    }

    fn unknown(&self, what: &str, got: &str, names: impl Iterator<Item = String>) -> AddressError {
        let names: Vec<String> = names.collect();
        let listed = if names.len() > 24 {
            format!("{}, … {} in all", names[..24].join(", "), names.len())
        } else {
            names.join(", ")
        };
        self.error(format!("expected {what}, got {got:?}; there are {listed}"))
    }
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

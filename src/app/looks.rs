//! What a unit looks at, in the window: what is asked for, and the maps in the making.
//!
//! A map is made while its page is shown, some passes in a frame; a large network's by a worker. It follows the
//! picture, the weights and the settings: where one of them changes it is begun anew.

use super::{
    action::Effect,
    exciting::{self, Search},
    state::{AppState, Doing, Page},
    work::{self, Task},
};
use crate::attribution::{
    Attribution, AttributionSettings, Method, PixelRange, Probe, Unit, randomised, rank_correlation,
    usual_layer,
};
use crate::nn::{Execution, Layer, Network, Params, Part};
use crate::tensor::{Shape, Tensor};
use crate::trace::Owner;
use std::sync::Arc;

/// Whose map is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Subject {
    /// The score of the class that the network predicts.
    #[default]
    Predicted,
    /// This one, whatever is predicted.
    Unit(Unit),
}

/// A change of what is asked for, or of how far it is made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum LooksAction {
    /// Whose map.
    Subject(Subject),
    /// The unit of the cell that is looked at.
    Focused,
    /// The method and its numbers.
    Settings(AttributionSettings),
    /// The same with random weights of a seed, beside it; or no longer.
    Randomise(Option<u64>),
    /// How much of the picture the map covers, 0 to 1.
    Opacity(f32),
    /// Go on by itself, or wait.
    TogglePlay,
    /// Wait, and take the next step or go to the next place.
    Next,
    /// Wait, and go to the place before.
    Previous,
    /// Begin anew.
    Again,
    /// Look in the data for the pictures that excite the unit most.
    Search,
    /// Look no longer; what was found stays.
    StopSearch,
}

/// What is asked for, and the maps in the making.
#[derive(Clone, Debug)]
pub struct Looks {
    /// Whose map.
    pub subject: Subject,
    /// The seed of the random weights, where their map is wanted too.
    pub random: Option<u64>,
    /// How much of the picture the map covers, 0 to 1.
    pub opacity: f32,
    /// It goes on by itself.
    pub playing: bool,
    /// The place of the patch that is shown.
    pub place: usize,
    /// The search for the pictures that excite a unit most, and what it has found.
    pub search: Option<Search>,
    method: Method,
    settings: Option<AttributionSettings>,
    network: Option<Arc<Network>>,
    made: Option<Arc<Made>>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            subject: Subject::default(),
            random: None,
            opacity: 0.6,
            playing: true,
            place: 0,
            search: None,
            method: Method::default(),
            settings: None,
            network: None,
            made: None,
        }
    }
}

impl Looks {
    /// The method and its numbers; the usual ones for the network's input where none were chosen.
    pub fn settings(&self, network: &Network) -> AttributionSettings {
        self.settings.unwrap_or_else(|| AttributionSettings::usual(self.method, network.input))
    }

    /// The maps as far as they are made.
    pub fn made(&self) -> Option<&Made> {
        self.made.as_deref()
    }

    /// What was chosen for another network is not asked of this one.
    fn meet(&mut self, network: &Arc<Network>) {
        let same = |known: &Arc<Network>| Arc::ptr_eq(known, network) || known == network;
        if !self.network.as_ref().is_some_and(same) {
            (self.subject, self.settings) = (Subject::Predicted, None);
            self.network = Some(Arc::clone(network));
        }
        // Its patches are those of another network.
        if let Some(mut search) = self.search.take_if(|search| !search.is_for(network)) {
            search.stop();
        }
    }
}

/// The maps of one unit, as far as they are made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Whose they are.
    pub unit: Unit,
    /// With the weights as they are.
    pub look: Attribution,
    /// The same with random weights.
    pub random: Option<RandomLook>,
    /// Why it cannot be made.
    pub error: Option<String>,
    /// The map so far, where the method makes one.
    pub map: Option<Tensor>,
    /// How alike the two maps are, when both are there: the rank correlation.
    pub correlation: Option<f64>,
    /// Changes with every step.
    pub version: u64,
    network: Arc<Network>,
    params: Arc<Params>,
}

/// A look with random weights.
#[derive(Clone, Debug)]
pub struct RandomLook {
    /// Their seed.
    pub seed: u64,
    /// The look.
    pub look: Attribution,
    /// Its map so far.
    pub map: Option<Tensor>,
    params: Option<Arc<Params>>,
}

impl Made {
    /// Begins; nothing is computed yet.
    fn begin(
        asked: &Asked,
        settings: AttributionSettings,
        range: PixelRange,
        random: Option<u64>,
    ) -> Result<Self, String> {
        let Asked { network, params, unit, x } = asked;
        let probe = Probe::new(network, params, *unit).map_err(|error| error.0)?;
        let look = Attribution::new(&probe, settings, x.clone(), range).map_err(|error| error.0)?;
        let random = random.map(|seed| RandomLook { seed, look: look.clone(), map: None, params: None });
        Ok(Self {
            unit: *unit,
            look,
            random,
            error: None,
            map: None,
            correlation: None,
            version: 0,
            network: Arc::clone(network),
            params: Arc::clone(params),
        })
    }

    /// The layers that lead to the unit.
    pub fn layers(&self) -> &[Layer] {
        let end = match self.unit {
            Unit::Score(_) | Unit::Probability(_) => self.network.layers.len(),
            Unit::Channel { layer, .. } | Unit::Cell { layer, .. } => layer + 1,
        };
        &self.network.layers[..end]
    }

    /// The layer that Grad-CAM is at where none was chosen.
    pub fn usual_layer(&self) -> Option<usize> {
        Probe::new(&self.network, &self.params, self.unit).ok().and_then(|probe| usual_layer(probe.network()))
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.error.is_some()
            || (self.look.is_done() && self.random.as_ref().is_none_or(|random| random.look.is_done()))
    }

    /// The next step; false if cancelled.
    fn step(&mut self, exec: Execution) -> bool {
        let stepped = if !self.look.is_done() {
            step(&self.network, &self.params, self.unit, &mut self.look, exec)
        } else if let Some(random) = &mut self.random {
            let params = random
                .params
                .get_or_insert_with(|| Arc::new(randomised(&self.network, &self.params, 0, random.seed)));
            step(&self.network, params, self.unit, &mut random.look, exec)
        } else {
            Ok(true)
        };
        self.version += 1;
        stepped.unwrap_or_else(|error| {
            self.error = Some(error);
            true
        })
    }

    /// Goes on to the end, or by one step; false if cancelled.
    pub(super) fn go_on(&mut self, once: bool, exec: Execution) -> bool {
        while !self.is_done() {
            let (done, all) = self.look.progress();
            let part = |within: f32| (done as f32 + within) / all as f32;
            if !self.step(Execution { on_progress: &|within| (exec.on_progress)(part(within)), ..exec }) {
                return false;
            }
            if once {
                break;
            }
        }
        self.show();
        true
    }

    /// Draws the maps together from what the steps made.
    fn show(&mut self) {
        self.map = self.look.map();
        if let Some(random) = &mut self.random {
            random.map = random.look.map();
            let both = self.map.as_ref().zip(random.map.as_ref());
            let whole = self.look.is_done() && random.look.is_done();
            self.correlation = both.filter(|_| whole).map(|(a, b)| rank_correlation(a, b));
        }
    }
}

fn step(
    network: &Network,
    params: &Params,
    unit: Unit,
    look: &mut Attribution,
    exec: Execution,
) -> Result<bool, String> {
    let probe = Probe::new(network, params, unit).map_err(|error| error.0)?;
    look.step(&probe, exec).map_err(|error| error.0)
}

/// What a map depends on besides its settings.
struct Asked {
    network: Arc<Network>,
    params: Arc<Params>,
    unit: Unit,
    x: Tensor,
}

impl Asked {
    fn of(state: &AppState) -> Self {
        let trace = state.trace();
        let input = &trace.values().input;
        let (n, c, h, w) = input.dim();
        let image = (state.image() as usize).min(n - 1);
        Self {
            network: Arc::clone(trace.plan().network()),
            params: Arc::clone(trace.params()),
            unit: asked_unit(state),
            x: Tensor::from_shape_fn((1, c, h, w), |(_, c, i, j)| input[[image, c, i, j]]),
        }
    }

    /// Whether `made` is what is asked for.
    fn is(&self, made: &Made, settings: &AttributionSettings, random: Option<u64>) -> bool {
        let same_bits = |a: &Tensor, b: &Tensor| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        Arc::ptr_eq(&self.params, &made.params)
            && (Arc::ptr_eq(&self.network, &made.network) || self.network == made.network)
            && self.unit == made.unit
            && *settings == *made.look.settings()
            && random == made.random.as_ref().map(|random| random.seed)
            && same_bits(&self.x, made.look.picture())
    }
}

/// The unit whose map is asked for.
pub fn asked_unit(state: &AppState) -> Unit {
    match state.looks.subject {
        Subject::Predicted => Unit::Score(state.prediction().0),
        Subject::Unit(unit) => unit,
    }
}

/// The unit that a cell belongs to: of a layer's output or its gradient, or a class of the loss.
pub fn focused_unit(state: &AppState) -> Option<Unit> {
    let (trace, address) = (state.trace(), state.focus());
    let (tensor, _, index) = trace.tensor_cell(&address)?;
    let cell = |layer: usize| {
        let [_, channel, i, j] = Shape::image(trace.plan().layer(layer).output).at(index as usize);
        Unit::Cell { layer, channel, at: [i, j] }
    };
    match (tensor.owner, tensor.part) {
        (Owner::Layer(l), Part::Out) => Some(cell(l as usize)),
        // The gradient of a layer's input is that of the output before it.
        (Owner::Layer(l), Part::Dx) => (l as usize).checked_sub(1).map(cell),
        (Owner::Loss, Part::Prob) => Some(Unit::Probability(index as usize)),
        (Owner::Loss, Part::Dx) => Some(Unit::Score(index as usize)),
        (Owner::Layer(_) | Owner::Loss | Owner::Input, _) => None,
    }
}

/// Applies a change of what is asked for.
pub(super) fn act(state: &mut AppState, action: LooksAction) -> Vec<Effect> {
    let focused = focused_unit(state);
    let is_large = work::is_large(&state.model().network);
    let looks = &mut state.looks;
    match action {
        LooksAction::Subject(subject) => looks.subject = subject,
        LooksAction::Focused => looks.subject = focused.map_or(looks.subject, Subject::Unit),
        LooksAction::Settings(settings) => {
            (looks.method, looks.settings) = (settings.method, Some(settings));
        }
        LooksAction::Randomise(seed) => looks.random = seed,
        LooksAction::Opacity(opacity) => looks.opacity = opacity.clamp(0.0, 1.0),
        LooksAction::TogglePlay => {
            looks.playing = !looks.playing;
            if looks.playing {
                return go_on(state);
            }
            if is_large {
                work::stop(state);
            }
        }
        LooksAction::Next => {
            looks.playing = false;
            let Some(made) = &looks.made else { return Vec::new() };
            let done = made.look.progress().0;
            if made.look.occlusion().is_some() && looks.place + 1 < done {
                looks.place += 1;
            } else if !made.is_done() {
                return take_step(state, true);
            }
        }
        LooksAction::Previous => {
            looks.playing = false;
            looks.place = looks.place.saturating_sub(1);
        }
        LooksAction::Again => looks.made = None,
        LooksAction::Search => return exciting::begin(state),
        LooksAction::StopSearch => exciting::stop(state),
    }
    Vec::new()
}

/// After every action: begins anew what is out of date, and goes on with what is not done.
pub(super) fn follow(state: &mut AppState, time_for_more: bool) -> Vec<Effect> {
    if state.view.page != Page::Looks {
        return Vec::new();
    }
    let network = Arc::clone(state.plan().network());
    state.looks.meet(&network);
    let asked = Asked::of(state);
    let (settings, random) = (state.looks.settings(&network), state.looks.random);
    if state.looks.made.as_ref().is_some_and(|made| asked.is(made, &settings, random)) {
        // A large network's map waits until the worker is free.
        let may = time_for_more || work::is_large(&network);
        return if may && state.looks.playing { go_on(state) } else { Vec::new() };
    }
    let model = state.model();
    let range = PixelRange::new(network.input[0], |c, pixel| model.architecture.preprocess.value(c, pixel));
    let begun = Made::begin(&asked, settings, range, random);
    (state.looks.playing, state.looks.place) = (true, 0);
    match begun {
        Ok(made) => {
            state.looks.made = Some(Arc::new(made));
            go_on(state)
        }
        Err(error) => {
            // The unit is of another network, or there is none such.
            state.looks.subject = Subject::Predicted;
            super::action::fail(state, error);
            Vec::new()
        }
    }
}

/// A worker has come to the end, or has taken a step.
pub(super) fn take_over(state: &mut AppState, made: Made) {
    let is_of_it = |begun: &Arc<Made>| {
        Arc::ptr_eq(&begun.params, &made.params)
            && begun.unit == made.unit
            && begun.look.settings() == made.look.settings()
    };
    if state.looks.made.as_ref().is_some_and(is_of_it) {
        state.looks.place = made.look.progress().0.saturating_sub(1);
        state.looks.made = Some(Arc::new(made));
    }
}

fn go_on(state: &mut AppState) -> Vec<Effect> {
    take_step(state, false)
}

/// Steps within a frame's time, or just one; a large network's are a worker's.
fn take_step(state: &mut AppState, once: bool) -> Vec<Effect> {
    /// Multiply-adds in a frame: some milliseconds.
    const IN_A_FRAME: u64 = 8_000_000;
    let terms = state.model().network.terms();
    let is_large = work::is_large(&state.model().network);
    let Some(made) = state.looks.made.as_mut().filter(|made| !made.is_done()) else { return Vec::new() };
    if is_large {
        if state.busy.is_some() {
            return Vec::new();
        }
        let task = Task::Look { made: Arc::clone(made), once };
        let name = state.model().name.clone();
        return vec![work::start(state, Doing::Computing, name, task)];
    }
    // Nobody else has it: only a worker would.
    let now = Arc::make_mut(made);
    let steps = if once { 1 } else { (IN_A_FRAME / (terms * 3).max(1)).max(1) };
    for _ in 0..steps {
        now.step(Execution::SERIAL);
        if now.is_done() {
            break;
        }
    }
    now.show();
    let (is_done, newest) = (now.is_done(), now.look.progress().0.saturating_sub(1));
    state.looks.place = newest;
    if is_done || once { Vec::new() } else { vec![Effect::Advance] }
}

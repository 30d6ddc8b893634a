//! The lesson that is open, what is covered while its question stands, and what was learned so far.

use super::{
    AppState, derived,
    inputs::{Inputs, Target},
    marks::Marks,
    position::PlaceText,
    undo::Undo,
    view::ViewState,
};
use crate::data::{Adjustment, Content, samples};
use crate::lesson::{
    Answer, Ask, Asks, BeatPage, Condition, Edit, EditChange, Evaluator, Expression, Function, Item, Kind,
    Lesson, Scene, Setting, Value, Verdict, cells_of, places, question, scene_of_beat, substitute,
};
use crate::model_io::{Model, bundled, presets};
use crate::nn::{Execution, optimizer::Optimizer};
use crate::tensor::{Shape, Tensor};
use crate::trace::{Address, AddressText, Grain, Owner, Pass, Place, Plan, TensorId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// How far a beat has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// There is no question.
    Told,
    /// The question stands; what would give its answer away is covered.
    Asking,
    /// The answer is shown, whether one was given or not.
    Shown,
}

/// What is counted of a show of hands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hands {
    /// Hands per option.
    pub counts: Vec<u32>,
    /// The counts before the class talked.
    pub before: Option<Vec<u32>>,
    /// Whether counting is under way; the bars stay hidden until it ends.
    pub counting: bool,
}

/// The user's own work, as it was when the lesson began.
#[derive(Clone, Debug)]
pub(in crate::app) struct Workspace {
    pub inputs: Inputs,
    pub place: PlaceText,
    pub marks: Marks,
    pub undo: Undo,
    pub view: ViewState,
}

/// The lesson that is open.
#[derive(Clone, Debug)]
pub struct LessonState {
    pub(in crate::app) lesson: Arc<Lesson>,
    pub(in crate::app) beat: usize,
    pub(in crate::app) phase: Phase,
    pub(in crate::app) item: Option<Item>,
    /// The seed of the next item.
    pub(in crate::app) seed: u64,
    pub(in crate::app) given: Option<Answer>,
    pub(in crate::app) verdict: Option<Verdict>,
    /// Answers to this beat's question so far.
    pub(in crate::app) tries: u32,
    pub(in crate::app) hands: Hands,
    /// The network with its numbers as the beat shows it.
    pub(in crate::app) scene: Scene,
    /// The inputs that the beat set up.
    pub(in crate::app) entered: Inputs,
    /// The place, page and panels that the lesson shows, to go back to.
    pub(in crate::app) shown: (PlaceText, ViewState),
    pub(in crate::app) covers: Covers,
    pub(in crate::app) workspace: Box<Workspace>,
    /// Why the question could not be asked.
    pub(in crate::app) trouble: Option<String>,
}

impl LessonState {
    /// The lesson.
    pub const fn lesson(&self) -> &Arc<Lesson> {
        &self.lesson
    }

    /// The number of the beat.
    pub const fn beat(&self) -> usize {
        self.beat
    }

    /// How far the beat has come.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The question as it is asked now.
    pub const fn item(&self) -> Option<&Item> {
        self.item.as_ref()
    }

    /// The answer that was given last.
    pub const fn given(&self) -> Option<&Answer> {
        self.given.as_ref()
    }

    /// What is to be said of it.
    pub const fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// The answers given to this question.
    pub const fn tries(&self) -> u32 {
        self.tries
    }

    /// The show of hands.
    pub const fn hands(&self) -> &Hands {
        &self.hands
    }

    /// The network with its numbers as the beat shows it.
    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Whether the beat shows the experiment with shuffled pixels.
    pub fn is_experiment(&self) -> bool {
        self.lesson.beats[self.beat].page == BeatPage::Experiment
    }

    /// Why the question could not be asked.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Whether another item of the question can be asked.
    pub fn has_another(&self) -> bool {
        let ask = self.lesson.beats[self.beat].ask.as_ref();
        ask.is_some_and(|ask| !ask.vary.is_empty() || ask.again.is_some())
    }

    /// A quantity of a text, `{value(A)}`, as it is printed with so many digits; `None` where it is covered or wrong.
    pub fn computed(&self, expression: &str, digits: usize) -> Option<String> {
        let is_covered = self.phase == Phase::Asking && self.is_answer(expression);
        if is_covered { None } else { self.uncovered(expression, digits) }
    }

    /// [`Self::computed`] for the teacher: nothing is covered.
    pub fn uncovered(&self, expression: &str, digits: usize) -> Option<String> {
        let variables = self.item.as_ref().map(|item| item.variables.clone()).unwrap_or_default();
        if let Some(value) = variables.get(expression) {
            return Some(value.to_string());
        }
        let text = substitute(expression, &variables).ok()?;
        let expression = Expression::parse(&text).ok()?;
        let at = self.item.as_ref().and_then(|item| item.at);
        let answer = Evaluator::new(&self.scene, at, &variables).answer(&expression).ok()??;
        Some(answer.print(self.scene.plan(), digits))
    }

    /// The number that a goal of a task is about, as it is now, and the bound that the goal sets; `None` where the goal
    /// compares other things.
    pub fn reached(&self, state: &AppState, goal: &str) -> Option<(String, String)> {
        const DIGITS: usize = 4;
        let item = self.item.as_ref()?;
        let condition = Condition::parse(&substitute(goal, &item.variables).ok()?).ok()?;
        if !condition.right.calls().is_empty() {
            return None;
        }
        let mut trace = (**state.trace()).clone();
        trace.compute_to(Pass::Update, Execution::SERIAL);
        let before = Some(Box::new(Scene { before: None, ..self.scene.clone() }));
        let scene = Scene {
            trace: Arc::new(trace),
            model: Arc::clone(&state.inputs.model),
            before,
            ..self.scene.clone()
        };
        let at = item.at.filter(|at| scene.plan().has(at));
        let evaluator = Evaluator::new(&scene, at, &item.variables);
        let number = evaluator.answer(&condition.left).ok()??.print(scene.plan(), DIGITS);
        let bound = evaluator.answer(&condition.right).ok()??.print(scene.plan(), DIGITS);
        Some((number, format!("{} {bound}", condition.sign())))
    }

    /// Whether an expression of a text is the question's own.
    fn is_answer(&self, expression: &str) -> bool {
        let ask = self.lesson.beats[self.beat].ask.as_ref();
        // What a task begins with is no answer.
        let asks = |ask: &&Ask| !matches!(ask.kind, Kind::Change | Kind::Think | Kind::RunTo);
        ask.filter(asks).is_some_and(|ask| ask.right.as_deref().unwrap_or("value") == expression)
    }

    /// The places that the beat points at, with ranges as single places.
    pub fn points(&self) -> Vec<AddressText> {
        let beat = &self.lesson.beats[self.beat];
        let asked = beat.ask.as_ref().filter(|_| self.phase() == Phase::Asking);
        // The map in which a cell is to be clicked, where nothing of it is pointed at.
        let within = asked.and_then(|ask| ask.within.as_ref());
        let within = within.filter(|map| !beat.point.iter().any(|point| point.starts_with(map.as_str())));
        let mut points: Vec<AddressText> =
            beat.point.iter().chain(within).flat_map(|pattern| self.places(pattern)).collect();
        // The right cell, once it is shown.
        let right =
            self.item.as_ref().filter(|_| self.phase() == Phase::Shown).and_then(|item| item.right.as_ref());
        if let Some(Answer::Cells(cells)) = right {
            points.extend(cells.first().map(|cell| AddressText::new(self.scene.plan(), cell)));
        }
        points
    }

    /// The places that a pattern names in this beat.
    pub fn places(&self, pattern: &str) -> Vec<AddressText> {
        let variables = self.item.as_ref().map(|item| item.variables.clone()).unwrap_or_default();
        let plan = self.scene.plan();
        let found = substitute(pattern, &variables).and_then(|text| places(plan, &text));
        found.unwrap_or_default().iter().map(|place| AddressText::new(plan, place)).collect()
    }
}

/// What would give an answer away and does not lie ahead of the cursor, where nothing is computed yet.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Covers {
    /// Given tensors' cells, and those computed before the cursor: the first and the last.
    cells: Vec<(TensorId, u32, u32)>,
    /// The same of cells that are asked for and not computed while the question stands.
    asked: Vec<(TensorId, u32, u32)>,
    /// Layers whose sizes are covered.
    sizes: Vec<usize>,
    /// Layers whose numbers of parameters are covered.
    params: Vec<usize>,
    /// How often cells are read, how many numbers are kept, and where they stand in a vector.
    counts: bool,
}

impl Covers {
    /// Whether a cell is covered.
    pub fn cell(&self, tensor: TensorId, index: u32) -> bool {
        self.cells.iter().any(|(own, first, last)| *own == tensor && (*first..=*last).contains(&index))
    }

    /// Whether a cell holds what is asked for: "?" stands in it.
    pub fn asks(&self, tensor: TensorId, index: u32) -> bool {
        let is_it =
            |(own, first, last): &(TensorId, u32, u32)| *own == tensor && (*first..=*last).contains(&index);
        self.cells.iter().chain(&self.asked).any(is_it)
    }

    /// Whether some cell of a tensor is.
    pub fn any_of(&self, tensor: TensorId) -> bool {
        self.cells.iter().any(|(own, ..)| *own == tensor)
    }

    /// Whether the sizes of a layer are.
    pub fn sizes(&self, layer: usize) -> bool {
        self.sizes.contains(&layer)
    }

    /// Whether its number of parameters is.
    pub fn params(&self, layer: usize) -> bool {
        self.params.contains(&layer)
    }

    /// Whether it is covered how often cells are read, how many numbers are kept, and where they stand in a vector.
    pub const fn counts(&self) -> bool {
        self.counts
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        [&self.cells, &self.asked].iter().all(|cells| cells.is_empty())
            && self.sizes.is_empty()
            && self.params.is_empty()
            && !self.counts
    }
}

/// An answer that was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The beat's id.
    pub beat: String,
    /// The item's seed.
    pub seed: u64,
    /// Whether it was right.
    pub right: bool,
    /// The misconception that leads to it.
    pub rule: Option<String>,
    /// As it was printed.
    pub given: String,
    /// A show of hands: how many per option.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hands: Vec<u32>,
}

/// What was done of a lesson.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LessonProgress {
    /// The beat at which it goes on.
    pub beat: usize,
    /// The farthest beat that was seen.
    pub farthest: usize,
    /// How many beats it has.
    pub beats: usize,
    /// Whether its end was reached.
    pub done: bool,
    /// The answers, in order.
    pub answers: Vec<Answered>,
}

/// What was done of all lessons, by their ids.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Progress(pub BTreeMap<String, LessonProgress>);

impl Progress {
    /// As comma-separated values: a line per answer.
    pub fn csv(&self) -> String {
        let mut text = String::from("lesson,beat,seed,right,misconception,given,hands\n");
        for (lesson, progress) in &self.0 {
            for answer in &progress.answers {
                let hands = answer.hands.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
                let fields = [
                    lesson.clone(),
                    answer.beat.clone(),
                    answer.seed.to_string(),
                    answer.right.to_string(),
                    answer.rule.clone().unwrap_or_default(),
                    answer.given.clone(),
                    hands,
                ];
                text.push_str(&fields.map(|field| quoted(&field)).join(","));
                text.push('\n');
            }
        }
        text
    }

    /// The misconceptions met in a lesson, with how often; those contradicted since by a right answer to the same
    /// question are counted too.
    pub fn misconceptions(&self, lesson: &str) -> BTreeMap<&str, usize> {
        let mut met = BTreeMap::new();
        for answer in self.0.get(lesson).into_iter().flat_map(|progress| &progress.answers) {
            if let Some(rule) = &answer.rule {
                *met.entry(rule.as_str()).or_insert(0) += 1;
            }
        }
        met
    }
}

/// A field of comma-separated values (RFC 4180).
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

impl AppState {
    /// The lesson that is open.
    pub fn lesson(&self) -> Option<&LessonState> {
        self.lesson.as_deref()
    }

    /// What was done of all lessons.
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether a question stands whose answer is not shown: words that would give it away are not said.
    pub fn is_asked(&self) -> bool {
        self.lesson().is_some_and(|lesson| lesson.phase == Phase::Asking)
    }

    /// Whether the largest and smallest numbers of what is shown are covered: a number, or where it stands, is asked for.
    pub fn covers_ranges(&self) -> bool {
        let kind = self.lesson().and_then(|lesson| lesson.item()).map(|item| item.kind);
        self.is_asked() && !matches!(kind, None | Some(Kind::Think | Kind::Change | Kind::RunTo))
    }

    /// Whether sizes or numbers of parameters of some layers are covered.
    pub fn covers_layers(&self) -> bool {
        let covers = self.covers();
        !covers.sizes.is_empty() || !covers.params.is_empty()
    }

    /// Whether the size of a tensor is covered: it has that of a layer whose size is asked for.
    pub fn covers_size(&self, tensor: TensorId) -> bool {
        let plan = self.plan();
        let shape = || plan.shape_of(tensor);
        let is_same = |l: &usize| Shape::image(plan.layer(*l).output) == shape();
        tensor.is_per_image() && self.covers().sizes.iter().any(is_same)
    }

    /// Whether a number of maps or of neurons is covered: a layer whose size is asked for has as many.
    pub fn covers_maps(&self, maps: usize) -> bool {
        let outputs = self.covers().sizes.iter().map(|l| self.plan().layer(*l).output);
        outputs.into_iter().any(|output| output[0] == maps || output.iter().product::<usize>() == maps)
    }

    /// What is covered while a question stands.
    pub fn covers(&self) -> &Covers {
        static NONE: Covers = Covers {
            cells: Vec::new(),
            asked: Vec::new(),
            sizes: Vec::new(),
            params: Vec::new(),
            counts: false,
        };
        match &self.lesson {
            Some(lesson) if lesson.phase == Phase::Asking => &lesson.covers,
            Some(_) | None => &NONE,
        }
    }

    /// Whether the user has stepped away from what the lesson shows: another place, page, model or picture. Edits that
    /// a question asks for do not count.
    pub fn is_aside(&self) -> bool {
        let Some(lesson) = &self.lesson else { return false };
        let (place, view) = &lesson.shown;
        let may_edit = lesson.item.as_ref().is_some_and(|item| item.kind == Kind::Change);
        let may_move = lesson.item.as_ref().is_some_and(|item| item.kind == Kind::RunTo);
        let is_elsewhere = self.view.page != view.page || (*place != self.position.text() && !may_move);
        is_elsewhere || (!may_edit && !self.inputs.is_identical(&lesson.entered))
    }
}

/// The inputs that a setting asks for. A model that is at hand under its name, unedited, is shared.
///
/// # Errors
/// What the setting names that is not there, or does not fit.
pub(in crate::app) fn inputs_of(setting: &Setting, at_hand: Option<&Inputs>) -> Result<Inputs, String> {
    let shared = at_hand.filter(|own| own.model.name == setting.model && own.loaded.is_none());
    // A file at hand under the same name may be another one.
    let model = match (setting.folder.model(&setting.model), shared) {
        (Some(own), _) => Arc::new(own?),
        (None, Some(own)) => Arc::clone(&own.model),
        (None, None) => Arc::new(load_model(&setting.model)?),
    };
    let shared = at_hand.filter(|own| own.picture.name == setting.picture);
    let picture = match (setting.folder.picture(&setting.picture), shared) {
        (Some(own), _) => Arc::new(own?),
        (None, Some(own)) => Arc::clone(&own.picture),
        (None, None) => Arc::new(samples::load(&setting.picture).map_err(|error| error.to_string())?),
    };
    let mut inputs = Inputs::new(model, picture);
    if let Some(label) = &setting.label {
        let class = inputs.model.class_index(label).map_err(|error| format!("label: {error}"))?;
        inputs.target = Some(Target::Given(class));
    }
    if let Some(rate) = setting.rate {
        inputs.optimizer = Optimizer { learning_rate: rate, ..Optimizer::default() };
    }
    let [right, down] = setting.shift;
    inputs.adjustment = Adjustment::default().shifted(right, down);
    for edit in &setting.edits {
        edit_inputs(&mut inputs, edit)?;
    }
    Ok(inputs)
}

fn load_model(name: &str) -> Result<Model, String> {
    if let Some(preset) = presets::find(name) {
        return preset.model(presets::SEED).map_err(|error| error.to_string());
    }
    bundled::load(name).map_err(|error| error.to_string())
}

/// Does an edit of a lesson.
fn edit_inputs(inputs: &mut Inputs, edit: &Edit) -> Result<(), String> {
    let network = Arc::new(inputs.model.network.clone());
    let plan = Plan::try_new(network, Default::default()).map_err(|error| error.to_string())?;
    for place in places(&plan, &edit.target)? {
        let Place::Given(tensor) = place.place() else {
            return Err(format!("{}: expected input or a parameter, got a computed number", edit.target));
        };
        let cells = cells_of(&plan, &place);
        let [_, _, h, w] = plan.shape_of(tensor).0;
        match tensor.owner {
            Owner::Input => {
                let fitted = derived::fitted(inputs)?;
                let mut pixels = fitted.tensor.clone();
                let values = matches!(inputs.picture.content, Content::Values(_));
                let middle = if values { None } else { Some(&*inputs.model) };
                edit_cells(&mut pixels, &cells, (h, w), edit.change, middle);
                inputs.painted = Some(Arc::new(pixels));
            }
            Owner::Layer(l) => {
                let mut params = (*inputs.model.params).clone();
                let cells_of = params.0[l as usize].get_mut(tensor.part).ok_or("expected a parameter")?;
                edit_cells(cells_of, &cells, (h, w), edit.change, None);
                inputs.loaded.get_or_insert_with(|| Arc::clone(&inputs.model.params));
                inputs.model = Arc::new(Model { params: Arc::new(params), ..(*inputs.model).clone() });
            }
            Owner::Loss => return Err(format!("{}: expected input or a parameter", edit.target)),
        }
    }
    Ok(())
}

/// Changes cells, in planes of (h, w). Pixels of a picture are scaled about the grey that the network gets as 0.
fn edit_cells(
    tensor: &mut Tensor,
    cells: &[u32],
    (h, w): (usize, usize),
    change: EditChange,
    of: Option<&Model>,
) {
    let before: Vec<f32> = tensor.iter().copied().collect();
    let plane = h * w;
    let grey =
        |index: usize| of.map_or(0.0, |model| model.architecture.preprocess.pixel(index / plane.max(1), 0.0));
    let Some(after) = tensor.as_slice_mut() else { return };
    for &cell in cells {
        let index = cell as usize;
        let (base, at) = (index / plane * plane, index % plane);
        let (i, j) = (at / w, at % w);
        after[index] = match change {
            EditChange::Number(number) => number as f32,
            EditChange::Blank => grey(index),
            EditChange::Turn => before[base + plane - 1 - at],
            EditChange::Transpose if h == w => before[base + j * w + i],
            EditChange::Transpose => before[index],
            EditChange::Invert => 2.0 * grey(index) - before[index],
            EditChange::Scale(factor) => grey(index) + factor as f32 * (before[index] - grey(index)),
        };
    }
}

/// The scene of a setting, with all its numbers.
///
/// # Errors
/// What the setting names that is not there, or does not fit.
pub fn lesson_scene(setting: &Setting) -> Result<Scene, String> {
    scene_of(inputs_of(setting, None)?)
}

pub(in crate::app) fn scene_of(inputs: Inputs) -> Result<Scene, String> {
    let label = inputs.target.filter(|target| target.is_given()).map(Target::class);
    let model = Arc::clone(&inputs.model);
    let derived = derived::derive_now(inputs)?;
    let mut trace = (**derived.run.trace()).clone();
    trace.compute_to(Pass::Update, Execution::SERIAL);
    Ok(Scene { trace: Arc::new(trace), model, fitted: derived.fitted, label, experiment: None, before: None })
}

/// The scene of a lesson's beat, with what is remembered: the scene before the beat's edits, or else that of the same
/// picture before it was shifted, or else that of the beat before.
///
/// # Errors
/// As [`lesson_scene`].
pub fn beat_scene(lesson: &Lesson, beat: usize) -> Result<Scene, String> {
    scene_of_beat(lesson, beat, &lesson_scene)
}

/// Where the cursor stands while a question is asked, and what is covered besides: the places whose numbers are asked
/// for, and those that the beat hides.
pub(in crate::app) fn covers(
    lesson: &Lesson,
    beat: usize,
    item: &Item,
    scene: &Scene,
) -> (Option<u64>, Covers) {
    let (beat, plan) = (&lesson.beats[beat], scene.plan());
    let Some(ask) = &beat.ask else { return (None, Covers::default()) };
    let mut covers = Covers::default();
    let mut hidden: Vec<Address> = Vec::new();
    for pattern in &beat.hide {
        hidden.extend(
            substitute(pattern, &item.variables).and_then(|text| places(plan, &text)).unwrap_or_default(),
        );
    }
    let evaluator = Evaluator::new(scene, item.at, &item.variables);
    let question = match (ask.kind, &ask.right) {
        (Kind::Think | Kind::Change, None) => None,
        _ => question(ask, &item.variables).ok(),
    };
    let inner: Vec<Expression> = question.iter().flat_map(signed).collect();
    for (function, arguments) in question.iter().chain(&inner).flat_map(Expression::calls) {
        let Ok(query) = evaluator.query(function, arguments) else { continue };
        match function.asks() {
            Asks::Numbers => hidden.extend(query.places()),
            Asks::Pass(pass) => hidden.push(Address::whole_stage(0, 0, plan.pass_stages(pass).start)),
            Asks::Size | Asks::Params => {
                let layers = query.arguments.iter().filter_map(|value| match value {
                    Value::Layer(l) => Some(*l),
                    Value::Place(_) | Value::Input | Value::Number(_) | Value::Word(_) => None,
                });
                let of = if function.asks() == Asks::Size { &mut covers.sizes } else { &mut covers.params };
                of.extend(layers);
            }
            Asks::Counts => covers.counts = true,
            Asks::Nothing => {}
        }
    }
    let mut at: Option<u64> = None;
    for place in hidden {
        match plan.steps(&place) {
            Some(steps) => {
                at = Some(at.map_or(steps.start, |at| at.min(steps.start)));
                if let (Grain::Cell, Some((tensor, _, index))) =
                    (place.grain(), scene.trace.tensor_cell(&place.whole_cell()))
                {
                    covers.asked.push((tensor, index, index));
                }
            }
            None => cover_given(scene, &place, &mut covers),
        }
    }
    (at, covers)
}

/// The expressions whose signs are asked for.
fn signed(question: &Expression) -> Vec<Expression> {
    let calls = question.calls().into_iter();
    let of_signs = calls.filter(|(function, _)| *function == Function::Signed);
    of_signs.flat_map(|(_, arguments)| arguments).filter_map(|text| Expression::parse(text).ok()).collect()
}

fn cover_given(scene: &Scene, place: &Address, covers: &mut Covers) {
    if let Place::Given(tensor) = place.place() {
        let cells = cells_of(scene.plan(), place);
        if let (Some(first), Some(last)) = (cells.first(), cells.last()) {
            covers.cells.push((tensor, *first, *last));
        }
    }
}

//! Comparing the current values of a tensor with those kept before. Another picture, another model, another training
//! step or an edit may lie between the two.

use super::{AppState, With, of_image};
use crate::model_io::Model;
use crate::nn::{Execution, Part};
use crate::tensor::Tensor;
use crate::trace::{Pass, Plan, TensorId, Trace};
use std::sync::Arc;

/// What was kept. What is large is shared.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Plan and values of its training step.
    pub trace: Arc<Trace>,
    /// The image in the batch.
    pub image: u32,
    /// Its model, for the names.
    pub model: Arc<Model>,
    /// The name of its picture, or of its data.
    pub picture: String,
    /// The run of training that its weights are of, by its number, where it was kept for them.
    pub run: Option<u32>,
}

impl Kept {
    /// What is shown now.
    pub fn from_state(state: &AppState) -> Self {
        let picture = match &state.inputs.training {
            Some(training) => training.schedule.data.name().to_owned(),
            None => state.inputs.picture.name.clone(),
        };
        let (trace, model) = (Arc::clone(state.trace()), Arc::clone(&state.inputs.model));
        let image = state.image().min(trace.plan().setup().images - 1);
        Self { trace, image, model, picture, run: None }
    }

    /// The shown tensors computed with the current weights of another run; `None` where that run is not there
    /// or trains another network.
    pub fn of_run(state: &AppState, number: u32) -> Option<Self> {
        let runs = state.training_runs();
        let run = runs.iter().find(|run| run.branch.number() == number)?;
        let trace = state.trace();
        let (plan, branch) = (trace.plan(), run.branch);
        if run.inputs.model.network != **plan.network() {
            return None;
        }
        let (time, frame) = branch.keyframes.before(branch.done())?;
        let (mode, stream) = (plan.setup().mode, plan.stream(trace.time()));
        let (params, network) = (Arc::clone(&frame.params), plan.network());
        let values = network.forward_with(&params, &trace.values().input, mode, stream, Execution::SERIAL)?;
        let (plan, moments) = (Arc::clone(plan), Arc::clone(&frame.moments));
        let mut kept = Trace::from_forward(plan, time, params, moments, values, trace.target().clone());
        if !state.run().is_large() {
            kept.compute_to(Pass::Update, Execution::SERIAL);
        }
        let own = Self::from_state(state);
        Some(Self { trace: Arc::new(kept), model: Arc::clone(&run.inputs.model), run: Some(number), ..own })
    }

    /// Probabilities of the classes with a cross-entropy, else the outputs.
    pub fn scores(&self) -> Vec<f32> {
        self.trace.values().scores(self.trace.plan().network(), self.image as usize)
    }

    /// Whether its values come from the weights of this trace, in the same mode, so that only the picture differs.
    pub(in crate::app) fn is_comparable(&self, now: &Trace) -> bool {
        let (then, plan) = (&self.trace, now.plan());
        Arc::ptr_eq(then.params(), now.params())
            && (then.time(), then.plan().setup().mode) == (now.time(), plan.setup().mode)
    }

    /// The cells of a tensor: of the image where each has its own.
    fn cells(&self, tensor: TensorId) -> Option<Vec<f32>> {
        let cells: &Tensor = self.trace.tensor(tensor)?;
        Some(if tensor.is_per_image() {
            of_image(cells, self.image).collect()
        } else {
            cells.iter().copied().collect()
        })
    }
}

/// What is compared.
#[derive(Clone, Debug, Default)]
pub struct Compare {
    /// The one side; the other is what is shown.
    pub kept: Option<Arc<Kept>>,
    pub(in crate::app) tensor: Option<TensorId>,
    pub(in crate::app) plane: usize,
}

/// A tensor of both sides.
#[derive(Clone, PartialEq, Debug)]
pub struct Sides {
    /// The tensor, by its id in the shown model.
    pub tensor: TensorId,
    /// Planes of the tensor.
    pub planes: usize,
    /// The plane that is shown.
    pub plane: usize,
    /// Rows and columns of a plane.
    pub size: [usize; 2],
    /// All cells of what was kept; `None` where its model has no tensor of this name and shape.
    pub a: Option<Vec<f32>>,
    /// All cells of what is shown.
    pub b: Vec<f32>,
}

impl Compare {
    /// The tensor that is compared: the chosen one, or else the first layer's output.
    pub fn tensor(&self, plan: &Plan) -> TensorId {
        self.tensor.filter(|&tensor| plan.knows(tensor)).unwrap_or(TensorId::layer(0, Part::Out))
    }

    /// The tensors that can be compared: those that have been computed.
    pub fn tensors(trace: &Trace) -> Vec<TensorId> {
        let plan = trace.plan();
        let made = plan.stages().iter().map(|stage| stage.tensor);
        let mut all: Vec<TensorId> =
            plan.given().chain(made).filter(|&tensor| trace.tensor(tensor).is_some()).collect();
        let mut seen = std::collections::HashSet::new();
        all.retain(|tensor| seen.insert(*tensor));
        all
    }

    /// Both sides of the chosen tensor; `None` where nothing is kept or it is not computed.
    pub fn sides(&self, state: &AppState) -> Option<Sides> {
        let kept = self.kept.as_ref()?;
        Sides::new(kept, state, self.tensor(state.plan()), self.plane)
    }
}

impl Sides {
    /// A tensor as kept, and now; `None` where it is not computed.
    pub(in crate::app) fn new(kept: &Kept, state: &AppState, tensor: TensorId, plane: usize) -> Option<Self> {
        let now = Kept::from_state(state);
        let (plan, other) = (now.trace.plan(), kept.trace.plan());
        let b = now.cells(tensor)?;
        let shape = plan.shape_of(tensor);
        // The same name in the other model, whatever its number there.
        let name = plan.name(tensor);
        let twin = Compare::tensors(&kept.trace).into_iter().find(|&twin| other.name(twin) == name);
        let twin = twin.filter(|&twin| other.shape_of(twin) == shape);
        let [_, _, rows, columns] = shape.0;
        let planes = shape.planes();
        let a = twin.and_then(|twin| kept.cells(twin)).filter(|a| a.len() == b.len());
        Some(Sides {
            tensor,
            planes,
            plane: plane.min(planes.saturating_sub(1)),
            size: [rows, columns],
            a,
            b,
        })
    }

    /// The plane of one side.
    pub fn plane_of<'a>(&self, cells: &'a [f32]) -> &'a [f32] {
        let each = self.size[0] * self.size[1];
        cells.get(self.plane * each..(self.plane + 1) * each).unwrap_or_default()
    }

    /// A − B, cell by cell.
    pub fn difference(&self) -> Option<Vec<f32>> {
        Some(self.a.as_ref()?.iter().zip(&self.b).map(|(a, b)| a - b).collect())
    }
}

impl Kept {
    /// The cells of a tensor of `plan` in what was kept, where its model has one of the same name and shape.
    pub fn twin(&self, plan: &Plan, tensor: TensorId) -> Option<Vec<f32>> {
        let other = self.trace.plan();
        let name = plan.name(tensor);
        let twin = Compare::tensors(&self.trace).into_iter().find(|&twin| other.name(twin) == name)?;
        let is_alike = other.shape_of(twin) == plan.shape_of(tensor);
        if is_alike { self.cells(twin) } else { None }
    }
}

impl AppState {
    /// What the maps of a layer are compared with; `None` where there is nothing of the kind.
    pub fn compared_with(&self, with: With) -> Option<Arc<Kept>> {
        match with {
            With::Nothing => None,
            With::PictureBefore => self.picture_before().cloned(),
            With::ModelBefore => self.with_weights_before().map(Arc::new),
            With::Kept => self.compare.kept.clone(),
        }
    }

    /// A number that changes with what the maps are compared with; `None` where there is nothing of the kind.
    pub fn compared_key(&self, with: With) -> Option<usize> {
        match with {
            With::Nothing => None,
            With::PictureBefore => self.picture_before().map(|kept| Arc::as_ptr(kept) as usize),
            With::ModelBefore if self.run().is_large() => None,
            With::ModelBefore => self.loaded_params().map(|params| Arc::as_ptr(&params) as usize),
            With::Kept => self.compare.kept.as_ref().map(|kept| Arc::as_ptr(kept) as usize),
        }
    }

    /// What the weights before they were edited make of the same pictures; `None` where they were not edited, and for
    /// a network that takes long.
    fn with_weights_before(&self) -> Option<Kept> {
        if self.run().is_large() {
            return None;
        }
        let (params, now) = (self.loaded_params()?, self.trace());
        let mut trace = now.at(now.time(), params, Arc::clone(now.moments()), Execution::SERIAL)?;
        trace.compute_to(now.reached(), Execution::SERIAL);
        Some(Kept { trace: Arc::new(trace), ..Kept::from_state(self) })
    }
}

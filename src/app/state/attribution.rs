//! The page of attribution: its settings and its maps.

use super::{
    AppState,
    top_activations::ActivationSearch,
    unit::{Subject, asked_unit},
};
use crate::attribution::{
    Attribution, AttributionSettings, Method, PixelRange, Probe, Unit, randomised, rank_correlation,
    usual_layer,
};
use crate::nn::{Execution, Layer, Network, Params};
use crate::tensor::Tensor;
use std::sync::Arc;

/// What is asked for, and the maps in the making.
#[derive(Clone, Debug)]
pub struct AttributionState {
    /// Whose map.
    pub subject: Subject,
    /// The seed of the random weights, where their map is wanted too.
    pub random: Option<u64>,
    /// How much of the picture the map covers, 0 to 1.
    pub opacity: f32,
    /// Whether it steps by itself.
    pub playing: bool,
    /// The place of the patch that is shown.
    pub place: usize,
    /// The search for the pictures that excite a unit most, and what it has found.
    pub search: Option<ActivationSearch>,
    pub(in crate::app) method: Method,
    pub(in crate::app) settings: Option<AttributionSettings>,
    pub(in crate::app) network: Option<Arc<Network>>,
    pub(in crate::app) made: Option<Arc<AttributionMaps>>,
}

impl Default for AttributionState {
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

impl AttributionState {
    /// The method and its numbers; the usual ones for the network's input where none were chosen.
    pub fn settings(&self, network: &Network) -> AttributionSettings {
        self.settings.unwrap_or_else(|| AttributionSettings::usual(self.method, network.input))
    }

    /// The maps so far.
    pub fn made(&self) -> Option<&AttributionMaps> {
        self.made.as_deref()
    }

    /// What was chosen for another network is not asked of this one.
    ///
    /// Returns whether the search for the highest activations was of another network and is gone.
    pub(in crate::app) fn meet(&mut self, network: &Arc<Network>) -> bool {
        let same = |known: &Arc<Network>| Arc::ptr_eq(known, network) || known == network;
        if !self.network.as_ref().is_some_and(same) {
            (self.subject, self.settings) = (Subject::Predicted, None);
            self.network = Some(Arc::clone(network));
        }
        // Its patches are those of another network.
        self.search.take_if(|search| !search.is_for(network)).is_some()
    }
}

/// The maps of one unit so far.
#[derive(Clone, Debug)]
pub struct AttributionMaps {
    /// Whose they are.
    pub unit: Unit,
    /// The map with the model's own weights.
    pub look: Attribution,
    /// The map with random weights.
    pub random: Option<RandomisedMap>,
    /// Why it cannot be made.
    pub error: Option<String>,
    /// The map so far, where the method makes one.
    pub map: Option<Tensor>,
    /// How alike the two maps are, when both are there: the rank correlation.
    pub correlation: Option<f64>,
    /// Changes with every step.
    pub version: u64,
    pub(in crate::app) network: Arc<Network>,
    pub(in crate::app) params: Arc<Params>,
}

/// A look with random weights.
#[derive(Clone, Debug)]
pub struct RandomisedMap {
    /// Their seed.
    pub seed: u64,
    /// The look.
    pub look: Attribution,
    /// Its map so far.
    pub map: Option<Tensor>,
    params: Option<Arc<Params>>,
}

impl AttributionMaps {
    /// Begins; nothing is computed yet.
    pub(in crate::app) fn begin(
        asked: &MapRequest,
        settings: AttributionSettings,
        range: PixelRange,
        random: Option<u64>,
    ) -> Result<Self, String> {
        let MapRequest { network, params, unit, x } = asked;
        let probe = Probe::new(network, params, *unit).map_err(|error| error.0)?;
        let look = Attribution::new(&probe, settings, x.clone(), range).map_err(|error| error.0)?;
        let random = random.map(|seed| RandomisedMap { seed, look: look.clone(), map: None, params: None });
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
    pub(in crate::app) fn step(&mut self, exec: Execution) -> bool {
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
    pub(in crate::app) fn advance(&mut self, once: bool, exec: Execution) -> bool {
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
    pub(in crate::app) fn show(&mut self) {
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
pub(in crate::app) struct MapRequest {
    network: Arc<Network>,
    params: Arc<Params>,
    unit: Unit,
    x: Tensor,
}

impl MapRequest {
    pub(in crate::app) fn from_state(state: &AppState) -> Self {
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
    pub(in crate::app) fn is(
        &self,
        made: &AttributionMaps,
        settings: &AttributionSettings,
        random: Option<u64>,
    ) -> bool {
        let same_bits = |a: &Tensor, b: &Tensor| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        Arc::ptr_eq(&self.params, &made.params)
            && (Arc::ptr_eq(&self.network, &made.network) || self.network == made.network)
            && self.unit == made.unit
            && *settings == *made.look.settings()
            && random == made.random.as_ref().map(|random| random.seed)
            && same_bits(&self.x, made.look.picture())
    }
}

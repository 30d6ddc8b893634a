//! Any attribution method, computed step by step; intermediate results can be read at any time.

use super::{
    Ascent, AscentRules, Fill, GradCam, Integrated, Method, Occlusion, Patch, PixelRange, Probe, grad_cam,
    gradient, strongest, summed, usual_layer,
};
use crate::nn::Execution;
use crate::tensor::{ShapeError, Tensor};

/// The settings of an attribution; each method uses its own.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AttributionSettings {
    /// The method.
    pub method: Method,
    /// Grad-CAM: the layer; `None` for [`usual_layer`].
    pub layer: Option<usize>,
    /// Integrated gradients: the number of points on the path.
    pub steps: usize,
    /// Integrated gradients: the baseline. Occlusion: the covering colour.
    pub fill: Fill,
    /// Occlusion: the patch.
    pub patch: Patch,
    /// Activation maximisation: the parameters of the ascent.
    pub ascent: AscentRules,
}

impl AttributionSettings {
    /// The defaults for a network input [C, H, W]: 64 points on the path, and a patch of an eighth of the picture
    /// that moves by half its size.
    pub fn usual(method: Method, [_, h, w]: [usize; 3]) -> Self {
        let size = [h, w].map(|len| len.div_ceil(8).min(len));
        let patch = Patch { size, stride: size.map(|size| size.div_ceil(2)) };
        Self { method, layer: None, steps: 64, fill: Fill::Grey, patch, ascent: AscentRules::default() }
    }
}

/// What has been computed so far.
#[derive(Clone, Debug)]
enum State {
    Nothing,
    /// (1, C, H, W).
    Cells(f32, Tensor),
    GradCam(GradCam),
    Integrated(Integrated),
    Occlusion(Occlusion),
    Ascent(Box<Ascent>),
}

/// A running attribution; each call of [`Self::step`] makes one or two passes of the network.
#[derive(Clone, Debug)]
pub struct Attribution {
    settings: AttributionSettings,
    x: Tensor,
    range: PixelRange,
    state: State,
}

impl Attribution {
    /// Prepares the attribution of a picture x: (1, C, H, W); computes nothing yet.
    ///
    /// # Errors
    /// If the picture does not have the shape of the network's input.
    pub fn new(
        probe: &Probe,
        settings: AttributionSettings,
        x: Tensor,
        range: PixelRange,
    ) -> Result<Self, ShapeError> {
        let (n, c, h, w) = x.dim();
        if n != 1 || [c, h, w] != probe.network().input {
            return Err(ShapeError(format!(
                "expected one picture of shape {:?} (channels, rows, columns), got {n} of {:?}; fit the picture to it",
                probe.network().input,
                [c, h, w]
            )));
        }
        Ok(Self { settings, x, range, state: State::Nothing })
    }

    /// Makes the next step; false if cancelled. Does nothing once the attribution is done. The unit must be the
    /// same in every call.
    ///
    /// # Errors
    /// If the settings don't fit the network.
    pub fn step(&mut self, probe: &Probe, exec: Execution) -> Result<bool, ShapeError> {
        match &mut self.state {
            State::Nothing => {
                let started = self.start(probe, exec)?;
                let is_started = started.is_some();
                self.state = started.unwrap_or(State::Nothing);
                Ok(is_started)
            }
            State::Cells(..) | State::GradCam(_) => Ok(true),
            State::Integrated(integrated) => Ok(integrated.step(probe, exec)),
            State::Occlusion(occlusion) => Ok(occlusion.step(probe, exec)),
            State::Ascent(ascent) => Ok(ascent.step(probe, exec)),
        }
    }

    fn start(&self, probe: &Probe, exec: Execution) -> Result<Option<State>, ShapeError> {
        let (x, settings) = (&self.x, &self.settings);
        let (_, channels, _, _) = x.dim();
        Ok(match settings.method {
            Method::Saliency | Method::GradientTimesInput | Method::Guided | Method::Deconv => {
                gradient(probe, settings.method, x, exec).map(|(value, cells)| State::Cells(value, cells))
            }
            Method::GradCam => {
                let layer = settings.layer.or_else(|| usual_layer(probe.network())).ok_or_else(|| {
                    ShapeError(
                        "grad-cam: expected a convolution before the unit, got none; choose a layer".into(),
                    )
                })?;
                grad_cam(probe, layer, x, exec)?.map(State::GradCam)
            }
            Method::Integrated => {
                let baseline = self.range.plain(settings.fill, probe.network().input);
                Integrated::new(probe, x, baseline, settings.steps, exec)?.map(State::Integrated)
            }
            Method::Occlusion => {
                let fill = (0..channels).map(|c| self.range.fill(settings.fill, c)).collect();
                Occlusion::new(probe, x, settings.patch, fill, exec)?.map(State::Occlusion)
            }
            Method::Ascent => {
                Some(State::Ascent(Box::new(Ascent::new(probe, self.range.clone(), settings.ascent)?)))
            }
        })
    }

    /// The settings.
    pub const fn settings(&self) -> &AttributionSettings {
        &self.settings
    }

    /// The picture, (1, C, H, W).
    pub const fn picture(&self) -> &Tensor {
        &self.x
    }

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        match &self.state {
            State::Nothing => false,
            State::Cells(..) | State::GradCam(_) => true,
            State::Integrated(_) | State::Occlusion(_) => {
                let (done, all) = self.progress();
                done == all
            }
            State::Ascent(ascent) => ascent.is_done(),
        }
    }

    /// The number of steps done, and of all steps; 1 for a method of a single pass.
    pub fn progress(&self) -> (usize, usize) {
        match &self.state {
            State::Nothing => (0, 1),
            State::Cells(..) | State::GradCam(_) => (1, 1),
            State::Integrated(integrated) => integrated.progress(),
            State::Occlusion(occlusion) => occlusion.progress(),
            State::Ascent(ascent) => ascent.progress(),
        }
    }

    /// The unit's value for the picture, or for the picture that activation maximisation has made; `None` if it is
    /// not computed yet.
    pub fn value(&self) -> Option<f32> {
        match &self.state {
            State::Nothing => None,
            State::Cells(value, _) => Some(*value),
            State::GradCam(made) => Some(made.value),
            State::Integrated(integrated) => Some(integrated.value()),
            State::Occlusion(occlusion) => Some(occlusion.value()),
            State::Ascent(ascent) => ascent.values().last().copied(),
        }
    }

    /// The map so far, (1, 1, H, W). Cells not computed yet are NaN; [`Self::has`] distinguishes them from computed
    /// NaN. `None` before the first step, and for activation maximisation, which makes a picture
    /// ([`Self::ascent`]). Several channels are reduced by [`summed`] if the cells are shares of a whole, else by
    /// [`strongest`].
    pub fn map(&self) -> Option<Tensor> {
        match &self.state {
            State::Nothing | State::Ascent(_) => None,
            State::Cells(_, cells) => Some(match self.settings.method {
                Method::GradientTimesInput | Method::Integrated => summed(cells),
                Method::Saliency
                | Method::Guided
                | Method::Deconv
                | Method::GradCam
                | Method::Occlusion
                | Method::Ascent => strongest(cells),
            }),
            State::GradCam(made) => Some(made.map.clone()),
            State::Integrated(integrated) => Some(summed(&integrated.cells())),
            State::Occlusion(occlusion) => Some(occlusion.map()),
        }
    }

    /// Whether a cell of the map is computed.
    pub fn has(&self, at: [usize; 2]) -> bool {
        match &self.state {
            State::Nothing | State::Ascent(_) => false,
            State::Cells(..) | State::GradCam(_) | State::Integrated(_) => true,
            State::Occlusion(occlusion) => occlusion.has_covered(at),
        }
    }

    /// The result of Grad-CAM.
    pub const fn grad_cam(&self) -> Option<&GradCam> {
        if let State::GradCam(made) = &self.state { Some(made) } else { None }
    }

    /// The running integrated gradients.
    pub const fn integrated(&self) -> Option<&Integrated> {
        if let State::Integrated(made) = &self.state { Some(made) } else { None }
    }

    /// The running occlusion.
    pub const fn occlusion(&self) -> Option<&Occlusion> {
        if let State::Occlusion(made) = &self.state { Some(made) } else { None }
    }

    /// The running activation maximisation.
    pub fn ascent(&self) -> Option<&Ascent> {
        if let State::Ascent(made) = &self.state { Some(made) } else { None }
    }
}

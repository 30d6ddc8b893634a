//! One look, whichever its method: started, taken on call by call, looked at at any time.

use super::{
    Ascent, AscentRules, Fill, GradCam, Integrated, Method, Occlusion, Patch, PixelRange, Probe, grad_cam,
    gradient, strongest, summed, usual_layer,
};
use crate::nn::Watch;
use crate::tensor::{ShapeError, Tensor};

/// What a look is to be; each method reads its own part.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AttributionSettings {
    /// The method.
    pub method: Method,
    /// Grad-CAM: the layer; without one [`usual_layer`].
    pub layer: Option<usize>,
    /// Integrated gradients: places on the way.
    pub steps: usize,
    /// Integrated gradients: the baseline. Occlusion: what covers.
    pub fill: Fill,
    /// Occlusion: the patch.
    pub patch: Patch,
    /// Activation maximisation: how to climb.
    pub ascent: AscentRules,
}

impl AttributionSettings {
    /// The usual numbers for a network's input [C, H, W]: 64 places on the way, and a patch of an eighth of the picture
    /// that moves by half of itself.
    pub fn usual(method: Method, [_, h, w]: [usize; 3]) -> Self {
        let size = [h, w].map(|len| len.div_ceil(8).min(len));
        let patch = Patch { size, stride: size.map(|size| size.div_ceil(2)) };
        Self { method, layer: None, steps: 64, fill: Fill::Grey, patch, ascent: AscentRules::default() }
    }
}

/// What a look has made so far.
#[derive(Clone, Debug)]
enum Made {
    Nothing,
    /// (1, C, H, W).
    Cells(f32, Tensor),
    GradCam(GradCam),
    Integrated(Integrated),
    Occlusion(Occlusion),
    Ascent(Box<Ascent>),
}

/// A look in the making: one call, one pass of the network or two.
#[derive(Clone, Debug)]
pub struct Attribution {
    settings: AttributionSettings,
    x: Tensor,
    range: PixelRange,
    made: Made,
}

impl Attribution {
    /// A look at a picture x: (1, C, H, W); nothing is computed yet.
    ///
    /// # Errors
    /// Where the picture is not the network's input.
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
        Ok(Self { settings, x, range, made: Made::Nothing })
    }

    /// Goes on by one call's work; false where it was told to stop. A look that is done stays as it is. The unit must
    /// be the same at each call.
    ///
    /// # Errors
    /// Where the settings do not fit the network.
    pub fn step(&mut self, probe: &Probe, watch: Watch) -> Result<bool, ShapeError> {
        match &mut self.made {
            Made::Nothing => {
                let made = self.start(probe, watch)?;
                let went_on = made.is_some();
                self.made = made.unwrap_or(Made::Nothing);
                Ok(went_on)
            }
            Made::Cells(..) | Made::GradCam(_) => Ok(true),
            Made::Integrated(integrated) => Ok(integrated.step(probe, watch)),
            Made::Occlusion(occlusion) => Ok(occlusion.step(probe, watch)),
            Made::Ascent(ascent) => Ok(ascent.step(probe, watch)),
        }
    }

    fn start(&self, probe: &Probe, watch: Watch) -> Result<Option<Made>, ShapeError> {
        let (x, settings) = (&self.x, &self.settings);
        let (_, channels, _, _) = x.dim();
        Ok(match settings.method {
            Method::Saliency | Method::GradientTimesInput | Method::Guided | Method::Deconv => {
                gradient(probe, settings.method, x, watch).map(|(value, cells)| Made::Cells(value, cells))
            }
            Method::GradCam => {
                let layer = settings.layer.or_else(|| usual_layer(probe.network())).ok_or_else(|| {
                    ShapeError(
                        "grad-cam: expected a convolution before the unit, got none; choose a layer".into(),
                    )
                })?;
                grad_cam(probe, layer, x, watch)?.map(Made::GradCam)
            }
            Method::Integrated => {
                let baseline = self.range.plain(settings.fill, probe.network().input);
                Integrated::new(probe, x, baseline, settings.steps, watch)?.map(Made::Integrated)
            }
            Method::Occlusion => {
                let fill = (0..channels).map(|c| self.range.fill(settings.fill, c)).collect();
                Occlusion::new(probe, x, settings.patch, fill, watch)?.map(Made::Occlusion)
            }
            Method::Ascent => {
                Some(Made::Ascent(Box::new(Ascent::new(probe, self.range.clone(), settings.ascent)?)))
            }
        })
    }

    /// What it is to be.
    pub const fn settings(&self) -> &AttributionSettings {
        &self.settings
    }

    /// The picture that it looks at.
    pub const fn picture(&self) -> &Tensor {
        &self.x
    }

    /// Whether there is nothing left to do.
    pub fn is_done(&self) -> bool {
        match &self.made {
            Made::Nothing => false,
            Made::Cells(..) | Made::GradCam(_) => true,
            Made::Integrated(_) | Made::Occlusion(_) => {
                let (done, all) = self.progress();
                done == all
            }
            Made::Ascent(ascent) => ascent.is_done(),
        }
    }

    /// Steps done, and all; one for a look of one pass.
    pub fn progress(&self) -> (usize, usize) {
        match &self.made {
            Made::Nothing => (0, 1),
            Made::Cells(..) | Made::GradCam(_) => (1, 1),
            Made::Integrated(integrated) => integrated.progress(),
            Made::Occlusion(occlusion) => occlusion.progress(),
            Made::Ascent(ascent) => ascent.progress(),
        }
    }

    /// The unit's value for the picture, or for the one that activation maximisation has made; `None` where it has not
    /// been computed.
    pub fn value(&self) -> Option<f32> {
        match &self.made {
            Made::Nothing => None,
            Made::Cells(value, _) => Some(*value),
            Made::GradCam(made) => Some(made.value),
            Made::Integrated(integrated) => Some(integrated.value()),
            Made::Occlusion(occlusion) => Some(occlusion.value()),
            Made::Ascent(ascent) => ascent.values().last().copied(),
        }
    }

    /// The map as far as it is made, (1, 1, H, W), NaN where nothing is yet, which [`Self::has`] tells from a NaN that came out; `None` before the first call, and for
    /// activation maximisation, whose picture is [`Self::ascent`]'s. Several channels become one plane by
    /// [`summed`] where the cells are shares of a whole, else by [`strongest`].
    pub fn map(&self) -> Option<Tensor> {
        match &self.made {
            Made::Nothing | Made::Ascent(_) => None,
            Made::Cells(_, cells) => Some(match self.settings.method {
                Method::GradientTimesInput | Method::Integrated => summed(cells),
                Method::Saliency
                | Method::Guided
                | Method::Deconv
                | Method::GradCam
                | Method::Occlusion
                | Method::Ascent => strongest(cells),
            }),
            Made::GradCam(made) => Some(made.map.clone()),
            Made::Integrated(integrated) => Some(summed(&integrated.cells())),
            Made::Occlusion(occlusion) => Some(occlusion.map()),
        }
    }

    /// Whether a cell of the map is made: where it is NaN, that is what came out.
    pub fn has(&self, at: [usize; 2]) -> bool {
        match &self.made {
            Made::Nothing | Made::Ascent(_) => false,
            Made::Cells(..) | Made::GradCam(_) | Made::Integrated(_) => true,
            Made::Occlusion(occlusion) => occlusion.has_covered(at),
        }
    }

    /// Grad-CAM's weights and its map in the layer's own size.
    pub const fn grad_cam(&self) -> Option<&GradCam> {
        if let Made::GradCam(made) = &self.made { Some(made) } else { None }
    }

    /// Integrated gradients in the making.
    pub const fn integrated(&self) -> Option<&Integrated> {
        if let Made::Integrated(made) = &self.made { Some(made) } else { None }
    }

    /// Occlusion in the making.
    pub const fn occlusion(&self) -> Option<&Occlusion> {
        if let Made::Occlusion(made) = &self.made { Some(made) } else { None }
    }

    /// Activation maximisation in the making.
    pub fn ascent(&self) -> Option<&Ascent> {
        if let Made::Ascent(made) = &self.made { Some(made) } else { None }
    }
}

//! The attribution methods: names, formulas and references.

use crate::nn::activation::Gate;

/// A method that attributes a unit's value to the input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Method {
    /// |dy/dx|, of the channel where it is largest.
    #[default]
    Saliency,
    /// x * dy/dx, summed over the channels.
    GradientTimesInput,
    /// Gradients that pass a ReLU only where both they and its input are positive.
    Guided,
    /// Gradients that pass a ReLU only where they are positive.
    Deconv,
    /// A layer's maps, weighted by their mean gradient, added, and rectified.
    GradCam,
    /// (x - baseline) times the mean gradient along the straight path between them.
    Integrated,
    /// The drop of the unit's value when a patch is covered.
    Occlusion,
    /// A picture that maximises the unit's value, made by gradient ascent from noise.
    Ascent,
}

impl Method {
    /// All of them, in the order in which menus offer them.
    pub const ALL: [Self; 8] = [
        Self::Saliency,
        Self::GradientTimesInput,
        Self::Integrated,
        Self::Guided,
        Self::Deconv,
        Self::GradCam,
        Self::Occlusion,
        Self::Ascent,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Saliency => "saliency",
            Self::GradientTimesInput => "gradient-x-input",
            Self::Guided => "guided-backprop",
            Self::Deconv => "deconvnet",
            Self::GradCam => "grad-cam",
            Self::Integrated => "integrated-gradients",
            Self::Occlusion => "occlusion",
            Self::Ascent => "activation-maximisation",
        }
    }

    /// The method with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The publication that describes it.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Saliency => "Simonyan, Vedaldi & Zisserman 2014, section 3",
            Self::GradientTimesInput => "Shrikumar et al. 2016",
            Self::Guided => "Springenberg et al. 2015, section 3.4",
            Self::Deconv => "Zeiler & Fergus 2014, section 2.1",
            Self::GradCam => "Selvaraju et al. 2017, equations 1 and 2",
            Self::Integrated => "Sundararajan, Taly & Yan 2017, equation 3",
            Self::Occlusion => "Zeiler & Fergus 2014, section 4.2",
            Self::Ascent => "Simonyan, Vedaldi & Zisserman 2014, section 2; Yosinski et al. 2015",
        }
    }

    /// The rule at ReLUs in the backward pass.
    pub const fn gate(self) -> Gate {
        match self {
            Self::Guided => Gate::Guided,
            Self::Deconv => Gate::Deconv,
            Self::Saliency
            | Self::GradientTimesInput
            | Self::GradCam
            | Self::Integrated
            | Self::Occlusion
            | Self::Ascent => Gate::Derivative,
        }
    }

    /// Whether it changes the backward rule of ReLUs, so that its numbers are not derivatives.
    pub fn changes_gradient(self) -> bool {
        self.gate() != Gate::Derivative
    }

    /// Whether its map has both signs; otherwise all values are at least 0.
    pub const fn is_signed(self) -> bool {
        match self {
            Self::Saliency | Self::GradCam => false,
            Self::GradientTimesInput
            | Self::Guided
            | Self::Deconv
            | Self::Integrated
            | Self::Occlusion
            | Self::Ascent => true,
        }
    }

    /// Whether it gives a map of the picture; activation maximisation gives a picture instead.
    pub const fn is_map(self) -> bool {
        !matches!(self, Self::Ascent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_differ() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.name()), Some(method));
        }
        assert_eq!(Method::parse("lime"), None);
    }

    #[test]
    fn only_guided_and_deconv_change_the_gradient() {
        let changing: Vec<_> = Method::ALL.into_iter().filter(|method| method.changes_gradient()).collect();
        assert_eq!(changing, [Method::Guided, Method::Deconv]);
    }
}

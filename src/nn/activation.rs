//! Activations: functions of one number, applied cell by cell.
//!
//! All that the program knows about an activation stands in this file: its function beside its derivative, and its
//! entry in `Activation::entry`. To add one, write both functions, a variant, its place in [`Activation::ALL`] and its
//! entry; then its sentences in `assets/strings` and its expressions in Python, `src/export/code/activations.rs`.
//!
//! Where a function has a corner, its derivative there is the one that PyTorch takes.

use super::Real;
use crate::tensor::Tensor;

/// An activation with its number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// ReLU with a slope on the negative side: Maas et al. 2013. PyTorch's PReLU, where its slope is one fixed number.
    LeakyRelu {
        /// The slope for x <= 0.
        slope: f64,
    },
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
    /// Exponential linear unit: Clevert et al. 2016.
    Elu {
        /// Goes to -alpha for large negative x.
        alpha: f64,
    },
    /// Scaled exponential linear unit: Klambauer et al. 2017.
    Selu,
    /// Gaussian error linear unit: Hendrycks & Gimpel 2016.
    Gelu,
    /// GELU's approximation by tanh, from the same paper.
    GeluTanh,
    /// x times the logistic function, also called Swish: Elfwing et al. 2018, Ramachandran et al. 2017.
    Silu,
    /// ln(1 + exp(x)).
    Softplus,
    /// ReLU that stops at 6: Krizhevsky 2010.
    Relu6,
    /// SiLU with a piecewise linear gate: Howard et al. 2019.
    Hardswish,
    /// The piecewise linear form of the logistic function: Courbariaux et al. 2015, in PyTorch's form.
    Hardsigmoid,
    /// x times the tanh of its softplus: Misra 2019.
    Mish,
    /// The identity that stops at a number on both sides: Collobert 2004.
    Hardtanh {
        /// Goes from minus this number to this number, whatever its sign.
        limit: f64,
    },
    /// The input where it is above a number, else 0: Konda et al. 2014.
    ThresholdedRelu {
        /// What the input must be above.
        threshold: f64,
    },
}

/// What an activation's derivative is computed from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reads {
    /// The input x.
    Input,
    /// The output y.
    Output,
}

/// The derivative's function: takes dy, what it reads, and the activation's number.
enum Backward<T> {
    FromInput(fn(T, T, T) -> T),
    FromOutput(fn(T, T, T) -> T),
}

/// All that there is to know about one activation.
struct Entry<T> {
    /// Its `kind` in an architecture file, and in the keys of its sentences.
    key: &'static str,
    /// Its name, the same in all languages.
    title: &'static str,
    /// What the names of new layers begin with.
    stem: &'static str,
    /// The name of its number in an architecture file, and the number.
    number: Option<(&'static str, f64)>,
    /// The function of x and the number.
    forward: fn(T, T) -> T,
    backward: Backward<T>,
    /// Bounds of its outputs.
    range: [f64; 2],
    /// The inputs at which one piece of its definition ends and the next begins.
    joints: [Option<f64>; 2],
    /// Whether it is a gate: y is x times the derivative.
    is_gate: bool,
    /// Forward from x, and backward. A condition in square brackets is 1 where it holds and 0 elsewhere.
    formulas: [&'static str; 2],
    /// What the Greek letters in the formulas stand for.
    letters: [(&'static str, f64); 2],
    /// In a list of terms: before the input; between the gradient and what the derivative reads; after that.
    signs: [&'static str; 3],
}

const NO_LETTERS: [(&str, f64); 2] = [("", 0.0); 2];
const BY_DERIVATIVE: [&str; 2] = ["· f′(", ")"];

impl Activation {
    /// Every activation, with the number that a new layer starts with.
    pub const ALL: [Self; 16] = [
        Self::Relu,
        Self::LeakyRelu { slope: 0.01 },
        Self::Tanh,
        Self::Sigmoid,
        Self::Elu { alpha: 1.0 },
        Self::Selu,
        Self::Gelu,
        Self::GeluTanh,
        Self::Silu,
        Self::Softplus,
        Self::Relu6,
        Self::Hardswish,
        Self::Hardsigmoid,
        Self::Mish,
        Self::Hardtanh { limit: 1.0 },
        Self::ThresholdedRelu { threshold: 1.0 },
    ];

    fn entry<T: Real>(self) -> Entry<T> {
        let [between, after] = BY_DERIVATIVE;
        match self {
            Self::Relu => Entry {
                key: "relu",
                title: "ReLU",
                stem: "relu",
                number: None,
                forward: |x, _| relu(x),
                backward: Backward::FromInput(|dy, x, _| relu_backward(dy, x)),
                range: [0.0, f64::INFINITY],
                joints: [Some(0.0), None],
                is_gate: true,
                formulas: ["y = max(0, x)", "dx = dy · [x > 0]"],
                letters: NO_LETTERS,
                signs: ["max 0,", "· [0 <", "]"],
            },
            Self::LeakyRelu { slope } => Entry {
                key: "leaky_relu",
                title: "Leaky ReLU",
                stem: "leaky",
                number: Some(("slope", slope)),
                forward: leaky_relu,
                backward: Backward::FromInput(leaky_relu_backward),
                range: [if slope > 0.0 { f64::NEG_INFINITY } else { 0.0 }, f64::INFINITY],
                joints: [Some(0.0), None],
                is_gate: true,
                formulas: ["y = x · ([x > 0] + α·[x ≤ 0])", "dx = dy · ([x > 0] + α·[x ≤ 0])"],
                letters: [("α", slope), ("", 0.0)],
                signs: ["", between, after],
            },
            Self::Tanh => Entry {
                key: "tanh",
                title: "tanh",
                stem: "tanh",
                number: None,
                forward: |x, _| tanh(x),
                backward: Backward::FromOutput(|dy, y, _| tanh_backward(dy, y)),
                range: [-1.0, 1.0],
                joints: [None; 2],
                is_gate: false,
                formulas: ["y = tanh(x)", "dx = dy · (1 − y²)"],
                letters: NO_LETTERS,
                signs: ["tanh", "· (1 −", "²)"],
            },
            Self::Sigmoid => Entry {
                key: "sigmoid",
                title: "Sigmoid",
                stem: "sigmoid",
                number: None,
                forward: |x, _| sigmoid(x),
                backward: Backward::FromOutput(|dy, y, _| sigmoid_backward(dy, y)),
                range: [0.0, 1.0],
                joints: [None; 2],
                is_gate: false,
                formulas: ["y = 1 ÷ (1 + exp(−x))", "dx = dy · y · (1 − y)"],
                letters: NO_LETTERS,
                signs: ["σ", "· σ′, y =", ""],
            },
            Self::Elu { alpha } => Entry {
                key: "elu",
                title: "ELU",
                stem: "elu",
                number: Some(("alpha", alpha)),
                forward: elu,
                backward: Backward::FromInput(elu_backward),
                range: [(-alpha).min(0.0), f64::INFINITY],
                joints: [Some(0.0), None],
                is_gate: false,
                formulas: [
                    "y = max(0, x) + α · (exp(min(0, x)) − 1)",
                    "dx = dy · ([x > 0] + α·exp(x)·[x ≤ 0])",
                ],
                letters: [("α", alpha), ("", 0.0)],
                signs: ["ELU", between, after],
            },
            Self::Selu => Entry {
                key: "selu",
                title: "SELU",
                stem: "selu",
                number: None,
                forward: |x, _| selu(x),
                backward: Backward::FromInput(|dy, x, _| selu_backward(dy, x)),
                range: [-SELU_LAMBDA * SELU_ALPHA, f64::INFINITY],
                joints: [Some(0.0), None],
                is_gate: false,
                formulas: [
                    "y = λ · (max(0, x) + α · (exp(min(0, x)) − 1))",
                    "dx = dy · λ · ([x > 0] + α·exp(x)·[x ≤ 0])",
                ],
                letters: [("λ", SELU_LAMBDA), ("α", SELU_ALPHA)],
                signs: ["SELU", between, after],
            },
            Self::Gelu => Entry {
                key: "gelu",
                title: "GELU",
                stem: "gelu",
                number: None,
                forward: |x, _| gelu(x),
                backward: Backward::FromInput(|dy, x, _| gelu_backward(dy, x)),
                range: [-0.17, f64::INFINITY],
                joints: [None; 2],
                is_gate: false,
                formulas: ["y = x · Φ(x)", "dx = dy · (Φ(x) + x · φ(x))"],
                letters: NO_LETTERS,
                signs: ["GELU", between, after],
            },
            Self::GeluTanh => Entry {
                key: "gelu_tanh",
                title: "GELU (tanh)",
                stem: "gelu",
                number: None,
                forward: |x, _| gelu_tanh(x),
                backward: Backward::FromInput(|dy, x, _| gelu_tanh_backward(dy, x)),
                range: [-0.171, f64::INFINITY],
                joints: [None; 2],
                is_gate: false,
                formulas: [
                    "y = x · (1 + tanh(√(2 ÷ π) · (x + 0.044715 · x³))) ÷ 2",
                    "dx = dy · (1 + t + x · (1 − t²) · √(2 ÷ π) · (1 + 0.134145 · x²)) ÷ 2, \
                     t = tanh(√(2 ÷ π) · (x + 0.044715 · x³))",
                ],
                letters: NO_LETTERS,
                signs: ["GELU", between, after],
            },
            Self::Silu => Entry {
                key: "silu",
                title: "SiLU",
                stem: "silu",
                number: None,
                forward: |x, _| silu(x),
                backward: Backward::FromInput(|dy, x, _| silu_backward(dy, x)),
                range: [-0.279, f64::INFINITY],
                joints: [None; 2],
                is_gate: false,
                formulas: ["y = x · σ(x)", "dx = dy · σ(x) · (1 + x · (1 − σ(x)))"],
                letters: NO_LETTERS,
                signs: ["SiLU", between, after],
            },
            Self::Softplus => Entry {
                key: "softplus",
                title: "Softplus",
                stem: "softplus",
                number: None,
                forward: |x, _| softplus(x),
                backward: Backward::FromInput(|dy, x, _| softplus_backward(dy, x)),
                range: [0.0, f64::INFINITY],
                joints: [None; 2],
                is_gate: false,
                formulas: ["y = ln(1 + exp(x))", "dx = dy · σ(x)"],
                letters: NO_LETTERS,
                signs: ["softplus", "· σ(", ")"],
            },
            Self::Relu6 => Entry {
                key: "relu6",
                title: "ReLU6",
                stem: "relu6_",
                number: None,
                forward: |x, _| relu6(x),
                backward: Backward::FromInput(|dy, x, _| relu6_backward(dy, x)),
                range: [0.0, 6.0],
                joints: [Some(0.0), Some(6.0)],
                is_gate: false,
                formulas: ["y = min(6, max(0, x))", "dx = dy · [0 < x < 6]"],
                letters: NO_LETTERS,
                signs: ["ReLU6", "· [0 <", "< 6]"],
            },
            Self::Hardswish => Entry {
                key: "hardswish",
                title: "Hardswish",
                stem: "hardswish",
                number: None,
                forward: |x, _| hardswish(x),
                backward: Backward::FromInput(|dy, x, _| hardswish_backward(dy, x)),
                range: [-0.375, f64::INFINITY],
                joints: [Some(-3.0), Some(3.0)],
                is_gate: false,
                formulas: [
                    "y = x · min(6, max(0, x + 3)) ÷ 6",
                    "dx = dy · ((x ÷ 3 + ½)·[−3 < x < 3] + [x ≥ 3])",
                ],
                letters: NO_LETTERS,
                signs: ["hardswish", between, after],
            },
            Self::Hardsigmoid => Entry {
                key: "hardsigmoid",
                title: "Hardsigmoid",
                stem: "hardsigmoid",
                number: None,
                forward: |x, _| hardsigmoid(x),
                backward: Backward::FromInput(|dy, x, _| hardsigmoid_backward(dy, x)),
                range: [0.0, 1.0],
                joints: [Some(-3.0), Some(3.0)],
                is_gate: false,
                formulas: ["y = min(6, max(0, x + 3)) ÷ 6", "dx = dy · [−3 < x < 3] ÷ 6"],
                letters: NO_LETTERS,
                signs: ["hardsigmoid", between, after],
            },
            Self::Mish => Entry {
                key: "mish",
                title: "Mish",
                stem: "mish",
                number: None,
                forward: |x, _| mish(x),
                backward: Backward::FromInput(|dy, x, _| mish_backward(dy, x)),
                range: [-0.309, f64::INFINITY],
                joints: [None; 2],
                is_gate: false,
                formulas: [
                    "y = x · tanh(ln(1 + exp(x)))",
                    "dx = dy · (t + x · (1 − t²) · σ(x)), t = tanh(ln(1 + exp(x)))",
                ],
                letters: NO_LETTERS,
                signs: ["Mish", between, after],
            },
            Self::Hardtanh { limit } => Entry {
                key: "hardtanh",
                title: "Hardtanh",
                stem: "hardtanh",
                number: Some(("limit", limit)),
                forward: hardtanh,
                backward: Backward::FromInput(hardtanh_backward),
                range: [-limit.abs(), limit.abs()],
                joints: [Some(-limit.abs()), Some(limit.abs())],
                is_gate: false,
                formulas: ["y = min(λ, max(−λ, x))", "dx = dy · [−λ < x < λ]"],
                letters: [("λ", limit.abs()), ("", 0.0)],
                signs: ["hardtanh", "· [−λ <", "< λ]"],
            },
            Self::ThresholdedRelu { threshold } => Entry {
                key: "thresholded_relu",
                title: "Thresholded ReLU",
                stem: "trelu",
                number: Some(("threshold", threshold)),
                forward: thresholded,
                backward: Backward::FromInput(thresholded_backward),
                range: [threshold.min(0.0), f64::INFINITY],
                joints: [Some(threshold), None],
                is_gate: false,
                formulas: ["y = x · [x > θ]", "dx = dy · [x > θ]"],
                letters: [("θ", threshold), ("", 0.0)],
                signs: ["threshold", "· [", "> θ]"],
            },
        }
    }

    /// Its `kind` in an architecture file.
    pub fn key(self) -> &'static str {
        self.entry::<f32>().key
    }

    /// The activation of a `kind` in an architecture file, with its usual number.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|activation| activation.key() == key)
    }

    /// Its name, the same in all languages.
    pub fn title(self) -> &'static str {
        self.entry::<f32>().title
    }

    /// What the names of new layers begin with.
    pub fn stem(self) -> &'static str {
        self.entry::<f32>().stem
    }

    /// The name of its number in an architecture file, and the number; `None` for one that has none.
    pub fn number(self) -> Option<(&'static str, f64)> {
        self.entry::<f32>().number
    }

    /// Its number, to change.
    pub(super) const fn number_mut(&mut self) -> Option<&mut f64> {
        match self {
            Self::LeakyRelu { slope: number }
            | Self::Elu { alpha: number }
            | Self::Hardtanh { limit: number }
            | Self::ThresholdedRelu { threshold: number } => Some(number),
            Self::Relu
            | Self::Tanh
            | Self::Sigmoid
            | Self::Selu
            | Self::Gelu
            | Self::GeluTanh
            | Self::Silu
            | Self::Softplus
            | Self::Relu6
            | Self::Hardswish
            | Self::Hardsigmoid
            | Self::Mish => None,
        }
    }

    /// The same with another number; unchanged where it has none.
    #[must_use]
    pub const fn with_number(mut self, to: f64) -> Self {
        if let Some(number) = self.number_mut() {
            *number = to;
        }
        self
    }

    /// The function x -> y. Call this once, outside a loop over cells.
    pub fn forward_fn<T: Real>(self) -> impl Fn(T) -> T + Copy {
        let Entry { forward, number, .. } = self.entry::<T>();
        let number = T::nearest(number.map_or(0.0, |(_, number)| number));
        move |x| forward(x, number)
    }

    /// The function (dy, b) -> dx, where b is x or y, as [`Self::reads`] says. Call this once, outside a loop over
    /// cells.
    pub fn backward_fn<T: Real>(self) -> impl Fn(T, T) -> T + Copy {
        let Entry { backward, number, .. } = self.entry::<T>();
        let number = T::nearest(number.map_or(0.0, |(_, number)| number));
        let (Backward::FromInput(backward) | Backward::FromOutput(backward)) = backward;
        move |dy, b| backward(dy, b, number)
    }

    /// What the derivative is computed from.
    pub fn reads(self) -> Reads {
        match self.entry::<f32>().backward {
            Backward::FromInput(_) => Reads::Input,
            Backward::FromOutput(_) => Reads::Output,
        }
    }

    /// x -> y, both of any shape.
    pub fn forward<T: Real>(self, x: &Tensor<T>) -> Tensor<T> {
        x.mapv(self.forward_fn())
    }

    /// dy, x, y -> dx, all of one shape.
    pub fn backward<T: Real>(self, dy: &Tensor<T>, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        let backward = self.backward_fn();
        let read = match self.reads() {
            Reads::Input => x,
            Reads::Output => y,
        };
        let mut dx = dy.clone();
        dx.zip_mut_with(read, |dy, &b| *dy = backward(*dy, b));
        dx
    }

    /// Bounds of its outputs.
    pub fn range(self) -> [f64; 2] {
        self.entry::<f32>().range
    }

    /// The piece of its definition that an input lies in, counted from the left: the derivative may jump between two.
    pub fn piece<T: Real>(self, x: T) -> usize {
        self.entry::<T>().joints.into_iter().flatten().filter(|&joint| x > T::nearest(joint)).count()
    }

    /// Whether an input lies exactly where two pieces meet.
    pub fn is_joint(self, x: f32) -> bool {
        self.entry::<f32>().joints.into_iter().flatten().any(|joint| x == joint as f32)
    }

    /// The curve shows its shape for inputs from minus this number to this number.
    pub fn reach(self) -> f32 {
        let joints = self.entry::<f32>().joints.into_iter().flatten();
        joints.fold(4.0, |reach, joint| reach.max(1.5 * joint.abs() as f32))
    }

    /// Whether it is a gate: y is x times the derivative.
    pub fn is_gate(self) -> bool {
        self.entry::<f32>().is_gate
    }

    /// The forward formula, `y = …`, and the backward one, `dx = dy · …`. A condition in square brackets is 1 where it
    /// holds and 0 where it does not (Iverson's bracket; Knuth 1992, "Two notes on notation").
    pub fn formulas(self) -> [&'static str; 2] {
        self.entry::<f32>().formulas
    }

    /// What a Greek letter in its formulas stands for.
    pub fn letter(self, letter: &str) -> Option<f64> {
        let letters = self.entry::<f32>().letters;
        letters.into_iter().find(|(name, _)| *name == letter).map(|(_, value)| value)
    }

    /// In a list of terms: what stands before the input; between the gradient and what the derivative reads; after
    /// that.
    pub fn signs(self) -> [&'static str; 3] {
        self.entry::<f32>().signs
    }
}

/// max(0, x); NaN stays NaN.
#[inline(always)]
pub fn relu<T: Real>(x: T) -> T {
    if x < T::zero() { T::zero() } else { x }
}

/// The gate of ReLU: dy where x > 0, else 0. ReLU'(0) = 0.
#[inline(always)]
pub fn relu_backward<T: Real>(dy: T, x: T) -> T {
    if x > T::zero() { dy } else { T::zero() }
}

/// What a ReLU passes on in the backward pass. Only the first is the derivative; the others are attribution methods.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Gate {
    /// dy where x > 0: the derivative.
    #[default]
    Derivative,
    /// dy where x > 0 and dy > 0: guided backpropagation, Springenberg et al. 2015.
    Guided,
    /// dy where dy > 0, whatever x was: the deconvnet, Zeiler & Fergus 2014.
    Deconv,
}

impl Gate {
    /// The gradient behind the gate.
    #[inline(always)]
    pub fn relu_backward<T: Real>(self, dy: T, x: T) -> T {
        match self {
            Self::Derivative => relu_backward(dy, x),
            Self::Guided => relu_backward(relu_backward(dy, dy), x),
            Self::Deconv => relu_backward(dy, dy),
        }
    }
}

/// x where x > 0, else slope * x.
#[inline(always)]
pub(super) fn leaky_relu<T: Real>(x: T, slope: T) -> T {
    if x > T::zero() { x } else { x * slope }
}

/// dy where x > 0, else slope * dy.
#[inline(always)]
pub(super) fn leaky_relu_backward<T: Real>(dy: T, x: T, slope: T) -> T {
    if x > T::zero() { dy } else { dy * slope }
}

/// The hyperbolic tangent.
fn tanh<T: Real>(x: T) -> T {
    x.tanh()
}

/// dy * (1 - y^2) with y = tanh(x).
fn tanh_backward<T: Real>(dy: T, y: T) -> T {
    dy * (T::one() - y * y)
}

/// 1 / (1 + exp(-x)).
fn sigmoid<T: Real>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

/// dy * y * (1 - y) with y = sigmoid(x).
fn sigmoid_backward<T: Real>(dy: T, y: T) -> T {
    dy * (y * (T::one() - y))
}

/// x where x > 0, else alpha * (exp(x) - 1).
fn elu<T: Real>(x: T, alpha: T) -> T {
    if x > T::zero() { x } else { alpha * x.exp_m1() }
}

/// dy where x > 0, else dy * alpha * exp(x).
fn elu_backward<T: Real>(dy: T, x: T, alpha: T) -> T {
    if x > T::zero() { dy } else { dy * (alpha * x.exp()) }
}

/// Klambauer et al. 2017, section 2, with the digits of their appendix.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_LAMBDA: f64 = 1.050_700_987_355_480_5;

/// lambda * elu(x) with SELU's alpha.
fn selu<T: Real>(x: T) -> T {
    T::nearest(SELU_LAMBDA) * elu(x, T::nearest(SELU_ALPHA))
}

/// dy * lambda * elu'(x) with SELU's alpha.
fn selu_backward<T: Real>(dy: T, x: T) -> T {
    dy * (T::nearest(SELU_LAMBDA) * elu_backward(T::one(), x, T::nearest(SELU_ALPHA)))
}

/// The distribution function of the standard normal distribution.
fn normal_cdf<T: Real>(x: T) -> T {
    T::nearest(0.5) * (-x * T::nearest(std::f64::consts::FRAC_1_SQRT_2)).erfc()
}

/// The density of the standard normal distribution.
fn normal_density<T: Real>(x: T) -> T {
    const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
    T::nearest(FRAC_1_SQRT_TAU) * (T::nearest(-0.5) * x * x).exp()
}

/// x * Phi(x), where Phi is the standard normal distribution function.
fn gelu<T: Real>(x: T) -> T {
    x * normal_cdf(x)
}

/// dy * (Phi(x) + x * phi(x)), where phi is Phi's derivative.
fn gelu_backward<T: Real>(dy: T, x: T) -> T {
    dy * (normal_cdf(x) + x * normal_density(x))
}

const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
const GELU_CUBIC: f64 = 0.044_715;

/// tanh(sqrt(2 / pi) * (x + 0.044715 x^3)).
fn gelu_gate<T: Real>(x: T) -> T {
    (T::nearest(SQRT_2_OVER_PI) * (x + T::nearest(GELU_CUBIC) * x * x * x)).tanh()
}

/// x * (1 + t) / 2 with t = tanh(sqrt(2 / pi) * (x + 0.044715 x^3)).
fn gelu_tanh<T: Real>(x: T) -> T {
    T::nearest(0.5) * x * (T::one() + gelu_gate(x))
}

/// dy * (1 + t + x * (1 - t^2) * sqrt(2 / pi) * (1 + 3 * 0.044715 x^2)) / 2.
fn gelu_tanh_backward<T: Real>(dy: T, x: T) -> T {
    let t = gelu_gate(x);
    let inner = T::nearest(SQRT_2_OVER_PI) * (T::one() + T::nearest(3.0 * GELU_CUBIC) * x * x);
    dy * (T::nearest(0.5) * (T::one() + t + x * (T::one() - t * t) * inner))
}

/// x * sigmoid(x).
fn silu<T: Real>(x: T) -> T {
    x * sigmoid(x)
}

/// dy * s * (1 + x * (1 - s)) with s = sigmoid(x).
fn silu_backward<T: Real>(dy: T, x: T) -> T {
    let s = sigmoid(x);
    dy * (s * (T::one() + x * (T::one() - s)))
}

/// ln(1 + exp(x)), as max(0, x) + ln(1 + exp(-|x|)): the exponential never overflows.
fn softplus<T: Real>(x: T) -> T {
    relu(x) + (-x.abs()).exp().ln_1p()
}

/// dy * sigmoid(x).
fn softplus_backward<T: Real>(dy: T, x: T) -> T {
    dy * sigmoid(x)
}

/// min(6, max(0, x)); NaN stays NaN.
#[inline(always)]
pub(super) fn relu6<T: Real>(x: T) -> T {
    let six = T::nearest(6.0);
    if x > six { six } else { relu(x) }
}

/// dy where 0 < x < 6, else 0. The derivatives at 0 and 6 are 0.
#[inline(always)]
pub(super) fn relu6_backward<T: Real>(dy: T, x: T) -> T {
    if x > T::zero() && x < T::nearest(6.0) { dy } else { T::zero() }
}

/// x * relu6(x + 3) / 6.
#[inline(always)]
pub(super) fn hardswish<T: Real>(x: T) -> T {
    x * hardsigmoid(x)
}

/// 0 where x <= -3, dy where x >= 3, else dy * (x / 3 + 1/2). The derivative at -3 is 0 and at 3 it is 1.
#[inline(always)]
pub(super) fn hardswish_backward<T: Real>(dy: T, x: T) -> T {
    let three = T::nearest(3.0);
    if x <= -three {
        T::zero()
    } else if x < three {
        dy * (x / three + T::nearest(0.5))
    } else {
        dy
    }
}

/// relu6(x + 3) / 6.
#[inline(always)]
pub(super) fn hardsigmoid<T: Real>(x: T) -> T {
    relu6(x + T::nearest(3.0)) / T::nearest(6.0)
}

/// dy / 6 where -3 < x < 3, else 0. The derivatives at -3 and 3 are 0.
#[inline(always)]
pub(super) fn hardsigmoid_backward<T: Real>(dy: T, x: T) -> T {
    let three = T::nearest(3.0);
    if x > -three && x < three { dy / T::nearest(6.0) } else { T::zero() }
}

/// x * tanh(softplus(x)).
fn mish<T: Real>(x: T) -> T {
    x * softplus(x).tanh()
}

/// dy * (t + x * (1 - t^2) * sigmoid(x)) with t = tanh(softplus(x)).
fn mish_backward<T: Real>(dy: T, x: T) -> T {
    let t = softplus(x).tanh();
    dy * (t + x * (T::one() - t * t) * sigmoid(x))
}

/// min(|limit|, max(-|limit|, x)); NaN stays NaN.
fn hardtanh<T: Real>(x: T, limit: T) -> T {
    let limit = limit.abs();
    if x > limit {
        limit
    } else if x < -limit {
        -limit
    } else {
        x
    }
}

/// dy where -|limit| < x < |limit|, else 0. The derivatives at both ends are 0.
fn hardtanh_backward<T: Real>(dy: T, x: T, limit: T) -> T {
    let limit = limit.abs();
    if x > -limit && x < limit { dy } else { T::zero() }
}

/// x above the threshold, else 0; what is no number stays none.
fn thresholded<T: Real>(x: T, threshold: T) -> T {
    if x <= threshold { T::zero() } else { x }
}

/// dy where x is above the threshold, else 0. The derivative at the threshold is 0.
fn thresholded_backward<T: Real>(dy: T, x: T, threshold: T) -> T {
    if x > threshold { dy } else { T::zero() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn inputs() -> impl Iterator<Item = f64> {
        (-400..=400).map(|k| f64::from(k) / 32.0)
    }

    fn value(activation: Activation, x: f64) -> f64 {
        activation.forward_fn()(x)
    }

    fn slope(activation: Activation, x: f64) -> f64 {
        let read = match activation.reads() {
            Reads::Input => x,
            Reads::Output => value(activation, x),
        };
        activation.backward_fn()(1.0, read)
    }

    /// Every activation with its usual number and with others.
    fn all() -> impl Iterator<Item = Activation> {
        Activation::ALL.into_iter().flat_map(|a| [a, a.with_number(0.3), a.with_number(-0.3)])
    }

    #[test]
    fn keys_and_titles_tell_activations_apart() {
        let keys: BTreeSet<_> = Activation::ALL.iter().map(|activation| activation.key()).collect();
        let titles: BTreeSet<_> = Activation::ALL.iter().map(|activation| activation.title()).collect();
        assert_eq!((keys.len(), titles.len()), (Activation::ALL.len(), Activation::ALL.len()));
        for activation in Activation::ALL {
            assert_eq!(Activation::from_key(activation.key()), Some(activation));
            let [forward, backward] = activation.formulas();
            assert!(forward.starts_with("y = ") && backward.starts_with("dx = dy · "), "{activation:?}");
        }
    }

    #[test]
    fn outputs_lie_in_their_range_and_nearly_reach_it() {
        for activation in all() {
            let [low, high] = activation.range();
            let ends = activation.number().into_iter().flat_map(|(_, number)| [number - 1e-3, number + 1e-3]);
            let outputs: Vec<f64> = inputs().chain(ends).map(|x| value(activation, x)).collect();
            let least = outputs.iter().fold(f64::INFINITY, |least, &y| least.min(y));
            let most = outputs.iter().fold(f64::NEG_INFINITY, |most, &y| most.max(y));
            assert!(low <= least && most <= high, "{activation:?}: {least} to {most}");
            let far = [value(activation, -1e6), value(activation, 1e6)];
            let reaches = |end: f64, reached: f64| match end.is_finite() {
                true => (end - reached).abs() < 2e-3,
                false => far.iter().any(|y| y.signum() == end.signum() && y.abs() > 1e3),
            };
            assert!(reaches(low, least) && reaches(high, most), "{activation:?}: {least} to {most}");
        }
    }

    #[test]
    fn the_slope_is_that_of_the_curve_within_each_piece() {
        const STEP: f64 = 1e-5;
        for activation in all() {
            for x in inputs().filter(|x| activation.piece(x - STEP) == activation.piece(x + STEP)) {
                let secant = (value(activation, x + STEP) - value(activation, x - STEP)) / (2.0 * STEP);
                assert!((secant - slope(activation, x)).abs() < 1e-7, "{activation:?} at {x}");
            }
        }
    }

    #[test]
    fn a_gate_multiplies_its_input_by_its_slope() {
        for activation in all().filter(|activation| activation.is_gate()) {
            assert!(inputs().all(|x| value(activation, x) == x * slope(activation, x)), "{activation:?}");
        }
    }

    #[test]
    fn joints_are_where_pieces_meet() {
        for activation in Activation::ALL {
            for x in inputs() {
                let jumps = activation.piece(x - 1e-6) != activation.piece(x + 1e-6);
                assert_eq!(activation.is_joint(x as f32), jumps, "{activation:?} at {x}");
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for activation in Activation::ALL {
            assert!(activation.forward_fn()(f32::NAN).is_nan(), "{activation:?}");
        }
    }
}

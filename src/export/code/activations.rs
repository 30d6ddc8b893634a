//! Activations as expressions and functions of Python.

use super::python::number;
use crate::nn::Activation;

/// An activation in PyTorch, of the expression `x`.
pub fn pytorch(activation: Activation, x: &str) -> String {
    match activation {
        Activation::Relu => format!("F.relu({x})"),
        Activation::LeakyRelu { slope } => format!("F.leaky_relu({x}, {})", number(slope)),
        Activation::Tanh => format!("torch.tanh({x})"),
        Activation::Sigmoid => format!("torch.sigmoid({x})"),
        Activation::Elu { alpha } => format!("F.elu({x}, {})", number(alpha)),
        Activation::Selu => format!("F.selu({x})"),
        Activation::Gelu => format!("F.gelu({x})"),
        Activation::GeluTanh => format!("F.gelu({x}, approximate=\"tanh\")"),
        Activation::Silu => format!("F.silu({x})"),
        Activation::Softplus => format!("F.softplus({x})"),
        Activation::Relu6 => format!("F.relu6({x})"),
        Activation::Hardswish => format!("F.hardswish({x})"),
        Activation::Hardsigmoid => format!("F.hardsigmoid({x})"),
        Activation::Mish => format!("F.mish({x})"),
        Activation::Hardtanh { limit } => {
            format!("F.hardtanh({x}, {}, {})", number(-limit.abs()), number(limit.abs()))
        }
        Activation::ThresholdedRelu { threshold } => format!("F.threshold({x}, {}, 0.0)", number(threshold)),
    }
}

/// An activation as a layer of Keras.
pub fn keras(activation: Activation) -> String {
    let name = match activation {
        Activation::LeakyRelu { slope } => {
            let slope_text = number(slope);
            // Keras's layer has no slope below 0.
            return match slope < 0.0 {
                true => format!("layers.Activation(lambda x: keras.ops.where(x > 0, x, {slope_text} * x))"),
                false => format!("layers.LeakyReLU(negative_slope={slope_text})"),
            };
        }
        Activation::Elu { alpha } => return format!("layers.ELU(alpha={})", number(alpha)),
        Activation::GeluTanh => {
            return "layers.Activation(lambda x: keras.activations.gelu(x, approximate=True))".to_owned();
        }
        Activation::Hardtanh { limit } => {
            let limit = number(limit.abs());
            return format!("layers.Activation(lambda x: keras.ops.clip(x, -{limit}, {limit}))");
        }
        Activation::ThresholdedRelu { threshold } => {
            let threshold = number(threshold);
            return format!("layers.Activation(lambda x: keras.ops.where(x > {threshold}, x, 0.0))");
        }
        Activation::Relu => "relu",
        Activation::Tanh => "tanh",
        Activation::Sigmoid => "sigmoid",
        Activation::Selu => "selu",
        Activation::Gelu => "gelu",
        Activation::Silu => "silu",
        Activation::Softplus => "softplus",
        Activation::Relu6 => "relu6",
        Activation::Hardswish => "hard_silu",
        Activation::Hardsigmoid => "hard_sigmoid",
        Activation::Mish => "mish",
    };
    format!("layers.Activation(\"{name}\")")
}

/// An activation in NumPy: the expression of x, and that of its slope. `a` stands for its number.
fn expressions(activation: Activation) -> [&'static str; 2] {
    match activation {
        Activation::Relu => ["np.maximum(0, x)", "x > 0"],
        Activation::LeakyRelu { .. } => ["np.where(x > 0, x, a * x)", "np.where(x > 0, 1, a)"],
        Activation::Tanh => ["np.tanh(x)", "1 - np.tanh(x) ** 2"],
        Activation::Sigmoid => ["1 / (1 + np.exp(-x))", "sigmoid(x) * (1 - sigmoid(x))"],
        Activation::Elu { .. } => [
            "np.where(x > 0, x, a * np.expm1(np.minimum(x, 0)))",
            "np.where(x > 0, 1, a * np.exp(np.minimum(x, 0)))",
        ],
        Activation::Selu => [
            "LAMBDA * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0)))",
            "LAMBDA * np.where(x > 0, 1, ALPHA * np.exp(np.minimum(x, 0)))",
        ],
        Activation::Gelu => {
            ["x * normal_share(x)", "normal_share(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)"]
        }
        Activation::GeluTanh => [
            "x * (1 + gelu_bend(x)) / 2",
            "(1 + gelu_bend(x) + x * (1 - gelu_bend(x) ** 2) * ROOT * (1 + 0.134145 * x**2)) / 2",
        ],
        Activation::Silu => ["x / (1 + np.exp(-x))", "silu(x) + (1 - silu(x)) / (1 + np.exp(-x))"],
        Activation::Softplus => ["np.logaddexp(0, x)", "1 / (1 + np.exp(-x))"],
        Activation::Relu6 => ["np.clip(x, 0, 6)", "(x > 0) & (x < 6)"],
        Activation::Hardswish => {
            ["x * np.clip(x + 3, 0, 6) / 6", "np.where(np.abs(x) < 3, x / 3 + 0.5, x >= 3)"]
        }
        Activation::Hardsigmoid => ["np.clip(x + 3, 0, 6) / 6", "(np.abs(x) < 3) / 6"],
        Activation::Mish => [
            "x * np.tanh(np.logaddexp(0, x))",
            "np.tanh(np.logaddexp(0, x)) + x / np.cosh(np.logaddexp(0, x)) ** 2 / (1 + np.exp(-x))",
        ],
        Activation::Hardtanh { .. } => ["np.clip(x, -abs(a), abs(a))", "np.abs(x) < abs(a)"],
        Activation::ThresholdedRelu { .. } => ["np.where(x <= a, 0, x)", "x > a"],
    }
}

/// What stands before an activation's functions in NumPy.
fn preamble(activation: Activation) -> &'static str {
    match activation {
        Activation::Selu => "ALPHA, LAMBDA = 1.6732632423543772, 1.0507009873554805\n\n\n",
        Activation::Gelu => {
            "def normal_share(x):\n    \"\"\"The share of a normal distribution below x.\"\"\"\n    return (1 + \
             np.vectorize(math.erf)(x / math.sqrt(2))) / 2\n\n\n"
        }
        Activation::GeluTanh => {
            "ROOT = np.sqrt(2 / np.pi)\n\n\ndef gelu_bend(x):\n    return np.tanh(ROOT * (x + 0.044715 * x**3))\n\n\n"
        }
        Activation::Relu
        | Activation::LeakyRelu { .. }
        | Activation::Tanh
        | Activation::Sigmoid
        | Activation::Elu { .. }
        | Activation::Silu
        | Activation::Softplus
        | Activation::Relu6
        | Activation::Hardswish
        | Activation::Hardsigmoid
        | Activation::Mish
        | Activation::Hardtanh { .. }
        | Activation::ThresholdedRelu { .. } => "",
    }
}

/// An activation's function and its slope in NumPy.
pub fn numpy(activation: Activation) -> String {
    let [value, slope] = expressions(activation);
    let (key, number) = (activation.key(), if activation.number().is_some() { ", a" } else { "" });
    format!(
        "{}def {key}(x{number}):\n    return {value}\n\n\ndef {key}_slope(x{number}):\n    return {slope}\n\n\n",
        preamble(activation)
    )
}

//! What the programs for all libraries share: numbers as Python writes them, the head, the preprocessing, the call from
//! a command line.

use super::Library;
use crate::model_io::Model;
use crate::nn::{
    Axis, Window,
    conv::Conv2d,
    loss::Loss,
    optimizer::{Optimizer, Rule},
    pool::Pool2d,
    resample::{Border, ResampleAxis, Source, Upsampling},
};

/// Lines of a program.
#[derive(Default)]
pub struct Lines(String);

impl Lines {
    /// Adds a line, or several.
    pub fn add(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    /// The program.
    pub fn text(self) -> String {
        self.0
    }
}

/// A pair as one number where both are the same, else as a tuple.
pub fn pair([a, b]: [usize; 2]) -> String {
    if a == b { a.to_string() } else { format!("({a}, {b})") }
}

/// Kernel, stride and dilation of a window.
pub const fn window_numbers(window: &Window) -> [[usize; 2]; 3] {
    let (rows, cols) = (window.rows, window.cols);
    [[rows.kernel, cols.kernel], [rows.stride, cols.stride], [rows.dilation, cols.dilation]]
}

/// The cells before and behind an axis that its windows read: the padding, and of the cells behind so many that the
/// last window ends with them. Fewer than none where the last cells are read by no window.
pub const fn reached(axis: &Axis) -> [isize; 2] {
    let end = (axis.out - 1) * axis.stride + axis.reach();
    [axis.padding as isize, end as isize - axis.padding as isize - axis.len as isize]
}

/// The cells before and behind both axes of a window that a program adds by itself; none where its layer can.
pub fn padded(window: &Window) -> [[isize; 2]; 2] {
    [reached(&window.rows), reached(&window.cols)].map(|[before, behind]| [before, behind.max(0)])
}

/// Text as a string of Python. JSON's escapes are Python's.
pub fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The head of a program's docstring, with a name in which nothing can end the string.
fn title(library: Library, name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control() && !"\"\\".contains(*c)).collect();
    let what = match library {
        Library::PyTorch => "as a PyTorch module",
        Library::Keras => "as a Keras model, channels last",
        Library::NumPy => "as NumPy loops, forward and backward",
    };
    format!("The network {name} {what}. Written by convstep.")
}

/// Docstring, imports, classes and preprocessing.
pub fn head(lines: &mut Lines, library: Library, model: &Model, imports: &str) {
    let [channels, h, w] = model.network.input;
    let reads_pictures = matches!(channels, 1 | 3);
    let (usage, picture) = match reads_pictures {
        true => ("    python THIS_FILE.py PICTURE    # the class of a picture\n", "a picture's pixels"),
        false => ("", "pixels"),
    };
    lines.add(format!(
        "\"\"\"{}\n\n{usage}    import THIS_FILE; THIS_FILE.load()\n\"\"\"",
        title(library, &model.name)
    ));
    lines.add("");
    if reads_pictures {
        lines.add("import sys");
    }
    lines.add(format!("from pathlib import Path\n\n{imports}\n"));
    let classes: Vec<String> = (0..model.network.classes()).map(|k| string(&model.class_name(k))).collect();
    lines.add(format!("CLASSES = [{}]", wrapped(&classes)));
    let preprocess = &model.architecture.preprocess;
    let numbers = |numbers: &[f64]| format!("np.array({numbers:?}, np.float32).reshape(-1, 1, 1)");
    lines.add(format!("MEAN = {}", numbers(preprocess.mean())));
    lines.add(format!("STD = {}", numbers(preprocess.std())));
    if preprocess.shuffle().is_some() {
        let order: Vec<String> = (0..h * w).map(|at| preprocess.source(at, h * w).to_string()).collect();
        lines.add(format!(
            "# Which pixel stands at each place: the network sees them shuffled.\nORDER = [{}]",
            wrapped(&order)
        ));
    }
    lines.add("\n");
    if reads_pictures {
        let (mode, axes) = match channels {
            1 => ("L", "[None]"),
            _ => ("RGB", ".transpose(2, 0, 1)"),
        };
        lines.add(format!(
            "def read(path):\n    \"\"\"A picture's pixels from 0 to 255, ({channels}, {h}, {w}); it is stretched to this \
             size.\"\"\"\n    from PIL import Image\n\n    picture = Image.open(path).convert(\"{mode}\").resize(({w}, {h}))\n    \
             return np.asarray(picture, np.float32){axes}\n\n"
        ));
    }
    lines.add(format!(
        "def preprocess(pixels):\n    \"\"\"{}{} from 0 to 255, ({channels}, {h}, {w}) -> the network's input.\"\"\"",
        picture[..1].to_uppercase(),
        &picture[1..]
    ));
    if preprocess.shuffle().is_some() {
        lines.add("    pixels = pixels.reshape(len(pixels), -1)[:, ORDER].reshape(pixels.shape)");
    }
    lines.add("    return (pixels / 255 - MEAN) / STD\n\n");
}

/// Entries of a list, on one line or on several of at most 110 characters.
fn wrapped(entries: &[String]) -> String {
    let whole = entries.join(", ");
    if whole.len() < 90 {
        return whole;
    }
    let mut text = String::from("\n");
    let mut line = String::from("   ");
    for entry in entries {
        if line.len() + entry.len() > 100 {
            text.push_str(&line);
            text.push('\n');
            line = String::from("   ");
        }
        line.push_str(&format!(" {entry},"));
    }
    text + &line + "\n"
}

/// The call from a command line: `scores` is the expression of the outputs of picture `x`, as a flat array.
pub fn main(lines: &mut Lines, model: &Model, before: &str, scores: &str) {
    if !matches!(model.network.input[0], 1 | 3) {
        return;
    }
    lines.add(format!(
        "\n\nif __name__ == \"__main__\":\n    x = preprocess(read(sys.argv[1])).astype(np.float32)[None]\n{before}    \
         scores = {scores}"
    ));
    match model.network.loss {
        Loss::CrossEntropy => {
            lines.add("    scores = np.exp(scores - scores.max())\n    scores /= scores.sum()");
        }
        Loss::BinaryCrossEntropy => {
            lines.add("    p = 1 / (1 + np.exp(-scores[0]))\n    scores = np.array([1 - p, p])");
        }
        Loss::Mse => {}
    }
    lines.add("    for k in np.argsort(-scores)[:5]:\n        print(f\"{CLASSES[k]}: {scores[k]:.4f}\")");
}

/// An optimizer's numbers by their names, in PyTorch's terms.
pub fn optimizer_arguments(optimizer: &Optimizer) -> Vec<(&'static str, String)> {
    let mut arguments = vec![("lr", number(optimizer.learning_rate))];
    match optimizer.rule {
        Rule::Sgd => {}
        Rule::Momentum { momentum } => arguments.push(("momentum", number(momentum))),
        Rule::Nesterov { momentum } => {
            arguments.extend([("momentum", number(momentum)), ("nesterov", "True".to_owned())]);
        }
        Rule::Adam { beta1, beta2, eps } => {
            let betas = format!("({}, {})", number(beta1), number(beta2));
            arguments.extend([("betas", betas), ("eps", number(eps))]);
        }
    }
    if optimizer.weight_decay != 0.0 {
        arguments.push(("weight_decay", number(optimizer.weight_decay)));
    }
    arguments
}

/// A number in the shortest form that reads back as itself.
pub fn number(x: f64) -> String {
    format!("{x:?}")
}

/// `name(arguments)`.
pub fn call(name: &str, arguments: &[String]) -> String {
    format!("{name}({})", arguments.join(", "))
}

/// What the sums of an average pool's windows are divided by, as a factor for each row and one for each column of its
/// output; nothing where it is the number of a window's cells everywhere.
pub fn divisors(pool: &Pool2d) -> Option<[Vec<f32>; 2]> {
    let factors = |axis: &Axis| -> Vec<usize> {
        let count = |i| match pool.count_include_pad {
            true => axis.taps_on_padded(i),
            false => (0..axis.kernel).filter(|&u| axis.tap(i, u).is_some()).count(),
        };
        (0..axis.out).map(count).collect()
    };
    let (rows, cols) = (factors(&pool.window.rows), factors(&pool.window.cols));
    let all = |factors: &[usize], kernel: usize| factors.iter().all(|&n| n == kernel);
    let is_plain = all(&rows, pool.window.rows.kernel) && all(&cols, pool.window.cols.kernel);
    (!is_plain).then(|| [rows, cols].map(|factors| factors.into_iter().map(|n| n as f32).collect()))
}

/// The number of a filter's pixels, by which a normalised sum is divided.
pub const fn filter_pixels(conv: &Conv2d) -> usize {
    conv.window.rows.kernel * conv.window.cols.kernel * conv.group_in()
}

/// A picking axis as a slice of Python.
pub fn slice(axis: &ResampleAxis) -> String {
    match axis.source {
        Source::Pick { start, step } if !axis.is_same() => match step {
            1 => format!("{start}:{}", start + axis.out),
            _ => format!("{start}:{}:{step}", start + (axis.out - 1) * step + 1),
        },
        Source::Pick { .. } | Source::Scale { .. } | Source::Pad { .. } | Source::Shuffle { .. } => {
            ":".to_owned()
        }
    }
}

/// The functions that [`resampled_axis`] calls, for NumPy and Keras.
pub const RESAMPLED_AXES: &str = r#"def padded(n, before, behind, mode):
    """The rows that padding makes of n rows, as weights of those."""
    return np.pad(np.eye(n), ((before, behind), (0, 0)), mode=mode)


def nearest(n, out):
    """As `padded`: n rows as `out` rows, copies of the row before."""
    return np.eye(n)[np.arange(out) * n // out]


def nearest_exact(n, out):
    """As `nearest`, copies of the row whose centre is nearest."""
    return np.eye(n)[(2 * np.arange(out) + 1) * n // (2 * out)]


def positions(n, out, corners):
    """Where `out` rows lie among n rows over the same length."""
    return np.arange(out) * (n - 1) / max(out - 1, 1) if corners else (np.arange(out) + 0.5) * n / out - 0.5


def bilinear(n, out, corners=False):
    """As `nearest`, means of two rows."""
    at = np.maximum(positions(n, out, corners), 0)
    low = np.floor(at)
    is_low, is_high = (np.arange(n) == np.minimum(row, n - 1)[:, None] for row in (low, low + 1))
    return is_low * (1 - at + low)[:, None] + is_high * (at - low)[:, None]


def bicubic(n, out, corners=False):
    """As `nearest`, sums of four rows by Keys' cubic."""
    at, rows, a = positions(n, out, corners), 0, -0.75
    for tap in range(-1, 3):
        row = np.floor(at) + tap
        t = np.abs(at - row)
        near, far = ((a + 2) * t - (a + 3)) * t**2 + 1, ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
        rows = rows + (np.arange(n) == np.clip(row, 0, n - 1)[:, None]) * np.where(t <= 1, near, far)[:, None]
    return rows


def shuffled(n, groups):
    """n channels in another order: cut into groups, and of each in turn one."""
    return np.eye(n)[np.arange(n).reshape(groups, -1).T.ravel()]

"#;

/// An axis of a resampling as weights: what it has is a weighted sum of what its input has. Calls functions of
/// [`RESAMPLED_AXES`].
pub fn resampled_axis(axis: &ResampleAxis) -> String {
    let (n, out) = (axis.len, axis.out);
    match axis.source {
        Source::Scale { by, align_corners } => {
            let corners = if align_corners { ", corners=True" } else { "" };
            match by {
                Upsampling::Nearest => format!("nearest({n}, {out})"),
                Upsampling::NearestExact => format!("nearest_exact({n}, {out})"),
                Upsampling::Bilinear => format!("bilinear({n}, {out}{corners})"),
                Upsampling::Bicubic => format!("bicubic({n}, {out}{corners})"),
            }
        }
        Source::Pad { before, border } => {
            let mode = match border {
                Border::Zero => "constant",
                Border::Reflection => "reflect",
                Border::Replication => "edge",
            };
            format!("padded({n}, {before}, {}, \"{mode}\")", out - n - before)
        }
        Source::Pick { .. } => match axis.is_same() {
            true => format!("np.eye({n})"),
            false => format!("np.eye({n})[{}]", slice(axis)),
        },
        Source::Shuffle { groups } => format!("shuffled({n}, {groups})"),
    }
}

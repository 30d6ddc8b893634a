//! The architecture as a drawing, SVG, PDF, PNG or TikZ: the volumes as boxes to scale in a row, or the layers as a table.
//!
//! Layers that work cell by cell change no extents and stand below the box of the layer before. What a layer reads
//! besides the layer before it comes in an arc from above.

use super::{
    ExportError,
    fonts::Face,
    pdf::{self, Page},
};
use crate::nn::{Layer, Network, Op, Source};
use svg::{
    Document,
    node::element::{Group, Line, Path, Polygon, Rectangle, Text, path::Data},
};

/// How an architecture is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Style {
    /// The volumes as boxes, in a row.
    Boxes,
    /// A row for each layer: name, kind, output, parameters, multiply-adds.
    Table,
}

/// Colours of a drawing, for paper: ink, weak ink, and the faces of a box.
const INK: &str = "#1f2933";
const WEAK: &str = "#5f6b7a";
const FACES: [&str; 3] = ["#dbe7f5", "#bfd4ec", "#a3c1e2"];
const EDGE: &str = "#4a6fa5";
const ARC: &str = "#c2571a";

const TEXT: f64 = 13.0;
const ROW: f64 = 18.0;
const MARGIN: f64 = 24.0;
/// From one arc to the next.
const TRACK: f64 = 11.0;

/// What the drawings are called.
const BOXES_TITLE: &str = "The volumes of the network as boxes";
const TABLE_TITLE: &str = "The layers of the network";

/// The drawing of a network, as the text of an SVG file. Sizes are in pixels; the drawing scales.
pub fn svg(network: &Network, style: Style) -> String {
    match style {
        Style::Boxes => boxes(network),
        Style::Table => table(network),
    }
}

/// The drawing as a PDF of one page.
///
/// # Errors
/// One line, where it has no extent.
pub fn pdf(network: &Network, style: Style) -> Result<Vec<u8>, ExportError> {
    let title = match style {
        Style::Boxes => BOXES_TITLE,
        Style::Table => TABLE_TITLE,
    };
    pdf::pdf(&[Page { svg: &svg(network, style), size: None }], title)
}

/// The drawing as a PNG, two pixels to one of the SVG, or fewer where it would be too large.
///
/// # Errors
/// One line, where even one to four is too large.
pub fn png(network: &Network, style: Style) -> Result<Vec<u8>, ExportError> {
    let drawn = svg(network, style);
    [2.0, 1.0, 0.5]
        .into_iter()
        .find_map(|scale| pdf::png(&drawn, scale).ok())
        .map_or_else(|| pdf::png(&drawn, 0.25), Ok)
}

/// The drawing as a document of LaTeX that stands alone: boxes by TikZ, the table as a tabular.
pub fn tikz(network: &Network, style: Style) -> String {
    match style {
        Style::Boxes => tikz_boxes(network),
        Style::Table => latex_table(network),
    }
}

/// A text for LaTeX.
fn latex(text: &str) -> String {
    let escaped = |c: char| match c {
        '\\' => "\\textbackslash{}".to_owned(),
        '_' | '&' | '%' | '#' | '$' | '{' | '}' => format!("\\{c}"),
        '~' => "\\textasciitilde{}".to_owned(),
        '^' => "\\textasciicircum{}".to_owned(),
        '×' => "$\\times$".to_owned(),
        '−' => "$-$".to_owned(),
        c if c.is_ascii() => c.to_string(),
        // Other letters need a font that LaTeX may not have.
        _ => "?".to_owned(),
    };
    text.chars().map(escaped).collect()
}

/// A colour as LaTeX has it: `#1f2933` is `1F2933`.
fn html(colour: &str) -> String {
    colour.trim_start_matches('#').to_uppercase()
}

fn tikz_boxes(network: &Network) -> String {
    let (_, marks) = marks(network);
    let point = |[x, y]: [f64; 2]| format!("({},{})", number(x), number(y));
    let mut text = String::from("\\documentclass[tikz,border=4pt]{standalone}\n");
    let faces = FACES.iter().enumerate().map(|(k, face)| (format!("face{k}"), *face));
    for (name, colour) in faces
        .chain([("edge", EDGE), ("ink", INK), ("weak", WEAK), ("arc", ARC)].map(|(n, c)| (n.to_owned(), c)))
    {
        text += &format!("\\definecolor{{{name}}}{{HTML}}{{{}}}\n", html(colour));
    }
    text += "\\begin{document}\n\\sffamily\n\\begin{tikzpicture}[x=0.75pt,y=-0.75pt,line join=round,\n  \
             words/.style={font=\\footnotesize,inner sep=0pt,anchor=base}]\n";
    for mark in &marks {
        text += &match mark {
            Mark::Face(corners, face) => {
                let corners = corners.map(point).join(" -- ");
                format!("  \\filldraw[fill=face{face},draw=edge] {corners} -- cycle;\n")
            }
            Mark::Words(at, words, weak) => {
                let colour = if *weak { "weak" } else { "ink" };
                format!("  \\node[words,text={colour}] at {} {{{}}};\n", point(*at), latex(words))
            }
            Mark::Arrow { from, to, y } => {
                format!("  \\draw[-latex,draw=weak] {} -- {};\n", point([*from, *y]), point([*to, *y]))
            }
            Mark::Arc(way) => format!("  \\draw[-latex,draw=arc,thick] {};\n", way.map(point).join(" -- ")),
        };
    }
    text + "\\end{tikzpicture}\n\\end{document}\n"
}

fn latex_table(network: &Network) -> String {
    let rows = rows(network);
    let last = rows.len() - 1;
    let mut text = String::from(
        "\\documentclass[border=4pt]{standalone}\n\\begin{document}\n\\sffamily\n\\begin{tabular}{lllrr}\n",
    );
    for (r, row) in rows.iter().enumerate() {
        if r == 1 || r == last {
            text += "\\hline\n";
        }
        let cells = row.each_ref().map(|cell| match r == 0 || r == last {
            true => format!("\\textbf{{{}}}", latex(cell)),
            false => latex(cell),
        });
        text += &format!("{} \\\\\n", cells.join(" & "));
    }
    text + "\\end{tabular}\n\\end{document}\n"
}

fn text_width(text: &str) -> f64 {
    Face::Text.width(text) * TEXT
}

fn text(x: f64, y: f64, anchor: &str, colour: &str, content: &str) -> Text {
    Text::new(content).set("x", number(x)).set("y", number(y)).set("text-anchor", anchor).set("fill", colour)
}

fn number(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

fn document(width: f64, height: f64, title: &str) -> Document {
    Document::new()
        .set("viewBox", (0, 0, width.ceil() as i64, height.ceil() as i64))
        .set("width", width.ceil() as i64)
        .set("height", height.ceil() as i64)
        .set("font-family", Face::Text.families())
        .set("font-size", TEXT)
        .add(svg::node::element::Title::new(title))
}

/// One box: a volume, and the layers that made it.
struct Block {
    /// The extents [C, H, W].
    extents: [usize; 3],
    /// What stands below.
    lines: Vec<String>,
    /// Whether it reads the block before.
    is_chained: bool,
    /// Where an arc into it comes from: the blocks that it reads, without the one before.
    arcs: Vec<usize>,
}

/// Whether a layer keeps its input's extents whatever they are, and has no parameters that mix cells.
fn is_cellwise(op: &Op) -> bool {
    match op {
        Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax => true,
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Flatten
        | Op::Dense(_)
        | Op::Add
        | Op::Multiply
        | Op::Concat => false,
    }
}

/// A layer in a few signs: its name, and its window where it has one.
fn label(layer: &Layer) -> Vec<String> {
    let mut lines = vec![layer.name().to_owned()];
    match layer.window() {
        Some(window) => {
            let (rows, cols) = (window.rows, window.cols);
            let mut numbers = format!("{}×{}", rows.kernel, cols.kernel);
            if (rows.stride, cols.stride) != (1, 1) {
                numbers.push_str(&match rows.stride == cols.stride {
                    true => format!(" /{}", rows.stride),
                    false => format!(" /{}×{}", rows.stride, cols.stride),
                });
            }
            lines.push(format!("{} {numbers}", layer.spec.kind.name()));
        }
        None => lines.push(layer.spec.kind.name().to_owned()),
    }
    lines.dedup();
    lines
}

fn blocks(network: &Network) -> Vec<Block> {
    let picture = Block {
        extents: network.input,
        lines: vec!["input".to_owned()],
        is_chained: false,
        arcs: Vec::new(),
    };
    let mut blocks = vec![picture];
    // The block in which each layer's output stands, after the picture's.
    let mut place = vec![0];
    for (l, layer) in network.layers.iter().enumerate() {
        let from: Vec<usize> = layer.sources.iter().map(|source| place[source.place()]).collect();
        let last = blocks.len() - 1;
        if layer.sources == [Source::before(l)] && is_cellwise(&layer.op) {
            blocks[last].lines.extend(label(layer));
        } else {
            let is_chained = from.contains(&last);
            let arcs = from.into_iter().filter(|block| *block != last).collect();
            blocks.push(Block { extents: layer.output, lines: label(layer), is_chained, arcs });
        }
        place.push(blocks.len() - 1);
    }
    blocks
}

/// The extents of a box in pixels: width by the channels, height by the rows, depth by the columns; each grows as the
/// square root, so that 1 and 1,000 fit one drawing.
fn size([c, h, w]: [usize; 3]) -> [f64; 3] {
    let root = |n: usize, scale: f64, least: f64, most: f64| ((n as f64).sqrt() * scale).clamp(least, most);
    match (h, w) {
        // A vector stands upright.
        (1, 1) => [10.0, root(c, 7.0, 16.0, 190.0), 6.0],
        _ => [root(c, 4.0, 6.0, 110.0), root(h, 14.0, 16.0, 210.0), root(w, 6.0, 8.0, 90.0)],
    }
}

fn extents_text([c, h, w]: [usize; 3]) -> String {
    if (h, w) == (1, 1) { format!("{c}") } else { format!("{c} × {h} × {w}") }
}

/// What a drawing of boxes consists of, in pixels from its upper left corner.
enum Mark {
    /// A face of a box: its corners and which of the three it is.
    Face([[f64; 2]; 4], usize),
    /// A text whose middle is at a point of its base line, and whether it matters less.
    Words([f64; 2], String, bool),
    /// An arrow from left to right at a height.
    Arrow { from: f64, to: f64, y: f64 },
    /// A way up, along and down to what is read from further back.
    Arc([[f64; 2]; 4]),
}

/// The marks of a drawing of boxes, with its width and height.
fn marks(network: &Network) -> ([f64; 2], Vec<Mark>) {
    const GAP: f64 = 26.0;
    let blocks = blocks(network);
    let tallest =
        blocks.iter().map(|block| size(block.extents)[1] + size(block.extents)[2] * 0.5).fold(0.0, f64::max);
    let lines = blocks.iter().map(|block| block.lines.len()).max().unwrap_or(0) as f64;
    let tracks = tracks(&blocks);
    let track_count = tracks.iter().map(|track| track + 1).max().unwrap_or(0) as f64;
    let top = MARGIN + track_count * TRACK + ROW;
    let middle = top + tallest / 2.0;
    let mut x = MARGIN;
    let (mut marks, mut tops, mut end) = (Vec::new(), Vec::new(), x);
    for block in &blocks {
        let [w, h, d] = size(block.extents);
        let depth = d * 0.5;
        let extents = extents_text(block.extents);
        let texts = block.lines.iter().map(|line| text_width(line)).fold(text_width(&extents), f64::max);
        let column = texts.max(w + depth);
        let centre = x + column / 2.0;
        let left = centre - (w + depth) / 2.0;
        if block.is_chained {
            marks.push(Mark::Arrow { from: end + 4.0, to: left - 3.0, y: middle });
        }
        end = left + w + depth;
        marks.extend(one_box([left, middle - (h + depth) / 2.0 + depth], [w, h], depth));
        marks.push(Mark::Words([centre, middle - (h + depth) / 2.0 - 7.0], extents, false));
        for (k, line) in block.lines.iter().enumerate() {
            let y = middle + tallest / 2.0 + ROW * (k as f64 + 1.0);
            marks.push(Mark::Words([centre, y], line.clone(), k > 0));
        }
        tops.push([centre, middle - (h + depth) / 2.0 - TEXT - 9.0]);
        x += column + GAP;
    }
    let mut track = tracks.into_iter();
    for (to, block) in blocks.iter().enumerate() {
        for (k, from) in block.arcs.iter().enumerate() {
            let y = MARGIN + track.next().unwrap_or(0) as f64 * TRACK;
            // What leaves a box and what comes to it stand side by side.
            let ([x0, y0], [x1, y1]) = (tops[*from], tops[to]);
            let (x0, x1) = (x0 + 5.0, x1 - 5.0 - 9.0 * k as f64);
            marks.push(Mark::Arc([[x0, y0], [x0, y], [x1, y], [x1, y1]]));
        }
    }
    let height = middle + tallest / 2.0 + ROW * (lines + 0.5) + MARGIN;
    ([x - GAP + MARGIN, height], marks)
}

fn boxes(network: &Network) -> String {
    let ([width, height], marks) = marks(network);
    let mut body = Group::new().set("stroke-linejoin", "round");
    for mark in &marks {
        body = match mark {
            Mark::Face(corners, face) => {
                let corners = corners.map(|[x, y]| format!("{},{}", number(x), number(y))).join(" ");
                body.add(Polygon::new().set("points", corners).set("fill", FACES[*face]).set("stroke", EDGE))
            }
            Mark::Words([x, y], words, weak) => {
                body.add(text(*x, *y, "middle", if *weak { WEAK } else { INK }, words))
            }
            Mark::Arrow { from, to, y } => body.add(arrow(*from, *to, *y)),
            Mark::Arc(way) => body.add(arc(*way)),
        };
    }
    document(width, height, BOXES_TITLE).add(body).to_string()
}

/// A track for each arc, so that no two that overlap share one.
fn tracks(blocks: &[Block]) -> Vec<usize> {
    let mut taken: Vec<Vec<[usize; 2]>> = Vec::new();
    let mut tracks = Vec::new();
    for (to, block) in blocks.iter().enumerate() {
        for &from in &block.arcs {
            let is_free = |spans: &Vec<[usize; 2]>| spans.iter().all(|[a, b]| to <= *a || *b <= from);
            let track = taken.iter().position(is_free).unwrap_or(taken.len());
            if track == taken.len() {
                taken.push(Vec::new());
            }
            taken[track].push([from, to]);
            tracks.push(track);
        }
    }
    tracks
}

/// A box whose front has its upper left corner at (x, y).
fn one_box([x, y]: [f64; 2], [w, h]: [f64; 2], depth: f64) -> [Mark; 3] {
    let (right, bottom) = (x + w, y + h);
    [
        Mark::Face([[x, y], [right, y], [right, bottom], [x, bottom]], 0),
        Mark::Face([[x, y], [x + depth, y - depth], [right + depth, y - depth], [right, y]], 1),
        Mark::Face(
            [[right, y], [right + depth, y - depth], [right + depth, bottom - depth], [right, bottom]],
            2,
        ),
    ]
}

/// From one box to the next.
fn arrow(from: f64, to: f64, y: f64) -> Group {
    let [from, to, y] = [from, to, y].map(number);
    let tip = format!("{to},{y} {},{} {},{}", to - 6.0, y - 3.5, to - 6.0, y + 3.5);
    let line = Line::new().set("x1", from).set("x2", to - 5.0).set("y1", y).set("y2", y);
    Group::new().add(line.set("stroke", WEAK)).add(Polygon::new().set("points", tip).set("fill", WEAK))
}

/// From a box further back, along above all others.
fn arc(way: [[f64; 2]; 4]) -> Group {
    let [a, b, c, [x, y]] = way.map(|point| point.map(number));
    let data = [b, c, [x, y - 5.0]];
    let data = data.into_iter().fold(Data::new().move_to((a[0], a[1])), |data, [x, y]| data.line_to((x, y)));
    let tip = format!("{x},{y} {},{} {},{}", x - 4.0, y - 8.0, x + 4.0, y - 8.0);
    Group::new()
        .add(Path::new().set("d", data).set("fill", "none").set("stroke", ARC).set("stroke-width", 1.5))
        .add(Polygon::new().set("points", tip).set("fill", ARC))
}

/// A whole number with its digits in groups of three.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The cells of the table: heading, a row for each layer, the sum.
fn rows(network: &Network) -> Vec<[String; 5]> {
    let mut rows = vec![["Layer", "Kind", "Output", "Parameters", "Multiply-adds"].map(str::to_owned)];
    rows.push(["input".to_owned(), String::new(), extents_text(network.input), String::new(), String::new()]);
    let amount = |n: u64| if n == 0 { String::new() } else { grouped(n) };
    for layer in &network.layers {
        rows.push([
            layer.name().to_owned(),
            label(layer).pop().unwrap_or_default(),
            extents_text(layer.output),
            amount(layer.parameter_count() as u64),
            amount(layer.multiply_adds()),
        ]);
    }
    let multiply_adds = network.layers.iter().map(Layer::multiply_adds).sum();
    let parameters = network.layers.iter().map(|layer| layer.parameter_count() as u64).sum();
    rows.push(["Sum".to_owned(), String::new(), String::new(), grouped(parameters), grouped(multiply_adds)]);
    rows
}

fn table(network: &Network) -> String {
    const PAD: f64 = 14.0;
    let rows = rows(network);
    let width_of = |k: usize| rows.iter().map(|row| Face::Strong.width(&row[k]) * TEXT).fold(0.0, f64::max);
    let widths: [f64; 5] = std::array::from_fn(width_of);
    let line_height = ROW + 4.0;
    let width = MARGIN * 2.0 + widths.iter().sum::<f64>() + PAD * 4.0;
    let height = MARGIN * 2.0 + line_height * rows.len() as f64;
    let mut document = document(width, height, TABLE_TITLE);
    let last = rows.len() - 1;
    for (r, row) in rows.iter().enumerate() {
        let top = MARGIN + line_height * r as f64;
        if r % 2 == 0 && r > 0 && r < last {
            let band = Rectangle::new().set("x", MARGIN - 6.0).set("y", number(top)).set("fill", "#f2f5f9");
            document = document
                .add(band.set("width", number(width - MARGIN * 2.0 + 12.0)).set("height", line_height));
        }
        if r == 1 || r == last {
            let rule = Line::new().set("x1", MARGIN - 6.0).set("x2", number(width - MARGIN + 6.0));
            document = document.add(rule.set("y1", number(top)).set("y2", number(top)).set("stroke", WEAK));
        }
        let mut x = MARGIN;
        for (k, cell) in row.iter().enumerate() {
            // Numbers stand at the right.
            let (at, anchor) = if k < 3 { (x, "start") } else { (x + widths[k], "end") };
            let mut node = text(at, top + line_height - 7.0, anchor, INK, cell);
            if r == 0 || r == last {
                node = node.set("font-weight", Face::Strong.weight());
            }
            document = document.add(node);
            x += widths[k] + PAD;
        }
    }
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::{Architecture, bundled};

    #[test]
    fn each_volume_has_a_box_and_each_layer_its_name() {
        let model = bundled::load("mnist").expect("loads");
        let drawn = svg(&model.network, Style::Boxes);
        for layer in &model.network.layers {
            assert!(drawn.contains(&format!("\n{}\n</text>", layer.name())), "{}: {drawn}", layer.name());
        }
        let boxes = 1 + model.network.layers.iter().filter(|layer| !is_cellwise(&layer.op)).count();
        // Three faces of each, and the tip of an arrow between two.
        assert_eq!(drawn.matches("<polygon").count(), 3 * boxes + boxes - 1);
        assert!(drawn.contains("1 × 28 × 28"));
    }

    #[test]
    fn what_goes_around_layers_comes_in_an_arc() {
        let text = r#"
            input = [2, 4, 4]
            [[layers]]
            name = "conv"
            kind = "conv2d"
            out_channels = 2
            kernel = 3
            padding = 1
            [[layers]]
            name = "sum"
            kind = "add"
            inputs = ["input", "conv"]
            [[layers]]
            name = "fc"
            kind = "dense"
            out_features = 2
        "#;
        let network = Architecture::parse(text).and_then(|a| a.build()).expect("valid");
        let drawn = svg(&network, Style::Boxes);
        assert_eq!(drawn.matches("<path").count(), 1);
        assert_eq!(blocks(&network).iter().map(|block| block.arcs.len()).sum::<usize>(), 1);
    }

    #[test]
    fn the_table_adds_up() {
        let model = bundled::load("photos").expect("loads");
        let rows = rows(&model.network);
        let number = |text: &String| text.replace(',', "").parse::<u64>().unwrap_or(0);
        for column in [3, 4] {
            let sum: u64 = rows[1..rows.len() - 1].iter().map(|row| number(&row[column])).sum();
            assert_eq!(sum, number(&rows[rows.len() - 1][column]));
            assert!(sum > 100_000);
        }
        assert_eq!(rows[rows.len() - 1][3], grouped(model.network.parameter_count() as u64));
        assert_eq!(grouped(1_234_567), "1,234,567");
        let drawn = svg(&model.network, Style::Table);
        assert_eq!(drawn.matches("<text").count(), rows.len() * 5);
    }

    /// Whether braces are balanced, each `begin` has its `end`, and each line of a drawing ends in a semicolon.
    fn is_balanced(latex: &str) -> bool {
        let mut depth = 0_i32;
        let mut before = ' ';
        for c in latex.chars() {
            match c {
                '{' if before != '\\' => depth += 1,
                '}' if before != '\\' => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return false;
            }
            before = if before == '\\' && c == '\\' { ' ' } else { c };
        }
        let mut open = Vec::new();
        for line in latex.lines() {
            if let Some(name) = line.strip_prefix("\\begin{") {
                open.push(name.split('}').next().unwrap_or_default().to_owned());
            }
            if let Some(name) = line.strip_prefix("\\end{")
                && open.pop().as_deref() != name.split('}').next()
            {
                return false;
            }
        }
        let drawn = latex.lines().filter(|line| line.starts_with("  \\"));
        depth == 0 && open.is_empty() && drawn.into_iter().all(|line| line.ends_with(';'))
    }

    #[test]
    fn tikz_is_balanced_and_has_all_that_the_svg_has() {
        let text = "input = [2, 4, 4]\n[[layers]]\nname = \"a_b%\"\nkind = \"conv2d\"\nout_channels = 2\nkernel = 3\n\
                    [[layers]]\nname = \"fc\"\nkind = \"dense\"\nout_features = 2\n";
        let odd = Architecture::parse(text).and_then(|a| a.build()).expect("valid");
        for network in [&odd, &bundled::load("photos").expect("loads").network] {
            for style in [Style::Boxes, Style::Table] {
                let latex = tikz(network, style);
                assert!(is_balanced(&latex), "{latex}");
                assert!(!latex.contains('?') && latex.is_ascii(), "{latex}");
            }
            let (boxes, latex) = (svg(network, Style::Boxes), tikz(network, Style::Boxes));
            assert_eq!(latex.matches("\\node").count(), boxes.matches("<text").count());
            assert_eq!(latex.matches("\\filldraw").count(), 3 * blocks(network).len());
            let (_, sums) = latex_table(network)
                .rsplit_once("\\hline")
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .expect("a sum");
            assert!(sums.contains(&grouped(network.parameter_count() as u64)), "{sums}");
        }
        assert!(tikz(&odd, Style::Boxes).contains("a\\_b\\%"));
        assert!(!is_balanced("\\begin{a}\n\\end{b}\n") && !is_balanced("}{") && is_balanced("\\}\n"));
    }

    #[test]
    fn as_a_picture_and_as_a_page() {
        let network = bundled::load("digits").expect("loads").network;
        let picture =
            image::load_from_memory(&png(&network, Style::Boxes).expect("a PNG")).expect("a picture");
        assert!(picture.width() > 400 && picture.height() > 200);
        assert!(pdf(&network, Style::Table).expect("a PDF").starts_with(b"%PDF"));
    }
}

//! Pieces that the close-ups share: the heading, notes, and arithmetic line by line.

use crate::nn::Part;
use crate::trace::{Address, Owner, Pass, Stage, Step, TensorId, TermOp};
use crate::ui::{
    equation::Equation,
    fonts,
    theme::{self, space, text_size},
    view::View,
};
use egui::{
    Color32, CornerRadius, FontId, Frame, Galley, Label, Margin, Rect, RichText, Role, Sense, Ui, WidgetInfo,
    pos2, vec2,
};
use std::sync::Arc;

/// The cell that a close-up is about, taken apart.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    /// The tensor.
    pub(super) tensor: TensorId,
    /// The image in the batch.
    pub(super) image: u32,
    /// The cell within the image's tensor or the parameter.
    pub(super) index: u32,
    /// Its place: first and second number, row, column.
    pub(super) at: [usize; 4],
    /// Terms done at the cursor.
    pub(super) done: u32,
    /// Terms in all.
    pub(super) terms: u32,
}

impl Spot {
    /// The cell at an address.
    pub(super) fn of(view: &View, focus: &Address) -> Option<Self> {
        let (tensor, image, index) = view.state.trace().tensor_cell(focus)?;
        let at = view.state.plan().shape_of(tensor).at(index as usize);
        let (done, terms) = view.state.terms_done(focus);
        Some(Self { tensor, image, index, at, done, terms })
    }

    /// Whether all its terms are done.
    pub(super) const fn is_done(&self) -> bool {
        self.done == self.terms
    }
}

/// The heading: the pass as a coloured tag, what is done, and where.
pub(super) fn heading_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, title: &str) {
    let colors = view.theme.pass(stage.pass);
    let pass = match stage.pass {
        Pass::Fwd => "closeup.pass_fwd",
        Pass::Loss => "closeup.pass_loss",
        Pass::Bwd => "closeup.pass_bwd",
        Pass::Update => "closeup.pass_update",
    };
    let tag = format!("{} {}", colors.glyph, view.text(pass));
    ui.horizontal(|ui| {
        tag_ui(ui, &tag, colors.soft, colors.strong);
        title_ui(ui, view, focus, title);
    });
    ui.add_space(space::XS);
}

/// A heading for what no stage makes.
pub(super) fn plain_heading_ui(ui: &mut Ui, view: &View, focus: &Address, tag: &str, title: &str) {
    ui.horizontal(|ui| {
        tag_ui(ui, tag, view.theme.accent_soft, view.theme.accent);
        title_ui(ui, view, focus, title);
    });
    ui.add_space(space::XS);
}

/// The title, and the place in what room is left of the line; the breadcrumb has it in full.
fn title_ui(ui: &mut Ui, view: &View, focus: &Address, title: &str) {
    ui.label(RichText::new(title).font(theme::title_font()).color(view.theme.text_strong));
    let room = ui.clip_rect().right() - ui.cursor().left() - 20.0;
    if room > 40.0 {
        let place = RichText::new(place_words(view, focus)).small().color(view.theme.text_weak);
        ui.allocate_ui(vec2(room, ui.spacing().interact_size.y), |ui| ui.add(Label::new(place).truncate()));
    }
}

fn tag_ui(ui: &mut Ui, words: &str, ground: Color32, ink: Color32) {
    Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(space::RADIUS))
        .inner_margin(Margin::symmetric(7, 2))
        .show(ui, |ui| {
            ui.label(RichText::new(words).font(FontId::new(text_size::SMALL, fonts::strong())).color(ink));
        });
}

/// The tensor's name, the channel and the position in words; short, for it stands beside a title.
fn place_words(view: &View, focus: &Address) -> String {
    let Some(spot) = Spot::of(view, focus) else { return String::new() };
    let plan = view.state.plan();
    let shape = plan.shape_of(spot.tensor);
    let mut words = plan.name(spot.tensor);
    if plan.is_weight_shaped(spot.tensor) {
        words += &format!(" · k{},{}", spot.at[0], spot.at[1]);
    } else if shape.planes() > 1 {
        words += &format!(" · k{}", spot.at[1]);
    }
    if shape.plane() > 1 {
        words += &format!(" · ({},{})", spot.at[2], spot.at[3]);
    }
    words
}

/// `k2 · 16×16`, or the length of a vector.
pub(super) fn map_detail(view: &View, tensor: TensorId, channel: usize) -> String {
    let shape = view.state.plan().shape_of(tensor);
    let [_, _, h, w] = shape.0;
    if view.state.plan().is_weight_shaped(tensor) {
        let (o, c) = (channel / shape.0[1], channel % shape.0[1]);
        return format!("k{o},{c} · {h}×{w}");
    }
    format!("k{channel} · {h}×{w}")
}

/// A sentence that explains, beside a bar in the colour of what it is about.
pub(super) fn note_ui(ui: &mut Ui, view: &View, color: Color32, words: &str) {
    let theme = view.theme;
    // Words wrap at the edge of what is seen; the area around could scroll to the side for ever.
    let room = (ui.clip_rect().right() - ui.cursor().left() - 44.0).max(160.0);
    let answer = Frame::new()
        .fill(theme.panel)
        .corner_radius(CornerRadius::same(space::RADIUS))
        .inner_margin(Margin { left: 14, right: 10, top: 5, bottom: 5 })
        .show(ui, |ui| {
            ui.set_max_width(room);
            ui.add(Label::new(RichText::new(words).color(theme.text)).wrap())
        });
    let mut bar = answer.response.rect;
    bar.set_right(bar.left() + 4.0);
    ui.painter().rect_filled(bar, CornerRadius { nw: space::RADIUS, sw: space::RADIUS, ne: 0, se: 0 }, color);
}

/// How high a line of arithmetic is.
const LINE_HEIGHT: f32 = 23.0;
/// How high a note of two lines is, with the gap before it.
pub(super) const NOTE_HEIGHT: f32 = 52.0;

/// How a line of arithmetic stands to the cursor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Done before.
    Done,
    /// Done last.
    Current,
    /// The end of it all.
    Result,
}

/// One line of arithmetic: what is reckoned, and what comes of it.
pub(super) struct Line {
    /// A few words or a symbol before it.
    pub(super) name: String,
    /// It in numbers; nothing on the left where the result needs no arithmetic.
    pub(super) equation: Equation,
    /// How it stands to the cursor.
    pub(super) tone: Tone,
}

impl Line {
    /// What a step reckons.
    pub(super) fn of(view: &View, step: &Step, tone: Tone) -> Self {
        let mut equation = Equation::of(step, view.state.view().digits);
        // A copy needs no arithmetic.
        if step.term.op == TermOp::Set {
            equation.left.clear();
        }
        Self { name: String::new(), equation, tone }
    }

    /// The whole line as one text.
    fn words(&self) -> String {
        let Equation { left, right, .. } = &self.equation;
        let name = if self.name.is_empty() { String::new() } else { format!("{}: ", self.name) };
        match left.is_empty() {
            true => format!("{name}{right}"),
            false => format!("{name}{left} {} {right}", self.equation.sign()),
        }
    }

    /// With words before it.
    pub(super) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// Draws lines of arithmetic below one another, the signs of equality aligned; in smaller letters
/// where the room is narrow, and only the last ones where it is low: so much stays free `below`.
pub(super) fn lines_ui(ui: &mut Ui, view: &View, lines: &[Line], below: f32) {
    if lines.is_empty() {
        return;
    }
    let theme = view.theme;
    // The last line may stand in larger letters.
    let fitting = ((ui.available_height() - below - 6.0) / LINE_HEIGHT).floor().max(2.0) as usize;
    let lines = &lines[lines.len().saturating_sub(fitting)..];
    let layout = |shrink: f32| -> Vec<[Arc<Galley>; 4]> {
        let one = |line: &Line| {
            let size = if line.tone == Tone::Result { text_size::TITLE } else { text_size::BODY };
            let size = (size * shrink).max(11.0);
            let ink = if line.tone == Tone::Done { theme.text } else { theme.text_strong };
            let sign = if line.equation.left.is_empty() { "" } else { line.equation.sign() };
            let plain = FontId::proportional(size);
            let strong = FontId::new(size, fonts::strong());
            ui.fonts_mut(|fonts| {
                [
                    fonts.layout_no_wrap(line.name.clone(), theme::small_font(), theme.text_weak),
                    fonts.layout_no_wrap(line.equation.left.clone(), plain.clone(), ink),
                    fonts.layout_no_wrap(sign.to_owned(), plain, theme.text_weak),
                    fonts.layout_no_wrap(line.equation.right.clone(), strong, ink),
                ]
            })
        };
        lines.iter().map(one).collect()
    };
    let widths = |galleys: &[[Arc<Galley>; 4]]| {
        [0, 1, 2, 3].map(|k| galleys.iter().map(|line| line[k].size().x).fold(0.0, f32::max))
    };
    let gaps = |widths: [f32; 4]| if widths[0] > 0.0 { space::M + 2.0 * space::S } else { 2.0 * space::S };
    let room = ui.available_width() - 2.0 * space::XS;
    let mut galleys = layout(1.0);
    let mut columns = widths(&galleys);
    let needed = columns.iter().sum::<f32>() + gaps(columns);
    if needed > room {
        galleys = layout((room - columns[0] - gaps(columns)) / (needed - columns[0] - gaps(columns)));
        columns = widths(&galleys);
    }
    let height = |line: &[Arc<Galley>; 4]| line.iter().map(|g| g.size().y).fold(0.0, f32::max) + 6.0;
    let size = vec2(
        columns.iter().sum::<f32>() + gaps(columns) + 2.0 * space::XS,
        galleys.iter().map(height).sum::<f32>(),
    );
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let mut top = rect.top();
    for (line, galleys) in lines.iter().zip(galleys) {
        let middle = top + 0.5 * height(&galleys);
        if line.tone == Tone::Current {
            let ground = Rect::from_x_y_ranges(rect.x_range(), top..=top + height(&galleys));
            ui.painter().rect_filled(ground, CornerRadius::same(3), theme.accent_soft);
        }
        top += height(&galleys);
        let first = rect.left() + space::XS;
        let second = first + columns[0] + if columns[0] > 0.0 { space::M } else { 0.0 } + columns[1];
        let third = second + space::S;
        let fourth = third + columns[2] + space::S;
        // Without arithmetic the result stands where the line begins.
        let fourth = if columns[1] == 0.0 { second } else { fourth };
        let [name, reckoning, sign, result] = galleys;
        for (galley, x) in
            [(&name, first), (&reckoning, second - reckoning.size().x), (&sign, third), (&result, fourth)]
        {
            let at = pos2(x, middle - 0.5 * galley.size().y);
            ui.painter().galley(at, galley.clone(), theme.text);
        }
    }
    let words: Vec<String> = lines.iter().map(Line::words).collect();
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words.join("\n")));
}

/// The last `most` of a cell's done steps as lines, the last one marked.
pub(super) fn last_steps(view: &View, steps: &[Step], most: usize, all: usize) -> Vec<Line> {
    let from = steps.len().saturating_sub(most);
    let name = |step: &Step| if all > 1 { format!("m{}", step.address.term) } else { String::new() };
    let mut lines: Vec<Line> =
        steps[from..].iter().map(|step| Line::of(view, step, Tone::Done).named(name(step))).collect();
    if let Some(last) = lines.last_mut() {
        last.tone = if steps.len() == all { Tone::Result } else { Tone::Current };
    }
    lines
}

/// The name of a class, or its number.
pub(super) fn class_name(view: &View, class: usize) -> String {
    let classes = &view.state.model().architecture.classes;
    classes.get(class).cloned().unwrap_or_else(|| class.to_string())
}

/// The extents that a layer's vector was flattened from, where it was.
pub(super) fn origin(view: &View, tensor: TensorId) -> Option<[usize; 3]> {
    let plan = view.state.plan();
    let Owner::Layer(l) = tensor.owner else { return None };
    let layer = plan.layer(l as usize);
    match (&layer.op, tensor.part) {
        (crate::nn::Op::Flatten, Part::Out) => Some(layer.input),
        _ => None,
    }
}

//! Arithmetic line by line, the signs of equality aligned.

use crate::trace::{Step, TermOp};
use crate::ui::{
    equation::Equation,
    fonts,
    theme::{self, space, text_size},
    view::View,
};
use egui::{CornerRadius, FontId, Galley, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// How high a line of arithmetic is.
const LINE_HEIGHT: f32 = 23.0;
/// How a line of arithmetic relates to the cursor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Done before.
    Done,
    /// Done last.
    Current,
    /// The result of the cell.
    Result,
}

/// One line of arithmetic: an operation and its result.
pub(super) struct Line {
    /// A few words or a symbol before it.
    pub(super) name: String,
    /// The equation in numbers; its left side is empty if the result needs no arithmetic.
    pub(super) equation: Equation,
    /// How it stands to the cursor.
    pub(super) tone: Tone,
}

impl Line {
    /// The line of a step.
    pub(super) fn from_step(view: &View, step: &Step, tone: Tone) -> Self {
        let mut equation = Equation::from_step(step, view.state.view().digits);
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
    let name = |step: &Step| if all > 1 { step.address.term().to_string() } else { String::new() };
    let mut lines: Vec<Line> =
        steps[from..].iter().map(|step| Line::from_step(view, step, Tone::Done).named(name(step))).collect();
    if let Some(last) = lines.last_mut() {
        last.tone = if steps.len() == all { Tone::Result } else { Tone::Current };
    }
    lines
}

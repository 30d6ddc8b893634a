//! Arithmetic line by line, the signs of equality aligned.

use super::parts::Extra;
use crate::trace::{Equation, Step, TermOp};
use crate::ui::{
    theme::{self, space, text_size},
    view::View,
};
use egui::{Color32, CornerRadius, FontId, Galley, Rect, Role, Sense, Ui, WidgetInfo, pos2};
use std::sync::Arc;

/// How high a line of arithmetic is.
const LINE_HEIGHT: f32 = 26.0;

/// The last `most` of a cell's done steps line by line, the last one marked; nothing where one line would repeat the
/// equation below.
pub(super) fn lines<'a>(view: &'a View<'a>, steps: &[Step], most: usize) -> Option<Extra<'a>> {
    let lines: Vec<Equation> = steps[steps.len().saturating_sub(most)..]
        .iter()
        .map(|step| {
            let mut equation = Equation::from_step(step, view.state.view().digits.count());
            // A copy needs no arithmetic.
            if step.term.op == TermOp::Set {
                equation.left.clear();
            }
            equation
        })
        .collect();
    if lines.len() < 2 {
        return None;
    }
    let lines = std::rc::Rc::new(lines);
    let measured = lines.clone();
    let size = move |ui: &Ui| {
        let [left, right] = widths(&galleys(ui, &measured));
        [left + right + 2.0 * space::S + 40.0, LINE_HEIGHT * measured.len() as f32]
    };
    Some(Extra { size: Box::new(size), draw: Box::new(move |ui, rect| lines_ui(ui, view, &lines, rect)) })
}

/// Left, sign and right of each line.
fn galleys(ui: &Ui, lines: &[Equation]) -> Vec<[Arc<Galley>; 3]> {
    let (plain, strong) = (FontId::proportional(text_size::BODY), theme::strong_font());
    let one = |line: &Equation| {
        ui.fonts_mut(|fonts| {
            let mut layout = |text: &str, font: &FontId| {
                fonts.layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER)
            };
            let sign = if line.left.is_empty() { "" } else { line.sign() };
            [layout(&line.left, &plain), layout(sign, &plain), layout(&line.right, &strong)]
        })
    };
    lines.iter().map(one).collect()
}

fn widths(galleys: &[[Arc<Galley>; 3]]) -> [f32; 2] {
    [0, 2].map(|k| galleys.iter().map(|line| line[k].size().x).fold(0.0, f32::max))
}

fn lines_ui(ui: &mut Ui, view: &View, lines: &[Equation], rect: Rect) {
    let theme = view.theme;
    let galleys = galleys(ui, lines);
    let [left, _] = widths(&galleys);
    let sign = rect.left() + space::XS + left + space::S;
    let result = sign + 12.0 + space::S;
    for (n, [reckoning, equals, value]) in galleys.iter().enumerate() {
        let top = rect.top() + n as f32 * LINE_HEIGHT;
        if n + 1 == galleys.len() {
            let ground = Rect::from_x_y_ranges(rect.x_range(), top..=top + LINE_HEIGHT);
            ui.painter().rect_filled(ground, CornerRadius::same(3), theme.accent_soft);
        }
        // Without arithmetic the result stands where the line begins.
        let result = if lines[n].left.is_empty() { rect.left() + space::XS } else { result };
        let places = [(reckoning, sign - space::S - reckoning.size().x), (equals, sign), (value, result)];
        for (galley, x) in places {
            let at = pos2(x, top + 0.5 * (LINE_HEIGHT - galley.size().y)).round();
            ui.painter().galley(at, galley.clone(), theme.text);
        }
    }
    let words = |line: &Equation| match line.left.is_empty() {
        true => line.right.clone(),
        false => format!("{} {} {}", line.left, line.sign(), line.right),
    };
    let words: Vec<String> = lines.iter().map(words).collect();
    let answer = ui.interact(rect, ui.scope_id().with("arithmetic"), Sense::hover());
    answer.widget_info(|| WidgetInfo::labeled(Role::Label, true, words.join("\n")));
}

//! What the network answers: the classes in their order, how sure it is of each, and a bar.

use super::{fonts, names, number, theme, theme::text_size, view::View, widgets::flow::fitted_ui};
use egui::{Align2, FontId, Rect, Ui, pos2, vec2};

/// The answer, ready to be drawn.
pub struct Answer {
    /// Classes with their scores, the best first; before the network has answered in their own order, without scores.
    pub classes: Vec<(usize, Option<f32>)>,
    /// Whether the scores are probabilities.
    pub is_probability: bool,
}

/// Probabilities below this are not listed one by one.
const LEAST: f32 = 0.001;

impl Answer {
    /// The answer for the shown image.
    pub fn new(view: &View) -> Self {
        let state = view.state;
        let is_probability = state.gives_probabilities();
        let scores = state.scores();
        let mut order: Vec<usize> = (0..scores.len()).collect();
        let is_known = state.knows_scores();
        // Where nothing is classified the outputs keep their order.
        if is_known && state.names_classes() {
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        }
        let classes = order.into_iter().map(|class| (class, is_known.then_some(scores[class]))).collect();
        Self { classes, is_probability }
    }

    /// Whether the first class is ahead of the second as printed; of equal scores none is.
    fn leads(&self) -> bool {
        let printed = |number: usize| self.classes.get(number).map(|&(_, score)| self.score(score));
        printed(0) != printed(1)
    }

    /// The first class with its score, once the network has answered.
    pub fn best(&self) -> Option<(usize, f32)> {
        self.classes.first().and_then(|&(class, score)| Some((class, score?)))
    }

    /// A score in words: `82.6 %`, or a number that is no probability.
    pub fn score(&self, score: Option<f32>) -> String {
        match score {
            None => String::new(),
            Some(score) if !self.is_probability || !score.is_finite() => number::four_digits(score),
            Some(score) if score > 0.0 && score < LEAST => "<0.1 %".to_owned(),
            Some(score) if (0.9995..1.0).contains(&score) => ">99.9 %".to_owned(),
            Some(score) => format!("{:.1} %", score * 100.0),
        }
    }

    /// How many classes there are from number `from` on, and how sure the network is of one of them, in words; `None`
    /// where there are none, or where the scores are no probabilities.
    pub fn rest(&self, from: usize) -> Option<(usize, String)> {
        let rest = self.classes.get(from..).filter(|rest| self.is_probability && !rest.is_empty())?;
        let sum = rest.iter().try_fold(0.0, |sum, (_, score)| score.map(|score| sum + score))?;
        Some((rest.len(), self.score(Some(sum))))
    }

    /// How many classes of those from number `from` on are below a tenth of a per cent; `None` where others are
    /// among them.
    pub fn all_small(&self, from: usize) -> Option<usize> {
        let rest = self.classes.get(from..)?;
        let small = rest.iter().all(|(_, score)| score.is_some_and(|score| score < LEAST));
        (self.is_probability && small).then_some(rest.len())
    }
}

/// Draws the best class and its score, large, from the left to the right end of a rectangle; where both do not fit
/// side by side, the score stands below. Returns the height that they take: none where the outputs stand for no
/// classes, since then none of them is the answer.
pub fn best_ui(ui: &Ui, view: &View, answer: &Answer, rect: Rect, size: f32) -> f32 {
    let theme = view.theme;
    let font = FontId::new(size, fonts::strong());
    if !view.state.names_classes() {
        return 0.0;
    }
    let Some((class, score)) = answer.best() else {
        let words = view.text("answer.none");
        ui.painter().text(rect.left_top(), Align2::LEFT_TOP, words, theme::body_font(), theme.text_weak);
        return size * 1.3;
    };
    let name = names::class(view, class);
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), theme.text).size().x;
    let score = answer.score(Some(score));
    let line = size * 1.3;
    let is_one_line = width(&name) + width(&score) + 8.0 <= rect.width();
    let first = Rect::from_min_size(rect.min, vec2(rect.width(), line));
    fitted_ui(ui, first, &name, font.clone(), theme.text_strong);
    let y = if is_one_line { first.center().y } else { first.center().y + line };
    ui.painter().text(pos2(rect.right(), y), Align2::RIGHT_CENTER, score, font, theme.text_strong);
    if is_one_line { line } else { 2.0 * line }
}

/// How a class stands in the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Row {
    /// Name and score above a bar.
    Above,
    /// Name, bar and score on one line.
    Beside,
}

/// Draws a class with its score and its bar into a rectangle; answers where the score stands.
pub fn row_ui(ui: &Ui, view: &View, answer: &Answer, number: usize, rect: Rect, row: Row) -> Rect {
    let theme = view.theme;
    let (class, score) = answer.classes[number];
    let font = match (number, score) {
        (0, Some(_)) if answer.leads() => theme::strong_font(),
        _ => FontId::proportional(text_size::BODY),
    };
    let line = match row {
        Row::Above => Rect::from_min_size(rect.min, vec2(rect.width(), rect.height() - 12.0)),
        Row::Beside => rect,
    };
    let ink = if number == 0 { theme.text_strong } else { theme.text };
    let words = answer.score(score);
    let at = pos2(rect.right(), line.center().y);
    let taken =
        ui.painter().text(at, Align2::RIGHT_CENTER, words, FontId::proportional(text_size::BODY), ink);
    let bar = match row {
        Row::Above => {
            Rect::from_min_max(pos2(rect.left(), line.bottom()), pos2(rect.right(), line.bottom() + 8.0))
        }
        Row::Beside => {
            let names = answer.classes.iter().take(4).map(|&(class, _)| names::class(view, class));
            let width = |name: String| ui.painter().layout_no_wrap(name, theme::strong_font(), ink).size().x;
            let widest = names.map(width).fold(48.0, f32::max).min(0.45 * rect.width());
            let (left, right) = (rect.left() + widest + 12.0, rect.right() - 66.0);
            Rect::from_min_max(pos2(left, rect.center().y - 7.0), pos2(right, rect.center().y + 7.0))
        }
    };
    let names = match row {
        Row::Above => line.with_max_x(taken.left() - 6.0),
        Row::Beside => line.with_max_x(bar.left() - 6.0),
    };
    fitted_ui(ui, names, &names::class(view, class), font, ink);
    if answer.is_probability && bar.width() > 8.0 {
        ui.painter().rect_filled(bar, 2.0, theme.button);
        let share = score.unwrap_or(0.0).clamp(0.0, 1.0);
        let least = if share > 0.0 { 2.0 } else { 0.0 };
        let done = Rect::from_min_size(bar.min, vec2((bar.width() * share).max(least), bar.height()));
        ui.painter().rect_filled(done, 2.0, theme.pass(crate::trace::Pass::Fwd).fill);
    }
    taken
}

//! The right end: the answer, the classes with their bars, and which of them is right.

use super::Scene;
use crate::app::{Action, Lane};
use crate::nn::Part;
use crate::trace::{Address, Pass, TensorId};
use crate::ui::{
    answer::{Answer, Row, best_ui, row_ui},
    blocks::Block,
    names, number,
    theme::{self, space, text_size},
    view::View,
    widgets::flow::fitted_ui,
};
use egui::{
    Align2, ComboBox, Rect, RichText, Role, Sense, Shape, Stroke, StrokeKind, TextWrapMode, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

/// The height of a class.
const ROW: f32 = 34.0;
/// The height of the question with its explanation, without, and as the list alone.
const QUESTIONS: [f32; 3] = [102.0, 64.0, 36.0];
/// The heights of the stage from which the explanation and the question's words are shown.
const TALL: [f32; 2] = [400.0, 290.0];

impl Scene<'_> {
    pub(super) fn answer_ui(&self, ui: &mut Ui, last: Option<&Block>) {
        let (view, theme, rect) = (self.view, self.view.theme, self.layout.answer);
        let line = |top: f32, height: f32| {
            Rect::from_min_size(rect.min + vec2(0.0, top), vec2(rect.width(), height))
        };
        ui.painter().text(
            line(10.0, 20.0).left_center(),
            Align2::LEFT_CENTER,
            view.text(if view.state.names_answer() { "overview.answer" } else { "overview.output" }),
            theme::strong_font(),
            theme.text_strong,
        );
        if let Some(last) = last {
            self.last_layer_ui(ui, last, line(34.0, 26.0));
        }
        let answer = Answer::new(view);
        let fold = TALL.iter().filter(|&&least| rect.height() <= least).count();
        let is_tall = fold == 0;
        let top = if is_tall { 68.0 } else { 60.0 };
        // Numbers that stand for no class, and scores of which several can be high, have no best one.
        let taken = match view.state.names_answer() {
            true => best_ui(ui, view, &answer, line(top, 40.0), text_size::ANSWER),
            false => 0.0,
        };
        let below = rect.top() + top + taken + 6.0;
        let question = QUESTIONS[fold];
        let room = (rect.bottom() - below - question - space::S).max(ROW);
        let all = answer.classes.len();
        let most = ((room / ROW).floor() as usize).max(1);
        // The line that counts the rest takes a row's place.
        let fits = if all <= most { all } else { most - usize::from(most > 1) };
        let shown = (1..fits)
            .find(|&from| answer.all_small(from + 1).is_some_and(|rest| rest > 1))
            .map_or(fits, |from| from + 1);
        for number in 0..shown {
            let row = Rect::from_min_size(
                pos2(rect.left(), below + ROW * number as f32),
                vec2(rect.width(), ROW - 4.0),
            );
            self.class_ui(ui, &answer, number, row, last);
        }
        let mut bottom = below + ROW * shown as f32;
        if shown < all {
            let n = (all - shown).to_string();
            let key = if answer.all_small(shown).is_some() { "overview.rest_small" } else { "overview.rest" };
            let at = pos2(rect.left(), bottom + 10.0);
            ui.painter().text(
                at,
                Align2::LEFT_CENTER,
                view.fill(key, &[("n", &n)]),
                theme::small_font(),
                theme.text_weak,
            );
            bottom += 24.0;
        }
        let question = Rect::from_min_size(
            pos2(rect.left() - 4.0, bottom + space::S),
            vec2(rect.width() + 3.0, question),
        );
        let asks = view.state.names_classes() && !view.room.is_picture;
        if view.state.inputs().training.is_none() && asks {
            question_ui(ui, view, &answer, question, fold);
        }
    }

    /// The layer that the answer comes from; a click looks at it.
    fn last_layer_ui(&self, ui: &mut Ui, last: &Block, rect: Rect) {
        let (view, theme, plan) = (self.view, self.view.theme, self.view.state.plan());
        let is_softmax = plan.stage_of(TensorId::loss(Part::Prob)).is_some();
        let mut words = [last.name(plan).to_owned(), last.addition(view)].join(" ").trim().to_owned();
        if is_softmax {
            words = view.fill("overview.shares_of", &[("layer", &words)]);
        }
        let response = ui.interact(rect, ui.scope_id().with("answer layer"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        let is_here = response.hovered() || response.has_focus();
        if is_here {
            ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), space::RADIUS, theme.button_hover);
            view.read_out(words.clone(), view.text("overview.opens_layer"));
        }
        fitted_ui(ui, rect, &words, theme::small_font(), theme.text_weak);
        if response.clicked()
            && let Some(stage) = last.stage(view.state)
        {
            view.look(&stage);
        }
    }

    /// A class; a click looks at the number that speaks for it.
    fn class_ui(&self, ui: &mut Ui, answer: &Answer, number: usize, rect: Rect, last: Option<&Block>) {
        let (view, theme, plan) = (self.view, self.view.theme, self.view.state.plan());
        let (class, score) = answer.classes[number];
        let response = ui.interact(rect, ui.scope_id().with(("class", class)), Sense::click());
        let name = names::class(view, class);
        let words = format!("{name} {}", answer.score(score));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words.trim()));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), space::RADIUS, theme.button_hover);
            view.read_out(words.trim(), view.text("overview.opens_class"));
        }
        let score = row_ui(ui, view, answer, number, rect, Row::Above);
        self.gradient_ui(ui, class, score);
        let Some(last) = last.filter(|_| response.clicked()) else { return };
        let tensor = last.output();
        let plane = plan.shape_of(tensor).plane();
        if let Some(stage) = plan.stage_of(tensor)
            && plane == 1
        {
            let layer = Address::whole_stage(view.state.trace().time(), self.image, stage);
            let output = plan.network().loss.output_of(class);
            view.look(&layer.with_channel_from(output as u32));
        }
    }

    /// Before the score of a class its gradient, where gradients are shown.
    fn gradient_ui(&self, ui: &Ui, class: usize, score: Rect) {
        let gradient = TensorId::loss(Part::Dx);
        if self.lane == Lane::Values || !self.is_complete(gradient) {
            return;
        }
        // One output speaks for the second of two classes; the first has none of its own.
        let loss = self.view.state.plan().network().loss;
        let output = loss.output_of(class);
        if loss.class_of(output) != class {
            return;
        }
        let value = self.view.state.trace().value(gradient, self.image, output as u32);
        let color = self.view.theme.pass(Pass::Bwd).strong;
        let at = score.left_center() - vec2(space::S, 0.0);
        let text = number::short_or_exact(value);
        ui.painter().text(at, Align2::RIGHT_CENTER, text, theme::small_font(), color);
    }
}

/// Which answer is right.
fn question_ui(ui: &mut Ui, view: &View, answer: &Answer, rect: Rect, fold: usize) {
    let theme = view.theme;
    let target = view.state.target();
    let margin = if fold < 2 { 6.0 } else { 3.0 };
    let content = ui.scope_builder(UiBuilder::new().max_rect(rect.shrink2(vec2(10.0, margin))), |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let label = view.text("overview.which");
        if fold < 2 {
            ui.label(RichText::new(&label).font(theme::strong_font()).color(theme.text_strong));
        }
        if fold == 0 {
            let key = if target.is_given() { "overview.right_given" } else { "overview.right_assumed" };
            let words = view.text(key);
            ui.label(RichText::new(words).font(theme::small_font()).color(theme.text_weak));
        }
        let now = names::class(view, view.state.label());
        let width = ui.available_width() - 12.0;
        let combo = ComboBox::from_id_salt("right answer")
            .wrap_mode(TextWrapMode::Truncate)
            .width(width)
            .height(420.0)
            .selected_text(if fold < 2 {
                now.clone()
            } else {
                view.fill("overview.right_short", &[("class", &now)])
            });
        let combo = combo.show_ui(ui, |ui| {
            // The best ones first.
            for &(class, _) in answer.classes.iter().take(1000) {
                let name = names::class(view, class);
                if ui.selectable_label(class == view.state.label(), name).clicked() {
                    view.push(Action::SetLabel(class));
                }
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label} {now}")));
    });
    // Around what it takes, whatever the language.
    let rect = rect.with_max_y(content.response.rect.bottom() + margin);
    let line = Stroke::new(1.0, theme.line_strong);
    if target.is_given() {
        ui.painter().rect_stroke(rect, 0.0, line, StrokeKind::Inside);
    } else {
        let corners =
            [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
        ui.painter().extend(Shape::dashed_line(&corners, line, 4.0, 3.0));
    }
}

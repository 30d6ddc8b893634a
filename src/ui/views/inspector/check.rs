//! The gradient check: the loss with the cell moved down and up, and the gradient of the backward pass.

use crate::app::{Action, Answer, EXPONENTS};
use crate::nn::{
    Op, Part,
    check::{Check, Kink},
};
use crate::trace::{Address, TensorId};
use crate::ui::{names, number, theme, view::View};
use egui::{Align, Button, Color32, Grid, Layout, RichText, ScrollArea, Ui};

/// Draws the gradient check: ε, the losses beside the value, the slope between them and the gradient.
pub(super) fn check_ui(ui: &mut Ui, view: &View) {
    ui.label(RichText::new(view.text("check.what")).font(theme::small_font()).color(view.theme.text_weak));
    let Some((_, answer)) = view.state.asked() else {
        ui.label(RichText::new(view.text("check.no_gradient")).italics().color(view.theme.text_weak));
        return;
    };
    step_ui(ui, view);
    match answer {
        None => {
            if ui.button(view.text("check.ask")).on_hover_text(view.text("check.ask_tip")).clicked() {
                view.push(Action::Ask);
            }
        }
        Some(Answer::Check(wide, shown)) => {
            ScrollArea::vertical().id_salt("check").auto_shrink([false, true]).show(ui, |ui| {
                table_ui(ui, view, wide, shown);
                ui.add_space(6.0);
                verdict_ui(ui, view, wide, shown);
            });
        }
        Some(Answer::Paths(_) | Answer::Nothing) => {
            ui.label(RichText::new(view.text("check.no_gradient")).italics().color(view.theme.text_weak));
        }
    }
}

/// The step, one power of ten at a time.
fn step_ui(ui: &mut Ui, view: &View) {
    let exponent = view.state.view().exponent;
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("ε = 1e{}{exponent}", number::MINUS)).font(theme::mono_font()));
        for (sign, key, to, can) in [
            ("÷10", "check.smaller", exponent + 1, exponent < EXPONENTS),
            ("×10", "check.larger", exponent.saturating_sub(1), exponent > 1),
        ] {
            let response = ui.add_enabled(can, Button::new(sign).small());
            let name = view.text(key);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, can, &name));
            if response.on_hover_text(name).clicked() {
                view.push(Action::SetExponent(to));
            }
        }
    });
}

fn table_ui(ui: &mut Ui, view: &View, wide: &Check<f64>, shown: &Check<f32>) {
    type Row = (&'static str, Option<f64>, Option<f32>);
    let rows: [Row; 8] = [
        ("check.below", Some(wide.below), Some(shown.below)),
        ("check.above", Some(wide.above), Some(shown.above)),
        ("check.loss_below", Some(wide.loss_below), Some(shown.loss_below)),
        ("check.loss", Some(wide.loss), Some(shown.loss)),
        ("check.loss_above", Some(wide.loss_above), Some(shown.loss_above)),
        ("check.secant", Some(wide.secant), Some(shown.secant)),
        ("check.gradient", wide.gradient, shown.gradient),
        ("check.error", wide.relative_error(), shown.relative_error()),
    ];
    let small = |text: String, color: Color32| RichText::new(text).font(theme::small_font()).color(color);
    let digits = if ui.available_width() > 300.0 { 9 } else { 7 };
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new("gradient check").num_columns(3).min_row_height(16.0).spacing([8.0, 3.0]).striped(true).show(
        ui,
        |ui| {
            ui.label("");
            for head in ["f64", "f32"] {
                right_ui(ui, small(head.into(), view.theme.text_weak), None);
            }
            ui.end_row();
            for (key, wide, shown) in rows {
                ui.label(small(view.text(key), view.theme.text_weak));
                let number = |value: Option<f64>, digits| {
                    value.map_or("·".into(), |value| wide_number(value, digits))
                };
                let strong = view.theme.text_strong;
                right_ui(ui, small(number(wide, digits), strong), wide.map(|x| wide_number(x, 17)));
                right_ui(
                    ui,
                    small(number(shown.map(f64::from), digits.min(8)), strong),
                    shown.map(number::full),
                );
                ui.end_row();
            }
        },
    );
}

fn right_ui(ui: &mut Ui, text: RichText, all_digits: Option<String>) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let label = ui.label(text);
        if let Some(all_digits) = all_digits {
            label.on_hover_text(all_digits);
        }
    });
}

/// A number with a given count of significant digits, with an exponent where it is very small or large.
fn wide_number(value: f64, digits: usize) -> String {
    let exponent = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let text = if !value.is_finite() {
        return number::full(value as f32);
    } else if (-4..7).contains(&exponent) {
        format!("{value:.*}", (digits as i32 - 1 - exponent).max(0) as usize)
    } else {
        format!("{value:.*e}", digits.saturating_sub(4).max(2))
    };
    text.replace('-', &number::MINUS.to_string())
}

/// What the numbers mean.
fn verdict_ui(ui: &mut Ui, view: &View, wide: &Check<f64>, shown: &Check<f32>) {
    if wide.kink_count > 0 {
        let count = wide.kink_count.to_string();
        ui.label(RichText::new(view.fill("check.kinks", &[("count", &count)])).color(view.theme.warn));
        for kink in &wide.kinks {
            kink_ui(ui, view, kink);
        }
        if wide.kink_count > wide.kinks.len() {
            ui.label("…");
        }
        return;
    }
    let (Some(error), Some(error_shown)) = (wide.relative_error(), shown.relative_error()) else {
        ui.label(RichText::new(view.text("check.no_analytic")).color(view.theme.text_weak));
        return;
    };
    let (key, color) =
        if error < 1e-4 { ("check.agree", view.theme.good) } else { ("check.curved", view.theme.warn) };
    let percent = wide_number(error, 2);
    ui.label(RichText::new(view.fill(key, &[("error", &percent)])).color(color));
    if f64::from(error_shown) > 10.0 * error.max(1e-6) {
        ui.label(RichText::new(view.text("check.rounding")).color(view.theme.text_weak));
    }
}

/// A kink, as a link to the cell where it is.
fn kink_ui(ui: &mut Ui, view: &View, kink: &Kink) {
    let plan = view.state.plan();
    let tensor = TensorId::layer(kink.layer, Part::Out);
    let cell: Address = plan.writer(tensor, view.state.trace().time(), kink.image as u32, kink.index as u32);
    let key = match plan.layer(kink.layer).op {
        Op::MaxPool2d(_) => "check.tie",
        Op::Activation(_)
        | Op::PRelu(_)
        | Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Flatten
        | Op::Dense(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => "check.sign",
    };
    let text = view.fill(key, &[("name", &names::cell(view, &cell))]);
    let link = RichText::new(text).font(theme::small_font()).color(view.theme.accent);
    let response = ui.add(Button::new(link).frame(false).wrap());
    if response.hovered() {
        view.hover(cell);
    }
    if response.clicked() {
        view.look(&cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(wide_number(0.1234567891, 7), "0.1234568");
        assert_eq!(wide_number(-12.5, 4), "−12.50");
        assert_eq!(wide_number(1.5e-9, 7), "1.500e−9");
        assert_eq!(wide_number(0.0, 3), "0.00");
        assert_eq!(wide_number(f64::NAN, 3), "NaN");
    }
}

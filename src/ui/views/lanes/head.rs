//! The head of a column: name, kind, shape, and the mark of the pass where the cursor stands.

use super::{Scene, column, column::Lane, layout};
use crate::nn::Part;
use crate::trace::TensorId;
use crate::ui::{names, number, widgets::icon};
use egui::{Align2, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

impl Scene<'_> {
    /// Draws it; a click goes to the column's stage.
    pub(super) fn head_ui(&self, ui: &mut Ui, c: usize, rect: Rect) {
        let (theme, plan) = (self.view.theme, self.plan());
        let layers = plan.network().layers.len();
        let marked = self.mark.filter(|mark| mark.column == c);
        let response = ui.interact(rect, ui.scope_id().with(("head", c)), Sense::click());
        let painter = ui.painter();
        let mut ink = (theme.text_strong, theme.text_weak);
        let ground =
            Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - 1.0)).expand2(vec2(2.0, 0.0));
        if let Some(mark) = marked {
            let colors = theme.pass(mark.pass);
            painter.rect_filled(ground, 4, colors.fill);
            ink = (colors.on_fill, colors.on_fill);
        } else if response.hovered() {
            painter.rect_filled(ground, 4, theme.button_hover);
        }

        let [first, second, third] = [0.0, 16.0, 31.0].map(|dy| {
            let height = if dy == 0.0 { 18.0 } else { 16.0 };
            Rect::from_min_size(rect.min + vec2(1.0, dy), vec2(rect.width() - 2.0, height))
        });
        let name = layout::name(plan, c);
        let unseen = self.layout.unseen.iter().find(|unseen| unseen.layer + 1 == c);
        let mut name_rect = first;
        if unseen.is_some() {
            name_rect.set_right(first.right() - 14.0);
            let warn = if marked.is_some() { ink.0 } else { theme.warn };
            painter.text(first.right_center(), Align2::RIGHT_CENTER, "⚠", layout::name_font(), warn);
        }
        layout::fitted_text_ui(painter, name_rect, Align2::CENTER_CENTER, &name, layout::name_font(), ink.0);

        let kind = if c == 0 {
            icon::Icon::Input
        } else if c <= layers {
            icon::Icon::Layer(&plan.layer(c - 1).spec.kind)
        } else {
            icon::Icon::Loss
        };
        let [mut line, mut size] = layout::shape_lines(plan, c);
        if c > layers {
            line = self.loss_text();
        }
        let part = marked.and_then(|mark| mark.part).filter(|part| *part != Part::Out);
        if let Some(part) = part {
            let owner = if c > layers { TensorId::loss(part) } else { TensorId::layer(c.max(1) - 1, part) };
            let [_, short] = names::short(self.view, owner);
            (line, size) = (String::new(), short);
        }
        let width = layout::text_width(ui, &line, layout::small_font());
        let gap = if line.is_empty() { 0.0 } else { 4.0 };
        let taken = (icon::SIDE + gap + width).min(second.width());
        let left = second.center().x - 0.5 * taken;
        let square = icon::icon_rect(pos2(left, second.center().y));
        match marked {
            Some(mark) => {
                let glyph = theme.pass(mark.pass).glyph;
                let at = square.center();
                painter.text(at, Align2::CENTER_CENTER, glyph, layout::name_font(), ink.0);
            }
            None => icon::icon_ui(painter, square, kind, theme.text),
        }
        let words = Rect::from_min_max(pos2(left + icon::SIDE + 4.0, second.top()), second.max);
        layout::fitted_text_ui(painter, words, Align2::LEFT_CENTER, &line, layout::small_font(), ink.1);
        layout::fitted_text_ui(painter, third, Align2::CENTER_CENTER, &size, layout::small_font(), ink.1);

        self.tell(response, c, unseen);
    }

    fn tell(&self, response: egui::Response, c: usize, unseen: Option<&crate::nn::network::Unseen>) {
        let (plan, view) = (self.plan(), self.view);
        let layers = plan.network().layers.len();
        let kind = match c {
            0 => view.text("lanes.input"),
            c if c <= layers => plan.layer(c - 1).spec.kind.name().to_owned(),
            _ => plan.network().loss.name().to_owned(),
        };
        let [_, channels, rows, cols] = plan.shape_of(column::tensor_at(plan, c)).0;
        let shape = format!("{channels} × {rows} × {cols}");
        let name = layout::name(plan, c);
        let mut words = view.fill("lanes.column", &[("name", &name), ("kind", &kind), ("shape", &shape)]);
        let which = unseen.and_then(|unseen| names::rows_and_columns(view, &unseen.rows, &unseen.cols));
        if let Some(which) = which {
            words.push('\n');
            words.push_str(&view.fill("lanes.unseen", &[("which", &which)]));
        }
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
        let tip = format!("{words}\n{}", view.text("lanes.column.tip"));
        if response.on_hover_text(tip).clicked() {
            let time = view.state.trace().time();
            if let Some(address) = column::address_of(plan, time, self.image, c, Lane::Forward) {
                view.visit(&address);
            }
        }
    }

    /// The loss as a number, once it is there.
    fn loss_text(&self) -> String {
        let loss = TensorId::loss(Part::Out);
        if self.done(loss) < 1.0 {
            return "?".to_owned();
        }
        number::short(self.view.state.trace().value(loss, self.image, 0))
    }
}

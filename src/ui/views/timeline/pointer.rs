//! What the pointer does to the timeline: a press or a drag goes there, the wheel and two fingers zoom, the other buttons
//! move what is shown.

use super::{Timeline, ZOOM};
use crate::app::{Action, Span, SpanAction};
use crate::trace::{Address, Grain};
use crate::ui::names;
use egui::{Id, PointerButton, Pos2, Response, Ui, WidgetInfo, pos2};

impl Timeline<'_> {
    /// The place under the pointer.
    fn address_at(&self, pos: Pos2) -> Address {
        let (plan, state) = (self.view.state.plan(), self.view.state);
        if self.is_in_run(pos) {
            // Another training step at the same place.
            let step = u64::from(self.time_at(pos.x)) * plan.len() + self.at.saturating_sub(1);
            return plan.locate(step, state.cursor().grain().max(Grain::Batch));
        }
        let grain = if pos.y > self.rows.terms.top() - 1.0 { Grain::Term } else { Grain::Cell };
        plan.locate(self.before + self.step_at(pos.x), grain)
    }

    fn is_in_run(&self, pos: Pos2) -> bool {
        pos.y < self.rows.run.bottom() + 0.5 * ZOOM
    }

    pub(super) fn answer(&self, ui: &Ui, response: Response) {
        let (state, view) = (self.view.state, self.view);
        let plan = state.plan();
        let start = || view.text("crumb.start");
        let text = state.cursor().address(plan).map_or_else(start, |address| names::place(view, &address));
        let words = view.fill("timeline.label", &[("name", &text)]);
        let done = state.cursor().at() as f64 / plan.run_len().max(1) as f64;
        response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), done, &words));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(text.clone()));
        let is_pressed = response.clicked() || response.dragged_by(PointerButton::Primary);
        let pointed = response.interact_pointer_pos().or(response.hover_pos());
        if let Some(pos) = pointed.filter(|_| is_pressed) {
            let address = self.drag_address(ui, &response, pos);
            // While the pointer rests on one cell, one move is enough.
            if state.cursor().address(plan) != Some(address) || state.selected().is_some() {
                view.visit(&address);
            }
        }
        self.zoom(ui, &response);
        self.keep_in_view(ui, &response, is_pressed);
        if let Some(pos) = response.hover_pos() {
            let address = self.address_at(pos);
            if address.time() == state.trace().time() && address.grain() >= Grain::Cell {
                view.hover(address.whole_cell());
            }
            response.on_hover_text_at_pointer(names::place(view, &address));
        }
    }

    /// A drag stays in the part in which it began.
    fn drag_address(&self, ui: &Ui, response: &Response, pos: Pos2) -> Address {
        let id: Id = response.id.with("from");
        if response.drag_started() || response.clicked() {
            ui.data_mut(|data| data.insert_temp(id, pos.y));
        }
        let y = ui.data(|data| data.get_temp(id)).unwrap_or(pos.y);
        self.address_at(pos2(pos.x, y))
    }

    /// Wheel and pinch zoom about the pointer; sideways, and with another button, what is shown moves.
    fn zoom(&self, ui: &Ui, response: &Response) {
        let Some(pos) = response.hover_pos().or(response.interact_pointer_pos()) else { return };
        let (row, span) =
            if self.is_in_run(pos) { (self.rows.run, self.run) } else { (self.rows.stages, self.step) };
        let show = |span: Span| {
            let action = if self.is_in_run(pos) { SpanAction::Run(span) } else { SpanAction::Step(span) };
            self.view.push(Action::Spans(action));
        };
        let (scroll, pinch) = if response.hovered() {
            ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()))
        } else {
            (egui::Vec2::ZERO, 1.0)
        };
        /// Points of scrolling for a zoom by e: a notch of the wheel zooms by a fourth.
        const POINTS: f32 = 200.0;
        let factor = f64::from(pinch * (scroll.y / POINTS).exp());
        let seen = f64::from((pos.x - row.left()) / row.width()).clamp(0.0, 1.0);
        let drag = [PointerButton::Secondary, PointerButton::Middle]
            .iter()
            .any(|&button| response.dragged_by(button));
        let moved = scroll.x + if drag { response.drag_delta().x } else { 0.0 };
        let next = span.zoomed(seen, factor).moved(-f64::from(moved / row.width()));
        if next != span {
            show(next);
        }
    }

    /// Brings the cursor into view where it has moved, but not under a pointer that scrubs.
    fn keep_in_view(&self, ui: &Ui, response: &Response, is_pressed: bool) {
        let id = response.id.with("cursor");
        let now = self.view.state.cursor().at();
        let before: Option<u64> = ui.data(|data| data.get_temp(id));
        ui.data_mut(|data| data.insert_temp(id, now));
        let has_moved = before.is_some_and(|before| before != now);
        if !(has_moved || self.view.state.spans().seek) || is_pressed {
            return;
        }
        let share = self.scale.x_of(self.at) / self.scale.length();
        let step = if self.view.state.spans().seek {
            self.step.moved(self.step.seen(share) - 0.5)
        } else {
            self.step.showing(share)
        };
        if step != self.step || self.view.state.spans().seek {
            self.view.push(Action::Spans(SpanAction::Step(step)));
        }
        let time = f64::from(self.view.state.trace().time());
        let run = self.run.showing((time + 0.5) / f64::from(self.view.state.plan().times().max(1)));
        if run != self.run {
            self.view.push(Action::Spans(SpanAction::Run(run)));
        }
    }
}

//! What a legend consists of wherever one stands: its bar with a wedge where values go on, the choice of the scale.

use crate::app::{Action, Scale};
use crate::ui::{
    colormap::paint_bar,
    view::{Legend, View},
};
use egui::{Painter, Rect, Shape, Stroke, StrokeKind, Ui, pos2};

/// How far the wedge stands out at the end of a bar whose last colour stands for more than its value.
const WEDGE: f32 = 7.0;

/// How far what a legend's bar ends in goes on behind the bar.
pub fn wedge_width(legend: &Legend) -> f32 {
    if legend.goes_on { WEDGE } else { 0.0 }
}

/// Paints the colours of a legend into a rectangle, with a wedge behind it where values go beyond the last colour.
pub fn paint_legend(painter: &Painter, view: &View, legend: &Legend, bar: Rect) {
    paint_bar(painter, &legend.mapping, bar);
    let stroke = Stroke::new(1.0, view.theme.plane_frame);
    if legend.goes_on {
        let points = vec![bar.right_top(), pos2(bar.right() + WEDGE, bar.center().y), bar.right_bottom()];
        painter.add(Shape::convex_polygon(points, legend.mapping.color_at(1.0), stroke));
    }
    painter.rect_stroke(bar, 0.0, stroke, StrokeKind::Outside);
}

/// Over which values the colours stretch, and whether by the logarithm.
pub fn scale_ui(ui: &mut Ui, view: &View) {
    let now = view.state.view();
    for scale in Scale::ALL {
        let name = view.text(match scale {
            Scale::Map => "readout.scale_map",
            Scale::Layer => "readout.scale_layer",
            Scale::Largest => "readout.scale_largest",
            Scale::Network => "readout.scale_network",
        });
        if ui.selectable_label(scale == now.scale, name).clicked() {
            view.push(Action::SetScale(scale));
            ui.close();
        }
    }
    ui.separator();
    let mut log = now.log;
    if ui.checkbox(&mut log, view.text("readout.log")).on_hover_text(view.text("readout.log_tip")).changed() {
        view.push(Action::ToggleLog);
    }
}

//! A map of both sides on one scale, and their difference on its own.

use super::side_text;
use crate::app::{Kept, Sides};
use crate::ui::{
    colormap::{Mapping, ValueRange, legend_ui},
    names, number, tensor_plane, theme,
    theme::space,
    view::View,
    widgets::grid::{CellSpan, CellView, Grid, Overlay},
};
use egui::{Id, RichText, Ui};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A map with its caption.
struct Map<'a> {
    id: &'static str,
    /// The caption, in two lines.
    caption: [String; 2],
    cells: &'a [f32],
    mapping: Mapping,
    value_range: ValueRange,
}

/// Draws the maps of A, B and their difference, and the figures of the whole tensor.
pub fn maps_ui(ui: &mut Ui, view: &View, both: [&Kept; 2], sides: &Sides, height: f32) {
    let all = sides.difference();
    let difference = all.as_ref().map(|all| sides.plane_of(all));
    let maps = maps(view, both, sides, difference);
    let side = side(ui, height);
    // The cell under the pointer, in all maps.
    let id = Id::unique("cell that is compared");
    let hovered: Option<(usize, usize)> = ui.data(|data| data.get_temp(id)).flatten();
    let mut over = None;
    ui.horizontal_wrapped(|ui| {
        for map in &maps {
            over = over.or(map_ui(ui, view, map, sides, side, hovered));
        }
    });
    if over != hovered {
        ui.data_mut(|data| data.insert_temp(id, over));
        ui.ctx().request_repaint();
    }
    let text = match (&sides.a, &all, hovered) {
        (None, _, _) | (_, None, _) => {
            let kept = both[0];
            let key = if has_twin(view, kept, sides) { "compare.a_not_computed" } else { "compare.no_twin" };
            let name = names::tensor(view, sides.tensor);
            view.fill(key, &[("name", &name), ("model", &kept.model.name)])
        }
        (Some(_), Some(_), Some(cell)) => cell_words(view, sides, difference, cell),
        (Some(_), Some(all), None) => facts(view, all),
    };
    ui.label(RichText::new(text).color(view.theme.text));
}

/// The maps of A where it is computed, of B, and their difference where there is one.
fn maps<'a>(
    view: &View,
    [kept, now]: [&Kept; 2],
    sides: &'a Sides,
    difference: Option<&'a [f32]>,
) -> Vec<Map<'a>> {
    let dark = view.theme.dark;
    let b = sides.plane_of(&sides.b);
    let a = sides.a.as_ref().map(|a| sides.plane_of(a));
    let value_range = |cells: &[f32]| ValueRange::from_values(cells.iter().copied());
    // One scale for both: equal colours are equal numbers.
    let both = a.map_or_else(|| value_range(b), |a| value_range(a).union(value_range(b)));
    let is_signed = tensor_plane::is_signed(view, sides.tensor) || both.min < 0.0;
    let mapping = if is_signed { Mapping::signed_for(both, dark) } else { Mapping::positive_for(both, dark) };
    let mapping = mapping.with_log(view.state.view().log);
    let map =
        |id, caption, cells, mapping| Map { id, caption, cells, mapping, value_range: value_range(cells) };
    let mut maps: Vec<Map> = a.into_iter().map(|a| map("A", side_text(view, kept), a, mapping)).collect();
    maps.push(map("B", side_text(view, now), b, mapping));
    if let Some(cells) = difference {
        let mapping = Mapping::signed_for(value_range(cells), dark).with_log(view.state.view().log);
        maps.push(map("A−B", [String::new(), view.text("compare.difference")], cells, mapping));
    }
    maps
}

/// The numbers of a cell on both sides, and their difference.
fn cell_words(view: &View, sides: &Sides, difference: Option<&[f32]>, (i, j): (usize, usize)) -> String {
    let at = i * sides.size[1] + j;
    let value = |cells: Option<&[f32]>| {
        cells.and_then(|cells| cells.get(at)).map_or_else(String::new, |&x| number::four_digits(x))
    };
    let (row, column) = (i.to_string(), j.to_string());
    let a = value(sides.a.as_ref().map(|a| sides.plane_of(a)));
    let (b, d) = (value(Some(sides.plane_of(&sides.b))), value(difference));
    view.fill("compare.cell", &[("row", &row), ("column", &column), ("a", &a), ("b", &b), ("d", &d)])
}

/// Whether the model of A has the tensor too, so that it was only not computed when A was kept.
fn has_twin(view: &View, kept: &Kept, sides: &Sides) -> bool {
    let (plan, other) = (view.state.plan(), kept.trace.plan());
    let (name, shape) = (plan.name(sides.tensor), plan.shape_of(sides.tensor));
    let all = other.given().chain(other.stages().iter().map(|stage| stage.tensor));
    all.into_iter().any(|twin| other.name(twin) == name && other.shape_of(twin) == shape)
}

/// The largest and the mean difference over the whole tensor, and the share of equal cells.
fn facts(view: &View, all: &[f32]) -> String {
    let equal = all.iter().filter(|&&d| d == 0.0).count();
    let most = all.iter().fold(0.0f32, |most, d| most.max(d.abs()));
    let mean = all.iter().map(|d| f64::from(d.abs())).sum::<f64>() / all.len().max(1) as f64;
    let share = number::percent(equal as u64, all.len() as u64);
    let (most, mean) = (number::four_digits(most), number::four_digits(mean as f32));
    view.fill("compare.facts", &[("most", &most), ("mean", &mean), ("equal", &share)])
}

/// The side of a map: three beside each other, the predictions in view below.
fn side(ui: &Ui, height: f32) -> f32 {
    const WORDS: f32 = 250.0;
    ((ui.available_width() - 3.0 * space::L) / 3.0).min((height - WORDS).max(150.0)).clamp(110.0, 420.0)
}

fn map_ui(
    ui: &mut Ui,
    view: &View,
    map: &Map,
    sides: &Sides,
    side: f32,
    hovered: Option<(usize, usize)>,
) -> Option<(usize, usize)> {
    let [rows, columns] = sides.size;
    let cells =
        |i: usize, j: usize| CellView::current(map.cells.get(i * columns + j).copied().unwrap_or(f32::NAN));
    let title = if map.caption[0].is_empty() {
        map.id.to_owned()
    } else {
        format!("{} · {}", map.id, map.caption[0])
    };
    let label = |cell: Option<(usize, usize)>| match cell {
        None => format!("{title}: {}", map.caption[1]),
        Some((i, j)) => {
            let value = number::four_digits(cells(i, j).value);
            let (row, column) = (i.to_string(), j.to_string());
            let parts = [("side", map.id), ("row", &row), ("column", &column), ("value", &value)];
            view.fill("compare.cell_of", &parts)
        }
    };
    let mut hasher = DefaultHasher::new();
    map.cells.iter().for_each(|x| x.to_bits().hash(&mut hasher));
    let overlays: Vec<Overlay> =
        hovered.into_iter().map(|(i, j)| Overlay::outline(CellSpan::cell(i, j), view.theme.hover)).collect();
    if ui.available_size_before_wrap().x < side {
        ui.end_row();
    }
    let response = ui.vertical(|ui| {
        ui.set_width(side);
        ui.label(RichText::new(&title).font(theme::strong_font()));
        let caption = RichText::new(&map.caption[1]).font(theme::small_font()).color(view.theme.text_weak);
        ui.add(egui::Label::new(caption).truncate());
        let plane = Grid::new(("compare", map.id), rows, columns, map.mapping, &cells)
            .revision(hasher.finish())
            .cell_points(side / rows.max(columns) as f32)
            .overlays(&overlays)
            .label(&label)
            .show_ui(ui);
        ui.add_space(space::XS);
        legend_ui(ui, &map.mapping, side, map.value_range.is_some().then_some(map.value_range));
        plane.hovered
    });
    response.inner
}

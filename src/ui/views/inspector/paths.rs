//! The paths from the loss to the cell: how its gradient comes through each later layer, and the strongest path as
//! a product.

use crate::app::{Action, Answer};
use crate::nn::Source;
use crate::trace::{Address, Cut, Group, Link, Paths, TensorId};
use crate::ui::{names, number, theme, view::View};
use egui::{Align, Button, Id, Layout, Rect, Response, RichText, ScrollArea, Ui, vec2};
use std::sync::Arc;

/// Draws the strongest paths from the loss to the focused gradient, factor by factor.
pub(super) fn paths_ui(ui: &mut Ui, view: &View) {
    weak_ui(ui, view, &view.text("paths.what"));
    let Some((_, answer)) = view.state.asked() else {
        ui.label(RichText::new(view.text("check.no_gradient")).italics().color(view.theme.text_weak));
        return;
    };
    match answer {
        None => {
            if ui.button(view.text("paths.ask")).on_hover_text(view.text("check.ask_tip")).clicked() {
                view.push(Action::Ask);
            }
        }
        Some(Answer::Paths(paths)) => {
            ScrollArea::vertical().id_salt("paths").auto_shrink([false, true]).show(ui, |ui| {
                answer_ui(ui, view, paths);
            });
        }
        Some(Answer::Check(..) | Answer::Nothing) => {
            ui.label(RichText::new(view.text("check.no_gradient")).italics().color(view.theme.text_weak));
        }
    }
}

fn weak_ui(ui: &mut Ui, view: &View, text: &str) {
    ui.label(RichText::new(text).font(theme::small_font()).color(view.theme.text_weak));
}

fn answer_ui(ui: &mut Ui, view: &View, paths: &Paths) {
    let gradient = view.fill("paths.gradient", &[("value", &number::full(paths.gradient))]);
    ui.label(RichText::new(gradient).font(theme::mono_font()).color(view.theme.text_strong));
    if let Some(group) = paths.cuts.first().and_then(|cut| cut.groups.first()) {
        strongest_ui(ui, view, &paths.cuts[0], group);
    }
    for cut in &paths.cuts {
        cut_ui(ui, view, cut);
    }
    if paths.cuts.iter().all(|cut| cut.groups.is_empty()) {
        weak_ui(ui, view, &view.text("paths.none"));
    }
}

/// Where the output's cell of a group was made.
fn output(view: &View, group: &Group) -> Address {
    let tensor = TensorId::of(group.source);
    let time = view.state.trace().time();
    view.state.plan().writer(tensor, time, group.image as u32, group.index as u32)
}

/// One layer: its largest groups with their shares, which are 100 % together.
fn cut_ui(ui: &mut Ui, view: &View, cut: &Cut) {
    ui.add_space(6.0);
    let name = view.state.plan().layer(cut.layer).name().to_owned();
    let key = if cut.by_channel { "paths.by_channel" } else { "paths.by_cell" };
    ui.label(RichText::new(view.fill(key, &[("layer", &name)])).color(view.theme.text));
    // Through the layer and around it.
    for way in cut.ways.iter().filter(|_| cut.ways.len() > 1) {
        let key = if way.source == Source::Layer(cut.layer) { "paths.through" } else { "paths.around" };
        let place = view.fill(key, &[("layer", &names::tensor(view, TensorId::of(way.source)))]);
        share_ui(ui, view, way.share, &place, way.sum, None);
    }
    for group in &cut.groups {
        let out = TensorId::of(group.source);
        let at = view.state.plan().shape_of(out).at(group.index);
        let place = match cut.by_channel {
            true => names::plane(view, out, group.channel),
            false => view.fill(
                "name.at",
                &[
                    ("name", &names::plane(view, out, at[1])),
                    ("i", &at[2].to_string()),
                    ("j", &at[3].to_string()),
                ],
            ),
        };
        let place = match cut.ways.len() {
            1 => place,
            _ => view.fill("name.part", &[("tensor", &names::tensor(view, out)), ("plane", &place)]),
        };
        share_ui(ui, view, group.share, &place, group.sum, Some(output(view, group)));
    }
    if cut.others > 0 {
        let place = view.fill("paths.others", &[("count", &cut.others.to_string())]);
        share_ui(ui, view, cut.others_share, &place, cut.others_sum, None);
    }
}

fn share_ui(ui: &mut Ui, view: &View, share: u32, place: &str, sum: f64, cell: Option<Address>) {
    let percent = percent(share);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), egui::Sense::hover());
    let bar = Rect::from_min_size(rect.min, vec2(rect.width() * share as f32 / 1000.0, rect.height()));
    ui.painter().rect_filled(bar, 2.0, view.theme.accent_soft);
    let mut row =
        ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    row.spacing_mut().interact_size.y = 24.0;
    // The number first: a long name gives way to it.
    row.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let sum = sum as f32;
        ui.label(small(number::four_digits(sum)).color(view.theme.text)).on_hover_text(number::full(sum));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let share = egui::Label::new(small(percent.clone()).color(view.theme.text_strong));
            ui.add_sized([50.0, 24.0], share);
            let Some(cell) = cell else {
                ui.add(egui::Label::new(small(place.into()).color(view.theme.text_weak)).truncate());
                return;
            };
            let address = names::cell(view, &cell);
            let link = Button::new(small(place.into()).color(view.theme.accent)).frame(false).truncate();
            let response = ui.add(link);
            let name = view.fill("paths.link", &[("share", &percent), ("name", &address)]);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, &name));
            if response.hovered() {
                view.hover(cell);
            }
            if response.on_hover_text(address).clicked() {
                view.look(&cell);
            }
        });
    });
}

fn percent(thousandths: u32) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// The links of the strongest path, kept while the values and the group stay.
fn strongest_links(ui: &Ui, view: &View, cut: &Cut, group: &Group) -> Arc<Vec<Link>> {
    type Kept = ((u64, usize, Source, usize, usize), Arc<Vec<Link>>);
    let id = Id::unique("strongest path");
    let key = (view.state.revision(), cut.layer, group.source, group.image, group.index);
    let kept: Option<Kept> = ui.data(|data| data.get_temp(id));
    match kept {
        Some((kept_key, links)) if kept_key == key => links,
        _ => {
            let trace = view.state.trace();
            let links = Arc::new(trace.strongest_path(cut.layer, group));
            ui.data_mut(|data| data.insert_temp(id, (key, Arc::clone(&links))));
            links
        }
    }
}

/// The path of the largest part of the first layer, as a product: each gradient is a local derivative times a later
/// gradient, and other terms.
fn strongest_ui(ui: &mut Ui, view: &View, cut: &Cut, group: &Group) {
    let links = strongest_links(ui, view, cut, group);
    ui.add_space(4.0);
    ui.label(RichText::new(view.text("paths.strongest")).color(view.theme.text));
    let largest = group.moves * group.gradient;
    // A wrapped row is as high as this when it begins.
    ui.spacing_mut().interact_size.y = 24.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
        ui.spacing_mut().button_padding = egui::Vec2::ZERO;
        let moves = number::four_digits(group.moves);
        ui.label(small(moves).color(view.theme.text_strong)).on_hover_text(view.text("paths.moves"));
        for link in links.iter() {
            let Some(factor) = link.next else { continue };
            let value = number::four_digits(factor.value);
            let target = factor.from.unwrap_or(link.at);
            let address = names::cell(view, &target);
            let share = percent(factor.share);
            let terms = factor.terms.to_string();
            let name = view.fill(
                "paths.factor",
                &[("value", &value), ("name", &address), ("share", &share), ("terms", &terms)],
            );
            let text = if factor.terms > 1 { format!("{value} [{share}]") } else { value.clone() };
            if factor_ui(ui, view, text, name, &target).hovered() {
                view.hover(target);
            }
        }
        if let Some(last) = links.last() {
            let address = names::cell(view, &last.at);
            factor_ui(ui, view, number::four_digits(last.value), address, &last.at);
        }
    });
    let product = links.iter().filter_map(|link| link.next).map(|factor| f64::from(factor.value));
    let product: f64 = product.product::<f64>()
        * f64::from(group.moves)
        * links.last().map_or(1.0, |last| f64::from(last.value));
    let values = [
        ("product", number::four_digits(product as f32)),
        ("part", number::four_digits(largest)),
        ("name", names::cell(view, &output(view, group))),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    weak_ui(ui, view, &view.fill("paths.product", &values));
}

/// Draws "· factor" as a link to the cell that it comes from; `name` is its tooltip.
fn factor_ui(ui: &mut Ui, view: &View, text: String, name: String, target: &Address) -> Response {
    ui.label(small("·".into()).color(view.theme.text_weak));
    let response = ui.add(Button::new(small(text).color(view.theme.accent)).frame(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, &name));
    let response = response.on_hover_text(name);
    if response.clicked() {
        view.look(target);
    }
    response
}

fn small(text: String) -> RichText {
    RichText::new(text).font(theme::small_font())
}

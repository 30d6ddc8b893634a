//! A sum of windows times filter slices, drawn as the ladder says: a row for each channel, or for those that give most,
//! or one channel with a chip for each.

use super::super::boxes::{NumberBox, box_ui};
use super::super::caption::Caption;
use super::super::ladder::{self, Rung, SumFit, sum_fit};
use super::super::numbers::{number_style, of_part};
use super::chain::{Chain, Link, chain};
use super::conv_cell::ConvCell;
use super::face::{Face, face_cells, face_size, face_ui, filter_name, picture_ui, slice_name, tag_ui};
use super::sum::{Lit, Sum};
use crate::trace::{Address, Equation, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    theme::{space, text_size},
    view::Legend,
    widgets::{
        addressed_grid::{AddressedGrid, addressed_grid_ui},
        flow::{arrow_ui, caption_ui, funnel_ui, most_fitting, sign_ui, small_width},
        grid::{CellState, CellView, MARGIN, NumberStyle, Overlay, fit_cell},
    },
};
use egui::{
    Align2, Color32, CornerRadius, FontId, Id, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// The box of a sum: its width, and its height where a row is as high.
const BOX: [f32; 2] = [64.0, 46.0];
/// Between the products and the sum of a row.
const TO_SUM: f32 = 30.0;
/// The width of the sum's box with the bracket after it.
const SUM: f32 = 100.0;
/// From this width on, total, bias and result stand in a row.
const ROW_OF_LINKS: f32 = 262.0;

/// The caption of a sum.
pub fn caption(conv_cell: &ConvCell, sum: &Sum) -> Caption {
    let view = conv_cell.view;
    let mut caption = conv_cell.caption();
    let is_whole = conv_cell.marked.is_none() && conv_cell.done == conv_cell.terms;
    let bias = conv_cell.has_bias && conv_cell.is_output();
    let most = if sum.slices <= 4 { sum.slices } else { 3 };
    let shown = sum.strongest(most);
    let k = conv_cell.at[1].to_string();
    if is_whole && !(conv_cell.is_output() && conv_cell.spec.normalize) {
        let chain = chain(conv_cell, sum, &shown);
        let mut values: Vec<f32> = chain.given.iter().map(|(cell, _)| cell.value).collect();
        values.extend(chain.more.iter().map(|more| more.1.value));
        values.extend(chain.links.get(1).filter(|_| bias).map(|link| link.cell.value));
        let equation = Equation::from_sum(&values, conv_cell.fold.value, view.state.view().digits.count());
        if let Some(equation) = equation.filter(|_| values.len() > 1) {
            caption.equations.insert(0, equation);
        }
    }
    let meaning = match (conv_cell.is_output(), conv_cell.marked, is_whole) {
        (_, Some(m), _) if m as usize >= sum.pixels() => view.text("conv.means_bias"),
        (false, Some(_), _) => view.text("conv.means_term_back"),
        (true, Some(_), _) if sum.source == TensorId::INPUT => view.text("conv.means_term_pixel"),
        (true, Some(_), _) => view.text("conv.means_term"),
        (false, None, true) if conv_cell.is_transposed => view.text("conv.means_stamps_back"),
        (false, None, true) => view.text("conv.means_back"),
        (true, None, true) => {
            let mut parts: Vec<String> = shown.iter().map(|&k| slice_name(view, sum, k)).collect();
            let more = (sum.slices - shown.len()).to_string();
            parts.extend((more != "0").then(|| view.fill("conv.others", &[("count", &more)])));
            parts.extend(bias.then(|| view.text("conv.bias")));
            let key = if conv_cell.is_transposed { "conv.means_stamps" } else { "conv.means" };
            view.fill(key, &[("parts", &parts.join(" + ")), ("k", &k)])
        }
        (_, None, false) => String::new(),
    };
    let k = sum.current();
    let values = if conv_cell.is_output() { "conv.values" } else { "conv.gradients" };
    let of = |plane: TensorPlane, name: String| plane.legend(&name, plane.mapping());
    let caption = Caption { in_line: true, ..caption };
    caption.with_words([meaning].into_iter().chain(conv_cell.remarks())).with_legends([
        of(sum.plane(k), view.text(values)),
        of(sum.filter(k), view.text("conv.weights")),
        Legend::new(conv_cell.sum_mapping(), "").named(view.text("conv.products"), None),
        of(sum.result(), conv_cell.name(conv_cell.stage.tensor)),
    ])
}

/// What is drawn, and how large.
struct Layout<'v, 'a> {
    conv_cell: &'v ConvCell<'a>,
    sum: &'v Sum<'v, 'a>,
    lit: Lit,
    rect: Rect,
    fit: SumFit,
    /// The slices that are drawn.
    shown: Vec<usize>,
    chain: Chain,
    numbers: NumberStyle,
}

/// Draws a sum in `rect`: a row for each channel, the products, their sums and the total.
pub fn sum_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, rect: Rect) {
    let fit = sum_fit([rect.width(), rect.height()], sum.slices, sum.kernel);
    let current = chosen(ui, conv_cell).filter(|&k| k < sum.slices).unwrap_or_else(|| sum.current());
    let shown = match fit.rung {
        Rung::AllRows => (0..sum.slices).collect(),
        Rung::SomeRows if conv_cell.marked.is_some() => sum.strongest_with(fit.rows, current),
        Rung::SomeRows => sum.strongest(fit.rows),
        Rung::OneRow | Rung::WithoutPicture | Rung::WithoutProducts => vec![current],
    };
    let faces = [Face::Window, Face::Filter, Face::Products];
    let values = faces.map(|face| face_values(conv_cell, sum, face, &shown));
    let numbers = number_style(ui, conv_cell.view, &values, fit.cell);
    let is_one = matches!(fit.rung, Rung::OneRow | Rung::WithoutPicture | Rung::WithoutProducts);
    let listed = if is_one {
        sum.strongest_with(if sum.slices > 6 { 6 } else { sum.slices }, current)
    } else {
        shown.clone()
    };
    let chain = chain(conv_cell, sum, &listed);
    let layout = Layout { conv_cell, sum, lit: sum.lit(), rect, fit, shown, chain, numbers };
    if is_one {
        layout.one_row_ui(ui, current, &listed);
    } else {
        layout.rows_ui(ui);
    }
}

/// The numbers that are there of a face of all rows.
fn face_values(conv_cell: &ConvCell, sum: &Sum, face: Face, shown: &[usize]) -> Vec<f32> {
    let cells = shown.iter().flat_map(|&k| face_cells(conv_cell, sum, face, k));
    cells.filter(|cell| cell.state != CellState::NotYet).map(|cell| cell.value).collect()
}

/// Where egui remembers which channel's row was chosen, and for which moment.
fn choice_id() -> Id {
    Id::unique("row of the close-up")
}

/// The channel whose row was chosen for the cell in its current state.
fn chosen(ui: &Ui, conv_cell: &ConvCell) -> Option<usize> {
    let choice: Option<(Address, u32, Option<u32>, usize)> = ui.data(|data| data.get_temp(choice_id()));
    let now = (conv_cell.focus, conv_cell.done, conv_cell.marked);
    choice.filter(|&(focus, done, marked, _)| (focus, done, marked) == now).map(|(.., k)| k)
}

impl Layout<'_, '_> {
    fn face_ui(&self, ui: &mut Ui, face: Face, k: usize, at: Pos2) -> Rect {
        let values = face_values(self.conv_cell, self.sum, face, &self.shown);
        let numbers = of_part(self.numbers, &values);
        face_ui(ui, self.conv_cell, self.sum, &self.lit, face, k, at, self.fit.cell, numbers)
    }

    /// The name of what the window slides over.
    fn source_name(&self) -> String {
        let (view, source) = (self.conv_cell.view, self.sum.source);
        if source == TensorId::INPUT { view.text("conv.picture") } else { names::tensor(view, source) }
    }

    /// A row for each slice shown, and the result beside them.
    fn rows_ui(&self, ui: &mut Ui) {
        let view = self.conv_cell.view;
        let face = face_size(ui, self.sum, self.fit.cell);
        let picture = vec2(face.x, face.y);
        let x_window = self.rect.left() + picture.x + ladder::FUNNEL - 2.0;
        let x_filter = x_window + face.x + ladder::SIGN - 4.0;
        let x_products = x_filter + face.x + ladder::SIGN - 4.0;
        let x_sum = x_products + face.x + TO_SUM - MARGIN;
        let captions = [
            (self.rect.left(), self.source_name()),
            (x_window, view.text("conv.window")),
            (x_filter, filter_name(self.conv_cell, self.sum)),
            (x_products, view.text("conv.times")),
            (x_sum, view.text("conv.sum")),
        ];
        for (x, name) in captions {
            caption_ui(ui, pos2(x, self.rect.top() + 2.0), face.x.max(BOX[0]) + 24.0, &name, "");
        }
        let mut top = self.rect.top() + ladder::CAPTIONS - MARGIN;
        let mut middles = Vec::new();
        for (n, &k) in self.shown.iter().enumerate() {
            let room = Rect::from_min_size(pos2(self.rect.left(), top), picture);
            let (drawn, window) = picture_ui(ui, self.conv_cell, self.sum, &self.lit, k, room);
            tag_ui(ui, view, drawn, &slice_name(view, self.sum, k));
            let crop = self.face_ui(ui, Face::Window, k, pos2(x_window, top));
            funnel_ui(ui, window, crop.shrink(MARGIN), view.theme.reads);
            self.face_ui(ui, Face::Filter, k, pos2(x_filter, top));
            self.face_ui(ui, Face::Products, k, pos2(x_products, top));
            let y = crop.center().y;
            sign_ui(ui, pos2(0.5 * (crop.right() + x_filter), y), "×");
            sign_ui(ui, pos2(0.5 * (x_filter + face.x + x_products), y), "=");
            let from = x_products + face.x;
            arrow_ui(ui, &[pos2(from + 2.0, y), pos2(x_sum - 2.0, y)], view.theme.text_weak);
            let [w, h] = [BOX[0], BOX[1].min(face.y)];
            let rect = Rect::from_min_size(pos2(x_sum, y - 0.5 * h).round(), vec2(w, h));
            self.given_ui(ui, n, k, rect);
            middles.push(y);
            top += face.y - 2.0 * MARGIN + ladder::ROW_GAP;
        }
        if self.chain.more.is_some() {
            middles.push(self.more_ui(ui, x_products, x_sum, top - ladder::ROW_GAP + 8.0));
        }
        self.bracket_ui(ui, &middles, x_sum);
        let column = Rect::from_min_max(pos2(x_sum + SUM, self.rect.top()), self.rect.max);
        self.result_ui(ui, column);
    }

    /// What the n-th slice shown gives.
    fn given_ui(&self, ui: &mut Ui, n: usize, k: usize, rect: Rect) {
        let view = self.conv_cell.view;
        let Some((cell, text)) = self.chain.given.get(n) else { return };
        let id = format!("sum{k}");
        let name = format!("{} {}", view.text("conv.sum"), slice_name(view, self.sum, k));
        let number = NumberBox {
            id: &id,
            name: &name,
            cell: *cell,
            text: text.as_deref(),
            address: Some(self.conv_cell.term((k + 1) * self.sum.taps() - 1)),
            mapping: self.conv_cell.sum_mapping(),
            framed: false,
        };
        box_ui(ui, view, rect, &number);
    }

    /// The line of the slices that have no row: `+29 more`, and what they give together. Returns its middle.
    fn more_ui(&self, ui: &mut Ui, x: f32, x_sum: f32, top: f32) -> f32 {
        let view = self.conv_cell.view;
        let Some((count, cell, text)) = &self.chain.more else { return top };
        let words = view.fill("conv.more", &[("count", &count.to_string())]);
        let rect = Rect::from_min_size(pos2(x_sum, top), vec2(BOX[0], ladder::MORE - space::XS));
        let font = FontId::proportional(text_size::BODY);
        let at = pos2(x_sum - space::M, rect.center().y);
        let drawn = ui.painter().text(at, Align2::RIGHT_CENTER, &words, font, view.theme.text);
        let line = Stroke::new(1.0, view.theme.line);
        ui.painter().hline(x.min(drawn.left() - space::S)..=drawn.left() - space::S, rect.center().y, line);
        let together = view.fill("conv.together", &[("more", &words)]);
        let number = NumberBox {
            id: "more",
            name: &together,
            cell: *cell,
            text: text.as_deref(),
            address: None,
            mapping: self.conv_cell.sum_mapping(),
            framed: false,
        };
        box_ui(ui, view, rect, &number);
        rect.center().y
    }

    /// From the sums to the total.
    fn bracket_ui(&self, ui: &Ui, middles: &[f32], x_sum: f32) {
        let [Some(&first), Some(&last)] = [middles.first(), middles.last()] else { return };
        let line = Stroke::new(1.0, self.conv_cell.theme().line_strong);
        let (from, to) = (x_sum + BOX[0] + 12.0, x_sum + BOX[0] + 24.0);
        for y in middles {
            ui.painter().hline(from..=to, *y, line);
        }
        if first < last {
            ui.painter().vline(to, first..=last, line);
        }
    }

    /// Total, bias and result, above the map that the result goes into.
    fn result_ui(&self, ui: &mut Ui, column: Rect) {
        let links = &self.chain.links;
        let wide = links.len() as f32 * (BOX[0] + 24.0) - 24.0;
        let is_row = column.width() >= ROW_OF_LINKS.max(wide);
        let (last, top) =
            if is_row { self.links_row_ui(ui, column) } else { self.links_column_ui(ui, column) };
        let map = Rect::from_min_max(pos2(column.left(), top), column.max);
        let tip = pos2(last.center().x, map.top() + 18.0);
        let tip = if is_row { pos2(tip.x, map.top() - 2.0) } else { pos2(tip.x, tip.y - 4.0) };
        self.map_ui(ui, map, !is_row);
        if tip.y > last.bottom() + 8.0 {
            arrow_ui(
                ui,
                &[pos2(last.center().x, last.bottom() + 4.0), tip],
                self.conv_cell.theme().text_weak,
            );
        }
    }

    /// A link in its box, with a text of its own or the one that was chosen for it.
    fn link_ui(&self, ui: &mut Ui, n: usize, link: &Link, text: Option<&str>, rect: Rect) {
        let id = format!("link{n}");
        let number = NumberBox {
            id: &id,
            name: &link.name,
            cell: link.cell,
            text: text.or(link.text.as_deref()),
            address: link.address,
            mapping: link.mapping,
            framed: link.framed,
        };
        box_ui(ui, self.conv_cell.view, rect, &number);
    }

    /// The links side by side, their names above; returns the last box and where the map's room begins.
    fn links_row_ui(&self, ui: &mut Ui, column: Rect) -> (Rect, f32) {
        let top = column.top() + 24.0 + ladder::CAPTIONS;
        let mut rect = Rect::from_min_size(pos2(column.left(), top), vec2(BOX[0], BOX[1]));
        for (n, link) in self.chain.links.iter().enumerate() {
            if n > 0 {
                sign_ui(ui, pos2(rect.right() + 12.0, rect.center().y), link.sign);
                rect = rect.translate(vec2(BOX[0] + 24.0, 0.0));
            }
            caption_ui(ui, rect.min - vec2(0.0, ladder::CAPTIONS - 2.0), BOX[0] + 20.0, &link.name, "");
            self.link_ui(ui, n, link, None, rect);
        }
        (rect, rect.bottom() + 36.0)
    }

    /// The links below one another, their names before them.
    fn links_column_ui(&self, ui: &mut Ui, column: Rect) -> (Rect, f32) {
        let names: Vec<String> = self
            .chain
            .links
            .iter()
            .enumerate()
            .map(|(n, link)| match n {
                0 => link.name.clone(),
                _ => format!("{} {}", link.sign, link.name),
            })
            .collect();
        let widest = names.iter().map(|name| small_width(ui, name)).fold(0.0, f32::max);
        let x = column.left() + widest + space::M;
        let top = column.top() + ladder::CAPTIONS;
        let mut rect = Rect::from_min_size(pos2(x, top), vec2(BOX[0], 40.0));
        for (n, (link, name)) in self.chain.links.iter().zip(&names).enumerate() {
            if n > 0 {
                rect = rect.translate(vec2(0.0, 48.0));
            }
            caption_ui(ui, pos2(column.left(), rect.center().y - 9.0), widest + space::S, name, "");
            self.link_ui(ui, n, link, None, rect);
        }
        (rect, rect.bottom() + 10.0)
    }

    /// The map that the result goes into, in a room whose first line is its name; with a short name where it is narrow.
    fn map_ui(&self, ui: &mut Ui, room: Rect, short: bool) -> Rect {
        let (view, theme) = (self.conv_cell.view, self.conv_cell.theme());
        let plane = self.sum.result();
        let [_, channel, i, j] = self.conv_cell.at;
        let map = names::plane(view, plane.tensor(), channel);
        let layer = self.conv_cell.name(plane.tensor());
        let whole = view.fill("conv.map_of", &[("map", &map), ("layer", &layer)]);
        let name = if short || small_width(ui, &whole) > room.width() { map } else { whole };
        caption_ui(ui, room.min, room.width(), &name, "");
        let below = room.size() - vec2(0.0, ladder::CAPTIONS - 4.0);
        let cell = fit_cell(below, plane.rows(), plane.cols(), 0, ui.pixels_per_point()).min(ladder::LARGEST);
        let mut overlays = self.lit.result.clone();
        overlays.push(Overlay::cursor(theme, i, j));
        let at = room.min + vec2(0.0, ladder::CAPTIONS - 4.0);
        self.plane_ui(ui, at, &plane, cell, overlays)
    }

    /// The result's map as a picture; with numbers where its cells are as large as those of the window.
    fn plane_ui(
        &self,
        ui: &mut Ui,
        at: Pos2,
        plane: &TensorPlane,
        cell: f32,
        overlays: Vec<Overlay>,
    ) -> Rect {
        let sparse = self.numbers.sparse || cell < self.fit.cell;
        let grid = AddressedGrid {
            id: "result",
            rows: plane.rows(),
            cols: plane.cols(),
            mapping: plane.mapping(),
            revision: plane.revision(),
            cell_points: cell,
            numbers: Some(NumberStyle { sparse, ..self.numbers }),
            current: None,
            cell: &|i, j| plane.cell(i, j),
            address: &|i, j| Some(plane.address(i, j)),
            label: &|cell| plane.label(cell),
            overlays,
        };
        addressed_grid_ui(ui, self.conv_cell.view, at, grid).response.rect
    }

    /// One slice, and below it a chip for each that is listed.
    fn one_row_ui(&self, ui: &mut Ui, k: usize, listed: &[usize]) {
        let view = self.conv_cell.view;
        let face = face_size(ui, self.sum, self.fit.cell);
        let top = self.rect.top() + ladder::CAPTIONS - MARGIN;
        let name = slice_name(view, self.sum, k);
        let mut x = self.rect.left();
        let mut window = None;
        if self.fit.picture > 0.0 {
            let room = Rect::from_min_size(pos2(x, top), vec2(self.fit.picture, face.y));
            let (drawn, seen) = picture_ui(ui, self.conv_cell, self.sum, &self.lit, k, room);
            caption_ui(ui, pos2(x, self.rect.top() + 2.0), self.fit.picture + 20.0, &name, "");
            window = Some((drawn, seen));
            x += self.fit.picture + ladder::FUNNEL - MARGIN;
        }
        let faces: &[(Face, &str)] = match self.fit.rung {
            Rung::WithoutProducts => &[(Face::Window, ""), (Face::Filter, "×")],
            Rung::AllRows | Rung::SomeRows | Rung::OneRow | Rung::WithoutPicture => {
                &[(Face::Window, ""), (Face::Filter, "×"), (Face::Products, "=")]
            }
        };
        let mut bottom = top + face.y;
        for (face_of, sign) in faces {
            if !sign.is_empty() {
                sign_ui(ui, pos2(x + 0.5 * ladder::SIGN - MARGIN, top + 0.5 * face.y), sign);
                x += ladder::SIGN - 2.0 * MARGIN;
            }
            let words = match face_of {
                Face::Window if window.is_none() => format!("{name}: {}", view.text("conv.window")),
                Face::Window => view.text("conv.window"),
                Face::Filter => filter_name(self.conv_cell, self.sum),
                Face::Products => view.text("conv.times"),
            };
            caption_ui(ui, pos2(x, self.rect.top() + 2.0), face.x + 20.0, &words, "");
            let rect = self.face_ui(ui, *face_of, k, pos2(x, top));
            if let (Face::Window, Some((_, seen))) = (face_of, window) {
                funnel_ui(ui, seen, rect.shrink(MARGIN), view.theme.reads);
            }
            bottom = rect.bottom();
            x = rect.right();
        }
        self.chips_ui(ui, k, listed, bottom + 6.0);
    }

    /// The chips, with signs between; then the result, and the map where there is room.
    fn chips_ui(&self, ui: &mut Ui, current: usize, listed: &[usize], top: f32) {
        let view = self.conv_cell.view;
        let chips = self.fitting_chips(ui, current, listed);
        let mut x = self.rect.left();
        let mut last = None;
        let middle = top + 0.5 * CHIP;
        for (n, chip) in chips.iter().enumerate() {
            // Where the result has no room, the equation line below has it.
            let gap = if n > 0 { CHIP_GAP } else { 0.0 };
            if x + gap + chip.width(ui) > self.rect.right() + 0.5 {
                break;
            }
            if n > 0 {
                // `+29 more` has its sign.
                let sign = if chip.is_more { "" } else { chip.sign };
                sign_ui(ui, pos2(x + 0.5 * CHIP_GAP, middle), sign);
                x += CHIP_GAP;
            }
            let rect = Rect::from_min_size(pos2(x, top), vec2(chip.width(ui), CHIP));
            if chip.sign == "=" {
                if let Some(link) = self.chain.links.last() {
                    self.link_ui(ui, self.chain.links.len(), link, Some(&chip.value), rect);
                }
            } else if chip_ui(ui, view, chip, rect, chip.slice == Some(current)) {
                let choice = (
                    self.conv_cell.focus,
                    self.conv_cell.done,
                    self.conv_cell.marked,
                    chip.slice.unwrap_or(0),
                );
                ui.data_mut(|data| data.insert_temp(choice_id(), choice));
                ui.ctx().request_repaint();
            }
            x = rect.right();
            last = Some(rect);
        }
        let side = self.rect.bottom() + 4.0 - top;
        let left = self.rect.right() - side;
        if side >= 64.0 && left > x + 40.0 {
            let map = self.map_below_ui(ui, Rect::from_min_size(pos2(left, top), Vec2::splat(side)));
            let tip = pos2(map.left() - 4.0, middle);
            arrow_ui(ui, &[pos2(x + 6.0, middle), tip], view.theme.text_weak);
        } else if let Some(last) = last.filter(|_| side >= BELOW_CHIPS) {
            self.map_under_ui(ui, last);
        }
    }

    /// The result's map under the last chip, which is the result.
    fn map_under_ui(&self, ui: &mut Ui, result: Rect) {
        let top = result.bottom() + space::XL;
        let height = self.rect.bottom() - top;
        let plane = self.sum.result();
        let wide = (height - ladder::CAPTIONS) * plane.cols() as f32 / plane.rows().max(1) as f32;
        let left = (result.center().x - 0.5 * wide).min(self.rect.right() - wide).max(self.rect.left());
        self.map_ui(ui, Rect::from_min_max(pos2(left, top), self.rect.max), false);
        let [from, to] = [result.bottom() + 3.0, top - 3.0];
        let x = result.center().x;
        arrow_ui(ui, &[pos2(x, from), pos2(x, to)], self.conv_cell.theme().text_weak);
    }

    /// The result's map without a caption over it: that stands to its left.
    fn map_below_ui(&self, ui: &mut Ui, room: Rect) -> Rect {
        let (view, theme) = (self.conv_cell.view, self.conv_cell.theme());
        let plane = self.sum.result();
        let [_, channel, i, j] = self.conv_cell.at;
        let cell =
            fit_cell(room.size(), plane.rows(), plane.cols(), 0, ui.pixels_per_point()).min(ladder::LARGEST);
        let mut overlays = self.lit.result.clone();
        overlays.push(Overlay::cursor(theme, i, j));
        let drawn = self.plane_ui(ui, room.min, &plane, cell, overlays);
        let map = names::plane(view, plane.tensor(), channel);
        let layer = self.conv_cell.name(plane.tensor());
        let name = view.fill("conv.map_of", &[("map", &map), ("layer", &layer)]);
        let font = FontId::proportional(text_size::SMALL);
        let at = pos2(drawn.left() - space::M, drawn.top() + CHIP + 12.0);
        if at.y + 8.0 < self.rect.bottom() {
            ui.painter().text(at, Align2::RIGHT_CENTER, name, font, theme.text_weak);
        }
        drawn
    }

    /// As many chips as fit, those that give least put together into one.
    fn fitting_chips(&self, ui: &Ui, current: usize, listed: &[usize]) -> Vec<Chip> {
        let mut by_size = listed.to_vec();
        by_size.sort_by(|&a, &b| {
            let size = |k: usize| if k == current { f32::INFINITY } else { self.sum.given(k).value.abs() };
            size(b).total_cmp(&size(a))
        });
        // In their own order.
        let chips = |count: usize| {
            let shown = listed.iter().copied().filter(|k| by_size[..count].contains(k));
            self.chips(&shown.collect::<Vec<_>>())
        };
        let width = |count: usize| {
            let chips = chips(count);
            let width = chips.iter().map(|chip| chip.width(ui)).sum::<f32>();
            width + CHIP_GAP * chips.len().saturating_sub(1) as f32
        };
        let least = usize::from(!listed.is_empty());
        chips(most_fitting(listed.len(), self.rect.width(), width).max(least))
    }

    fn chips(&self, listed: &[usize]) -> Vec<Chip> {
        let view = self.conv_cell.view;
        let again;
        let chain = if listed.len() == self.chain.given.len() {
            &self.chain
        } else {
            again = chain(self.conv_cell, self.sum, listed);
            &again
        };
        let text = |cell: &CellView, text: &Option<String>| match (cell.state, text) {
            (CellState::NotYet, _) => "…".to_owned(),
            (_, Some(text)) => text.clone(),
            (_, None) => number::short(cell.value),
        };
        let chip =
            |sign, name: String, value: String, slice| Chip { sign, name, value, slice, is_more: false };
        let mut chips: Vec<Chip> = listed
            .iter()
            .zip(&chain.given)
            .map(|(&k, (cell, own))| chip("+", slice_name(view, self.sum, k), text(cell, own), Some(k)))
            .collect();
        if let Some((count, cell, own)) = &chain.more {
            let name = view.fill("conv.more", &[("count", &count.to_string())]);
            chips.push(Chip { is_more: true, ..chip("+", name, text(cell, own), None) });
        }
        for link in chain.links.iter().filter(|link| !matches!(link.sign, "Σ" | "=")) {
            chips.push(chip(link.sign, link.name.clone(), text(&link.cell, &link.text), None));
        }
        if let Some(link) = chain.links.last() {
            chips.push(chip("=", String::new(), text(&link.cell, &link.text), None));
        }
        chips
    }
}

/// From the chips down, where the map lies under them.
const BELOW_CHIPS: f32 = 170.0;

/// The height of a chip, and the room of a sign between two.
const CHIP: f32 = 30.0;
const CHIP_GAP: f32 = 22.0;

/// What a channel gives, or the bias, or the result.
struct Chip {
    sign: &'static str,
    name: String,
    value: String,
    slice: Option<usize>,
    is_more: bool,
}

impl Chip {
    fn words(&self) -> String {
        if self.name.is_empty() { self.value.clone() } else { format!("{} {}", self.name, self.value) }
    }

    fn width(&self, ui: &Ui) -> f32 {
        let font = FontId::proportional(text_size::BODY);
        let galley = ui.painter().layout_no_wrap(self.words(), font, Color32::PLACEHOLDER);
        (galley.size().x + 20.0).ceil().max(44.0)
    }
}

/// Draws a chip; true if it was clicked to see its channel.
fn chip_ui(ui: &mut Ui, view: &crate::ui::view::View, chip: &Chip, rect: Rect, is_current: bool) -> bool {
    let theme = view.theme;
    let sense = if chip.slice.is_some() { Sense::click() } else { Sense::hover() };
    let words = chip.words();
    let answer = ui.interact(rect, ui.scope_id().with(("chip", &chip.name)), sense);
    answer.widget_info(|| match chip.slice {
        Some(_) => WidgetInfo::selected(Role::Button, true, is_current, &words),
        None => WidgetInfo::labeled(Role::Label, true, &words),
    });
    let (ground, edge, ink) = match (is_current, answer.hovered() && chip.slice.is_some()) {
        (true, _) => (theme.accent_soft, theme.accent, theme.accent),
        (false, true) => (theme.button_hover, theme.line_strong, theme.text),
        (false, false) => (theme.raised, theme.line_strong, theme.text),
    };
    ui.painter().rect(
        rect,
        CornerRadius::same(space::RADIUS),
        ground,
        Stroke::new(1.0, edge),
        StrokeKind::Inside,
    );
    let font = FontId::proportional(text_size::BODY);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, font, ink);
    answer.clicked()
}

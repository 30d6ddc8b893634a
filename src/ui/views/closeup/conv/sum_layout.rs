//! How a sum of windows times filter slices is laid out: as a table with a row for each channel
//! where the kernel leaves room for it, else with one channel large over two lines.

use super::conv_cell::{ConvCell, LEGENDS, legends_height, legends_ui, middle, room, used_ui};
use super::sum::{Lit, Sum};
use crate::nn::Part;
use crate::trace::Address;
use crate::ui::{
    colormap::Mapping,
    names,
    tensor_plane::TensorPlane,
    theme::space,
    widgets::{
        addressed_grid::{
            AddressedGrid, SingleCell, addressed_grid_ui, revision_of, single_cell_ui, tensor_plane_ui,
        },
        flow::{CAPTION, arrow_ui, caption_ui, funnel_ui, rule_ui, sign_ui},
        grid::{CellSpan, CellView, MARGIN, Overlay, fit_cell, plane_size, snap_cell},
    },
};
use egui::{Id, Pos2, Rect, ScrollArea, Ui, UiBuilder, Vec2, pos2, vec2};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The gap around a sign.
const SIGN: f32 = 20.0;
/// The gap between the source and its window drawn large.
const FUNNEL: f32 = 18.0;
/// The gap before a sum, for its sign.
const SIGMA: f32 = 24.0;
/// A box for one number.
const BOX: f32 = 40.0;
/// The cell in which a number can just be read.
const READABLE: f32 = 32.0;
/// The largest cell.
const LARGEST: f32 = 80.0;
/// The largest cell of a table with several rows.
const LARGEST_OF_MANY: f32 = 46.0;
/// Between the rows of the table.
const ROWS: f32 = 4.0;
/// A scroll bar.
const BAR: f32 = 12.0;

/// Draws the close-up of a sum.
pub fn sum_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum) {
    let room = room(ui);
    let (geometry, unseen) = conv_cell.geometry(ui, room.width());
    let first = if sum.flipped { vec![spread_words(conv_cell)] } else { geometry };
    let mut detail: Vec<_> = first.into_iter().map(|text| (text, false)).collect();
    detail.extend(group_words(conv_cell, sum).map(|text| (text, false)));
    detail.extend(unseen.map(|text| (text, true)));
    let detail: Vec<_> = detail.iter().map(|(text, warns)| (text.as_str(), *warns)).collect();
    let top = conv_cell.header_ui(ui, room, &place_words(conv_cell), &detail);
    let body = Rect::from_min_max(pos2(room.left(), top), room.max.max(pos2(room.left() + 60.0, top + 60.0)));
    let lit = sum.lit();
    let end = match table_fit(ui, sum, body.size()) {
        Some(fit) => table_ui(ui, conv_cell, sum, &lit, body, &fit),
        None => large_ui(ui, conv_cell, sum, &lit, body),
    };
    used_ui(ui, Rect::from_min_max(room.min, end));
}

/// `channel k2 of 8 · row 3, column 5`.
pub fn place_words(conv_cell: &ConvCell) -> String {
    let [_, k, i, j] = conv_cell.at.map(|n| n.to_string());
    let cell = format!("({i},{j})");
    let all = conv_cell.view.state.plan().shape_of(conv_cell.stage.tensor).0[1].to_string();
    conv_cell.view.fill("conv.place", &[("k", &k), ("all", &all), ("cell", &cell)])
}

/// How the output gradient is laid out under the flipped filter.
fn spread_words(conv_cell: &ConvCell) -> String {
    let window = &conv_cell.spec.window;
    let [pad, stride] = [&window.rows, &window.cols]
        .map(|axis| ((axis.dilation * (axis.kernel - 1)).saturating_sub(axis.padding), axis.stride))
        .map(|(pad, stride)| [pad, stride])
        .into_iter()
        .fold([String::new(), String::new()], |[pads, strides], [pad, stride]| {
            let join = |all: String, one: usize| match one.to_string() {
                one if all.is_empty() || all == one => one,
                one => format!("{all} × {one}"),
            };
            [join(pads, pad), join(strides, stride)]
        });
    let key = if stride == "1" { "conv.padded" } else { "conv.spread" };
    conv_cell.view.fill(key, &[("pad", &pad), ("stride", &stride)])
}

fn group_words(conv_cell: &ConvCell, sum: &Sum) -> Option<String> {
    (conv_cell.spec.groups > 1).then(|| {
        let group = sum.first / sum.slices;
        let [group, all, from, to] =
            [group, conv_cell.spec.groups, sum.first, sum.first + sum.slices - 1].map(|n| n.to_string());
        conv_cell.view.fill("conv.group", &[("group", &group), ("all", &all), ("from", &from), ("to", &to)])
    })
}

/// `k0 of 3`: slice `k` by its channel.
fn slice_words(conv_cell: &ConvCell, sum: &Sum, k: usize) -> String {
    let all = conv_cell.view.state.plan().shape_of(sum.source).0[1].to_string();
    conv_cell.view.fill("conv.slice", &[("k", &(sum.first + k).to_string()), ("all", &all)])
}

// ---------------------------------------------------------------------------------------------
// The parts.

/// Names, for the captions over the parts.
struct Names {
    source: String,
    filter: String,
}

fn names(conv_cell: &ConvCell, sum: &Sum) -> Names {
    let filter = if sum.flipped { "conv.flipped_filter" } else { "conv.filter" };
    Names { source: conv_cell.name(sum.source), filter: conv_cell.view.text(filter) }
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The padded plane that the window slides over; returns where the window is on the screen.
fn source_ui(
    ui: &mut Ui,
    conv_cell: &ConvCell,
    sum: &Sum,
    lit: &Lit,
    k: usize,
    at: Pos2,
    cell: f32,
) -> (Rect, Rect) {
    let theme = conv_cell.theme();
    let plane = sum.plane(k);
    let window = sum.window();
    let mut overlays = sum.padding();
    overlays.extend(lit.on_sheet(k).iter().cloned());
    if sum.dilation != [1, 1] {
        overlays.extend(sum.places().map(|ab| {
            let [r, c] = sum.on_sheet(ab);
            Overlay::tint(CellSpan::cell(r, c), theme.reads.gamma_multiply(0.4))
        }));
    }
    overlays.push(Overlay::reads(theme, window));
    if let Some((_, ab)) = sum.just().filter(|&(slice, _)| slice == k) {
        let [r, c] = sum.on_sheet(ab);
        overlays.push(Overlay::cursor(theme, r, c));
    }
    let id = format!("source{k}");
    let grid = AddressedGrid {
        id: &id,
        rows: sum.shown[0].len(),
        cols: sum.shown[1].len(),
        mapping: plane.mapping(),
        revision: hash_of((plane.revision(), sum.shown[0].len(), sum.shown[1].len(), sum.flipped)),
        cell_points: cell,
        cell: &|r, c| sum.sheet_cell(&plane, [r, c]),
        address: &|r, c| sum.sheet_address(&plane, [r, c]),
        label: &|place| match place {
            Some((r, c)) => sum
                .cell_at([r, c])
                .map_or_else(|| conv_cell.view.text("conv.padding"), |[i, j]| plane.label(Some((i, j)))),
            None => plane.label(None),
        },
        overlays,
    };
    let rect = Rect::from_min_size(at, grid.size(ui));
    let grid = addressed_grid_ui(ui, conv_cell.view, at, grid).screen_from_grid;
    (rect, grid.span_rect(window))
}

/// Which of a slice's three planes.
#[derive(Clone, Copy, PartialEq)]
enum Face {
    Window,
    Filter,
    Products,
}

/// Window, filter slice or products of slice `k`.
#[expect(clippy::too_many_arguments, reason = "one plane of a row, where it stands, and how large")]
fn face_ui(
    ui: &mut Ui,
    conv_cell: &ConvCell,
    sum: &Sum,
    lit: &Lit,
    face: Face,
    k: usize,
    at: Pos2,
    cell: f32,
) -> Rect {
    let theme = conv_cell.theme();
    let (source, filter) = (sum.plane(k), sum.filter(k));
    let flat = |[a, b]: [usize; 2]| a * sum.kernel[1] + b;
    let cells: Vec<CellView> = sum
        .places()
        .map(|ab| match face {
            Face::Window => sum.sheet_cell(&source, sum.on_sheet(ab)),
            Face::Filter => {
                let [u, v] = sum.tap(ab);
                filter.cell(u, v)
            }
            Face::Products => conv_cell.product(sum.term(k, ab)),
        })
        .collect();
    let address = |ab: [usize; 2]| match face {
        Face::Window => sum.sheet_address(&source, sum.on_sheet(ab)),
        Face::Filter => {
            let [u, v] = sum.tap(ab);
            Some(filter.address(u, v))
        }
        Face::Products => Some(conv_cell.term(sum.term(k, ab))),
    };
    let mapping = match face {
        Face::Window => source.mapping(),
        Face::Filter => filter.mapping(),
        Face::Products => conv_cell.sum_mapping(),
    };
    let mut overlays = if face == Face::Window { sum.window_padding() } else { Vec::new() };
    if let Some([a, b]) = lit.place_in(k) {
        overlays.push(Overlay::outline(CellSpan::cell(a, b), theme.hover));
    }
    if let Some((_, [a, b])) = sum.just().filter(|&(slice, _)| slice == k) {
        overlays.push(Overlay::cursor(theme, a, b));
    }
    let (id, name) = match face {
        Face::Window => (format!("window{k}"), conv_cell.view.text("conv.window")),
        Face::Filter => (format!("filter{k}"), names(conv_cell, sum).filter),
        Face::Products => (format!("products{k}"), conv_cell.view.text("conv.products")),
    };
    let label = |place: Option<(usize, usize)>| match (place, face) {
        (Some((a, b)), Face::Window) => sum
            .cell_at(sum.on_sheet([a, b]))
            .map_or_else(|| conv_cell.view.text("conv.padding"), |[i, j]| source.label(Some((i, j)))),
        (Some((a, b)), Face::Filter) => {
            let [u, v] = sum.tap([a, b]);
            filter.label(Some((u, v)))
        }
        (Some((a, b)), Face::Products) => {
            conv_cell.words(&format!("{name} ({a}, {b})"), conv_cell.product(sum.term(k, [a, b])))
        }
        (None, _) => format!("{name} {}", slice_words(conv_cell, sum, k)),
    };
    let grid = AddressedGrid {
        id: &id,
        rows: sum.kernel[0],
        cols: sum.kernel[1],
        mapping,
        revision: revision_of(&cells),
        cell_points: cell,
        cell: &|a, b| cells.get(flat([a, b])).copied().unwrap_or_else(CellView::not_yet),
        address: &|a, b| address([a, b]),
        label: &label,
        overlays,
    };
    let rect = Rect::from_min_size(at, grid.size(ui));
    addressed_grid_ui(ui, conv_cell.view, at, grid);
    rect
}

/// The sum of slice `k` as far as it has come.
fn slice_sum_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, k: usize, at: Pos2, points: f32) -> Rect {
    let taps = sum.taps();
    let cell = conv_cell.brought(k * taps, (k + 1) * taps);
    let name = format!("{} {}", conv_cell.view.text("conv.sum"), slice_words(conv_cell, sum, k));
    let id = format!("sum{k}");
    let single = SingleCell {
        id: &id,
        name: &name,
        cell,
        address: Some(conv_cell.term((k + 1) * taps - 1)),
        mapping: conv_cell.sum_mapping(),
        points,
        frame: None,
    };
    Rect::from_min_size(at, single_cell_ui(ui, conv_cell.view, at, &single).response.rect.size())
}

/// A link of the chain from the sum to the result.
struct Link {
    sign: &'static str,
    name: String,
    cell: CellView,
    address: Option<Address>,
    mapping: Mapping,
    just: bool,
}

/// From the sum to the result: the total, the division, the bias, the cell itself.
fn chain(conv_cell: &ConvCell, sum: &Sum) -> Vec<Link> {
    let pixels = sum.pixels();
    let mapping = conv_cell.sum_mapping();
    let just = |m: usize| conv_cell.just == Some(m as u32);
    let mut links = Vec::new();
    let [_, o, i, j] = conv_cell.at;
    let (divides, adds) =
        if sum.flipped { (false, false) } else { (conv_cell.spec.normalize, conv_cell.spec.bias) };
    let total = |sign| Link {
        sign,
        name: conv_cell.view.text("conv.total"),
        cell: conv_cell.running(pixels),
        address: Some(conv_cell.term(pixels - 1)),
        mapping,
        just: just(pixels - 1),
    };
    if divides || adds {
        links.push(total("Σ"));
    }
    if divides {
        links.push(Link {
            sign: "÷",
            name: "K".to_owned(),
            cell: CellView::current(pixels as f32),
            address: None,
            mapping: conv_cell.neutral(),
            just: just(pixels),
        });
    }
    if adds {
        let bias = TensorPlane::before_update(conv_cell.view, conv_cell.own(Part::Bias), o);
        links.push(Link {
            sign: "+",
            name: conv_cell.view.text("conv.bias"),
            cell: bias.cell(0, 0),
            address: Some(bias.address(0, 0)),
            mapping,
            just: just(pixels + usize::from(divides)),
        });
    }
    let plane = sum.result();
    // Between the sum and the last operation there is no such number yet, only in the cell the
    // running one.
    let is_there = links.is_empty() || conv_cell.done == conv_cell.terms;
    links.push(Link {
        sign: if links.is_empty() { "Σ" } else { "=" },
        name: conv_cell.view.text("conv.result"),
        cell: if is_there { plane.cell(i, j) } else { CellView::not_yet() },
        address: Some(plane.address(i, j)),
        mapping: plane.mapping(),
        just: conv_cell.done == conv_cell.terms && conv_cell.just.is_some(),
    });
    links
}

fn link_ui(ui: &mut Ui, conv_cell: &ConvCell, n: usize, link: &Link, at: Pos2, points: f32) -> Rect {
    let id = format!("link{n}");
    let single = SingleCell {
        id: &id,
        name: &link.name,
        cell: link.cell,
        address: link.address,
        mapping: link.mapping,
        points,
        frame: link.just.then_some(conv_cell.theme().cursor),
    };
    single_cell_ui(ui, conv_cell.view, at, &single).response.rect
}

/// The chain in a row; returns the first box and the last.
fn chain_row_ui(ui: &mut Ui, conv_cell: &ConvCell, links: &[Link], at: Pos2) -> (Rect, Rect) {
    let mut left = at.x;
    let mut ends: Option<(Rect, Rect)> = None;
    for (n, link) in links.iter().enumerate() {
        if n > 0 {
            sign_ui(ui, pos2(left + 0.5 * SIGN, at.y + CAPTION + 0.5 * BOX + MARGIN), link.sign);
            left += SIGN;
        }
        caption_ui(ui, pos2(left, at.y), BOX + SIGN, &link.name, "");
        let rect = link_ui(ui, conv_cell, n, link, pos2(left, at.y + CAPTION), BOX);
        ends = Some((ends.map_or(rect, |(first, _)| first), rect));
        left = rect.right();
    }
    ends.unwrap_or((Rect::from_min_size(at, Vec2::ZERO), Rect::from_min_size(at, Vec2::ZERO)))
}

/// How wide the chain is in a row.
fn chain_row_width(links: usize) -> f32 {
    links as f32 * (BOX + 2.0 * MARGIN) + links.saturating_sub(1) as f32 * SIGN
}

/// The chain as a written addition, its signs in front; returns the first box and the last.
fn chain_column_ui(ui: &mut Ui, conv_cell: &ConvCell, links: &[Link], at: Pos2, points: f32) -> (Rect, Rect) {
    let mut top = at.y;
    let mut ends: Option<(Rect, Rect)> = None;
    for (n, link) in links.iter().enumerate() {
        let size = points + 2.0 * MARGIN;
        if n > 0 && link.sign == "=" {
            rule_ui(ui, pos2(at.x, top + 1.0), SIGN + size);
            top += 5.0;
        }
        sign_ui(ui, pos2(at.x + 0.5 * SIGN, top + 0.5 * size), link.sign);
        let rect = link_ui(ui, conv_cell, n, link, pos2(at.x + SIGN, top), points);
        let beside = pos2(rect.right() + space::XS, rect.center().y - 0.5 * CAPTION);
        caption_ui(ui, beside, CHAIN_WORDS, &link.name, "");
        ends = Some((ends.map_or(rect, |(first, _)| first), rect));
        top += size + 3.0;
    }
    ends.unwrap_or((Rect::from_min_size(at, Vec2::ZERO), Rect::from_min_size(at, Vec2::ZERO)))
}

/// The room for a name beside a box of the chain.
const CHAIN_WORDS: f32 = 50.0;

/// The width of [`chain_column_ui`].
const CHAIN_COLUMN: f32 = SIGN + BOX + 2.0 * MARGIN + space::XS + CHAIN_WORDS;

/// The result's map with the cell outlined, and an arrow to it from the result's box.
fn map_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, lit: &Lit, room: Rect, from: Rect) -> Rect {
    let plane = sum.result();
    let theme = conv_cell.theme();
    let [_, channel, i, j] = conv_cell.at;
    let ppp = ui.pixels_per_point();
    let size = ConvCell::size(plane.rows(), plane.cols());
    let name = names::tensor_and_plane(conv_cell.view, conv_cell.stage.tensor, channel);
    caption_ui(ui, room.min, room.width(), &name, &size);
    let cell = fit_cell(room.size() - vec2(0.0, CAPTION), plane.rows(), plane.cols(), 0, ppp).min(LARGEST);
    let mut overlays = lit.result.clone();
    overlays.push(Overlay::cursor(theme, i, j));
    let at = room.min + vec2(0.0, CAPTION);
    let plane = tensor_plane_ui(ui, conv_cell.view, at, "result", &plane, cell, overlays);
    let y = plane.screen_from_grid.cell_rect(i as i32, j as i32).center().y;
    let start = pos2(from.right() + 3.0, from.center().y);
    let tip = pos2(plane.response.rect.left() - 1.0, y);
    let bend = 0.5 * (start.x + tip.x);
    if (start.y - tip.y).abs() < 1.0 {
        arrow_ui(ui, &[start, tip], theme.cursor);
    } else {
        arrow_ui(ui, &[start, pos2(bend, start.y), pos2(bend, tip.y), tip], theme.cursor);
    }
    plane.response.rect
}

/// The legends of the four kinds of numbers.
fn legends(conv_cell: &ConvCell, sum: &Sum) -> Vec<(String, Mapping)> {
    let k = sum.current();
    vec![
        (conv_cell.name(sum.source), sum.plane(k).mapping()),
        (conv_cell.view.text("conv.weights"), sum.filter(k).mapping()),
        (conv_cell.view.text("conv.products_and_sums"), conv_cell.sum_mapping()),
        (conv_cell.name(conv_cell.stage.tensor), sum.result().mapping()),
    ]
}

// ---------------------------------------------------------------------------------------------
// The table: a row for each channel.

struct TableFit {
    cell: f32,
    source: f32,
    rows: usize,
    pitch: f32,
    foot: f32,
}

/// The largest table that fits, if one does with numbers in its cells.
fn table_fit(ui: &Ui, sum: &Sum, size: Vec2) -> Option<TableFit> {
    if sum.slices == 1 {
        return None;
    }
    let ppp = ui.pixels_per_point();
    let [kh, kw] = sum.kernel;
    let [rows, cols] = [0, 1].map(|d| sum.shown[d].len());
    let foot = 2.0 * LEGENDS - 10.0;
    let room = size.y - CAPTION - foot - space::M;
    // Three rows with a source that can be made out, if that goes; else less and less of it.
    let wishes = [(3, 92.0_f32, 38.0), (3, 64.0, READABLE), (3, 48.0, READABLE), (2, 48.0, READABLE)];
    for (wanted, least_source, least_cell) in wishes {
        let mut cell = LARGEST_OF_MANY;
        while cell >= least_cell {
            let face = plane_size(kh, kw, 0, cell, ppp);
            let height = face.y.max(88.0);
            let pitch = height + ROWS;
            let fixed = FUNNEL + 3.0 * face.x + 2.0 * SIGN + SIGMA + BOX + 2.0 * MARGIN;
            let fitting = ((room + ROWS) / pitch).floor().max(0.0) as usize;
            let bar = if fitting < sum.slices { BAR } else { 0.0 };
            let left = vec2(size.x - fixed - bar, height - CAPTION);
            let source = fit_cell(left.max(Vec2::splat(1.0)), rows, cols, 0, ppp).min(cell);
            let wide = plane_size(rows, cols, 0, source, ppp);
            // As high as the row lets it be is all that can be asked for.
            let most = fit_cell(vec2(f32::MAX, left.y), rows, cols, 0, ppp).min(cell);
            let least = least_source.min(plane_size(rows, cols, 0, most, ppp).x);
            if wide.x <= left.x && wide.x >= least && fitting >= wanted.min(sum.slices) {
                return Some(TableFit { cell, source, rows: fitting.min(sum.slices), pitch, foot });
            }
            cell -= 1.0;
        }
    }
    None
}

fn table_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, lit: &Lit, body: Rect, fit: &TableFit) -> Pos2 {
    let ppp = ui.pixels_per_point();
    let [kh, kw] = sum.kernel;
    let face = plane_size(kh, kw, 0, fit.cell, ppp);
    let wide = plane_size(sum.shown[0].len(), sum.shown[1].len(), 0, fit.source, ppp).x;
    let fixed = FUNNEL + 3.0 * face.x + 2.0 * SIGN + SIGMA + BOX + 2.0 * MARGIN;
    // What is left goes between the columns.
    let scrolls = fit.rows < sum.slices;
    let spare =
        ((body.width() - fixed - wide - if scrolls { BAR } else { 0.0 }) / 4.0).clamp(0.0, 14.0).floor();
    let x_window = body.left() + wide + FUNNEL + spare;
    let x_filter = x_window + face.x + SIGN + spare;
    let x_products = x_filter + face.x + SIGN + spare;
    let x_sum = x_products + face.x + SIGMA + spare;
    let columns = Columns { x_window, x_filter, x_products, x_sum, face, gap: SIGN + spare };

    let names = names(conv_cell, sum);
    let size = ConvCell::size(kh, kw);
    let view = conv_cell.view;
    caption_ui(ui, body.min, wide + FUNNEL, &names.source, "");
    caption_ui(ui, pos2(x_window, body.top()), face.x + SIGN, &view.text("conv.window"), "");
    caption_ui(ui, pos2(x_filter, body.top()), face.x + SIGN, &names.filter, &size);
    caption_ui(ui, pos2(x_products, body.top()), face.x, &view.text("conv.products"), "");
    caption_ui(ui, pos2(x_sum, body.top()), BOX + 30.0, &view.text("conv.sum"), "");

    let rows_top = body.top() + CAPTION;
    let rows_height = fit.rows as f32 * fit.pitch - ROWS;
    let current = sum.current();
    if scrolls {
        let rect = Rect::from_min_size(pos2(body.left(), rows_top), vec2(body.width(), rows_height));
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("channels"));
        // Tables of different lengths are different areas: one that was shorter would spring back.
        let area = ScrollArea::vertical().id_salt(("channels", sum.slices, fit.pitch.to_bits()));
        let mut area = area.auto_shrink(false).max_height(rows_height);
        // When the sum goes on to another channel, that one comes into view.
        let id = Id::unique("conv channel in view");
        let seen = (conv_cell.focus, current, fit.rows, fit.pitch.to_bits());
        if ui.data(|data| data.get_temp(id)) != Some(seen) {
            ui.data_mut(|data| data.insert_temp(id, seen));
            let first = (current + 1).saturating_sub(fit.rows).max(current.saturating_sub(fit.rows / 2));
            let first = first.min(sum.slices - fit.rows);
            area = area.vertical_scroll_offset(first as f32 * fit.pitch);
        }
        area.show_viewport(&mut child, |ui, seen| {
            let top = ui.max_rect().top();
            ui.set_height(sum.slices as f32 * fit.pitch - ROWS);
            let from = (seen.top() / fit.pitch).floor().max(0.0) as usize;
            let to = ((seen.bottom() / fit.pitch).ceil().max(0.0) as usize).min(sum.slices);
            for k in from..to {
                let top = top + k as f32 * fit.pitch;
                table_row_ui(ui, conv_cell, sum, lit, k, pos2(body.left(), top), fit, &columns);
            }
        });
    } else {
        for k in 0..sum.slices {
            let top = rows_top + k as f32 * fit.pitch;
            table_row_ui(ui, conv_cell, sum, lit, k, pos2(body.left(), top), fit, &columns);
        }
    }

    // The foot: legends, chain, map.
    let foot = rows_top + rows_height + space::M;
    let links = chain(conv_cell, sum);
    let chain_width = chain_row_width(links.len());
    let foot_height = (body.bottom() - foot).clamp(fit.foot, 190.0);
    let plane = sum.result();
    let map_room = vec2(body.width() - chain_width - 34.0, foot_height - CAPTION);
    let map_cell =
        fit_cell(map_room.min(Vec2::splat(170.0)), plane.rows(), plane.cols(), 0, ppp).min(LARGEST);
    let map = plane_size(plane.rows(), plane.cols(), 0, map_cell, ppp);
    let map_wide = map.x.max(92.0);
    let x_map = body.right() - map_wide;
    let x_chain = x_map - 30.0 - chain_width;
    let (first, last) = chain_row_ui(ui, conv_cell, &links, pos2(x_chain, foot + 6.0));
    let map_rect = Rect::from_min_size(pos2(x_map, foot), vec2(map_wide, map.y + CAPTION));
    let map_rect = map_ui(ui, conv_cell, sum, lit, map_rect, last);
    // From the column of sums down to the total.
    let bend = foot - 0.5 * space::M + 1.0;
    let from = x_sum + 0.5 * BOX + MARGIN;
    let to = first.center().x;
    let line = conv_cell.theme().line_strong;
    arrow_ui(
        ui,
        &[pos2(from, bend - 6.0), pos2(from, bend), pos2(to - 18.0, bend), pos2(to - 18.0, foot + 4.0)],
        line,
    );
    let legend_room =
        Rect::from_min_max(pos2(body.left(), foot), pos2(x_chain - space::L, foot + 2.0 * LEGENDS));
    let legends = legends(conv_cell, sum);
    let mut end = foot + CAPTION + BOX;
    if legend_room.width() >= 130.0 {
        legends_ui(ui, legend_room.translate(vec2(0.0, -4.0)), &legends);
        end = end.max(foot + 2.0 * LEGENDS - space::S);
    }
    pos2(body.right(), end.max(map_rect.bottom()))
}

struct Columns {
    x_window: f32,
    x_filter: f32,
    x_products: f32,
    x_sum: f32,
    face: Vec2,
    gap: f32,
}

#[expect(clippy::too_many_arguments, reason = "a row of the table, where it stands, and how large")]
fn table_row_ui(
    ui: &mut Ui,
    conv_cell: &ConvCell,
    sum: &Sum,
    lit: &Lit,
    k: usize,
    at: Pos2,
    fit: &TableFit,
    columns: &Columns,
) {
    let height = fit.pitch - ROWS;
    let theme = conv_cell.theme();
    let top = at.y + (0.5 * (height - columns.face.y)).floor();
    caption_ui(ui, at, columns.x_window - at.x - 4.0, &slice_words(conv_cell, sum, k), "");
    let (_, window) = source_ui(ui, conv_cell, sum, lit, k, at + vec2(0.0, CAPTION), fit.source);
    let place = |x| pos2(x, top);
    let crop = face_ui(ui, conv_cell, sum, lit, Face::Window, k, place(columns.x_window), fit.cell);
    funnel_ui(ui, window, crop.shrink(MARGIN), theme.reads);
    let filter = face_ui(ui, conv_cell, sum, lit, Face::Filter, k, place(columns.x_filter), fit.cell);
    sign_ui(ui, middle(crop, columns.gap), "×");
    let products = face_ui(ui, conv_cell, sum, lit, Face::Products, k, place(columns.x_products), fit.cell);
    sign_ui(ui, middle(filter, columns.gap), "=");
    sign_ui(ui, middle(products, columns.x_sum - products.right()), "Σ");
    let y = top + (0.5 * (columns.face.y - BOX)).floor() - MARGIN;
    slice_sum_ui(ui, conv_cell, sum, k, pos2(columns.x_sum, y), BOX);
}

// ---------------------------------------------------------------------------------------------
// One channel large: input, window and filter; below them products, sum and result.

fn large_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, lit: &Lit, body: Rect) -> Pos2 {
    let ppp = ui.pixels_per_point();
    let [kh, kw] = sum.kernel;
    let view = conv_cell.view;
    let k = sum.current();
    let mut top = body.top();
    if sum.slices > 1 {
        top = strip_ui(ui, conv_cell, sum, lit, k, Rect::from_min_max(pos2(body.left(), top), body.max))
            + space::S;
    }
    let links = chain(conv_cell, sum);
    let height =
        (body.bottom() - top - legends_height(body.width(), 4) - space::M) / 2.0 - CAPTION - space::S;
    // The source gets what leaves the numbers readable.
    let beside = FUNNEL + SIGN + 4.0 * MARGIN;
    let by_width = |source: f32| (body.width() - source - beside) / (2 * kw) as f32;
    let sources = [(150.0, 36.0), (100.0, READABLE), (64.0, READABLE), (38.0, READABLE)];
    let fitting = sources.into_iter().find(|&(source, least)| by_width(source) >= least);
    let by_width = by_width(fitting.map_or(64.0, |(source, _)| source));
    // So does the result's map.
    let by_map = (body.width() - SIGN - space::S - CHAIN_COLUMN - 20.0 - 110.0 - 2.0 * MARGIN) / kw as f32;
    let by_width = if by_map >= READABLE { by_width.min(by_map) } else { by_width };
    // The boxes of the chain in the height of a line, where they can be read in it.
    let points = ((height - 6.0) / links.len() as f32 - 2.0 * MARGIN - 3.0).floor().clamp(READABLE, BOX);
    let chain_height = links.len() as f32 * (points + 2.0 * MARGIN + 3.0) + 6.0;
    // A chain that is higher than its line takes the rest from the other line.
    let by_height = (height - (chain_height - height).max(0.0) - 2.0 * MARGIN) / kh as f32;
    // A number in each cell is worth scrolling to the legends.
    let by_height = if by_height + (legends_height(body.width(), 4) + space::M) / (2 * kh) as f32 >= READABLE
    {
        by_height.max(READABLE)
    } else {
        by_height
    };
    let cell = snap_cell(by_width.min(by_height).clamp(4.0, LARGEST), ppp);
    let face = plane_size(kh, kw, 0, cell, ppp);
    let names = names(conv_cell, sum);

    // First line.
    let left = body.width() - 2.0 * face.x - FUNNEL - SIGN;
    let tall = face.y.max(chain_height.min(height));
    let source = fit_cell(vec2(left, tall), sum.shown[0].len(), sum.shown[1].len(), 0, ppp).min(cell);
    let at = pos2(body.left(), top + CAPTION);
    let plane = sum.plane(k);
    let (rect, window) = source_ui(ui, conv_cell, sum, lit, k, at, source);
    let size = ConvCell::size(plane.rows(), plane.cols());
    let name = names::tensor_and_plane(conv_cell.view, sum.source, sum.first + k);
    let spare = ((left - rect.width()) / 2.0).clamp(0.0, 20.0).floor();
    let x_window = rect.right() + FUNNEL + spare;
    caption_ui(ui, pos2(body.left(), top), x_window - body.left() - 6.0, &name, &size);
    let crop = face_ui(ui, conv_cell, sum, lit, Face::Window, k, pos2(x_window, at.y), cell);
    caption_ui(ui, pos2(crop.left(), top), face.x, &view.text("conv.window"), "");
    funnel_ui(ui, window, crop.shrink(MARGIN), conv_cell.theme().reads);
    let x_filter = crop.right() + SIGN + spare;
    let filter = face_ui(ui, conv_cell, sum, lit, Face::Filter, k, pos2(x_filter, at.y), cell);
    let width = (body.right() - filter.left()).min(face.x + 8.0);
    caption_ui(ui, pos2(filter.left(), top), width, &names.filter, &ConvCell::size(kh, kw));
    sign_ui(ui, middle(crop, x_filter - crop.right()), "×");

    // Second line.
    let top = at.y + rect.height().max(face.y) + space::S;
    let at = pos2(body.left() + SIGN, top + CAPTION);
    let products = face_ui(ui, conv_cell, sum, lit, Face::Products, k, at, cell);
    sign_ui(ui, pos2(body.left() + 0.5 * SIGN - 2.0, products.center().y), "=");
    caption_ui(ui, pos2(at.x, top), face.x, &view.text("conv.products"), "");
    let x_chain = products.right() + space::S;
    let (first, last) = chain_column_ui(ui, conv_cell, &links, pos2(x_chain, at.y), points);
    let x_map = x_chain + CHAIN_COLUMN + 20.0;
    let map_height = face.y.max(last.bottom() - first.top());
    let map_room = Rect::from_min_max(pos2(x_map, top), pos2(body.right(), at.y + map_height));
    let mut from = last;
    from.max.x = x_chain + CHAIN_COLUMN - 6.0;
    let map = map_ui(ui, conv_cell, sum, lit, map_room, from);

    let bottom = products.bottom().max(last.bottom()).max(map.bottom()) + space::M;
    legends_ui(
        ui,
        Rect::from_min_size(pos2(body.left(), bottom), vec2(body.width(), LEGENDS)),
        &legends(conv_cell, sum),
    );
    pos2(body.right(), bottom + legends_height(body.width(), 4))
}

/// All channels small, each with its sum; returns where the strip ends.
fn strip_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, lit: &Lit, current: usize, room: Rect) -> f32 {
    const THUMB: f32 = 44.0;
    let ppp = ui.pixels_per_point();
    let theme = conv_cell.theme();
    let cell = fit_cell(Vec2::splat(THUMB), sum.shown[0].len(), sum.shown[1].len(), 0, ppp).min(BOX);
    let thumb = plane_size(sum.shown[0].len(), sum.shown[1].len(), 0, cell, ppp);
    let slot = thumb.x + 16.0 + BOX + 2.0 * MARGIN + space::L;
    let fitting = (((room.width() + space::L) / slot).floor().max(1.0) as usize).min(sum.slices);
    let first = current.saturating_sub(fitting / 2).min(sum.slices - fitting);
    let height = thumb.y.max(BOX + 2.0 * MARGIN);
    for (n, k) in (first..first + fitting).enumerate() {
        let at = pos2(room.left() + n as f32 * slot, room.top());
        let name = slice_words(conv_cell, sum, k);
        let detail = if k == current { conv_cell.view.text("conv.shown") } else { String::new() };
        caption_ui(ui, at, slot - space::S, &name, &detail);
        let at = at + vec2(0.0, CAPTION);
        let thumb_at = at + vec2(0.0, (0.5 * (height - thumb.y)).floor());
        let (thumb, _) =
            ui.push_id("strip", |ui| source_ui(ui, conv_cell, sum, lit, k, thumb_at, cell)).inner;
        sign_ui(ui, pos2(thumb.right() + 8.0, at.y + 0.5 * height), "Σ");
        let y = at.y + (0.5 * (height - BOX)).floor() - MARGIN;
        let rect = slice_sum_ui(ui, conv_cell, sum, k, pos2(thumb.right() + 16.0, y), BOX);
        if k == current {
            let under = at.y + height + 3.0;
            let line = egui::Stroke::new(2.5, theme.reads);
            ui.painter().line_segment([pos2(at.x, under), pos2(rect.right(), under)], line);
        }
    }
    room.top() + CAPTION + height + 6.0
}

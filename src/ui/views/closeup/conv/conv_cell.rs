//! What all close-ups of a convolution share: the current cell and its terms up to the cursor, the header, the legends.

use crate::nn::{Part, conv::Conv2d};
use crate::trace::{Address, CellFold, Stage, TensorId};
use crate::ui::{
    colormap::{Mapping, ValueRange, legend_ui},
    names, number,
    tensor_plane::TensorPlane,
    theme::{Theme, space, text_size},
    view::View,
    widgets::{
        flow::{CAPTION, caption_ui, line_ui, small_width},
        grid::{CellState, CellView},
    },
};
use egui::{Color32, Pos2, Rect, Ui, UiBuilder, pos2, vec2};

/// The current cell of a convolution, with its terms up to the cursor.
pub struct ConvCell<'a> {
    /// The view.
    pub view: &'a View<'a>,
    /// The cell.
    pub focus: Address,
    /// Its stage.
    pub stage: &'a Stage,
    /// The number of the layer.
    pub l: usize,
    /// The convolution.
    pub spec: &'a Conv2d,
    /// The cell's image in the batch.
    pub image: u32,
    /// The cell's place in its tensor.
    pub at: [usize; 4],
    /// Terms done at the cursor.
    pub done: u32,
    /// All its terms.
    pub terms: u32,
    /// The term that the last step did, if it was one of this cell's.
    pub just: Option<u32>,
    /// The terms done, with their numbers.
    pub fold: CellFold,
    /// The range of all products and running sums of the cell, for their colours.
    value_range: ValueRange,
    /// The range of its products alone.
    product_range: ValueRange,
    /// The width beside the header's second line that something else takes.
    pub taken: f32,
}

impl<'a> ConvCell<'a> {
    /// `None` where the address names no cell of a tensor.
    pub fn new(
        view: &'a View<'a>,
        focus: &Address,
        stage: &'a Stage,
        l: usize,
        spec: &'a Conv2d,
    ) -> Option<Self> {
        let (plan, trace) = (view.state.plan(), view.state.trace());
        let focus = focus.whole_cell();
        let (tensor, image, index) = trace.tensor_cell(&focus)?;
        let (done, terms) = view.state.terms_done(&focus);
        let cursor = view.state.cursor().at();
        let steps = plan.steps(&focus)?;
        let just = (steps.start < cursor && cursor <= steps.end).then(|| done.saturating_sub(1));
        let whole = trace.cell(&focus);
        let value_range = ValueRange::from_values(
            whole.steps.iter().flat_map(|step| [step.product().unwrap_or(step.after), step.after]),
        );
        let product_range =
            ValueRange::from_values(whole.steps.iter().filter_map(crate::trace::Step::product));
        let fold = CellFold { steps: whole.steps.into_iter().take(done as usize).collect(), ..whole };
        let at = plan.shape_of(tensor).at(index as usize);
        Some(Self {
            view,
            focus,
            stage,
            l,
            spec,
            image,
            at,
            done,
            terms,
            just,
            fold,
            value_range,
            product_range,
            taken: 0.0,
        })
    }

    /// The theme.
    pub const fn theme(&self) -> &'static Theme {
        self.view.theme
    }

    /// A tensor of this layer.
    pub const fn own(&self, part: Part) -> TensorId {
        TensorId::layer(self.l, part)
    }

    /// The name of a tensor.
    pub fn name(&self, tensor: TensorId) -> String {
        names::tensor(self.view, tensor)
    }

    /// The gradient that the sum of products has.
    pub fn sum_gradient(&self) -> TensorId {
        self.view.state.plan().sum_gradient_of(self.l, self.spec)
    }

    /// A plane of weights as the terms find it: before the update.
    pub fn weights(&self, plane: usize) -> TensorPlane<'a> {
        TensorPlane::before_update(self.view, self.own(Part::Weight), plane)
    }

    /// The product of term `m`, once it is done.
    pub fn product(&self, m: usize) -> CellView {
        let product = self.fold.steps.get(m).and_then(|step| step.product());
        product.map_or_else(CellView::not_yet, CellView::current)
    }

    /// The running value after `all` terms, or after as many of them as are done.
    pub fn running(&self, all: usize) -> CellView {
        match self.fold.steps.get(..all.min(self.fold.steps.len())).and_then(<[_]>::last) {
            None => CellView::not_yet(),
            Some(step) if self.fold.steps.len() < all => {
                CellView { value: step.after, state: CellState::Partial }
            }
            Some(step) => CellView::current(step.after),
        }
    }

    /// The contribution of those terms of `from..to` that are done: the difference of the running sums, or the sum of
    /// the products if a running sum is not finite.
    pub fn brought(&self, from: usize, to: usize) -> CellView {
        let done = to.min(self.fold.steps.len());
        let Some(steps @ [first, ..]) = self.fold.steps.get(from..done) else { return CellView::not_yet() };
        let after = steps.last().map_or(first.after, |last| last.after);
        let value = if first.before.is_finite() && after.is_finite() {
            f64::from(after) - f64::from(first.before)
        } else {
            steps.iter().filter_map(|step| step.product()).map(f64::from).sum()
        };
        let state = if done < to { CellState::Partial } else { CellState::Current };
        CellView { value: value as f32, state }
    }

    /// The address of term `m` of the cell.
    pub fn term(&self, m: usize) -> Address {
        self.focus.with_term(m as u32)
    }

    /// The colours of products and sums.
    pub fn sum_mapping(&self) -> Mapping {
        Mapping::signed_for(self.value_range, self.theme().dark).with_log(self.view.state.view().log)
    }

    /// The colours of products where they are many and much smaller than their sum.
    pub fn product_mapping(&self) -> Mapping {
        Mapping::signed_for(self.product_range, self.theme().dark).with_log(self.view.state.view().log)
    }

    /// Colours for a number that is no data: none.
    pub fn neutral(&self) -> Mapping {
        let value_range = ValueRange { min: 0.0, max: f32::MAX, not_finite: 0 };
        Mapping::signed_for(value_range, self.theme().dark)
    }

    /// A name with the cell's value, `sum 0.42`, or with "not computed yet".
    pub fn words(&self, name: &str, cell: CellView) -> String {
        match cell.state {
            CellState::NotYet => format!("{name} {}", self.view.text("grid.not_yet")),
            CellState::Partial | CellState::Current | CellState::Stale => {
                format!("{name} {}", number::four_digits(cell.value))
            }
        }
    }

    /// Two lines: the cell and how far it has come; then `detail`. Returns where the room below
    /// begins.
    pub fn header_ui(&self, ui: &mut Ui, room: Rect, place: &str, detail: &[(&str, bool)]) -> f32 {
        let theme = self.theme();
        let [done, terms] = [self.done, self.terms].map(|n| n.to_string());
        let progress = match self.done {
            0 => self.view.text("grid.not_yet"),
            _ => self.view.fill("conv.progress", &[("done", &done), ("all", &terms)]),
        };
        let ink = if self.done == self.terms { theme.text_weak } else { theme.warn };
        let width = small_width(ui, &progress);
        let from = pos2(room.right() - width, room.top() + 2.0);
        line_ui(ui, from, width + 2.0, text_size::SMALL, &[(&progress, ink)]);
        let name = self.name(self.stage.tensor);
        let title = [(name.as_str(), theme.text_strong), (place, theme.text)];
        line_ui(ui, room.min, room.width() - width - space::M, text_size::BODY, &title);
        // The detail, on as many lines as it takes.
        let mut top = room.top() + 22.0;
        let mut line: Vec<(&str, Color32)> = Vec::new();
        let mut used = 0.0;
        for &(text, warns) in detail.iter().filter(|(text, _)| !text.is_empty()) {
            let width = small_width(ui, text);
            if !line.is_empty() && used + width > room.width() - self.taken {
                line_ui(ui, pos2(room.left(), top), room.width(), text_size::SMALL, &line);
                (top, used) = (top + CAPTION, 0.0);
                line.clear();
            }
            used += width + space::S;
            line.push((text, if warns { theme.warn } else { theme.text_weak }));
        }
        line_ui(ui, pos2(room.left(), top), room.width() - self.taken, text_size::SMALL, &line);
        top + CAPTION + 6.0
    }

    /// `5 × 3`, rows first.
    pub fn size(rows: usize, cols: usize) -> String {
        format!("{rows} × {cols}")
    }

    /// The size arithmetic of the output, with its numbers; and what no window sees.
    pub fn geometry(&self, ui: &Ui, width: f32) -> (Vec<String>, Option<String>) {
        let view = self.view;
        let window = &self.spec.window;
        let axis = |axis: &crate::nn::Axis| {
            let top = axis.len + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1;
            let fraction = format!(
                "({} + 2·{} − {}·({} − 1) − 1)/{}",
                axis.len, axis.padding, axis.dilation, axis.kernel, axis.stride
            );
            match top % axis.stride {
                0 => format!("{fraction} + 1 = {}", axis.out),
                _ => format!("⌊{fraction}⌋ + 1 = {}", axis.out),
            }
        };
        let (rows, cols) = (axis(&window.rows), axis(&window.cols));
        let text = if rows == cols {
            let long = view.fill("conv.size", &[("sum", &rows)]);
            let short = view.fill("conv.size_short", &[("sum", &rows)]);
            vec![if small_width(ui, &long) <= width { long } else { short }]
        } else {
            vec![
                view.fill("conv.size_rows", &[("sum", &rows)]),
                view.fill("conv.size_columns", &[("sum", &cols)]),
            ]
        };
        let which = names::rows_and_columns(view, &window.rows.unseen(), &window.cols.unseen());
        (text, which.map(|which| view.fill("conv.unseen", &[("which", &which)])))
    }
}

/// The room below where the ui stands.
pub fn room(ui: &Ui) -> Rect {
    Rect::from_min_size(ui.cursor().min, ui.available_size())
}

/// Reserves the drawn rectangle, so that the area can scroll to its end.
pub fn used_ui(ui: &mut Ui, rect: Rect) {
    ui.allocate_rect(rect, egui::Sense::hover());
}

/// The height of [`legends_ui`].
pub const LEGENDS: f32 = 54.0;

/// Legends beside one another, each under its caption; in two lines where one would be too narrow.
pub fn legends_ui(ui: &mut Ui, room: Rect, legends: &[(String, Mapping)]) {
    let per_line = legends_per_line(room.width(), legends.len());
    let width = ((room.width() + LEGEND_GAP) / per_line as f32 - LEGEND_GAP).clamp(40.0, 180.0);
    for (k, (name, mapping)) in legends.iter().enumerate() {
        let (line, place) = ((k / per_line) as f32, (k % per_line) as f32);
        let at = room.min + vec2(place * (width + LEGEND_GAP), line * LEGENDS);
        caption_ui(ui, at, width, name, "");
        let rect = Rect::from_min_size(at + vec2(0.0, CAPTION), vec2(width, LEGENDS - CAPTION));
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(("legend", k)));
        legend_ui(&mut child, mapping, width, None);
    }
}

const LEGEND_GAP: f32 = 18.0;

fn legends_per_line(width: f32, legends: usize) -> usize {
    let all = legends.max(1);
    if (width + LEGEND_GAP) / all as f32 - LEGEND_GAP >= 106.0 { all } else { all.div_ceil(2) }
}

/// How high `legends` legends are.
pub fn legends_height(width: f32, legends: usize) -> f32 {
    legends.div_ceil(legends_per_line(width, legends)) as f32 * LEGENDS
}

/// A point at the middle of the gap after a plane.
pub fn middle(after: Rect, gap: f32) -> Pos2 {
    pos2(after.right() + 0.5 * gap, after.center().y)
}

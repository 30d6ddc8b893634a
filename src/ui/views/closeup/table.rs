//! A table with a row per class: the stages of softmax and of the losses as columns, filled up to the cursor.

use crate::app::Action;
use crate::trace::{Address, TensorId};
use crate::ui::{
    fonts, names, number,
    tensor_plane::TensorPlane,
    theme::{self, PassColors, space, text_size},
    view::View,
    widgets::grid::{CellState, CellView},
};
use egui::{
    Align2, Color32, CornerRadius, FontId, Pos2, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

/// How a column shows its numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CellStyle {
    /// As numbers.
    Number,
    /// As numbers with a bar from zero to one.
    Bar,
    /// As numbers with a bar to either side of zero.
    Signed,
}

/// One column.
pub(super) struct Column<'a> {
    /// Its heading.
    pub(super) head: String,
    /// How its numbers are shown.
    pub(super) style: CellStyle,
    /// The first row that has a cell.
    pub(super) from_row: usize,
    /// The cell of each row, and where it is.
    pub(super) cell: Box<dyn Fn(usize) -> (CellView, Option<Address>) + 'a>,
    /// Whether the stage at the cursor makes it.
    pub(super) current: bool,
    /// What stands below it: a few words and a number that all rows make together.
    pub(super) foot: Option<(String, CellView, Option<Address>)>,
}

impl<'a> Column<'a> {
    /// A column of a tensor's cells from `first` on, each `stride` after the one before.
    pub(super) fn from_cells(
        view: &'a View<'a>,
        tensor: TensorId,
        image: u32,
        [first, stride]: [u32; 2],
        head: impl Into<String>,
        style: CellStyle,
    ) -> Self {
        let plane = TensorPlane::new(view, tensor, image, 0);
        let cell = move |row: usize| {
            let index = first + row as u32 * stride;
            (plane.cell_at(index), Some(plane.address_at(index)))
        };
        Self { head: head.into(), style, from_row: 0, cell: Box::new(cell), current: false, foot: None }
    }

    /// Marks the column as the one being computed.
    pub(super) fn current(mut self, current: bool) -> Self {
        self.current = current;
        self
    }

    /// Adds a number below the column.
    pub(super) fn foot(mut self, words: impl Into<String>, cell: CellView, address: Option<Address>) -> Self {
        self.foot = Some((words.into(), cell, address));
        self
    }
}

/// What is marked in a table.
pub(super) struct Marks {
    /// The current cell.
    pub(super) focus: Address,
    /// The row of the last term, if the current cell has one term per row.
    pub(super) row: Option<usize>,
    /// The class of the right answer; a click on a row chooses another. `None` if rows are not classes.
    pub(super) target: Option<usize>,
}

/// A table: how many rows, its columns, what is marked, and the colours of its pass.
pub(super) struct Table<'a> {
    /// Its rows.
    pub(super) rows: usize,
    /// Its columns.
    pub(super) columns: Vec<Column<'a>>,
    /// What is marked in it.
    pub(super) marks: Marks,
    /// The colours of the column that is being made.
    pub(super) colors: &'a PassColors,
}

/// The least and the largest height of a row.
const ROW_HEIGHT: [f32; 2] = [22.0, 38.0];

/// Draws the table into a rectangle; it scrolls where its rows do not fit.
pub(super) fn table_ui(ui: &mut Ui, view: &View, table: &Table, rect: Rect) {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("table"));
    let lines =
        table.rows as f32 + 1.0 + if table.columns.iter().any(|c| c.foot.is_some()) { 1.9 } else { 0.0 };
    if lines * ROW_HEIGHT[0] + 8.0 <= rect.height() {
        rows_ui(&mut child, view, table);
    } else {
        let area = ScrollArea::vertical().id_salt(("rows", table.rows)).auto_shrink(false);
        area.show(&mut child, |ui| rows_ui(ui, view, table));
    }
}

fn rows_ui(ui: &mut Ui, view: &View, table: &Table) {
    let Table { rows, columns, marks, colors } = table;
    let (rows, theme) = (*rows, view.theme);
    let room = ui.available_size();
    let lines = rows as f32 + 1.0 + if columns.iter().any(|c| c.foot.is_some()) { 1.9 } else { 0.0 };
    let row_height = ((room.y - 8.0) / lines).clamp(ROW_HEIGHT[0], ROW_HEIGHT[1]).floor();
    let foot_height = if columns.iter().any(|c| c.foot.is_some()) { 1.9 * row_height } else { 0.0 };
    let names_width = name_width(ui, view, rows, marks).clamp(60.0, 0.28 * room.x);
    let width = (room.x - names_width - space::S).max(60.0);
    let weight = |c: &Column| if c.style == CellStyle::Number { 1.0 } else { 1.7 };
    let unit = width / columns.iter().map(weight).sum::<f32>().max(1.0);
    let size = vec2(room.x, row_height * (rows as f32 + 1.0) + foot_height + 6.0);
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    let top = outer.top() + row_height;
    let row_rect = |row: usize| {
        Rect::from_min_size(
            pos2(outer.left(), top + row as f32 * row_height),
            vec2(outer.width(), row_height),
        )
    };
    // A long table follows the cursor.
    let id = egui::Id::unique("row that the close-up follows");
    let followed = ui.data(|data| data.get_temp::<Address>(id));
    if followed != Some(marks.focus) {
        ui.data_mut(|data| data.insert_temp(id, marks.focus));
        let is_focus = |row: usize| columns.iter().any(|c| (c.cell)(row).1 == Some(marks.focus));
        if let Some(row) = marks.row.or_else(|| (0..rows).find(|&row| is_focus(row)))
            && rows as f32 * row_height > room.y
        {
            ui.scroll_to_rect(row_rect(row), Some(egui::Align::Center));
        }
    }
    if let Some(target) = marks.target.filter(|&t| t < rows) {
        ui.painter().rect_filled(row_rect(target), CornerRadius::same(3), theme.accent_soft);
    }
    let mut x = outer.left() + names_width + space::S;
    for (k, column) in columns.iter().enumerate() {
        let width = unit * weight(column);
        let rect = Rect::from_min_size(pos2(x, outer.top()), vec2(width - 3.0, size.y));
        column_ui(ui, view, column, rect, rows, row_height, marks, colors, k);
        x += width;
    }
    names_ui(ui, view, rows, names_width, marks, row_rect);
    let line = Stroke::new(1.0, theme.line_strong);
    ui.painter().hline(outer.x_range(), top, line);
    if foot_height > 0.0 {
        ui.painter().hline(outer.x_range(), top + rows as f32 * row_height, line);
    }
}

fn name_width(ui: &Ui, view: &View, rows: usize, marks: &Marks) -> f32 {
    let font = theme::strong_font();
    let longest = (0..rows.min(2000)).map(|row| row_name(view, row, marks));
    let longest = longest.max_by_key(|name| name.chars().count()).unwrap_or_default();
    ui.fonts_mut(|fonts| fonts.layout_no_wrap(longest, font, Color32::PLACEHOLDER)).size().x + 30.0
}

fn row_name(view: &View, row: usize, marks: &Marks) -> String {
    if marks.target.is_some() { names::class(view, row) } else { row.to_string() }
}

fn names_ui(
    ui: &mut Ui,
    view: &View,
    rows: usize,
    width: f32,
    marks: &Marks,
    row_rect: impl Fn(usize) -> Rect,
) {
    let theme = view.theme;
    for row in 0..rows {
        let rect = row_rect(row).with_max_x(row_rect(row).left() + width);
        if !ui.is_rect_visible(rect) {
            continue;
        }
        let name = row_name(view, row, marks);
        let is_target = marks.target == Some(row);
        if marks.target.is_some() {
            let id = ui.scope_id().with(("class", row));
            let answer = ui.interact(rect, id, Sense::click());
            let words = view.fill("closeup.choose_target", &[("name", &name)]);
            answer.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_target, &words));
            if answer.hovered() {
                ui.painter().rect_stroke(
                    rect,
                    CornerRadius::same(3),
                    Stroke::new(1.0, theme.accent),
                    StrokeKind::Inside,
                );
            }
            if answer.clicked() {
                view.push(Action::SetLabel(row));
            }
            answer.on_hover_text(words);
        }
        let sign = pos2(rect.left() + 11.0, rect.center().y);
        if is_target {
            ui.painter().circle_stroke(sign, 5.5, Stroke::new(1.5, theme.accent));
            ui.painter().circle_filled(sign, 2.5, theme.accent);
        } else if marks.target.is_some() {
            ui.painter().circle_stroke(sign, 5.5, Stroke::new(1.0, theme.line_strong));
        }
        let font = if is_target { theme::strong_font() } else { FontId::proportional(text_size::BODY) };
        let at = pos2(rect.left() + 23.0, rect.center().y);
        let clip = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        clip.text(at, Align2::LEFT_CENTER, name, font, theme.text);
    }
}

#[expect(clippy::too_many_arguments, reason = "one column of one table")]
fn column_ui(
    ui: &mut Ui,
    view: &View,
    column: &Column,
    rect: Rect,
    rows: usize,
    row_height: f32,
    marks: &Marks,
    colors: &PassColors,
    number_of: usize,
) {
    let theme = view.theme;
    if column.current {
        let ground = rect.expand2(vec2(0.0, 1.0));
        ui.painter().rect_filled(ground, CornerRadius::same(space::RADIUS), colors.soft);
        let edge = Stroke::new(1.5, colors.strong);
        ui.painter().rect_stroke(ground, CornerRadius::same(space::RADIUS), edge, StrokeKind::Inside);
    }
    // Beside a bar there is room for seven.
    let most_chars = if column.style == CellStyle::Number { 12 } else { 7 };
    let head = FontId::new(text_size::SMALL, fonts::strong());
    let ink = if column.current { colors.strong } else { theme.text_weak };
    let at = pos2(rect.right() - 6.0, rect.top() + 0.5 * row_height);
    words_ui(ui, at, rect.width() - 8.0, &column.head, head, ink);
    let reach = if column.style == CellStyle::Signed {
        let values = (column.from_row..rows)
            .map(|row| (column.cell)(row).0)
            .filter(|cell| cell.state != CellState::NotYet);
        values.map(|cell| cell.value.abs()).fold(1e-12, f32::max).max(1.0)
    } else {
        1.0
    };
    for row in column.from_row..rows {
        let min = pos2(rect.left(), rect.top() + row_height * (row as f32 + 1.0));
        let cell_rect = Rect::from_min_size(min, vec2(rect.width(), row_height)).shrink2(vec2(3.0, 1.5));
        if !ui.is_rect_visible(cell_rect) {
            continue;
        }
        let (cell, address) = (column.cell)(row);
        if column.style != CellStyle::Number && cell.state != CellState::NotYet {
            bar_ui(ui, view, cell_rect, cell.value / reach, column.style);
        }
        let is_focus = address == Some(marks.focus.whole_cell());
        cell_ui(ui, view, cell_rect, cell, address, is_focus, (number_of, row), most_chars);
        if column.current && marks.row == Some(row) {
            let edge = Stroke::new(1.5, theme.reads);
            ui.painter().rect_stroke(cell_rect, CornerRadius::same(2), edge, StrokeKind::Inside);
        }
    }
    if let Some((words, cell, address)) = &column.foot {
        let top = rect.top() + row_height * (rows as f32 + 1.0);
        let small = theme::small_font();
        let at = pos2(rect.right() - 6.0, top + 0.45 * row_height);
        words_ui(ui, at, rect.width() - 8.0, words, small, theme.text_weak);
        let min = pos2(rect.left(), top + 0.8 * row_height);
        let cell_rect = Rect::from_min_size(min, vec2(rect.width(), row_height)).shrink2(vec2(3.0, 1.0));
        let is_focus = *address == Some(marks.focus.whole_cell());
        cell_ui(ui, view, cell_rect, *cell, *address, is_focus, (number_of, usize::MAX), 12);
    }
}

/// Words that end at a place, in a smaller font where they are too wide, and at last cut off.
fn words_ui(ui: &Ui, right: Pos2, width: f32, words: &str, mut font: FontId, ink: Color32) {
    const LEAST: f32 = 13.0;
    let whole = ui.painter().layout_no_wrap(words.to_owned(), font.clone(), ink).size().x;
    font.size = (font.size * (width / whole.max(1.0)).min(1.0)).max(LEAST.min(font.size));
    let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    let place = Align2::RIGHT_CENTER.anchor_size(right, galley.size());
    ui.painter().galley(place.min, galley, ink);
}

fn bar_ui(ui: &Ui, view: &View, rect: Rect, share: f32, style: CellStyle) {
    let theme = view.theme;
    // The number stands to the right of the bar's room.
    let lane =
        Rect::from_min_max(rect.min, pos2(rect.right() - 68.0, rect.bottom())).shrink2(Vec2::new(2.0, 2.0));
    if lane.width() < 8.0 || !share.is_finite() {
        return;
    }
    let (zero, from, to) = if style == CellStyle::Signed {
        let middle = lane.center().x;
        (middle, middle, middle + share.clamp(-1.0, 1.0) * 0.5 * lane.width())
    } else {
        (lane.left(), lane.left(), lane.left() + share.clamp(0.0, 1.0) * lane.width())
    };
    let mapping = crate::ui::colormap::Mapping::fit_signed([1.0], theme.dark);
    let color = if style == CellStyle::Signed {
        mapping.color(share.signum() * 0.75)
    } else {
        theme.pass(crate::trace::Pass::Fwd).fill
    };
    ui.painter().rect_filled(lane, CornerRadius::same(2), theme.field);
    let bar = Rect::from_x_y_ranges(from.min(to)..=from.max(to), lane.y_range());
    ui.painter().rect_filled(bar, CornerRadius::same(2), color);
    ui.painter().vline(zero, lane.y_range(), Stroke::new(1.0, theme.line_strong));
    ui.painter().rect_stroke(lane, CornerRadius::same(2), Stroke::new(1.0, theme.line), StrokeKind::Outside);
}

#[expect(clippy::too_many_arguments, reason = "one cell of one table")]
fn cell_ui(
    ui: &mut Ui,
    view: &View,
    rect: Rect,
    cell: CellView,
    address: Option<Address>,
    is_focus: bool,
    salt: (usize, usize),
    most_chars: usize,
) {
    let theme = view.theme;
    let chars = ((rect.width() / 9.4) as usize).min(most_chars);
    let digits = view.state.view().digits.count();
    let fitted = |chars: usize| number::fit_written(cell.value, chars.max(3), digits).unwrap_or_default();
    let text = match cell.state {
        CellState::NotYet => String::new(),
        CellState::Partial => format!("{} …", fitted(chars.saturating_sub(2))),
        CellState::Current | CellState::Stale => fitted(chars),
    };
    if cell.state == CellState::NotYet {
        hatch_ui(ui, rect, theme.hatch_ground, theme.hatch_line);
    }
    let strong = is_focus || cell.state == CellState::Partial;
    let font = if strong { theme::strong_font() } else { FontId::proportional(text_size::BODY) };
    let at = pos2(rect.right() - 4.0, rect.center().y);
    let ink = if cell.value.is_finite() { theme.text } else { theme.not_finite };
    ui.painter().text(at, Align2::RIGHT_CENTER, &text, font, ink);
    let hovered_elsewhere = address.is_some() && view.hovered() == address;
    if is_focus {
        let color = if view.state.selected().is_some() { theme.selection } else { theme.cursor };
        let edge = Stroke::new(2.0, color);
        ui.painter().rect_stroke(rect, CornerRadius::same(2), edge, StrokeKind::Inside);
    } else if hovered_elsewhere {
        let edge = Stroke::new(1.5, theme.hover);
        ui.painter().rect_stroke(rect, CornerRadius::same(2), edge, StrokeKind::Inside);
    }
    let Some(address) = address else { return };
    let answer = ui.interact(rect, ui.scope_id().with(("table", salt)), Sense::click());
    let value = if text.is_empty() { view.text("grid.not_yet") } else { text };
    let words = match view.state.trace().tensor_cell(&address) {
        Some((tensor, _, index)) => names::cell_and_value(view, tensor, index as usize, &value),
        None => value,
    };
    answer.widget_info(|| WidgetInfo::labeled(Role::Cell, true, &words));
    if answer.double_clicked() {
        view.visit(&address.whole_cell());
    } else if answer.clicked() {
        view.look(&address);
    }
    if answer.hovered() {
        view.hover(address);
    }
    answer.on_hover_text(view.fill("name.why", &[("name", &words)]));
}

/// Slanted lines: there is no number yet.
pub(super) fn hatch_ui(ui: &Ui, rect: Rect, ground: Color32, line: Color32) {
    ui.painter().rect_filled(rect, 0, ground);
    crate::ui::widgets::hatch::hatch_ui(ui.painter(), rect, line);
}

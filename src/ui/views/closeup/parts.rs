//! Parts that explain one another, side by side, with signs and arrows between: above each part its map, below it the
//! cells that count, enlarged.

use super::ladder::{self, PartForm, PartsFit, ZOOM, parts_fit};
use super::numbers::{number_style, of_part};
use super::part::{Drawn, Part, Shown};
use crate::ui::{
    fonts,
    theme::{self, Theme, space, text_size},
    view::View,
    widgets::{
        flow::{arrow_ui, sign_ui},
        grid::{MARGIN, NumberStyle, fit_cell, plane_size},
    },
};
use egui::{Color32, FontId, Galley, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// Draws what stands beside the parts into its rectangle.
type DrawExtra<'a> = Box<dyn Fn(&mut Ui, Rect) + 'a>;

/// Measures what stands beside the parts: its width and height.
type MeasureExtra<'a> = Box<dyn Fn(&Ui) -> [f32; 2] + 'a>;

/// What stands beside the parts: a curve, arithmetic line by line, bars.
pub(super) struct Extra<'a> {
    /// Its width and height.
    pub(super) size: MeasureExtra<'a>,
    /// Draws it into a rectangle.
    pub(super) draw: DrawExtra<'a>,
}

/// One thing in a row.
pub(super) enum Item<'a> {
    /// Cells.
    Part(Box<Part<'a>>),
    /// A sign of arithmetic.
    Sign(&'static str),
    /// An arrow, with a few words on it where there is room.
    Arrow(String),
}

impl<'a> From<Part<'a>> for Item<'a> {
    fn from(part: Part<'a>) -> Self {
        Self::Part(Box::new(part))
    }
}

impl From<&'static str> for Item<'_> {
    fn from(sign: &'static str) -> Self {
        if sign == "→" { Self::Arrow(String::new()) } else { Self::Sign(sign) }
    }
}

/// Numbers in cells that are too small for all of them.
const SMALL: NumberStyle =
    NumberStyle { size: text_size::CELL[0], max_chars: 4, max_digits: Some(2), decimals: None, sparse: true };

/// An arrow without words.
const ARROW: f32 = 48.0;

fn words_galley(ui: &Ui, text: &str, font: FontId) -> Arc<Galley> {
    ui.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER))
}

/// The title of a part.
fn title_font() -> FontId {
    FontId::new(text_size::PART, fonts::strong())
}

/// How wide a sign or an arrow is, with words on it and without.
fn between_width(ui: &Ui, item: &Item) -> [f32; 2] {
    match item {
        Item::Part(_) => [0.0; 2],
        Item::Sign(_) => [ladder::SIGN; 2],
        Item::Arrow(words) if words.is_empty() => [ARROW; 2],
        Item::Arrow(words) => {
            let width = words_galley(ui, words, FontId::proportional(text_size::BODY)).size().x;
            [width + 40.0, ARROW]
        }
    }
}

/// A row of parts, with the sizes that were found for it.
struct Row<'v, 'a> {
    view: &'v View<'a>,
    items: &'v [Item<'a>],
    forms: Vec<PartForm>,
    fit: PartsFit,
    numbers: NumberStyle,
    rect: Rect,
    /// Where the cells begin, below the words.
    top: f32,
    /// The height of the enlarged cells, and where they begin.
    near: [f32; 2],
}

/// Draws the parts into `rect`, with `extra` beside them where there is room.
pub(super) fn parts_ui(ui: &mut Ui, view: &View, items: &[Item], extra: Option<&Extra>, rect: Rect) {
    let forms: Vec<PartForm> = items
        .iter()
        .filter_map(|item| match item {
            Item::Part(part) => {
                let [title, detail] = part.words();
                let title = words_galley(ui, title, title_font()).size().x;
                let detail = words_galley(ui, detail, theme::small_font()).size().x;
                Some(part.fitted([title, detail]))
            }
            Item::Sign(_) | Item::Arrow(_) => None,
        })
        .collect();
    let between = items.iter().map(|item| between_width(ui, item));
    let between = between.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
    let beside = extra.map(|extra| (extra.size)(ui));
    let fit = parts_fit([rect.width(), rect.height()], &forms, between, beside);
    let near_height = fit.near_height(&forms, rect.height());
    let top = rect.top() + fit.head();
    let near_top = if fit.map > 0.0 && near_height > 0.0 { top + fit.map + ZOOM } else { top };
    let near = [near_height, near_top];
    let mut row = Row { view, items, forms, fit, numbers: SMALL, rect, top, near };
    row.numbers = row.number_style(ui);
    let taken = beside.filter(|_| row.fit.extra).map_or(0.0, |[w, _]| w + space::XL);
    let right = row.draw_ui(ui, between, taken);
    if let (Some(extra), Some([w, h]), true) = (extra, beside, fit.extra) {
        let at = pos2((right + space::XL).min(rect.right() - w), top);
        (extra.draw)(ui, Rect::from_min_size(at, vec2(w, h)));
    }
}

impl Row<'_, '_> {
    /// What of a part is drawn large.
    fn large(&self, part: &Part, form: &PartForm) -> Shown {
        match (self.fit.near(form, self.rect.height()), part.near_span()) {
            (Some(_), _) if self.fit.alone => Shown::Near(part.alone_span()),
            (Some(_), Some(span)) => Shown::Near(span),
            (Some(_), None) | (None, _) => Shown::Whole,
        }
    }

    /// The one size of all numbers.
    fn number_style(&self, ui: &Ui) -> NumberStyle {
        let mut values: Vec<Vec<f32>> = Vec::new();
        let mut least = self.fit.cell;
        for (part, form) in self.parts().zip(&self.forms) {
            let shown = self.large(part, form);
            let cell = match shown {
                Shown::Near(_) => self.fit.cell,
                Shown::Whole | Shown::Map => self.fit.whole_cell(form, self.rect.height()),
            };
            if cell >= ladder::READABLE {
                least = least.min(cell);
                values.push(part.numbers(shown).collect());
            }
        }
        number_style(ui, self.view, &values, least)
    }

    /// How the numbers of a part are written.
    fn numbers_of(&self, part: &Part, shown: Shown) -> NumberStyle {
        of_part(self.numbers, &part.numbers(shown).collect::<Vec<_>>())
    }

    fn parts(&self) -> impl Iterator<Item = &Part<'_>> {
        self.items.iter().filter_map(|item| match item {
            Item::Part(part) => Some(&**part),
            Item::Sign(_) | Item::Arrow(_) => None,
        })
    }

    /// How much wider each sign and each arrow is than the least, and how far the row is moved in.
    fn spread(&self, between: [f32; 2], beside: f32) -> [f32; 3] {
        let used: f32 = self.forms.iter().map(|form| self.fit.width(form, self.rect.height())).sum();
        let between = between[usize::from(self.fit.lines < 2)];
        let spare = (self.rect.width() - used - between - beside).max(0.0);
        let arrows = self.items.iter().filter(|item| matches!(item, Item::Arrow(_))).count() as f32;
        let parts = self.forms.len() as f32;
        let signs = self.items.len() as f32 - parts - arrows;
        let sign = (0.7 * spare / (signs + arrows).max(1.0)).min(space::L);
        let arrow = ((0.7 * spare - signs * sign) / arrows.max(1.0)).min(120.0);
        [sign, arrow, (0.2 * spare).min(28.0)]
    }

    /// Draws all parts; returns the right end of the row.
    fn draw_ui(&self, ui: &mut Ui, between: [f32; 2], beside: f32) -> f32 {
        let [sign, arrow, inset] = self.spread(between, beside);
        let middle = self.near[1] + 0.5 * self.near[0];
        let has_near = self.near[0] > 0.0;
        let whole = self.forms.iter().filter(|form| self.fit.near(form, self.rect.height()).is_none());
        let whole = whole.map(|form| form.whole[0] as f32 * self.fit.whole_cell(form, self.rect.height()));
        let tallest = whole.fold(0.0, f32::max) + 2.0 * MARGIN;
        let middle = if has_near { middle } else { self.top + 0.5 * tallest };
        let mut x = self.rect.left() + inset;
        let mut forms = self.forms.iter();
        for (n, item) in self.items.iter().enumerate() {
            match item {
                Item::Part(part) => {
                    let Some(form) = forms.next() else { continue };
                    let width = self.fit.width(form, self.rect.height());
                    self.part_ui(ui, part, form, n, x, middle);
                    x += width;
                }
                Item::Sign(text) => {
                    let width = between_width(ui, item)[0] + sign;
                    sign_ui(ui, pos2(x + 0.5 * width, middle), text);
                    x += width;
                }
                Item::Arrow(words) => {
                    let width = between_width(ui, item)[usize::from(self.fit.lines < 2)] + arrow;
                    let ink = self.view.theme.text_weak;
                    arrow_ui(ui, &[pos2(x + 10.0, middle), pos2(x + width - 10.0, middle)], ink);
                    let galley = words_galley(ui, words, FontId::proportional(text_size::BODY));
                    if galley.size().x <= width - 16.0 {
                        let at = pos2(x + 0.5 * (width - galley.size().x), middle - galley.size().y - 6.0);
                        ui.painter().galley(at.round(), galley, ink);
                    }
                    x += width;
                }
            }
        }
        x
    }

    fn part_ui(&self, ui: &mut Ui, part: &Part, form: &PartForm, n: usize, x: f32, middle: f32) {
        let theme = self.view.theme;
        let ppp = ui.pixels_per_point();
        let [title, detail] = part.words();
        let mut y = self.rect.top();
        if self.fit.lines == 2 {
            let galley = words_galley(ui, title, title_font());
            words_ui(ui, title, pos2(x + MARGIN, y), galley, theme.text_strong);
            y += 24.0;
        }
        if self.fit.lines >= 1 {
            let galley = words_galley(ui, detail, theme::small_font());
            words_ui(ui, detail, pos2(x + MARGIN, y), galley, theme.text_weak);
        }
        let id = |what: &str| format!("{what} {n}");
        let Shown::Near(span) = self.large(part, form) else {
            let cell = self.fit.whole_cell(form, self.rect.height());
            let size = plane_size(form.whole[0], form.whole[1], 0, cell, ppp);
            let top =
                (middle - 0.5 * size.y).max(self.top).min(self.rect.bottom().max(self.top + size.y) - size.y);
            let numbers = if cell < ladder::READABLE { SMALL } else { self.numbers_of(part, Shown::Whole) };
            part.show_ui(ui, self.view, &id("whole"), pos2(x, top).round(), cell, Shown::Whole, numbers);
            return;
        };
        let map = (self.fit.map > 0.0).then(|| {
            let size = self.fit.map_size(form);
            let cell =
                fit_cell(Vec2::from(size) + Vec2::splat(2.0 * MARGIN), form.whole[0], form.whole[1], 0, ppp);
            part.show_ui(ui, self.view, &id("map"), pos2(x, self.top).round(), cell, Shown::Map, self.numbers)
        });
        let size = plane_size(span.rows as usize, span.cols as usize, 0, self.fit.cell, ppp);
        let at = pos2(x, middle - 0.5 * size.y).round();
        let numbers = self.numbers_of(part, Shown::Near(span));
        let near = part.show_ui(ui, self.view, &id("near"), at, self.fit.cell, Shown::Near(span), numbers);
        if let Some(map) = map {
            zoom_ui(ui, &map, span, &near, theme);
        }
    }
}

/// Draws words that a screen reader reads too.
fn words_ui(ui: &mut Ui, words: &str, at: egui::Pos2, galley: Arc<Galley>, ink: Color32) {
    if words.is_empty() {
        return;
    }
    let rect = Rect::from_min_size(at.round(), galley.size());
    ui.painter().galley(rect.min, galley, ink);
    let id = ui.scope_id().with((words, at.x as i32));
    ui.interact(rect, id, Sense::hover()).widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}

/// Lines from the corners of some cells to where they are shown larger.
fn zoom_ui(ui: &Ui, map: &Drawn, span: crate::ui::widgets::grid::CellSpan, near: &Drawn, theme: &Theme) {
    let small = map.grid.span_rect(span);
    let stroke = egui::Stroke::new(1.0, theme.reads.gamma_multiply(0.6));
    let ends = [(small.left_bottom(), near.rect.left_top()), (small.right_bottom(), near.rect.right_top())];
    for (from, to) in ends {
        ui.painter().line_segment([from, to], stroke);
    }
}

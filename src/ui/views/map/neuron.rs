//! A neuron: what each neuron that it reads gives to its sum, ranked; for a class also against another class.

use super::scene::{Scene, Sum, contributions, source_name};
use super::{body_font, card, foot, strong_font, text_ui};
use crate::nn::{Part, loss::Loss};
use crate::tensor::printed_sum::{PrintedSum, with_plus};
use crate::trace::{Contributions, Grain, Pass, TensorId};
use crate::ui::widgets::flow::text_width;
use crate::ui::{
    blocks::scores_layer,
    fonts, names, number,
    tensor_plane::TensorPlane,
    theme::{space, text_size},
    view::View,
};
use egui::{Align2, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// The most inputs that have a row.
const MOST: usize = 12;
/// The height of a row: where there is room, and where there is little.
const PITCH: [f32; 2] = [27.0, 23.0];
/// The equation below the rows.
const EQUATION: f32 = 40.0;
/// The width of the card.
const CARD: f32 = 226.0;
/// The room for the number at the end of a bar.
const NUMBER: f32 = 70.0;

/// What is ranked: a neuron's own sum, or how far it is ahead of another.
struct Ranking<'a> {
    scene: &'a Scene<'a>,
    sum: &'a Sum,
    found: Arc<Contributions>,
    order: Vec<usize>,
    /// The names of both classes, and the value of the other.
    against: Option<(String, Arc<Contributions>)>,
    /// The neuron's name.
    own: String,
}

/// Draws the shown neuron: its score, and what each of its inputs contributes, ranked.
pub fn neuron_ui(ui: &mut Ui, scene: &Scene) {
    let Some(sum) = &scene.sum else { return };
    if !scene.is_done() {
        let card = Rect::from_min_size(ui.max_rect().min, vec2(260.0, 96.0));
        return card::not_yet_ui(ui, scene, card);
    }
    let ranking = Ranking::new(ui, scene, sum);
    let stage = ui.max_rect();
    let is_high = stage.height() >= 300.0;
    let mut top = stage.top();
    top = heading_ui(ui, &ranking, stage, top, is_high);
    let equation = Rect::from_x_y_ranges(stage.x_range(), stage.bottom() - EQUATION..=stage.bottom());
    let has_card = stage.width() >= 760.0;
    let right = if has_card { stage.right() - CARD - space::XL } else { stage.right() };
    let table = Rect::from_min_max(pos2(stage.left(), top), pos2(right, equation.top()));
    let shown = table_ui(ui, &ranking, table);
    if has_card {
        let card =
            Rect::from_min_max(pos2(stage.right() - CARD, top + 8.0), pos2(stage.right(), equation.top()));
        card_ui(ui, &ranking, card);
    }
    equation_ui(ui, &ranking, equation, shown);
}

impl<'a> Ranking<'a> {
    fn new(ui: &Ui, scene: &'a Scene, sum: &'a Sum) -> Self {
        let view = scene.view;
        let is_score = scores_layer(view.state.plan().network()) == Some(sum.shown.layer)
            && scene.tensor.part == Part::Out;
        let class = |k: usize| names::class_of_output(view, k);
        let rival = view.state.view().against.filter(|&rival| is_score && rival != scene.map);
        let other = rival.and_then(|rival| {
            let plane = TensorPlane::new(view, scene.tensor, scene.image, rival);
            Some((class(rival), contributions(ui.ctx(), view, &plane.address(0, 0))?))
        });
        let own = match is_score {
            true => class(scene.map),
            false => names::plane(view, scene.tensor, scene.map),
        };
        let found = match &other {
            Some((_, other)) => Arc::new(sum.shown.minus(other)),
            None => Arc::clone(&sum.shown),
        };
        let order = found.by_magnitude();
        Self { scene, sum, found, order, against: other, own }
    }

    fn view(&self) -> &'a View<'a> {
        self.scene.view
    }

    fn is_score(&self) -> bool {
        scores_layer(self.view().state.plan().network()) == Some(self.sum.shown.layer)
            && self.scene.tensor.part == Part::Out
    }

    /// The value of a neuron that is read.
    fn value(&self, place: usize) -> f32 {
        let from = self.found.each[place].from as u32;
        self.view().state.trace().value(self.found.reads, self.scene.image, from)
    }

    /// The weight that it is multiplied with; against another class the difference of both weights.
    fn weight(&self, place: usize) -> f32 {
        let weight = |found: &Contributions| {
            let tensor = TensorId::layer(found.layer, Part::Weight);
            self.view().state.trace().value(tensor, 0, found.each[place].weights.start as u32)
        };
        let other = self.against.as_ref().map_or(0.0, |(_, other)| weight(other));
        weight(&self.sum.shown) - other
    }

    fn digits(&self) -> usize {
        card::digits(self.view())
    }
}

/// The question and how it is answered; answers where the table begins.
fn heading_ui(ui: &Ui, ranking: &Ranking, stage: Rect, top: f32, is_high: bool) -> f32 {
    let (view, found) = (ranking.view(), &ranking.found);
    let layer = source_name(view, found.reads);
    let sum = PrintedSum::new(&[], found.value, ranking.digits()).sum();
    let own_layer = source_name(view, ranking.scene.tensor);
    let (title, words) = match &ranking.against {
        Some((rival, other)) => {
            let parts = [ranking.sum.shown.value, -other.value];
            let printed = PrintedSum::new(&parts, found.value, ranking.digits());
            let line = format!("{} = {}", printed.line(), printed.sum());
            let parts = [("own", ranking.own.as_str()), ("rival", rival), ("layer", &layer), ("sum", &line)];
            (view.fill("map.why_not", &parts), view.fill("map.why_not_rest", &parts))
        }
        None => {
            let parts =
                [("own", ranking.own.as_str()), ("layer", layer.as_str()), ("of", &own_layer), ("sum", &sum)];
            let keys = match (ranking.is_score(), ranking.scene.tensor.part == Part::Out) {
                (true, _) => ["map.score", "map.score_rest"],
                (false, true) => ["map.neuron", "map.neuron_rest"],
                (false, false) => ["map.neuron_back", "map.neuron_back_rest"],
            };
            (view.fill(keys[0], &parts), view.fill(keys[1], &parts))
        }
    };
    let size = if is_high { text_size::HEADING } else { text_size::TITLE };
    let font = FontId::new(size, fonts::strong());
    let at = pos2(stage.left(), top + 4.0);
    let ink = view.theme.text_strong;
    let mut bottom = text_ui(ui, at, Align2::LEFT_TOP, &title, font, ink, stage.width()).bottom();
    if is_high {
        let galley = ui.painter().layout(words, body_font(view), view.theme.text_weak, stage.width());
        let height = galley.size().y;
        ui.painter().galley(pos2(stage.left(), bottom + 2.0), galley, view.theme.text_weak);
        bottom += height + 8.0;
    }
    bottom + 4.0
}

/// Where the columns of the table stand.
struct Columns {
    value: f32,
    times: f32,
    weight: f32,
    bars: Rect,
}

impl Columns {
    fn new(table: Rect) -> Self {
        let wide = table.width() >= 560.0;
        let [value, times, weight, bars] =
            if wide { [184.0, 200.0, 284.0, 308.0] } else { [138.0, 152.0, 220.0, 232.0] };
        Self {
            value: table.left() + value,
            times: table.left() + times,
            weight: table.left() + weight,
            bars: table.with_min_x(table.left() + bars),
        }
    }
}

/// The rows; answers how many neurons have one.
fn table_ui(ui: &mut Ui, ranking: &Ranking, table: Rect) -> usize {
    let (view, found) = (ranking.view(), &ranking.found);
    let columns = Columns::new(table);
    let has_rest = usize::from(ranking.order.len() > MOST);
    let extra = has_rest + usize::from(found.has_bias);
    let fits = |pitch: f32| ((table.height() - pitch) / pitch).floor() as usize;
    let pitch = PITCH.into_iter().find(|&pitch| fits(pitch) >= MOST.min(ranking.order.len()) + extra);
    let pitch = pitch.unwrap_or(PITCH[1]);
    let rows = fits(pitch).saturating_sub(1 + usize::from(found.has_bias)).clamp(1, MOST);
    let shown = rows.min(ranking.order.len());
    let (own, rest) = ranking.order.split_at(shown);
    let row =
        |k: usize| Rect::from_min_size(table.min + vec2(0.0, pitch * k as f32), vec2(table.width(), pitch));
    let rest_gives = found.rest(own);
    let values: Vec<f64> = own
        .iter()
        .map(|&place| found.each[place].gives)
        .chain((!rest.is_empty()).then_some(rest_gives))
        .chain(found.has_bias.then_some(found.bias))
        .collect();
    let [less, _] = directions(ranking);
    let scale =
        Bars::new(columns.bars, &values, text_width(ui.painter(), &less, body_font(view)) + 2.0 * space::M);
    head_ui(ui, ranking, &columns, scale.zero, row(0));
    let printed = PrintedSum::aligned(&values, ranking.digits());
    let texts = |number: &dyn Fn(usize) -> f32, digits: usize| {
        let numbers: Vec<f64> = own.iter().map(|&place| f64::from(number(place))).collect();
        PrintedSum::aligned(&numbers, digits)
    };
    let read = texts(&|place| ranking.value(place), ranking.digits());
    let weights = texts(&|place| ranking.weight(place), 3.min(ranking.digits()));
    let mut k = 1;
    for (nth, &place) in own.iter().enumerate() {
        neuron_row_ui(ui, ranking, &columns, row(k), place, [read.part(nth), weights.signed_part(nth)]);
        scale.bar_ui(ui, view, row(k), values[nth], printed.signed_part(nth), false);
        k += 1;
    }
    if !rest.is_empty() {
        let silent = rest.iter().filter(|&&place| ranking.value(place) == 0.0).count();
        let parts = [("n", rest.len().to_string()), ("silent", silent.to_string())];
        let parts = parts.each_ref().map(|(name, text)| (*name, text.as_str()));
        let is_forward = ranking.scene.tensor.part == Part::Out;
        let silent = (silent > 0 && is_forward).then(|| view.fill("map.more_silent", &parts));
        let (at, ink) = (pos2(table.left(), row(k).center().y), view.theme.text);
        let room = if rest_gives < 0.0 { columns.weight } else { scale.zero - space::S } - table.left();
        let silent = silent.filter(|words| text_width(ui.painter(), words, body_font(view)) <= room);
        let words = silent.unwrap_or_else(|| view.fill("map.more_row", &parts));
        text_ui(ui, at, Align2::LEFT_CENTER, &words, body_font(view), ink, room);
        scale.bar_ui(ui, view, row(k), rest_gives, printed.signed_part(k - 1), true);
        k += 1;
    }
    if found.has_bias {
        let at = pos2(table.left(), row(k).center().y);
        let words = view.text("map.bias");
        text_ui(ui, at, Align2::LEFT_CENTER, &words, body_font(view), view.theme.text, table.width());
        scale.bar_ui(ui, view, row(k), found.bias, printed.signed_part(k - 1), true);
        k += 1;
    }
    let (top, bottom) = (row(1).top(), row(k).top());
    ui.painter().vline(scale.zero, top - 4.0..=bottom, Stroke::new(1.5, view.theme.line_strong));
    shown
}

fn head_ui(ui: &Ui, ranking: &Ranking, columns: &Columns, zero: f32, row: Rect) {
    let (view, y) = (ranking.view(), row.center().y);
    let (font, ink) = (|| body_font(view), view.theme.text_weak);
    let is_forward = ranking.scene.tensor.part == Part::Out;
    let layer = source_name(view, ranking.found.reads);
    let key = if is_forward { "map.head_neuron" } else { "map.head_gradient" };
    let name = view.fill(key, &[("layer", &layer)]);
    let value = view.text(if is_forward { "map.head_value" } else { "map.head_arrives" });
    let weight = match &ranking.against {
        Some((rival, _)) => format!("{} − {rival}", ranking.own),
        None => view.text("map.head_weight"),
    };
    let has_room = text_width(ui.painter(), &weight, font()) <= columns.weight - columns.times;
    let weight = if has_room { weight } else { view.text("map.head_difference") };
    let value_width = text_width(ui.painter(), &value, font());
    let room = columns.value - value_width - row.left() - space::XS;
    let fits = !is_forward || text_width(ui.painter(), &name, font()) <= room;
    let name = if fits { name } else { view.text("map.head_neurons") };
    text_ui(ui, pos2(row.left(), y), Align2::LEFT_CENTER, &name, font(), ink, room);
    text_ui(ui, pos2(columns.value, y), Align2::RIGHT_CENTER, &value, font(), ink, value_width);
    let room = columns.weight - columns.times;
    text_ui(ui, pos2(columns.weight, y), Align2::RIGHT_CENTER, &weight, font(), ink, room);
    let [less, more] = directions(ranking);
    let room = [zero - columns.bars.left(), columns.bars.right() - zero];
    let [blue, orange] = [Pass::Fwd, Pass::Bwd].map(|pass| view.theme.pass(pass).strong);
    if text_width(ui.painter(), &less, font()) + space::M <= room[0] {
        text_ui(ui, pos2(zero - space::M, y), Align2::RIGHT_CENTER, &less, font(), orange, room[0]);
    }
    if text_width(ui.painter(), &more, font()) + space::M <= room[1] {
        text_ui(ui, pos2(zero + space::M, y), Align2::LEFT_CENTER, &more, font(), blue, room[1]);
    }
}

/// What bars to the left and bars to the right of 0 do.
fn directions(ranking: &Ranking) -> [String; 2] {
    let view = ranking.view();
    match &ranking.against {
        Some((rival, _)) => {
            let class = |class: &str| [("class", class.to_owned())];
            [
                view.fill("map.speaks_left", &class(rival).each_ref().map(|(a, b)| (*a, b.as_str()))),
                view.fill("map.speaks_right", &class(&ranking.own).each_ref().map(|(a, b)| (*a, b.as_str()))),
            ]
        }
        None => [view.text("map.less"), view.text("map.more_of")],
    }
}

/// The scale of the bars: one for all of them.
struct Bars {
    /// Where 0 lies.
    zero: f32,
    /// Points per unit.
    unit: f32,
}

impl Bars {
    /// A scale on which all values and their numbers fit, and where some are negative what is said of them too: that is
    /// as wide as `words`.
    fn new(rect: Rect, values: &[f64], words: f32) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let least = finite().fold(0.0, f64::min);
        let most = finite().fold(0.0, f64::max);
        let room = |is_there: bool| if is_there { NUMBER } else { 6.0 };
        let (left, right) = (room(least < 0.0), room(most > 0.0));
        let span = (most - least).max(f64::MIN_POSITIVE) as f32;
        // What lies left of 0: the room of a number, and the longest bar there.
        let (share, whole) = (-least as f32 / span, rect.width() - right);
        let wanted = (words - share * whole) / (1.0 - share).max(0.1);
        let left = if least < 0.0 { left.max(wanted.min(0.5 * whole)) } else { left };
        let unit = (rect.width() - left - right).max(10.0) / span;
        Self { zero: rect.left() + left - least as f32 * unit, unit }
    }

    /// A bar with its number at its end; grey where it is of several neurons or of none.
    fn bar_ui(&self, ui: &Ui, view: &View, row: Rect, value: f64, text: String, is_grey: bool) {
        let theme = view.theme;
        let length = if value.is_finite() { value as f32 * self.unit } else { 0.0 };
        let fill = match (is_grey, value < 0.0) {
            (true, _) => theme.line_strong,
            (false, false) => theme.pass(Pass::Fwd).fill,
            (false, true) => theme.pass(Pass::Bwd).fill,
        };
        let (from, to) = (self.zero.min(self.zero + length), self.zero.max(self.zero + length));
        let bar = Rect::from_x_y_ranges(from..=to, row.shrink2(vec2(0.0, 4.0)).y_range());
        ui.painter().rect_filled(bar, 2.0, fill);
        let (at, anchor) = match value < 0.0 {
            true => (pos2(bar.left() - space::S, row.center().y), Align2::RIGHT_CENTER),
            false => (pos2(bar.right() + space::S, row.center().y), Align2::LEFT_CENTER),
        };
        text_ui(ui, at, anchor, &text, body_font(view), theme.text, NUMBER + 20.0);
    }
}

/// A neuron that is read: a click shows it.
fn neuron_row_ui(
    ui: &mut Ui,
    ranking: &Ranking,
    columns: &Columns,
    row: Rect,
    place: usize,
    [value, weight]: [String; 2],
) {
    let (view, found) = (ranking.view(), &ranking.found);
    let one = &found.each[place];

    let name = names::plane(view, found.reads, one.from);
    let gives = with_plus(number::significant(one.gives as f32, ranking.digits()));
    let parts = [("map", name.as_str()), ("layer", &source_name(view, found.reads))];
    let gives = view.fill("map.gives", &[("number", &gives)]);
    let words = view.fill("map.input", &[parts[0], parts[1], ("gives", &gives)]);
    let response = ui.interact(row, ui.scope_id().with(("neuron", one.from)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(row, space::RADIUS, view.theme.button);
        view.read_out(words, view.text("map.input_click"));
    }
    if response.clicked() {
        let cell = TensorPlane::new(view, found.reads, ranking.scene.image, one.from).address(0, 0);
        view.look(&view.state.plan().widen(&cell, Grain::Channel));
    }
    let y = row.center().y;
    let at = |x: f32| pos2(x, y);
    let (font, ink) = (|| body_font(view), view.theme.text);
    let number = one.from.to_string();
    let strong = view.theme.text_strong;
    text_ui(ui, at(row.left()), Align2::LEFT_CENTER, &number, strong_font(view), strong, 60.0);
    text_ui(ui, at(columns.value), Align2::RIGHT_CENTER, &value, font(), ink, 110.0);
    text_ui(ui, at(columns.times), Align2::LEFT_CENTER, "×", font(), view.theme.text_weak, 16.0);

    text_ui(ui, at(columns.weight), Align2::RIGHT_CENTER, &weight, font(), ink, 90.0);
}

/// What comes of it, and what can be done.
fn card_ui(ui: &mut Ui, ranking: &Ranking, rect: Rect) {
    let (view, theme) = (ranking.view(), ranking.view().theme);
    let value = ranking.found.value;
    let sum = PrintedSum::new(&[], value.abs(), ranking.digits()).sum();
    let (first, big, rest) = match &ranking.against {
        Some((rival, _)) => {
            let key = if value >= 0.0 { "map.ahead" } else { "map.behind" };
            let (ratio, exponent) =
                (number::significant(value.exp() as f32, 3), number::four_digits(value as f32));
            let parts =
                [("own", ranking.own.as_str()), ("rival", rival), ("ratio", &ratio), ("x", &exponent)];
            let has_softmax = view.state.plan().stage_of(TensorId::loss(Part::Prob)).is_some();
            let rest = if has_softmax { view.fill("map.times_as_likely", &parts) } else { String::new() };
            (view.fill(key, &parts), sum, rest)
        }
        None => {
            let sum = PrintedSum::new(&[], value, ranking.digits()).sum();
            let own = ranking.scene.plane.cell(0, 0).value;
            let result = number::written(own, Some(ranking.digits()));
            match ranking.sum.activation {
                Some(activation) => {
                    let parts = [("sum", sum.as_str()), ("title", activation.title())];
                    (view.text("map.value"), result, view.fill("map.after_sum", &parts))
                }
                None if ranking.is_score() => {
                    (view.fill("map.score_of", &[("own", &ranking.own)]), sum, probability(ranking))
                }
                None => (view.text("map.value"), sum, String::new()),
            }
        }
    };
    let inner = rect.shrink2(vec2(space::L, space::M));
    let mut y = inner.top();
    let mut lines = Vec::new();
    for (text, font, ink) in [
        (first, body_font(view), theme.text),
        (big, FontId::new(text_size::ANSWER, fonts::strong()), theme.text_strong),
        (rest, body_font(view), theme.text),
    ] {
        if !text.is_empty() {
            let galley = ui.painter().layout(text, font, ink, inner.width());
            let height = galley.size().y;
            lines.push((pos2(inner.left(), y), galley, ink));
            y += height + space::XS;
        }
    }
    let card = Rect::from_min_max(rect.min, pos2(rect.right(), y + space::S));
    ui.painter().rect_filled(card, 8.0, theme.raised);
    ui.painter().rect_stroke(card, 8.0, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    for (at, galley, ink) in lines {
        ui.painter().galley(at, galley, ink);
    }
    let below = Rect::from_min_max(pos2(rect.left(), card.bottom() + space::M), rect.max);
    foot::beside_ui(ui, ranking.scene, below);
}

/// What the loss makes of the score, where that is known.
fn probability(ranking: &Ranking) -> String {
    let view = ranking.view();
    let loss = view.state.plan().network().loss;
    let key = match loss {
        Loss::CrossEntropy => "map.probability",
        Loss::BinaryCrossEntropy => "map.probability_sigmoid",
        Loss::Mse => return String::new(),
    };
    let scores = view.state.scores();
    match scores.get(loss.class_of(ranking.scene.map)).filter(|_| view.state.knows_scores()) {
        Some(score) => view.fill(key, &[("percent", &format!("{:.1}", score * 100.0))]),
        None => String::new(),
    }
}

/// The sum in one line.
fn equation_ui(ui: &Ui, ranking: &Ranking, rect: Rect, shown: usize) {
    let (view, found) = (ranking.view(), &ranking.found);
    let (own, rest) = ranking.order.split_at(shown);
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, view.theme.line));
    let mut parts = vec![found.together(own)];
    let mut words = vec![view.fill("map.shown", &[("n", &shown.to_string())])];
    if !rest.is_empty() {
        parts.push(found.rest(own));
        words.push(view.text("map.the_rest"));
    }
    if found.has_bias {
        parts.push(found.bias);
        words.push(view.text("map.bias"));
    }
    let printed = PrintedSum::new(&parts, found.value, ranking.digits() + 1);
    let y = rect.center().y;
    let size = text_size::equation(view.state.view().presenting);
    let font = FontId::proportional(size);
    let left = pos2(rect.left(), y);
    let line = text_ui(ui, left, Align2::LEFT_CENTER, &printed.line(), font, view.theme.text, rect.width());
    let font = FontId::new(size, fonts::strong());
    let result = format!(" = {}", printed.sum());
    let at = pos2(line.right(), y);
    let strong = view.theme.text_strong;
    let result = text_ui(ui, at, Align2::LEFT_CENTER, &result, font, strong, rect.right() - line.right());
    let of = match &ranking.against {
        Some((rival, _)) => view.fill("map.difference", &[("own", &ranking.own), ("rival", rival)]),
        None if ranking.is_score() => view.fill("map.score_of", &[("own", &ranking.own)]),
        None => view.text("map.sum"),
    };
    let words = format!("{} = {of}", words.join(" + "));
    let room = rect.right() - result.right() - space::L;
    if text_width(ui.painter(), &words, body_font(view)) <= room {
        let (at, ink) = (pos2(rect.right(), y), view.theme.text_weak);
        text_ui(ui, at, Align2::RIGHT_CENTER, &words, body_font(view), ink, room);
    }
}

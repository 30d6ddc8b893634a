//! How a question is answered: rows to choose from, a number to type, places to put in order, a cell to click or to
//! run to, something to change.

use super::row::{self, Known, Row, row_ui};
use super::text::said;
use crate::app::{LessonAction, LessonState, Phase};
use crate::data::Permutation;
use crate::lesson::{Answer, Ask, Choice, Item, Kind, Number, SetValue, Sign, bundled};
use crate::trace::{Address, TensorId};
use crate::ui::{
    edit_row::edit_row_ui,
    names, number,
    theme::{self, space},
    view::View,
    widgets::flow::text_width,
};
use egui::{Button, Event, Id, Key, RichText, Role, TextEdit, Ui, WidgetInfo, vec2};

/// Draws what answers the question that stands, or the answers once they are shown.
pub fn answers_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let Some(item) = lesson.item() else { return };
    let Some(ask) = &lesson.lesson().beats[lesson.beat()].ask else { return };
    ui.spacing_mut().item_spacing.y = space::S;
    let counted = !lesson.hands().counts.is_empty();
    match item.kind {
        Kind::Choice | Kind::Sign => rows_ui(ui, view, lesson, item, ask),
        Kind::Number if counted || lesson.phase() == Phase::Shown => rows_ui(ui, view, lesson, item, ask),
        Kind::Number => typed_ui(ui, view, lesson),
        Kind::Order => order_ui(ui, view, lesson, item),
        Kind::Cell => cell_ui(ui, view, lesson, item),
        Kind::RunTo => run_to_ui(ui, view, lesson, item),
        Kind::Change => change_ui(ui, view, lesson, ask),
        Kind::Think => {}
    }
}

/// A row per option.
fn rows_ui(ui: &mut Ui, view: &View, lesson: &LessonState, item: &Item, ask: &Ask) {
    let words: Vec<String> = item.options.iter().map(|option| words_of(view, item, ask, option)).collect();
    let widths = words.iter().map(|words| text_width(ui.painter(), words, row::font()));
    let widest = widths.fold(0.0, f32::max);
    // Ideas stand beside short answers, and below long ones.
    let column = if widest <= 110.0 { widest } else { 0.0 };
    for (number, option) in item.options.iter().enumerate() {
        let idea = idea_of(view, lesson, option);
        let row = Row {
            number,
            words: &words[number],
            idea: idea.as_deref(),
            known: known(lesson, option),
            hands: hands(lesson, number),
            column,
        };
        if row_ui(ui, view, &row) {
            view.push(LessonAction::Answer(option.answer.clone()).into());
        }
    }
    // A number that was typed and is none of the options.
    if let Some(given) = lesson.given().filter(|_| lesson.phase() == Phase::Shown)
        && !item.options.iter().any(|option| is_given(lesson, option))
        && let Answer::Number(number) = given
    {
        let words = view.fill("lesson.given", &[("answer", &number.print(6))]);
        ui.label(RichText::new(words).font(theme::body_font()).color(view.theme.text_weak));
    }
}

/// What is known of an option: nothing while the question stands.
fn known(lesson: &LessonState, option: &Choice) -> Known {
    match lesson.phase() {
        Phase::Told | Phase::Asking => Known::Open,
        Phase::Shown if option.is_right => Known::Right,
        Phase::Shown if is_given(lesson, option) => Known::Wrong,
        Phase::Shown => Known::Other,
    }
}

fn is_given(lesson: &LessonState, option: &Choice) -> bool {
    let Some(given) = lesson.given() else { return false };
    match (given, &option.answer) {
        // A typed number is judged with a tolerance.
        (Answer::Number(given), Answer::Number(own)) => {
            given.value == own.value
                || matches!(lesson.verdict(), Some(crate::lesson::Verdict::Rule(rule))
                    if option.rules.first().is_some_and(|own| own.id == rule.id))
        }
        (given, own) => given == own,
    }
}

/// Once the answer is shown: the idea that leads to an option.
fn idea_of(view: &View, lesson: &LessonState, option: &Choice) -> Option<String> {
    let rule = option.rules.first().filter(|_| lesson.phase() == Phase::Shown)?;
    bundled().misconceptions.get(rule.id).map(|said_of| said(view, &said_of.option).to_owned())
}

/// The hands for an option, of all; not while they are counted.
fn hands(lesson: &LessonState, number: usize) -> Option<(u32, u32, Option<u32>)> {
    let hands = lesson.hands();
    if hands.counting {
        return None;
    }
    let own = *hands.counts.get(number)?;
    let before = hands.before.as_ref();
    let most = hands.counts.iter().sum::<u32>().max(before.map_or(0, |before| before.iter().sum()));
    Some((own, most, before.and_then(|before| before.get(number)).copied()))
}

/// What the place with this number is called: a cell, a map, or a network of the experiment.
pub(super) fn place_of(view: &View, item: &Item, number: usize) -> String {
    match (item.places.get(number), item.words.get(number)) {
        (Some(place), _) => plane_alone(view, item, place).unwrap_or_else(|| names::place(view, place)),
        (None, Some(word)) => network_name(view, word),
        (None, None) => String::new(),
    }
}

/// The name of the plane alone, where the places differ in nothing else: its class, if it stands for one.
fn plane_alone(view: &View, item: &Item, place: &Address) -> Option<String> {
    let (plan, trace) = (view.state.plan(), view.state.trace());
    let of = |place: &Address| {
        let (tensor, image, index) = trace.tensor_cell(&place.whole_cell())?;
        let plane = plan.shape_of(tensor).plane().max(1);
        Some((tensor, image, index as usize / plane, index as usize % plane))
    };
    let (tensor, image, map, cell) = of(place)?;
    let mut maps = Vec::new();
    for other in &item.places {
        let (own, own_image, map, own_cell) = of(other)?;
        if (own, own_image, own_cell) != (tensor, image, cell) || maps.contains(&map) {
            return None;
        }
        maps.push(map);
    }
    let class = names::class_of_plane(view, tensor, map);
    Some(class.unwrap_or_else(|| names::plane(view, tensor, map)))
}

/// What a network of the experiment is called.
pub(super) fn network_name(view: &View, word: &str) -> String {
    view.text(&format!("lesson.network.{word}"))
}

/// What an option says: a number as it is printed, a place by its name, a sign in words.
fn words_of(view: &View, item: &Item, ask: &Ask, option: &Choice) -> String {
    match &option.answer {
        Answer::Number(_) => option.text.clone(),
        Answer::Place(place) => place_of(view, item, *place),
        Answer::Sign(sign) => {
            let (own, key) = match sign {
                Sign::Less => (&ask.less, "lesson.less"),
                Sign::Equal => (&ask.equal, "lesson.equal"),
                Sign::More => (&ask.more, "lesson.more"),
            };
            own.as_ref().map_or_else(|| view.text(key), |text| said(view, text).to_owned())
        }
        Answer::Cells(cells) => cells.first().map_or_else(String::new, |cell| names::place(view, cell)),
        Answer::Order(order) => {
            let places = order.iter().filter_map(|place| item.places.get(*place));
            places.map(|place| names::place(view, place)).collect::<Vec<_>>().join(" → ")
        }
        Answer::Met(_) => String::new(),
    }
}

/// What is kept of an answer that is not given yet, between frames.
fn kept_id(lesson: &LessonState, what: &str) -> Id {
    let seed = lesson.item().map(|item| item.seed);
    Id::unique((what, &lesson.lesson().id, lesson.beat(), seed, lesson.tries()))
}

/// A field for a number, and a button that checks it.
fn typed_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let id = kept_id(lesson, "number");
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let field = id.with("field");
    // A digit begins the number, wherever the keyboard is.
    let is_free = !ui.ctx().text_edit_focused();
    if is_free {
        // It is taken from the events, else the field would get it once more.
        let typed = ui.input_mut(|input| {
            let is_first = |event: &Event| matches!(event, Event::Text(typed) if begins_number(typed));
            let at = input.events.iter().position(is_first)?;
            match input.events.remove(at) {
                Event::Text(typed) => Some(typed),
                _ => None,
            }
        });
        if let Some(typed) = typed {
            text.push_str(&typed);
            let mut state = egui::text_edit::TextEditState::default();
            let end = egui::text::CCursor::new(text.chars().count());
            state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
            state.store(ui.ctx(), field);
            ui.memory_mut(|memory| memory.request_focus(field));
        }
    }
    let number = parsed(&text);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let edit = TextEdit::singleline(&mut text)
            .id(field)
            .font(row::font())
            .hint_text(view.text("lesson.type_number"))
            .interactive(!is_free || lesson.phase() == Phase::Asking)
            .margin(vec2(10.0, 9.0))
            .desired_width(ui.available_width() - 120.0);
        let response = ui.add(edit);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, view.text("lesson.number")));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let button = Button::new(view.text("lesson.check")).min_size(vec2(88.0, 44.0));
        let pressed = ui.add_enabled(number.is_some(), button).clicked();
        if let Some(value) = number.filter(|_| entered || pressed) {
            view.push(LessonAction::Answer(Answer::Number(Number { value, whole: false })).into());
        }
    });
    if number.is_none() && !text.trim().is_empty() {
        let words = view.text("lesson.no_number");
        ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.warn));
    }
    ui.data_mut(|data| data.insert_temp(id, text));
}

fn begins_number(typed: &str) -> bool {
    typed.starts_with(|c: char| c.is_ascii_digit() || "-−+.,".contains(c))
}

/// A number as people write it: with a comma, a real minus, a percent sign, thin spaces between thousands.
fn parsed(text: &str) -> Option<f64> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '%')
        .map(|c| match c {
            '−' | '–' => '-',
            ',' | '，' => '.',
            '。' => '.',
            c => c,
        })
        .collect();
    let number: f64 = clean.parse().ok()?;
    number.is_finite().then_some(number)
}

/// Places to put in order: each with a button up and one down; they can be dragged too.
fn order_ui(ui: &mut Ui, view: &View, lesson: &LessonState, item: &Item) {
    let count = item.places.len();
    let id = kept_id(lesson, "order");
    let shuffled = || {
        let order = Permutation::shuffle(count as u64, item.seed, 7);
        (0..count as u64).map(|k| order.at(k) as usize).collect::<Vec<_>>()
    };
    let is_open = lesson.phase() == Phase::Asking;
    let mut order: Vec<usize> = match (is_open, lesson.given(), &item.right) {
        (true, ..) => ui.data(|data| data.get_temp(id)).unwrap_or_else(shuffled),
        (false, _, Some(Answer::Order(right))) => right.clone(),
        (false, ..) => shuffled(),
    };
    let given = match lesson.given() {
        Some(Answer::Order(given)) if !is_open => Some(given.clone()),
        Some(_) | None => None,
    };
    let mut swap = None;
    for (at, place) in order.iter().enumerate() {
        let words = item.places.get(*place).map_or_else(String::new, |place| names::place(view, place));
        let is_right = given.as_ref().map(|given| given.get(at) == Some(place));
        swap = swap.or(order_row_ui(ui, view, (at, count), &words, is_open, is_right));
    }
    if let Some((from, to)) = swap {
        let moved = order.remove(from);
        order.insert(to, moved);
    }
    if is_open {
        ui.data_mut(|data| data.insert_temp(id, order.clone()));
        let button = Button::new(view.text("lesson.check_order")).min_size(vec2(120.0, 36.0));
        if ui.add(button).clicked() {
            view.push(LessonAction::Answer(Answer::Order(order)).into());
        }
    }
}

/// One place of an order; answers from where to where it is moved.
fn order_row_ui(
    ui: &mut Ui,
    view: &View,
    (at, count): (usize, usize),
    words: &str,
    is_open: bool,
    is_right: Option<bool>,
) -> Option<(usize, usize)> {
    /// The width of a button, and of a row's verdict.
    const BUTTON: f32 = 34.0;
    const VERDICT: f32 = 110.0;
    let mut swap = None;
    let frame = egui::Frame::new()
        .fill(view.theme.raised)
        .stroke(egui::Stroke::new(1.0, view.theme.line_strong))
        .corner_radius(space::RADIUS)
        .inner_margin(vec2(10.0, if is_open { 6.0 } else { 2.0 }));
    let (inner, dropped) = ui.dnd_drop_zone::<usize, _>(frame, |ui| {
        ui.set_min_height(if is_open { 30.0 } else { 26.0 });
        ui.horizontal(|ui| {
            let number = RichText::new(format!("{}", at + 1)).font(theme::strong_font());
            ui.label(number.color(view.theme.text_weak));
            let text = RichText::new(words).font(row::font()).color(view.theme.text_strong);
            let room = ui.available_width() - if is_open { 2.0 * BUTTON + 3.0 * space::S } else { VERDICT };
            let label_ui = |ui: &mut Ui| {
                ui.set_max_width(room);
                ui.add(egui::Label::new(text).wrap())
            };
            if is_open {
                let id = Id::unique(("a place to put in order", at));
                ui.dnd_drag_source(id, at, label_ui);
            } else {
                ui.scope(label_ui);
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if is_open {
                    let button = |ui: &mut Ui, sign: &str, key: &str, enabled: bool| {
                        let button = Button::new(sign).min_size(vec2(BUTTON, 30.0));
                        let response = ui.add_enabled(enabled, button);
                        let label = view.fill(key, &[("name", words)]);
                        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
                        response.clicked()
                    };
                    if button(ui, "▼", "lesson.down", at + 1 < count) {
                        swap = Some((at, at + 1));
                    }
                    if button(ui, "▲", "lesson.up", at > 0) {
                        swap = Some((at, at - 1));
                    }
                } else if let Some(is_right) = is_right {
                    let (key, color) = match is_right {
                        true => ("lesson.placed", view.theme.good),
                        false => ("lesson.misplaced", view.theme.bad),
                    };
                    ui.label(RichText::new(view.text(key)).font(theme::strong_font()).color(color));
                }
            });
        });
    });
    drop(inner);
    swap.or(dropped.map(|from| (*from, at)))
}

/// What is to be done on the stage, and afterwards which cell it was.
fn cell_ui(ui: &mut Ui, view: &View, lesson: &LessonState, item: &Item) {
    if lesson.phase() == Phase::Asking {
        let ask = lesson.lesson().beats[lesson.beat()].ask.as_ref();
        let map = ask.and_then(|ask| lesson.places(ask.within.as_ref()?).into_iter().next());
        let map = map.and_then(|map| map.resolve(view.state.plan()));
        let words = match map {
            Some(map) => view.fill("lesson.click_cell_of", &[("map", &names::place(view, &map))]),
            None => view.text("lesson.click_cell"),
        };
        let words = RichText::new(words).font(theme::body_font());
        ui.label(words.color(view.theme.accent));
        return;
    }
    cells_ui(ui, view, lesson, item);
}

/// The cell that was given and the right one, by name.
fn cells_ui(ui: &mut Ui, view: &View, lesson: &LessonState, item: &Item) {
    let name = |answer: &Answer| match answer {
        Answer::Cells(cells) => cells.first().map(|cell| names::place(view, cell)),
        Answer::Number(_) | Answer::Sign(_) | Answer::Place(_) | Answer::Order(_) | Answer::Met(_) => None,
    };
    let is_right = lesson.verdict() == Some(&crate::lesson::Verdict::Right);
    let mut rows = Vec::new();
    if let Some(given) = lesson.given().filter(|_| !is_right).and_then(name) {
        rows.push((given, Known::Wrong));
    }
    let right = if is_right { lesson.given() } else { item.right.as_ref() };
    rows.extend(right.and_then(name).map(|right| (right, Known::Right)));
    for (number, (words, known)) in rows.iter().enumerate() {
        let row = Row { number, words, idea: None, known: *known, hands: None, column: 0.0 };
        row_ui(ui, view, &row);
    }
}

/// A button that answers with the cell that is looked at, or at which the cursor stands.
fn run_to_ui(ui: &mut Ui, view: &View, lesson: &LessonState, item: &Item) {
    if lesson.phase() != Phase::Asking {
        return cells_ui(ui, view, lesson, item);
    }
    let cell = view.state.focus().whole_cell();
    let name = names::place(view, &cell);
    let hint = RichText::new(view.text("lesson.run_to")).font(theme::body_font());
    ui.label(hint.color(view.theme.accent));
    let words = view.fill("lesson.this_cell", &[("name", &name)]);
    if ui.add(Button::new(words).wrap().min_size(vec2(0.0, 44.0))).clicked() {
        view.push(LessonAction::Answer(Answer::Cells(vec![cell])).into());
    }
}

/// The number that was clicked on the stage, to be changed here.
fn edited_ui(ui: &mut Ui, view: &View) {
    let focus = view.state.focus();
    let Some((tensor, ..)) = view.state.trace().tensor_cell(&focus) else { return };
    if tensor.is_parameter() || tensor == TensorId::INPUT {
        let name = RichText::new(names::place(view, &focus)).font(theme::strong_font());
        ui.label(name.color(view.theme.text_strong));
        edit_row_ui(ui, view, &focus);
    }
}

/// How many edits are left, and what shows how it is done.
fn change_ui(ui: &mut Ui, view: &View, lesson: &LessonState, ask: &Ask) {
    if lesson.phase() != Phase::Asking {
        return done_ui(ui, view, lesson, ask);
    }
    let line = |ui: &mut Ui, words: String, color| {
        ui.label(RichText::new(words).font(theme::body_font()).color(color));
    };
    line(ui, view.text("lesson.change"), view.theme.accent);
    edited_ui(ui, view);
    let done = view.state.undo().edits();
    if let Some(budget) = ask.budget {
        let left = (budget as usize).saturating_sub(done).to_string();
        let color = if done < budget as usize { view.theme.text } else { view.theme.warn };
        line(ui, view.fill("lesson.edits_left", &[("n", &left)]), color);
    }
    if done > 0 {
        line(ui, view.text("lesson.not_met"), view.theme.text_weak);
    }
}

/// What the task asked for, as it stands now; and one way to do it, where the user did not.
fn done_ui(ui: &mut Ui, view: &View, lesson: &LessonState, ask: &Ask) {
    let line = |ui: &mut Ui, words: String| {
        ui.label(RichText::new(words).font(theme::body_font()).color(view.theme.text));
    };
    if lesson.verdict().is_none() {
        let edits = ask.answer.iter().map(|(target, value)| edit_words(view, lesson, target, value));
        let edits = edits.collect::<Vec<_>>().join(&view.text("place.and"));
        line(ui, view.fill("lesson.one_way", &[("edits", &edits)]));
    }
    for goal in ask.goal.all() {
        // Made once: it may take a backward pass.
        let key = Id::unique((&lesson.lesson().id, lesson.beat(), goal, view.state.revision()));
        let known: Option<Option<(String, String)>> = ui.data(|data| data.get_temp(key));
        let reached = known.unwrap_or_else(|| lesson.reached(view.state, goal));
        ui.data_mut(|data| data.insert_temp(key, reached.clone()));
        if let Some((number, bound)) = reached {
            line(ui, view.fill("lesson.reached", &[("number", &number), ("bound", &bound)]));
        }
    }
}

/// An edit of a model answer: `row 2, column 1 of the input: −3`.
fn edit_words(view: &View, lesson: &LessonState, target: &str, value: &SetValue) -> String {
    let place = lesson.places(target).into_iter().next();
    let place = place.and_then(|place| place.resolve(view.state.plan()));
    let name = place.map_or_else(|| target.to_owned(), |place| names::place(view, &place));
    let what = match value {
        SetValue::Number(number) => number::four_digits(*number as f32),
        SetValue::Word(word) => {
            let (word, factor) = word.split_once(' ').unwrap_or((word, ""));
            view.fill(&format!("lesson.set_{word}"), &[("factor", factor)])
        }
    };
    view.fill("lesson.edit", &[("name", &name), ("what", &what)])
}

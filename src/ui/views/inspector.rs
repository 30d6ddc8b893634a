//! Why the focused cell is what it is: a sentence, the formula in symbols and numbers, the terms; and, by tabs, what
//! else can be asked of it.

mod check;
mod paths;
mod statistics;

use crate::app::{Action, Tab};
use crate::trace::{Address, CellFold, Equation, Operand, Owner, Place, Step, TensorId, TermOp};
use crate::ui::{edit_row::edit_row_ui, names, number, sentences, theme, view::View};
use egui::{Align, Button, Id, Label, Layout, RichText, ScrollArea, Sense, Ui};
use std::sync::Arc;

/// Draws the inspector of the current cell: its sentence and the close-up's `notes` on it, the row to edit it, and the
/// tabs.
pub fn inspector_ui(ui: &mut Ui, view: &View, notes: &[String]) {
    let focus = view.state.focus();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(names::place(view, &focus)).color(view.theme.text_weak));
    });
    ui.label(RichText::new(sentences::sentence(view, &focus)).size(16.0).color(view.theme.text_strong));
    for note in notes {
        ui.label(RichText::new(note).color(view.theme.text));
    }
    edit_row_ui(ui, view, &focus);
    tabs_ui(ui, view);
    // What they tell lies ahead of the cursor, or tells sizes: not while a lesson asks.
    if view.state.is_asked() && view.state.view().tab != Tab::Why {
        ui.label(RichText::new(view.text("inspector.covered")).color(view.theme.text_weak));
        return;
    }
    match view.state.view().tab {
        Tab::Why => why_ui(ui, view, focus),
        Tab::Check => check::check_ui(ui, view),
        Tab::Paths => paths::paths_ui(ui, view),
        Tab::Statistics => statistics::statistics_ui(ui, view, &focus),
    }
}

/// What is shown of the cell.
fn tabs_ui(ui: &mut Ui, view: &View) {
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for tab in Tab::ALL {
            let name = RichText::new(view.text(&format!("tab.{}", tab.name()))).font(theme::small_font());
            let response = ui.selectable_label(view.state.view().tab == tab, name);
            if response.on_hover_text(view.text(&format!("tab.{}_tip", tab.name()))).clicked() {
                view.push(Action::SetTab(tab));
            }
        }
    });
    ui.separator();
}

/// The formula in symbols and numbers, the terms, the readers.
fn why_ui(ui: &mut Ui, view: &View, focus: Address) {
    if let Some(formula) = view.state.trace().formula(&focus) {
        heading_ui(ui, view, "inspector.symbols");
        let formula = names::formula(formula);
        let short = names::formula_without_indices(&formula);
        let line = |words: &str, ink| RichText::new(words).font(theme::mono_font()).color(ink);
        ui.label(line(&short, view.theme.text_strong)).on_hover_text(view.text("inspector.symbols_tip"));
        if short != formula {
            let full = ui.label(line(&formula, view.theme.text_weak));
            full.on_hover_text(view.text("inspector.symbols_tip"));
        }
    }
    let fold = fold(ui, view, &focus);
    let (done, all) = view.state.terms_done(&focus);
    heading_ui(ui, view, "inspector.numbers");
    result_ui(ui, view, &focus, &fold, done, all);
    let reader_room = 84.0;
    if all > 0 {
        let words = view.fill("inspector.terms", &[("done", &done.to_string()), ("all", &all.to_string())]);
        ui.add_space(6.0);
        if !view.state.is_asked() {
            ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
        }
        let room = (ui.available_height() - reader_room).max(90.0);
        ui.scope(|ui| terms_ui(ui, view, &fold, done, room));
    }
    readers_ui(ui, view, &focus);
}

fn heading_ui(ui: &mut Ui, view: &View, key: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(view.text(key)).font(theme::small_font()).color(view.theme.text_weak));
}

/// The focused cell with all its terms; kept while it and the values stay.
fn fold(ui: &Ui, view: &View, focus: &Address) -> Arc<CellFold> {
    type Kept = ((u64, Address), Arc<CellFold>);
    let id = Id::unique("inspected cell");
    let key = (view.state.revision(), *focus);
    let kept: Option<Kept> = ui.data(|data| data.get_temp(id));
    match kept {
        Some((kept_key, fold)) if kept_key == key => fold,
        _ => {
            let fold = Arc::new(view.state.trace().cell(focus));
            ui.data_mut(|data| data.insert_temp(id, (key, Arc::clone(&fold))));
            fold
        }
    }
}

/// The last step in numbers, and the cell's running value.
fn result_ui(ui: &mut Ui, view: &View, focus: &Address, fold: &CellFold, done: u32, all: u32) {
    let strong = |text: String| RichText::new(text).font(theme::mono_font()).color(view.theme.text_strong);
    if matches!(focus.place(), Place::Given(_)) {
        let text = if is_covered(view, focus) { "?".into() } else { number::full(fold.value) };
        ui.label(strong(text));
        return;
    }
    let Some(step) = done.checked_sub(1).and_then(|m| fold.steps.get(m as usize)) else {
        ui.label(RichText::new(view.text("inspector.not_yet")).italics().color(view.theme.text_weak));
        return;
    };
    let digits = view.state.view().digits;
    let equation = Equation::from_step(step, digits.count());
    let numbers = strong(format!("{} {} {}", equation.left, equation.sign(), equation.right));
    let key = if done == all { "inspector.value" } else { "inspector.so_far" };
    let full = format!("{} {}", view.text(key), number::full(step.after));
    ui.label(numbers).on_hover_text(full);
}

/// Whether a lesson's question covers a cell.
fn is_covered(view: &View, cell: &Address) -> bool {
    let cell = view.state.trace().tensor_cell(cell);
    cell.is_some_and(|(tensor, _, index)| view.state.covers().cell(tensor, index))
}

/// The list of terms: only the rows that can be seen are laid out.
fn terms_ui(ui: &mut Ui, view: &View, fold: &CellFold, done: u32, room: f32) {
    let row = ui.text_style_height(&egui::TextStyle::Monospace) + 4.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    let id = Id::unique("terms");
    let key = (fold.address, done);
    // Lists of different lengths are different areas: one that was shorter would spring back.
    let area = ScrollArea::vertical().id_salt(("terms", fold.steps.len()));
    let mut area = area.max_height(room).auto_shrink([false, true]);
    if ui.data(|data| data.get_temp::<(Address, u32)>(id)) != Some(key) {
        ui.data_mut(|data| data.insert_temp(id, key));
        // The last term done comes into view: five before it, and one after it.
        let line = row + ui.spacing().item_spacing.y;
        let before = ((room / line).floor() - 2.0).clamp(0.0, 5.0);
        area = area.vertical_scroll_offset(((done as f32 - 1.0 - before) * line).max(0.0));
    }
    area.show_rows(ui, row, fold.steps.len(), |ui, rows| {
        for m in rows {
            row_ui(ui, view, &fold.steps[m], m as u32, done, row);
        }
    });
}

fn row_ui(ui: &mut Ui, view: &View, step: &Step, m: u32, done: u32, row: f32) {
    let is_done = m < done;
    let is_last = m + 1 == done;
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), row), Sense::hover());
    if is_last {
        ui.painter().rect_filled(rect, 3.0, view.theme.accent_soft);
    }
    let mut ui =
        ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    let ui = &mut ui;
    // What is left for the three numbers of a row, in characters.
    let source = source(view, step);
    let mark = source.as_ref().map_or(0.0, |_| 18.0);
    let chars = (((rect.width() - 76.0 - mark) / 3.0 / 8.3) as usize).clamp(5, 10);
    ui.spacing_mut().item_spacing.x = 4.0;
    ui.spacing_mut().interact_size.y = row;
    ui.spacing_mut().button_padding = egui::Vec2::ZERO;
    let weak = |text: String| RichText::new(text).font(theme::small_font()).color(view.theme.text_weak);
    let number = ui.add_sized([30.0, row], Label::new(weak(m.to_string())));
    let words = view.fill("inspector.term", &[("m", &m.to_string())]);
    if let Some(source) = source {
        ui.add_sized([mark, row], Label::new(weak(source)));
    }
    number.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
    let [before, between, after] = signs(step.term.op);
    let sign_ui = |ui: &mut Ui, sign: String| {
        if !sign.is_empty() {
            ui.label(weak(sign));
        }
    };
    // Which cell won is a number of the cell in its map: what counts is whether it is this one.
    let shown = if matches!(step.term.op, TermOp::Route { .. }) { 1 } else { 2 };
    for ((place, operand), sign) in step.term.operands.iter().enumerate().take(shown).zip([before, between]) {
        let Some(operand) = operand else { continue };
        sign_ui(ui, sign);
        operand_ui(ui, view, operand, step.values[place], chars);
    }
    let routed = step.product().is_some_and(|product| product == step.values[0]);
    let after = match (shown, is_done) {
        (1, true) => if routed { "· 1" } else { "· 0" }.to_owned(),
        (1, false) => "· ?".to_owned(),
        _ => after,
    };
    sign_ui(ui, after);
    if step.term.operands().next().is_none() {
        ui.label(weak(step.term.op.symbols().into_owned()));
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let text = if is_done { brief(view, step.after, chars) } else { "·".into() };
        let color = if is_done { view.theme.text_strong } else { view.theme.text_weak };
        let label = ui.label(RichText::new(text).font(theme::mono_font()).color(color));
        if is_done {
            label.on_hover_text(format!("{} {}", step.term.op.symbols(), number::full(step.after)));
        }
        ui.label(weak("→".into()));
    });
}

/// Which map a term of a convolution reads: its number, or the letter of its colour; `None` where there is but one.
fn source(view: &View, step: &Step) -> Option<String> {
    let plan = view.state.plan();
    let maps = |tensor: TensorId| Some(plan.shape_of(tensor)).filter(|shape| shape.plane() > 1);
    let is_weight = |tensor: &TensorId| plan.is_weight_shaped(*tensor);
    let mut operands = step.term.operands();
    if !operands.any(|operand| matches!(operand, Operand::Cell { tensor, .. } if is_weight(tensor))) {
        return None;
    }
    let mut plane = None;
    for operand in step.term.operands() {
        let Operand::Cell { tensor, index, .. } = operand else { continue };
        let shape = maps(*tensor)?;
        let at = shape.at(*index as usize);
        if !is_weight(tensor) {
            plane = (shape.planes() > 1).then_some((at[1], shape.planes(), *tensor == TensorId::INPUT));
            break;
        }
        // Of padding only the weight tells where it lies.
        let is_first =
            matches!(tensor.owner, Owner::Layer(l) if plan.input_of(l as usize) == TensorId::INPUT);
        plane = (shape.0[1] > 1).then_some((at[1], shape.0[1], is_first));
    }
    let (plane, planes, is_input) = plane?;
    let colors = ["inspector.red", "inspector.green", "inspector.blue"];
    let color = colors.get(plane).filter(|_| is_input && planes == 3);
    Some(color.map_or_else(|| plane.to_string(), |key| view.text(key)))
}

/// A number within a width in characters, with the wanted digits where they fit.
fn brief(view: &View, value: f32, chars: usize) -> String {
    number::fit_written(value, chars, view.state.view().digits.count())
        .unwrap_or_else(|| number::short(value))
}

/// What stands before the operands of a term in the list, between them and after them.
fn signs(op: TermOp) -> [String; 3] {
    let [before, between, after] = match op {
        TermOp::MulAdd => ["+", "·", ""],
        TermOp::Add => ["+", "", ""],
        TermOp::MulSquareAdd => ["+", "·", "²"],
        TermOp::SquareAdd => ["+", "", "²"],
        TermOp::SquareDiffAdd => ["+ (", "−", ")²"],
        TermOp::NegMulAdd | TermOp::CrossTerm => ["−", "·", ""],
        TermOp::Mul => ["·", "", ""],
        TermOp::Div => ["÷", "", ""],
        TermOp::Max => ["max", "", ""],
        TermOp::AddLn1p => ["+ ln(1 +", "", ")"],
        TermOp::Exp => ["exp", "", ""],
        TermOp::Ln => ["ln", "", ""],
        TermOp::Activation(activation) => [activation.signs()[0], "", ""],
        TermOp::Product => ["", "·", ""],
        TermOp::Quotient => ["", "÷", ""],
        TermOp::Pow => ["", "^", ""],
        TermOp::Slope => ["", "> 0 ? 1 :", ""],
        TermOp::MulAddNegative => ["+", "·", ""],
        TermOp::Difference => ["", "−", ""],
        TermOp::SubFrom => ["", "", "− r"],
        TermOp::DivInto => ["", "", "÷ r"],
        TermOp::Sqrt | TermOp::Recip | TermOp::Set => ["", "", ""],
        TermOp::ActivationBackward(activation) => {
            let [_, between, after] = activation.signs();
            ["", between, after]
        }
        TermOp::Route { .. } => ["+", "", ""],
    };
    [before, between, after].map(str::to_owned)
}

/// An operand: a link to the cell that it is, where it is one.
fn operand_ui(ui: &mut Ui, view: &View, operand: &Operand, value: f32, chars: usize) {
    let font = theme::mono_font();
    match (operand, view.state.trace().writer(operand)) {
        (Operand::Cell { .. }, Some(writer)) => {
            let known = writer.time() < view.state.trace().time() || view.state.is_done(&writer);
            let text =
                if known && !is_covered(view, &writer) { brief(view, value, chars) } else { "?".into() };
            let link = Button::new(RichText::new(text).font(font).color(view.theme.accent)).frame(false);
            let place = names::cell(view, &writer);
            let response = ui.add(link);
            let name = view.fill("inspector.operand", &[("name", &place)]);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, &name));
            if response.hovered() {
                view.hover(writer);
            }
            let tip = view.fill("name.why", &[("name", &place)]);
            if response.on_hover_text(tip).clicked() {
                view.look(&writer);
            }
        }
        (Operand::Constant { name, .. }, _) => {
            ui.label(RichText::new(brief(view, value, chars)).font(font)).on_hover_text(*name);
        }
        (Operand::Padding { .. } | Operand::Cell { .. }, _) => {
            let text = RichText::new(brief(view, value, chars)).font(font).color(view.theme.text_weak);
            let key = if value.is_finite() { "inspector.padding" } else { "inspector.padding_pool" };
            ui.label(text).on_hover_text(view.text(key));
        }
    }
}

/// Links to the terms that read the cell.
fn readers_ui(ui: &mut Ui, view: &View, focus: &Address) {
    const SHOWN: usize = 8;
    type Kept = ((u64, Address), Arc<Vec<Address>>);
    let id = Id::unique("readers of the inspected cell");
    let key = (view.state.revision(), *focus);
    let kept: Option<Kept> = ui.data(|data| data.get_temp(id));
    let readers = match kept {
        Some((kept_key, readers)) if kept_key == key => readers,
        _ => {
            let readers = Arc::new(view.state.trace().readers(focus, SHOWN + 1));
            ui.data_mut(|data| data.insert_temp(id, (key, Arc::clone(&readers))));
            readers
        }
    };
    ui.add_space(4.0);
    heading_ui(ui, view, if readers.is_empty() { "inspector.no_readers" } else { "inspector.readers" });
    let area = ScrollArea::vertical().id_salt("readers").auto_shrink([false, true]);
    area.max_height(ui.available_height()).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 24.0;
        for reader in readers.iter().take(SHOWN) {
            let text = names::place(view, reader);
            let link = RichText::new(&text).font(theme::small_font()).color(view.theme.accent);
            let response = ui.add(Button::new(link).frame(false));
            if response.hovered() {
                view.hover(*reader);
            }
            if response.clicked() {
                view.look(reader);
            }
        }
        if readers.len() > SHOWN {
            ui.label("…");
        }
    });
}

//! The address as a row of parts, each a list to choose from; the whole can be typed.

use crate::app::Action;
use crate::trace::{Address, Grain, Pass, Place, Plan};
use crate::ui::{theme, view::View};
use egui::{
    Button, DragValue, Id, RichText, ScrollArea, TextEdit, Ui,
    text::{CCursor, CCursorRange},
    text_edit::TextEditState,
};

/// Draws the address of the current step, each part as a list of alternatives.
pub fn breadcrumb_ui(ui: &mut Ui, view: &View) {
    if view.state.view().typing_address {
        return typing_ui(ui, view);
    }
    let plan = view.state.plan();
    let shown = view.state.selected().or_else(|| view.state.cursor().address(plan));
    if view.state.selected().is_some() {
        let back = ui.button(RichText::new("✕").color(view.theme.selection));
        if back.on_hover_text(view.text("crumb.deselect")).clicked() {
            view.act(Action::Deselect);
        }
    }
    match shown {
        Some(address) => parts_ui(ui, view, &address),
        None => {
            ui.label(view.text("crumb.start"));
        }
    }
    let edit = ui.button("✎").on_hover_text(view.text("cmd.go_to.tip"));
    edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, view.text("cmd.go_to")));
    if edit.clicked() {
        view.act(Action::TypeAddress(true));
    }
}

fn typing_ui(ui: &mut Ui, view: &View) {
    let id = Id::unique("address line");
    let kept: Option<String> = ui.data(|data| data.get_temp(id));
    let fresh = kept.is_none();
    let mut text = kept.unwrap_or_else(|| match view.state.selected() {
        Some(selected) => view.state.plan().text(&selected),
        None => view.state.cursor().text(view.state.plan()),
    });
    let edit = TextEdit::singleline(&mut text)
        .id(id.with("edit"))
        .font(theme::mono_font())
        .hint_text("fwd/conv1/k2/(3,5)/m7")
        .desired_width(ui.available_width() - 60.0);
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, view.text("cmd.go_to")));
    if fresh {
        response.request_focus();
        // Whatever is typed takes the place of what is there.
        let mut state = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), response.id);
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if entered {
        view.act(Action::GoTo(text.clone()));
    } else if response.lost_focus() && !fresh {
        view.act(Action::TypeAddress(false));
    }
    let stays = !response.lost_focus() || fresh;
    ui.data_mut(|data| {
        if stays {
            data.insert_temp(id, text);
        } else {
            data.remove::<String>(id);
        }
    });
}

fn parts_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let text = plan.text(address);
    let mut texts = text.split('/');
    let has_prefix = plan.setup().images > 1 || address.time() > 0 || address.grain() < Grain::Pass;
    let item = |ui: &mut Ui, text: &str, color, list: &mut dyn FnMut(&mut Ui)| {
        ui.menu_button(RichText::new(text).color(color).font(theme::mono_font()), |ui| {
            ui.set_min_width(120.0);
            ScrollArea::vertical().max_height(380.0).show(ui, |ui| list(ui));
        });
    };
    ui.spacing_mut().item_spacing.x = 3.0;
    let slash = |ui: &mut Ui| ui.label(RichText::new("/").color(view.theme.text_weak));
    if has_prefix && let Some(text) = texts.next() {
        item(ui, text, view.theme.text, &mut |ui| time_ui(ui, view, address));
        if address.grain() < Grain::Pass {
            return;
        }
        slash(ui);
    }
    if let Some(stage) = plan.stage_at(address)
        && let Some(text) = texts.next()
    {
        let color = view.theme.pass(stage.pass).strong;
        item(ui, text, color, &mut |ui| passes_ui(ui, view, address));
        if address.grain() < Grain::Layer {
            return;
        }
        slash(ui);
    }
    if let Some(text) = texts.next() {
        item(ui, text, view.theme.text_strong, &mut |ui| stages_ui(ui, view, address));
    }
    let shape = plan.shape_at(address);
    let at = shape.at(address.cell() as usize);
    if let Some(text) = texts.next() {
        slash(ui);
        item(ui, text, view.theme.text, &mut |ui| {
            for channel in 0..shape.planes().min(LISTED) {
                let cell = (channel * shape.plane()) as u32;
                let to = address.with_channel_from(cell);
                choice_ui(ui, view, plan, to, shape.at(cell as usize)[..2] == at[..2]);
            }
        });
    }
    if let Some(text) = texts.next() {
        slash(ui);
        item(ui, text, view.theme.text, &mut |ui| position_ui(ui, view, address));
    }
    if let Some(text) = texts.next() {
        slash(ui);
        let terms = plan.stage_at(address).map_or(0, |stage| stage.terms);
        item(ui, text, view.theme.text, &mut |ui| {
            for term in 0..terms.min(LISTED as u32) {
                let to = address.with_term(term);
                choice_ui(ui, view, plan, to, term == address.term());
            }
        });
    }
}

/// Entries of a list; what lies behind is reached by typing.
const LISTED: usize = 512;

fn choice_ui(ui: &mut Ui, view: &View, plan: &Plan, to: Address, current: bool) {
    let text = plan.text(&to);
    let last = text.rsplit('/').next().unwrap_or_default().to_owned();
    if ui.add(Button::selectable(current, RichText::new(last).font(theme::mono_font()))).clicked() {
        view.visit(&to);
        ui.close();
    }
}

fn time_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let mut epoch = address.time() / plan.setup().batches;
    ui.horizontal(|ui| {
        let label = ui.label(view.text("grain.epoch"));
        let drag = DragValue::new(&mut epoch).range(0..=plan.setup().epochs - 1);
        if ui.add(drag).labelled_by(label.id).changed() {
            view.visit(&address.at_time(epoch * plan.setup().batches));
        }
    });
}

fn passes_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let now = plan.stage_at(address).map(|stage| stage.pass);
    for pass in Pass::ALL {
        let stages = plan.pass_stages(pass);
        if stages.is_empty() {
            continue;
        }
        let to = plan.widen(
            &Address::whole_stage(
                address.time(),
                if pass == Pass::Update { 0 } else { address.image() },
                stages.start,
            ),
            Grain::Pass,
        );
        let look = view.theme.pass(pass);
        let words = format!("{} {}", look.glyph, view.text(&format!("pass.{}", pass.name())));
        if ui.add(Button::selectable(now == Some(pass), RichText::new(words).color(look.strong))).clicked() {
            view.visit(&to);
            ui.close();
        }
    }
}

fn stages_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(address) else {
        for tensor in plan.given() {
            if ui
                .add(Button::selectable(address.place() == Place::Given(tensor), plan.name(tensor)))
                .clicked()
            {
                view.visit(&address.with_given(tensor));
                ui.close();
            }
        }
        return;
    };
    for s in plan.pass_stages(stage.pass) {
        let to = address.with_stage(s);
        let name = RichText::new(plan.name(plan.stages()[s].tensor)).font(theme::mono_font());
        if ui.add(Button::selectable(address.place() == to.place(), name)).clicked() {
            view.visit(&to);
            ui.close();
        }
    }
}

fn position_ui(ui: &mut Ui, view: &View, address: &Address) {
    let shape = view.state.plan().shape_at(address);
    let mut at = shape.at(address.cell() as usize);
    let before = at;
    for (axis, key) in [(2, "crumb.row"), (3, "crumb.column")] {
        ui.horizontal(|ui| {
            let label = ui.label(view.text(key));
            let drag = DragValue::new(&mut at[axis]).range(0..=shape.0[axis] - 1);
            ui.add(drag).labelled_by(label.id);
        });
    }
    if at != before {
        view.visit(&address.with_cell(shape.flat(at) as u32));
    }
}

//! The page Compare: A, which was kept, B, the current state, and their difference, for any tensor and for the answer.

mod maps;
mod scores;

use crate::app::{Action, Compare, CompareAction, Kept};
use crate::ui::{
    fonts, names, run_names,
    theme::{self, space, text_size},
    view::View,
};
use egui::{Button, ComboBox, DragValue, FontId, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

/// Draws the page Compare: the two sides, their scores, and the maps of the shown layer with the difference.
pub fn compare_ui(ui: &mut Ui, view: &View) {
    if view.state.compare().kept.is_none() {
        return nothing_kept_ui(ui, view);
    }
    let height = ui.available_height();
    ScrollArea::vertical().id_salt("compare").auto_shrink(false).show(ui, |ui| {
        let sides = view.state.compare().sides(view.state);
        ui.horizontal_wrapped(|ui| {
            let keep = ui.button(view.text("cmd.keep"));
            if keep.on_hover_text(view.text("compare.keep_tip")).clicked() {
                push(view, CompareAction::Keep);
            }
            if ui.button(view.text("compare.forget")).clicked() {
                push(view, CompareAction::Forget);
            }
            tensor_ui(ui, view);
            if let Some(sides) = sides.as_ref().filter(|sides| sides.planes > 1) {
                let mut plane = sides.plane;
                let label = ui.label(view.text("compare.map"));
                let drag = DragValue::new(&mut plane).range(0..=sides.planes - 1).speed(0.05);
                if ui.add(drag).labelled_by(label.id).changed() {
                    push(view, CompareAction::Plane(plane));
                }
            }
        });
        ui.add_space(space::XS);
        let Some(kept) = &view.state.compare().kept else { return };
        let now = Kept::from_state(view.state);
        match &sides {
            Some(sides) => maps::maps_ui(ui, view, [kept, &now], sides, height),
            None => drop(ui.label(view.text("compare.not_computed"))),
        }
        ui.add_space(space::S);
        scores::scores_ui(ui, view, [kept, &now]);
    });
}

/// What the page is for, and the button to begin with.
fn nothing_kept_ui(ui: &mut Ui, view: &View) {
    ui.add_space((0.2 * ui.available_height()).min(120.0));
    ui.vertical_centered(|ui| {
        ui.spacing_mut().item_spacing.y = space::M;
        let font = FontId::new(text_size::HEADING, fonts::strong());
        let heading = RichText::new(view.text("page.compare.asks")).font(font);
        ui.label(heading.color(view.theme.text_strong));
        let width = ui.available_width().min(560.0);
        ui.allocate_ui(vec2(width, 0.0), |ui| {
            ui.vertical_centered(|ui| {
                ui.label(RichText::new(view.text("compare.how")).color(view.theme.text_weak));
            });
        });
        let words = RichText::new(view.text("cmd.keep")).color(view.theme.on_accent);
        let keep = Button::new(words).fill(view.theme.accent).min_size(vec2(300.0, 44.0));
        if ui.add(keep).on_hover_text(view.text("compare.keep_tip")).clicked() {
            push(view, CompareAction::Keep);
        }
    });
}

fn tensor_ui(ui: &mut Ui, view: &View) {
    let plan = view.state.plan();
    let now = view.state.compare().tensor(plan);
    let name = names::tensor(view, now);
    let combo = ComboBox::from_id_salt("tensor to compare").width(140.0).height(360.0);
    let response = combo
        .selected_text(RichText::new(&name).font(theme::mono_font()))
        .show_ui(ui, |ui| {
            for tensor in Compare::tensors(view.state.trace()) {
                let name = RichText::new(names::tensor(view, tensor));
                if ui.selectable_label(tensor == now, name).clicked() {
                    push(view, CompareAction::Tensor(tensor));
                }
            }
        })
        .response;
    let words = view.fill("compare.tensor", &[("name", &name)]);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &words));
}

/// The name of a side's model, and the name of its picture with the training step.
fn side_text(view: &View, of: &Kept) -> [String; 2] {
    let runs = view.state.training_runs();
    let run = of.run.and_then(|number| runs.iter().find(|run| run.branch.number() == number));
    if let Some(run) = run {
        let (name, steps) = (run_names::full_name(view, run), of.trace.time().to_string());
        return [name, view.fill("compare.side_of_run", &[("steps", &steps)])];
    }
    let (step, image) = (of.trace.time().to_string(), of.image.to_string());
    let key = if of.trace.plan().setup().images > 1 { "compare.side_in_batch" } else { "compare.side" };
    let side = view.fill(key, &[("picture", &of.picture), ("step", &step), ("image", &image)]);
    [of.model.name.clone(), side]
}

fn push(view: &View, action: CompareAction) {
    view.push(Action::Compare(action));
}

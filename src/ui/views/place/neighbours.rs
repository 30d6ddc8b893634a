//! What can be shown in place of what is shown: the passes, the stages of a pass, the maps, the cells, the terms.

use crate::trace::{Address, Depth, Grain, Pass, Place};
use crate::ui::{names, view::View};
use egui::{Button, DragValue, RichText, Ui};

/// What can be shown in place of what is shown, at the same depth.
pub fn neighbours_ui(ui: &mut Ui, view: &View, look: &Address) {
    let plan = view.state.plan();
    match Depth::new(look) {
        Depth::Pass => passes_ui(ui, view, look),
        Depth::Layer => stages_ui(ui, view, look),
        Depth::Map => maps_ui(ui, view, look),
        Depth::Cell => position_ui(ui, view, look),
        Depth::Term => {
            let terms = plan.stage_at(look).map_or(0, |stage| stage.terms);
            for term in 0..terms.min(LISTED as u32) {
                let name = view.fill("place.term", &[("m", &term.to_string())]);
                if ui.add(Button::selectable(term == look.term(), name)).clicked() {
                    view.visit(&look.with_term(term));
                    ui.close();
                }
            }
        }
    }
}

/// Entries of a list; what lies behind is reached by typing.
const LISTED: usize = 512;

/// The maps of a stage.
fn maps_ui(ui: &mut Ui, view: &View, look: &Address) {
    let shape = view.state.plan().shape_at(look);
    let Some((tensor, ..)) = view.state.trace().tensor_cell(&look.whole_cell()) else { return };
    let now = look.cell() as usize / shape.plane().max(1);
    for map in 0..shape.planes().min(LISTED) {
        let name = names::plane(view, tensor, map);
        if ui.add(Button::selectable(map == now, name)).clicked() {
            view.look(&look.with_channel_from((map * shape.plane()) as u32));
            ui.close();
        }
    }
}

pub fn passes_ui(ui: &mut Ui, view: &View, address: &Address) {
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
            view.look(&to);
            ui.close();
        }
    }
}

fn stages_ui(ui: &mut Ui, view: &View, address: &Address) {
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(address) else {
        for tensor in plan.given() {
            if ui
                .add(Button::selectable(address.place() == Place::Given(tensor), names::tensor(view, tensor)))
                .clicked()
            {
                view.look(&address.with_given(tensor));
                ui.close();
            }
        }
        return;
    };
    for s in plan.pass_stages(stage.pass) {
        let to = address.with_stage(s);
        let name = names::tensor(view, plan.stages()[s].tensor);
        if ui.add(Button::selectable(address.place() == to.place(), name)).clicked() {
            view.look(&to);
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
        view.look(&address.with_cell(shape.flat(at) as u32));
    }
}

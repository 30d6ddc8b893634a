//! Saving, the files opened lately, and what a crash left behind, by role and label, with no display and no GPU.

use convstep::{
    app::{Action, Effect, FileAction, Lang, Recent, RescueOffer, apply},
    data::Location,
    ui::strings::Words,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

use crate::harness::{Program, update, window};
use crate::start;

fn harness(lang: Lang, action: FileAction) -> Harness<'static, Program> {
    let mut state = start::shapes();
    apply(&mut state, Action::SetLang(lang));
    apply(&mut state, FileAction::SetFolder("/home/me".into()).into());
    apply(&mut state, action.into());
    window(state, [1024.0, 768.0], update)
}

#[test]
fn the_place_to_save_at_is_typed_and_enter_saves() {
    let mut harness = harness(Lang::En, FileAction::Offer(None));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::S);
    harness.run_steps(4);
    assert!(harness.query_by_label("Save the session").is_some());
    let path = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "File");
    assert!(
        path.accesskit_node().is_focused()
            && path.value().is_some_and(|text| text.ends_with("/shapes.convstep"))
    );
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
    let Some(Effect::Write { location, replace: false, .. }) = harness.state().asked.first() else {
        panic!("{:?}", harness.state().asked);
    };
    assert_eq!(*location, Location::from("/home/me/shapes.convstep"));
    // There is such a file: only its own button replaces it.
    let taken = FileAction::Taken(location.clone());
    apply(&mut harness.state_mut().state, taken.into());
    harness.run_steps(3);
    assert!(harness.query_by_label("A file with this name already exists.").is_some());
    harness.get_by_label("Replace").click();
    harness.run_steps(3);
    assert!(matches!(harness.state().asked.last(), Some(Effect::Write { replace: true, .. })));
    harness.get_by_label("Cancel").click();
    harness.run_steps(3);
    assert!(
        harness.state().state.files().asked.is_none() && harness.query_by_label("Save the session").is_none()
    );
}

#[test]
fn what_a_crash_left_is_restored_by_enter_or_discarded_by_a_click() {
    let offer = || FileAction::Offer(Some(RescueOffer { minutes: 7 }));
    let mut restored = harness(Lang::En, offer());
    assert!(restored.query_by_label("The last session was not saved").is_some());
    restored.key_press(egui::Key::Enter);
    restored.run_steps(3);
    assert!(matches!(restored.state().asked.as_slice(), [Effect::Rescue]), "{:?}", restored.state().asked);
    assert!(restored.query_by_label("Restore").is_none());
    let mut discarded = harness(Lang::Zh, offer());
    let words = Words(Lang::Zh);
    assert!(discarded.query_by_label(&words.fill("files.minutes", &[("n", "7")])).is_some());
    discarded.get_by_label(&words.text("files.discard")).click();
    discarded.run_steps(3);
    assert!(matches!(discarded.state().asked.as_slice(), [Effect::DiscardRescue]));
}

#[test]
fn what_was_opened_lately_opens_again_and_what_is_gone_cannot_be_clicked() {
    let recent = [("/a/one.png", true), ("/b/two.convstep", false)];
    let recent = recent.map(|(path, is_there)| Recent { location: path.into(), is_there });
    let mut harness = harness(Lang::En, FileAction::Recent(recent.into()));
    harness.get_by_label("Menu").click();
    harness.run_steps(4);
    harness.get_by_label_contains("File").click();
    harness.run_steps(4);
    harness.get_by_label_contains("Open recent").click();
    harness.run_steps(4);
    let gone = harness.get_by_label("two.convstep");
    assert!(gone.accesskit_node().is_disabled());
    harness.get_by_label("one.png").click();
    harness.run_steps(3);
    let asked = &harness.state().asked;
    assert!(matches!(asked.as_slice(), [Effect::Read(path)] if path.name() == "one.png"), "{asked:?}");
}

//! The sheet that sets up a picture, by role and label.

use crate::{
    harness::{update, window},
    start,
};
use convstep::{
    app::{FileKind, Lang, PicturePart, Sheet},
    export::picture::Format,
};
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

#[test]
fn a_picture_is_set_up_where_the_stage_stands_and_saved() {
    let mut harness = window(start::shapes(), [1280.0, 720.0], update);
    harness.get_by_role_and_label(Role::Button, "Picture…").click();
    harness.run_steps(4);
    assert_eq!(harness.state().state.view().sheet, Some(Sheet::Picture));
    for choice in
        ["File: SVG", "Shows: The whole window", "Language: 中文", "Theme: Dark", "Scale: 4×", "Digits: 2"]
    {
        harness.get_by_role_and_label(Role::RadioButton, choice).click();
        harness.run_steps(2);
    }
    harness.get_by_role_and_label(Role::CheckBox, "Transparent ground").click();
    harness.run_steps(2);
    let setup = harness.state().state.picture().setup;
    assert_eq!((setup.format, setup.part, setup.lang), (Format::Svg, PicturePart::Window, Lang::Zh));
    assert_eq!((setup.is_dark, setup.scale, setup.is_transparent), (true, 4, true));
    assert_eq!(setup.digits.count(), Some(2));
    // The window itself stays as it is.
    assert_eq!(harness.state().state.view().lang, Lang::En);
    assert!(harness.query_by_label("3840 × 2400 pixels").is_some());
    harness.get_by_role_and_label(Role::Button, "Save…").click();
    harness.run_steps(3);
    let asked = harness.state().state.files().asked.clone().expect("asks where");
    assert_eq!(asked.kind, FileKind::Picture(Format::Svg));
    assert!(asked.text.ends_with(".svg"), "{asked:?}");
}

#[test]
fn the_key_opens_it_and_escape_closes_it_at_every_size() {
    for size in [[1280.0, 720.0], [853.0, 480.0], [640.0, 360.0]] {
        let mut harness = window(start::shapes(), size, update);
        harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::E);
        harness.run_steps(4);
        assert_eq!(harness.state().state.view().sheet, Some(Sheet::Picture), "{size:?}");
        assert!(harness.query_by_label("File: PDF").is_some(), "{size:?}");
        harness.key_press(egui::Key::Escape);
        harness.run_steps(3);
        assert_eq!(harness.state().state.view().sheet, None, "{size:?}");
    }
}

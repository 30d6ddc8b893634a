//! A picture of what is shown: setting it up, saving and copying it.

use super::{files, notice::notice};
use crate::app::{
    action::{FileAction, PictureAction},
    effect::Effect,
    state::{AppState, FileKind, Message, NoticeKind, PictureSetup, Sheet, ThemeChoice},
};

/// Changes the picture that is set up.
pub(in crate::app) fn update(state: &mut AppState, action: PictureAction) -> Vec<Effect> {
    match action {
        PictureAction::Open => {
            state.view.sheet = Some(Sheet::Picture);
            let view = &state.view;
            let (lang, digits, is_dark) = (view.lang, view.digits, view.theme == ThemeChoice::Dark);
            state.picture.setup = PictureSetup { lang, digits, is_dark, ..state.picture.setup };
            vec![preview(state)]
        }
        PictureAction::Set(setup) => {
            let scale = setup.scale.clamp(1, PictureSetup::MOST_SCALE);
            let size = setup.size.map(|side| side.clamp(PictureSetup::SIDES[0], PictureSetup::SIDES[1]));
            state.picture.setup = PictureSetup { scale, size, ..setup };
            vec![preview(state)]
        }
        PictureAction::Save => {
            state.view.sheet = None;
            files::update(state, FileAction::Ask(FileKind::Picture(state.picture.setup.format)))
        }
        PictureAction::Copy => {
            vec![Effect::CopyPicture { state: Box::new(state.clone()), setup: state.picture.setup }]
        }
        PictureAction::Drawn(number, pixels) => {
            if number == state.picture.asked {
                state.picture.preview = Some(pixels);
            }
            Vec::new()
        }
        PictureAction::Copied([width, height]) => {
            let (w, h) = (width.to_string(), height.to_string());
            let text = format!("copied a picture of {w} × {h} pixels");
            notice(
                state,
                Message::sentence(text, "notice.copied", &[("w", &w), ("h", &h)]),
                NoticeKind::Info,
            );
            Vec::new()
        }
    }
}

fn preview(state: &mut AppState) -> Effect {
    state.picture.asked += 1;
    let (number, setup) = (state.picture.asked, state.picture.setup);
    Effect::Preview { number, state: Box::new(state.clone()), setup }
}

//! The state that a command draws: a model on a picture, at a place, shown as its options say.

use super::{CliError, args::ShownArgs, open_model, open_picture};
use crate::app::{Action, AppState, Draw, Drawer, apply, run_tasks_here};
use crate::files::write_atomically;
use crate::nn::Execution;
use image::{ImageFormat, RgbaImage};
use std::{io::Cursor, path::Path};

/// What draws states.
///
/// # Errors
/// In a build without the window.
pub fn drawing(draw: Option<&dyn Draw>) -> Result<&dyn Draw, CliError> {
    draw.ok_or_else(|| {
        CliError("expected a build with the window, got one without it; build without --no-default-features to draw".into())
    })
}

/// Applies actions and whatever follows from them.
///
/// # Errors
/// The notice of the first that leaves one.
pub fn apply_all(state: &mut AppState, actions: impl IntoIterator<Item = Action>) -> Result<(), CliError> {
    for action in actions {
        let effects = apply(state, action);
        run_tasks_here(state, effects, Execution::SERIAL, &());
        if let Some(notice) = state.notices().last() {
            return Err(CliError(notice.text.clone()));
        }
    }
    Ok(())
}

/// Opens a model on a picture.
///
/// # Errors
/// If the model, the picture or the class does not fit.
pub fn open_shown(args: &ShownArgs) -> Result<AppState, CliError> {
    let model = open_model(&args.model, Some(&args.image.image))?;
    let label = args.image.label.as_deref().map(|label| model.class_index(label)).transpose()?;
    let mut state = AppState::open(model, open_picture(&args.image.image)?).map_err(CliError)?;
    let mut actions = vec![
        Action::SetFit(args.image.fit.into()),
        Action::SetLang(args.lang),
        Action::SetDigits(args.digits),
    ];
    actions.extend(label.map(Action::SetLabel));
    apply_all(&mut state, actions)?;
    Ok(state)
}

/// Goes to the address `at`, else stays behind the forward pass, and shows it as the options say; `presenting`: as for a
/// class.
///
/// # Errors
/// If an address does not fit.
pub fn show(
    state: &mut AppState,
    args: &ShownArgs,
    at: Option<&str>,
    presenting: bool,
) -> Result<(), CliError> {
    let mut actions = Vec::new();
    actions.extend(at.map(|at| Action::GoTo(at.to_owned())));
    actions.extend(args.why.then_some(Action::SetDrawer(Some(Drawer::Why))));
    actions.extend([
        Action::SetPage(args.page),
        Action::SetShow(args.show),
        Action::SetOrder(args.order),
        Action::ShowTimeline(args.timeline),
        Action::Present(presenting),
    ]);
    actions.extend(args.lane.map(Action::SetLane));
    if let Some(look) = &args.look {
        let address = state.plan().parse(look)?;
        actions.push(Action::look(state.plan(), &address));
    }
    actions.extend(args.figure.map(|figure| Action::SetFigure(Some(figure))));
    apply_all(state, actions)
}

/// Writes pixels as a PNG file.
///
/// # Errors
/// If it cannot be written.
pub fn write_png(pixels: &RgbaImage, out: &Path) -> Result<(), CliError> {
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, ImageFormat::Png).map_err(|error| CliError(error.to_string()))?;
    Ok(write_atomically(out, png.get_ref())?)
}

//! What the palette offers: the commands, and places and things to go to by name.

use super::{
    Action, Lang, ThemeChoice,
    command::{COMMANDS, Command, is_of_lesson_at_hand},
    state::AppState,
};
use crate::data::SAMPLES;
use crate::model_io::{bundled, presets};
use crate::trace::{Address, Cursor};

/// Something to choose.
#[derive(Clone, Copy, Debug)]
pub enum Offer {
    /// A command.
    Command(&'static Command),
    /// The making of a tensor, at the training step and image that are shown.
    Stage(Address),
    /// The bookmark of this number.
    Bookmark(usize),
    /// A bundled model.
    Model(&'static str),
    /// A preset.
    Preset(&'static str),
    /// A sample picture.
    Sample(&'static str),
    /// The colours of the window.
    Theme(ThemeChoice),
    /// The language.
    Lang(Lang),
}

impl Offer {
    /// What choosing it does.
    pub fn action(&self, state: &AppState) -> Action {
        match *self {
            Self::Command(command) => (command.action)(state),
            Self::Stage(address) => Action::visit(state.plan(), &address),
            Self::Bookmark(number) => match state.position.marks().bookmarks.get(number) {
                Some(bookmark) => Action::Visit(bookmark.place.clone()),
                None => Action::LookAtCursor,
            },
            Self::Model(name) | Self::Preset(name) => Action::OpenBundled(name.to_owned()),
            Self::Sample(name) => Action::OpenSample(name.to_owned()),
            Self::Theme(theme) => Action::SetTheme(theme),
            Self::Lang(lang) => Action::SetLang(lang),
        }
    }
}

/// All that can be chosen: what cannot be done now is left out.
pub fn offers(state: &AppState) -> Vec<Offer> {
    let can = |command: &Command| match command.id {
        "undo" => state.undo.can_undo(),
        "redo" => state.undo.can_redo(),
        // The palette itself, and closing it.
        "palette" | "escape" => false,
        _ => is_of_lesson_at_hand(command, state),
    };
    let plan = state.plan();
    let focus = state.focus();
    let image = focus.image().min(plan.repeats() - 1);
    let stages = plan.stages().iter().enumerate().map(|(stage, made)| {
        let image = if made.pass == crate::trace::Pass::Update { 0 } else { image };
        Offer::Stage(Address::whole_stage(state.trace().time(), image, stage))
    });
    let commands = COMMANDS.iter().filter(|command| can(command)).map(Offer::Command);
    let bookmarks = (0..state.position.marks().bookmarks.len()).map(Offer::Bookmark);
    commands
        .chain(bookmarks)
        .chain(stages)
        .chain(bundled::models().iter().map(|model| Offer::Model(model.name)))
        .chain(presets::every().map(|preset| Offer::Preset(preset.name)))
        .chain(SAMPLES.iter().map(|sample| Offer::Sample(sample.name)))
        .chain([ThemeChoice::Light, ThemeChoice::Dark, ThemeChoice::System].map(Offer::Theme))
        .chain(Lang::ALL.map(Offer::Lang))
        .collect()
}

/// Whether a text is an address to go to, or `start` or `end`.
pub fn is_address(state: &AppState, text: &str) -> bool {
    !text.trim().is_empty() && Cursor::parse(state.plan(), text).is_ok()
}

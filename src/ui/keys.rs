//! Keys become actions by the command table; the presenter's clicker too.

use super::widgets::grid::has_keyboard;
use crate::app::{
    Action, AppState,
    command::{ALIASES, COMMANDS, Group, Shortcut, command},
};
use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

/// egui's form of a shortcut.
pub fn keyboard_shortcut(shortcut: &Shortcut) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    if shortcut.ctrl {
        modifiers |= Modifiers::COMMAND;
    }
    if shortcut.shift {
        modifiers |= Modifiers::SHIFT;
    }
    if shortcut.alt {
        modifiers |= Modifiers::ALT;
    }
    Some(KeyboardShortcut::new(modifiers, Key::from_name(shortcut.key)?))
}

/// A shortcut as it stands on the keys: `Ctrl+→`, `[`.
pub fn words(ctx: &Context, shortcut: &Shortcut) -> Option<String> {
    let shortcut = keyboard_shortcut(shortcut)?;
    let sign = match shortcut.logical_key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        Key::Plus => "+",
        Key::Minus => "−",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        _ => shortcut.logical_key.name(),
    };
    let text = ctx.format_shortcut(&shortcut);
    Some(
        text.strip_suffix(shortcut.logical_key.name())
            .map_or_else(|| text.clone(), |held| format!("{held}{sign}")),
    )
}

/// The actions of the keys that were pressed. While a text is being typed, only Escape and what
/// needs Ctrl; while a plane has the keyboard, its plain arrow keys are its own; while a network is being
/// written, nothing steps.
pub fn pressed(ui: &Ui, state: &AppState) -> Vec<Action> {
    let typing = ui.ctx().text_edit_focused();
    let in_plane = has_keyboard(ui.ctx());
    let in_menu = egui::Popup::is_any_open(ui.ctx());
    let mut actions = Vec::new();
    ui.input_mut(|input| {
        // Those with more held beside them first: Shift+Right is not Right.
        let own = COMMANDS.iter().filter_map(|c| Some((c, c.shortcut?)));
        let aliases = ALIASES.iter().filter_map(|(keys, id)| Some((command(id)?, *keys)));
        let mut commands: Vec<_> = own.chain(aliases).collect();
        commands.sort_by_key(|(_, s)| {
            std::cmp::Reverse([s.ctrl, s.shift, s.alt].map(u8::from).iter().sum::<u8>())
        });
        for (command, shortcut) in commands {
            let is_escape = command.id == "escape";
            // An open menu closes itself.
            if in_menu && is_escape {
                continue;
            }
            if state.draft().is_some() {
                let is_of_builder = match command.group {
                    // With Alt and the arrows, the builder moves its layers.
                    Group::Edit => !shortcut.alt,
                    Group::File => true,
                    Group::Step | Group::Grain | Group::Follow => false,
                    Group::View => command.id == "help" || (is_escape && !typing),
                };
                if !is_of_builder {
                    continue;
                }
            }
            let is_planes = in_plane
                && !shortcut.ctrl
                && !shortcut.shift
                && !shortcut.alt
                && (shortcut.key.starts_with("Arrow") || ["Home", "End"].contains(&shortcut.key));
            let allowed =
                !is_planes && (!typing || (shortcut.ctrl && shortcut.key != "Z") || shortcut.key == "Escape");
            let Some(keys) = keyboard_shortcut(&shortcut).filter(|_| allowed) else { continue };
            let count = input.count_and_consume_key(keys.modifiers, keys.logical_key);
            actions.extend((0..count).map(|_| (command.action)(state)));
        }
    });
    actions
}

//! Keys become actions by the command table; the presenter's clicker too.

use super::widgets::grid::has_keyboard;
use crate::app::{
    Action, AppState, LessonAction, Phase,
    command::{ALIASES, COMMANDS, Group, Shortcut, command, is_of_lesson_at_hand},
};
use crate::lesson::Kind;
use egui::{Context, Event, Id, Key, KeyboardShortcut, Modifiers, Ui};

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
    let mut actions = if typing { Vec::new() } else { digits_pressed(ui, state) };
    let takes_numbers = takes_numbers(state);
    let mut echo = None;
    ui.input_mut(|input| {
        // Those with more held beside them first: Shift+Right is not Right.
        let own = COMMANDS.iter().filter_map(|c| Some((c, c.shortcut?)));
        let aliases = ALIASES.iter().filter_map(|(keys, id)| Some((command(id)?, *keys)));
        let mut commands: Vec<_> = own.chain(aliases).collect();
        // Those of a lesson before all others that have the same key.
        commands.retain(|(command, _)| is_of_lesson_at_hand(command, state));
        commands.sort_by_key(|(command, s)| {
            let held = [s.ctrl, s.shift, s.alt].map(u8::from).iter().sum::<u8>();
            (std::cmp::Reverse(held), command.group != Group::Lesson)
        });
        for (command, shortcut) in commands {
            let is_escape = command.id == "escape";
            // An open menu closes itself.
            if in_menu && is_escape {
                continue;
            }
            if takes_numbers && is_of_number(&shortcut) {
                continue;
            }
            if state.draft().is_some() {
                let is_of_builder = match command.group {
                    // With Alt and the arrows, the builder moves its layers.
                    Group::Edit => !shortcut.alt,
                    Group::File => true,
                    Group::Step | Group::Grain | Group::Follow | Group::Lesson => false,
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
            // The clicker leads through a lesson while a number is typed, too.
            let is_clickers = command.group == Group::Lesson && shortcut.key.starts_with("Page");
            let may_while_typing =
                (shortcut.ctrl && shortcut.key != "Z") || shortcut.key == "Escape" || is_clickers;
            let allowed = !is_planes && (!typing || may_while_typing);
            let Some(keys) = keyboard_shortcut(&shortcut).filter(|_| allowed) else { continue };
            let count = input.count_and_consume_key(keys.modifiers, keys.logical_key);
            actions.extend((0..count).map(|_| (command.action)(state)));
            if count > 0 {
                echo = Some((command.id, shortcut));
            }
        }
    });
    if let Some((id, shortcut)) = echo {
        remember(ui, id, &shortcut);
    }
    actions
}

/// Whether a question waits for a number, so that digits and signs begin it.
fn takes_numbers(state: &AppState) -> bool {
    let lesson = state.lesson().filter(|lesson| lesson.phase() == Phase::Asking);
    lesson.is_some_and(|lesson| {
        !lesson.hands().counting && lesson.item().is_some_and(|item| item.kind == Kind::Number)
    })
}

/// Whether a key is part of a number.
fn is_of_number(shortcut: &Shortcut) -> bool {
    let is_digit = shortcut.key.len() == 1 && shortcut.key.starts_with(|c: char| c.is_ascii_digit());
    let is_plain = !shortcut.ctrl && !shortcut.shift && !shortcut.alt;
    is_plain && (is_digit || ["Minus", "Plus", "Period", "Comma"].contains(&shortcut.key))
}

/// The digits that answer a question or count hands: one hand more for an option, with Shift one fewer.
fn digits_pressed(ui: &Ui, state: &AppState) -> Vec<Action> {
    let Some(lesson) = state.lesson() else { return Vec::new() };
    let Some(item) = lesson.item() else { return Vec::new() };
    let counts = lesson.hands().counting;
    let answers = lesson.phase() == Phase::Asking && matches!(item.kind, Kind::Choice | Kind::Sign);
    if !counts && !answers {
        return Vec::new();
    }
    let mut actions = Vec::new();
    ui.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, physical_key, pressed: true, modifiers, .. } = event else { return true };
            // Shift and a digit make another sign on most keyboards.
            let digit = digit(*key).or(physical_key.and_then(digit).filter(|_| modifiers.shift));
            let Some(option) = digit.filter(|option| *option < item.options.len()) else { return true };
            if modifiers.ctrl || modifiers.alt || modifiers.command {
                return true;
            }
            actions.push(match counts {
                true => LessonAction::Hand { option, more: !modifiers.shift }.into(),
                false => LessonAction::Answer(item.options[option].answer.clone()).into(),
            });
            false
        });
    });
    // One answer is enough.
    actions.truncate(if counts { usize::MAX } else { 1 });
    actions
}

/// The number of the option that a digit key stands for, from 0.
fn digit(key: Key) -> Option<usize> {
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5].iter().position(|own| *own == key)
}

/// Under this id egui's memory holds the key that was pressed last.
const ECHO: &str = "the key that was pressed last";

/// Seconds for which a pressed key is shown while presenting.
const SHOWN: f64 = 1.5;

/// Remembers a key and its command, to be shown.
fn remember(ui: &Ui, id: &'static str, shortcut: &Shortcut) {
    let keys = words(ui.ctx(), shortcut).unwrap_or_default();
    let time = ui.input(|input| input.time);
    ui.data_mut(|data| data.insert_temp(Id::unique(ECHO), (time, keys, id)));
}

/// The key that was pressed a moment ago, as it stands on the keys, with the id of its command.
pub fn pressed_lately(ui: &Ui) -> Option<(String, &'static str)> {
    let (time, keys, id): (f64, String, &'static str) = ui.data(|data| data.get_temp(Id::unique(ECHO)))?;
    let left = SHOWN - (ui.input(|input| input.time) - time);
    if left <= 0.0 {
        return None;
    }
    ui.ctx().request_repaint_after_secs(left as f32);
    Some((keys, id))
}

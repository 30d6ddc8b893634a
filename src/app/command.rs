//! The one table of commands: menu, buttons, keys and the overview of keys all come from it.

use super::{
    Action, AdjustAction, AppState, BuildAction, CompareAction, DataAction, Drawer, Figure, FileAction,
    FileKind, LessonAction, MarkAction, NumbersForm, Page, Phase, PictureAction, Sheet, SpanAction,
};
use crate::export::{code::Library, diagram::Style};
use crate::lesson::Kind;
use crate::trace::{Grain, Move};

/// A key with what is held beside it. Names are egui's (`ArrowRight`, `Space`, `G`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Shortcut {
    /// The key's name.
    pub key: &'static str,
    /// Whether Ctrl, or Command, is held.
    pub ctrl: bool,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether Alt is held.
    pub alt: bool,
}

const fn key(key: &'static str) -> Option<Shortcut> {
    Some(Shortcut { key, ctrl: false, shift: false, alt: false })
}
const fn ctrl(key: &'static str) -> Option<Shortcut> {
    Some(Shortcut { key, ctrl: true, shift: false, alt: false })
}
const fn shift(key: &'static str) -> Option<Shortcut> {
    Some(Shortcut { key, ctrl: false, shift: true, alt: false })
}
const fn ctrl_shift(key: &'static str) -> Option<Shortcut> {
    Some(Shortcut { key, ctrl: true, shift: true, alt: false })
}

const fn alt(key: &'static str) -> Option<Shortcut> {
    Some(Shortcut { key, ctrl: false, shift: false, alt: true })
}

/// Moves the picture by one pixel of the network.
const fn shifted(right: i32, down: i32) -> Action {
    Action::Adjust { adjust: AdjustAction::Shift { right, down }, more: false }
}

/// Where a command is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Group {
    /// Opening, saving, leaving.
    File,
    /// Undo and redo.
    Edit,
    /// Moving the cursor.
    Step,
    /// Choosing the unit of stepping.
    Grain,
    /// Following values.
    Follow,
    /// How it is shown.
    View,
    /// Leading through a lesson; its keys count while one is open.
    Lesson,
}

impl Group {
    /// All groups in the order of the menus.
    pub const ALL: [Self; 7] =
        [Self::File, Self::Edit, Self::Step, Self::Grain, Self::Follow, Self::View, Self::Lesson];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::File => "group.file",
            Self::Edit => "group.edit",
            Self::Step => "group.step",
            Self::Grain => "group.grain",
            Self::Follow => "group.follow",
            Self::View => "group.view",
            Self::Lesson => "group.lesson",
        }
    }
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its key in the strings: `cmd.<id>` is its name, `cmd.<id>.tip` its tooltip.
    pub id: &'static str,
    /// Where it is found.
    pub group: Group,
    /// The key that triggers it.
    pub shortcut: Option<Shortcut>,
    /// A sign for buttons.
    pub icon: &'static str,
    /// What it does.
    pub action: fn(&AppState) -> Action,
}

macro_rules! commands {
    ($($id:literal $group:ident $shortcut:expr, $icon:literal => $action:expr;)*) => {
        &[$(Command { id: $id, group: Group::$group, shortcut: $shortcut, icon: $icon, action: $action }),*]
    };
}

/// All commands.
pub const COMMANDS: &[Command] = commands! {
    "open_picture" File ctrl("O"), "" => |_| Action::AskForPicture;
    "open_model" File ctrl_shift("O"), "" => |_| Action::AskForModel;
    "open_data" File ctrl("D"), "" => |_| Action::Data(DataAction::Ask(true));
    "save" File ctrl("S"), "" => |_| FileAction::Save.into();
    "save_as" File ctrl_shift("S"), "" => |_| FileAction::Ask(FileKind::Session).into();
    "save_model" File None, "" => |_| FileAction::Ask(FileKind::Model).into();
    "export_picture" File ctrl_shift("E"), "" => |_| PictureAction::Open.into();
    "export_pytorch" File None, "" => |_| FileAction::Ask(FileKind::Code(Library::PyTorch)).into();
    "export_keras" File None, "" => |_| FileAction::Ask(FileKind::Code(Library::Keras)).into();
    "export_numpy" File None, "" => |_| FileAction::Ask(FileKind::Code(Library::NumPy)).into();
    "export_boxes" File None, "" => |_| FileAction::Ask(FileKind::Diagram(Style::Boxes)).into();
    "export_table" File None, "" => |_| FileAction::Ask(FileKind::Diagram(Style::Table)).into();
    "export_sheet" File None, "" => |_| FileAction::Ask(FileKind::Sheet).into();
    "export_numbers_csv" File None, "" => |_| FileAction::Ask(FileKind::Numbers(NumbersForm::Csv)).into();
    "export_numbers_npy" File None, "" => |_| FileAction::Ask(FileKind::Numbers(NumbersForm::Npy)).into();
    "export_tensors" File None, "" => |_| FileAction::Ask(FileKind::Tensors).into();
    "export_log" File None, "" => |_| FileAction::Ask(FileKind::TrainingLog).into();
    "export_plot" File None, "" => |_| FileAction::Ask(FileKind::TrainingPlot).into();
    "export_film" File None, "" => |_| FileAction::AskFilm.into();
    "new_network" File ctrl("N"), "" => |_| Action::Build(BuildAction::New);
    "edit_network" File ctrl("E"), "" => |_| Action::Build(BuildAction::Edit);
    "copy_address" File ctrl_shift("C"), "" => |_| Action::CopyAddress;
    "copy_table" File None, "" => |_| Action::CopyTable;
    "copy_moment" File None, "" => |_| Action::CopyMoment;
    "quit" File ctrl("Q"), "" => |_| Action::Quit;
    "undo" Edit ctrl("Z"), "↺" => |_| Action::Undo;
    "redo" Edit ctrl_shift("Z"), "↻" => |_| Action::Redo;
    "draw" Edit key("D"), "✏" => |state| Action::ShowPad(!state.view.pad);
    "adjust" Edit key("P"), "" => |state| Action::ShowAdjust(!state.view.adjust);
    "shift_left" Edit alt("ArrowLeft"), "" => |_| shifted(-1, 0);
    "shift_right" Edit alt("ArrowRight"), "" => |_| shifted(1, 0);
    "shift_up" Edit alt("ArrowUp"), "" => |_| shifted(0, -1);
    "shift_down" Edit alt("ArrowDown"), "" => |_| shifted(0, 1);
    "start" Step key("Home"), "⏮" => |_| Action::GoToEdge { grain: Grain::Batch, back: true };
    "back_over" Step shift("ArrowLeft"), "⇤" => |_| Action::Go(Move::BackOver);
    "previous" Step key("ArrowLeft"), "◀" => |_| Action::Go(Move::Previous);
    "play" Step key("Space"), "⏵" => |_| Action::TogglePlay;
    "next" Step key("ArrowRight"), "▶" => |_| Action::Go(Move::Next);
    "over" Step shift("ArrowRight"), "⇥" => |_| Action::Go(Move::Over);
    "end" Step key("End"), "⏭" => |_| Action::GoToEdge { grain: Grain::Batch, back: false };
    "into" Step key("ArrowDown"), "▼" => |_| Action::Go(Move::Into);
    "out" Step key("ArrowUp"), "▲" => |_| Action::Go(Move::Out);
    "continue" Step ctrl("ArrowRight"), "●▶" => |_| Action::Continue { back: false };
    "reverse_continue" Step ctrl("ArrowLeft"), "◀●" => |_| Action::Continue { back: true };
    "grain_run" Grain key("1"), "" => |_| Action::Go(Move::Grain(Grain::Run));
    "grain_epoch" Grain key("2"), "" => |_| Action::Go(Move::Grain(Grain::Epoch));
    "grain_batch" Grain key("3"), "" => |_| Action::Go(Move::Grain(Grain::Batch));
    "grain_example" Grain key("4"), "" => |_| Action::Go(Move::Grain(Grain::Example));
    "grain_pass" Grain key("5"), "" => |_| Action::Go(Move::Grain(Grain::Pass));
    "grain_layer" Grain key("6"), "" => |_| Action::Go(Move::Grain(Grain::Layer));
    "grain_channel" Grain key("7"), "" => |_| Action::Go(Move::Grain(Grain::Channel));
    "grain_cell" Grain key("8"), "" => |_| Action::Go(Move::Grain(Grain::Cell));
    "grain_term" Grain key("9"), "" => |_| Action::Go(Move::Grain(Grain::Term));
    "palette" Follow ctrl("K"), "" => |_| Action::ShowPalette(true);
    "go_to" Follow key("G"), "" => |_| Action::TypeAddress(true);
    "run_to" Follow key("R"), "" => |_| Action::RunToHere;
    "writer" Follow key("W"), "" => |_| Action::LastWriter;
    "reader" Follow key("E"), "" => |_| Action::NextReader;
    "trail_back" Follow key("Backspace"), "←" => |_| Action::Trail(1);
    "trail_ahead" Follow shift("Backspace"), "→" => |_| Action::Trail(-1);
    "bookmark" Follow key("M"), "★" => |_| Action::Mark(MarkAction::ToggleBookmark);
    "show_why" Follow key("I"), "" => |state| toggle_drawer(state, Drawer::Why);
    "show_time" Follow key("T"), "" => |state| toggle_drawer(state, Drawer::Time);
    "show_timeline" Follow key("J"), "" => |state| Action::ShowTimeline(!state.view.timeline);
    "timeline_in" Follow shift("ArrowDown"), "" => |_| Action::Spans(SpanAction::Zoom(2.0));
    "timeline_out" Follow shift("ArrowUp"), "" => |_| Action::Spans(SpanAction::Zoom(0.5));
    "timeline_whole" Follow key("0"), "" => |_| Action::Spans(SpanAction::Whole);
    "faster" View key("Plus"), "" => |state| Action::SetSpeed(state.playback.moves_per_sec * 2.0);
    "slower" View key("Minus"), "" => |state| Action::SetSpeed(state.playback.moves_per_sec / 2.0);
    "lanes_in" View key("CloseBracket"), "" => |_| Action::ZoomLanes(1);
    "lanes_out" View key("OpenBracket"), "" => |_| Action::ZoomLanes(-1);
    "page_home" View key("F8"), "" => |_| Action::SetPage(Page::Home);
    "page_network" View key("F2"), "" => |_| Action::SetPage(Page::Network);
    "page_training" View key("F3"), "" => |_| Action::SetPage(Page::Training);
    "page_data" View key("F6"), "" => |_| Action::SetPage(Page::Data);
    "page_evidence" View key("F4"), "" => |_| Action::SetPage(Page::Attribution);
    "page_compare" View key("F7"), "" => |_| Action::SetPage(Page::Compare);
    "show_next" View key("F"), "" => |state| Action::SetShow(state.view.show.next());
    "figure_coverage" View None, "" => |_| Action::SetFigure(Some(Figure::Coverage));
    "figure_vector" View None, "" => |_| Action::SetFigure(Some(Figure::Vector));
    "figure_turned" View None, "" => |_| Action::SetFigure(Some(Figure::Turned));
    "figure_derivatives" View None, "" => |_| Action::SetFigure(Some(Figure::Derivatives));
    "figure_kept" View None, "" => |_| Action::SetFigure(Some(Figure::Kept));
    "figure_sizes" View None, "" => |_| Action::SetFigure(Some(Figure::Sizes));
    "figure_slide" View None, "" => |_| Action::SetFigure(Some(Figure::Slide));
    "lane_next" View key("V"), "" => |state| Action::SetLane(state.lane().next());
    "order_next" View key("O"), "" => |state| Action::SetOrder(state.view.order.next());
    "present" View key("F5"), "" => |state| Action::Present(!state.view.presenting);
    "spotlight" View key("S"), "" => |_| Action::ToggleSpotlight;
    "keep" View key("K"), "" => |_| Action::Compare(CompareAction::Keep);
    "log" View key("L"), "" => |_| Action::ToggleLog;
    "digits" View key("N"), "" => |state| Action::SetDigits(state.view.digits.next());
    "blank" View key("B"), "" => |_| Action::ToggleBlank;
    "news" View None, "" => |_| Action::ShowSheet(Some(Sheet::News));
    "about" View None, "" => |_| Action::ShowSheet(Some(Sheet::About));
    "lessons" Lesson None, "" => |_| Action::ShowSheet(Some(Sheet::Lessons));
    "lesson_go_on" Lesson key("PageDown"), "" => |_| LessonAction::GoOn.into();
    "lesson_back" Lesson key("PageUp"), "" => |_| LessonAction::Back.into();
    "lesson_return" Lesson key("Backspace"), "" => |_| LessonAction::Return.into();
    "lesson_hands" Lesson key("H"), "" => |_| LessonAction::CountHands.into();
    "lesson_again" Lesson key("A"), "" => |_| LessonAction::Again.into();
    "lesson_sheets" Lesson None, "" => |_| FileAction::Ask(FileKind::LessonSheets).into();
    "lesson_leave" Lesson None, "" => |_| LessonAction::Leave.into();
    "notes" Lesson shift("F5"), "" => |state| Action::ShowNotes(!state.view.notes);
    "help" View key("F1"), "?" => |_| Action::ToggleHelp;
    "escape" View key("Escape"), "" => |_| Action::Escape;
};

/// Opens a panel beside the stage, or closes it where it is shown.
fn toggle_drawer(state: &AppState, drawer: Drawer) -> Action {
    let is_shown = state.view.page == Page::Network && state.view.drawer == Some(drawer);
    Action::SetDrawer((!is_shown).then_some(drawer))
}

/// Further keys for some commands: the palette's other usual one; the presenter's clicker steps, and blanks with the full
/// stop; Space goes on in a lesson.
pub const ALIASES: [(Shortcut, &str); 5] = [
    (Shortcut { key: "P", ctrl: true, shift: true, alt: false }, "palette"),
    (Shortcut { key: "PageDown", ctrl: false, shift: false, alt: false }, "next"),
    (Shortcut { key: "PageUp", ctrl: false, shift: false, alt: false }, "previous"),
    (Shortcut { key: "Space", ctrl: false, shift: false, alt: false }, "lesson_go_on"),
    (Shortcut { key: "Period", ctrl: false, shift: false, alt: false }, "blank"),
];

/// Whether a command can be done now, as far as the lesson that is open, or that none is, decides.
pub fn is_of_lesson_at_hand(command: &Command, state: &AppState) -> bool {
    let Some(lesson) = state.lesson() else {
        return command.group != Group::Lesson || command.id == "lessons";
    };
    match command.id {
        "lesson_return" => state.is_aside(),
        "lesson_again" => lesson.phase() == Phase::Shown && lesson.has_another(),
        "lesson_hands" => lesson.item().is_some_and(|item| match item.kind {
            Kind::Choice | Kind::Sign | Kind::Number => lesson.phase() == Phase::Asking,
            Kind::Cell | Kind::Order | Kind::Change | Kind::RunTo | Kind::Think => false,
        }),
        _ => true,
    }
}

/// The command with this id.
pub fn command(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.id == id)
}

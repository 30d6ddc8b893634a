//! The program on a host in memory: what it asks of the outside and what it makes of the answers, without a window,
//! a disk or waiting.

use convstep::{
    app::{
        Action, DataAction, FileAction, FileKind, JobKind, NoticeKind, Recent, Session, Stamp, TrainAction,
        Until,
    },
    data::{Dataset, Generated, Location, Picture},
    ui::{
        host::{Host as _, Pick, Picked},
        program::{AUTOSAVE_INTERVAL, Program},
        strings::Words,
    },
};

use crate::fake::Fake;
use crate::start;

/// A program on a host, when it has taken all answers.
fn program(host: Fake) -> Program<Fake> {
    let mut program = Program::new(host, start::shapes());
    settle(&mut program);
    program
}

fn settle(program: &mut Program<Fake>) {
    while program.take_answers() {}
}

fn update(program: &mut Program<Fake>, action: impl Into<Action>) {
    program.apply([action.into()]);
    settle(program);
}

fn png(value: u8) -> Vec<u8> {
    let picture = Picture::from_rgba("p", 1, 1, vec![value, value, value, 255]);
    picture.and_then(|picture| picture.to_png()).expect("writes")
}

fn session(program: &Program<Fake>) -> Vec<u8> {
    Session::from_state(program.state()).to_bytes().expect("writes")
}

/// A session with its one run as number 0: the program that opens it gives the run a number of its own.
fn numbered(session: Vec<u8>) -> String {
    String::from_utf8_lossy(&session).replace(r#"\"number\":1"#, r#"\"number\":0"#)
}

fn notices(program: &Program<Fake>) -> Vec<&str> {
    program.state().notices().iter().map(|notice| notice.text.as_str()).collect()
}

#[test]
fn a_picture_is_picked_read_decoded_and_remembered() {
    let one = Location::from("/pictures/one.png");
    let mut program = program(Fake::default());
    update(&mut program, Action::AskForPicture);
    program.host_mut().files.insert(one.clone(), png(9));
    let Some((Pick::File(endings), _)) = program.host().dialogs.front() else { panic!("no dialog") };
    assert!(["png", "npy", "onnx", "convstep"].iter().all(|ending| endings.contains(ending)), "{endings:?}");
    program.host_mut().answer(Picked::At(one));
    settle(&mut program);
    assert_eq!(program.state().inputs().picture.name, "one.png");
    let kept = program.host().stored["recent.json"].clone();
    let recent: Vec<Recent> = serde_json::from_slice(&kept).expect("a list");
    assert!(recent.len() == 1 && recent[0].location.name() == "one.png", "{recent:?}");
    assert!(notices(&program).is_empty());
}

#[test]
fn a_dialog_that_is_cancelled_changes_nothing() {
    let mut program = program(Fake::default());
    update(&mut program, FileAction::Ask(FileKind::Session));
    let before = (Stamp::from_state(program.state()), program.state().files().asked.clone());
    let asks = [
        Action::AskForPicture,
        Action::AskForModel,
        Action::Data(DataAction::Choose { folder: false }),
        Action::Data(DataAction::Choose { folder: true }),
        FileAction::Browse.into(),
    ];
    for ask in asks {
        update(&mut program, ask);
        program.host_mut().answer(Picked::Cancelled);
        settle(&mut program);
        assert!(
            Stamp::from_state(program.state()).is_same(&before.0)
                && program.state().files().asked == before.1
        );
        assert!(notices(&program).is_empty() && program.host().dialogs.is_empty());
    }
}

#[test]
fn without_a_dialog_the_user_is_told_what_else_to_do() {
    let mut program = program(Fake::default());
    update(&mut program, FileAction::Ask(FileKind::Session));
    update(&mut program, FileAction::Browse);
    program.host_mut().answer(Picked::NoDialog);
    settle(&mut program);
    let lang = program.state().view().lang;
    assert_eq!(notices(&program).last(), Some(&Words(lang).text("files.no_dialog").as_str()));
    // The path of a picture or a model can be typed.
    for ask in [Action::AskForPicture, Action::AskForModel] {
        assert!(!program.state().view().typing_path);
        update(&mut program, ask);
        program.host_mut().answer(Picked::NoDialog);
        settle(&mut program);
        assert!(program.state().view().typing_path);
        update(&mut program, Action::Escape);
        if program.state().view().typing_path {
            update(&mut program, Action::Escape);
        }
    }
}

#[test]
fn a_session_is_saved_and_what_cannot_be_read_or_written_is_reported() {
    let mut program = program(Fake::default());
    let place = Location::from("/home/me/mine.convstep");
    update(&mut program, Action::SetLabel(2));
    update(&mut program, FileAction::Ask(FileKind::Session));
    update(&mut program, FileAction::Type("mine".into()));
    program.host_mut().write_error = Some("mine: expected room on the disk, got none; free some".into());
    update(&mut program, FileAction::Confirm { replace: false });
    assert_eq!(notices(&program), ["mine: expected room on the disk, got none; free some"]);
    assert!(program.state().is_unsaved() && program.state().files().asked.is_some());
    assert!(program.host().files.is_empty());
    program.host_mut().write_error = None;
    update(&mut program, FileAction::Confirm { replace: false });
    assert!(!program.state().is_unsaved() && program.state().files().asked.is_none());
    assert_eq!(program.host().files.get(&place), Some(&session(&program)));
    // Another session replaces it only if the user confirms.
    update(&mut program, Action::SetLabel(3));
    let changed = session(&program);
    update(&mut program, FileAction::Ask(FileKind::Session));
    update(&mut program, FileAction::Type("mine".into()));
    update(&mut program, FileAction::Confirm { replace: false });
    assert!(program.state().files().asked.as_ref().is_some_and(|asked| asked.is_taken));
    assert_ne!(program.host().files[&place], changed);
    update(&mut program, FileAction::Confirm { replace: true });
    assert_eq!(program.host().files[&place], changed);
    // A file that is gone.
    update(&mut program, FileAction::Open("/home/me/gone.png".into()));
    assert!(notices(&program).last().is_some_and(|text| text.starts_with("/home/me/gone.png")));
}

#[test]
fn the_session_is_kept_some_seconds_after_a_change_and_not_sooner() {
    let mut program = program(Fake::default());
    program.host().pass(100.0);
    assert_eq!((program.autosave(), program.host().kept.1), (None, 0), "nothing has changed");
    update(&mut program, Action::SetLabel(3));
    program.autosave();
    assert_eq!(program.host().kept, (Some(session(&program)), 1));
    program.autosave();
    update(&mut program, Action::SetLabel(4));
    program.host().pass(AUTOSAVE_INTERVAL - 0.5);
    assert_eq!((program.autosave(), program.host().kept.1), (Some(0.5), 1));
    program.host().pass(0.5);
    program.host_mut().keep_takes = 3.0;
    program.autosave();
    assert_eq!(program.host().kept, (Some(session(&program)), 2));
    // It took three seconds: the next one waits for thirty.
    program.autosave();
    update(&mut program, Action::SetLabel(5));
    assert_eq!((program.autosave(), program.host().kept.1), (Some(30.0), 2));
}

#[test]
fn a_session_that_cannot_be_kept_is_reported_once() {
    let mut program = program(Fake::default());
    program.host_mut().keep_error = Some("no room".into());
    for label in [3, 4, 5] {
        update(&mut program, Action::SetLabel(label));
        program.host().pass(AUTOSAVE_INTERVAL);
        program.autosave();
        program.autosave();
        settle(&mut program);
    }
    assert_eq!((notices(&program), program.host().kept.1), (vec!["no room"], 0));
}

#[test]
fn what_a_crash_left_is_offered_restored_and_kept_anew() {
    let mut crashed = program(Fake::default());
    update(&mut crashed, Action::SetLabel(3));
    crashed.host().pass(AUTOSAVE_INTERVAL);
    crashed.autosave();
    let kept = crashed.host().kept.0.clone().expect("it is kept");
    let left = || [(kept.clone(), 200.0), (kept.clone(), 500.0)].into();
    let offered = |program: &Program<Fake>| program.state().files().offer.as_ref().map(|offer| offer.minutes);

    let mut next = program(Fake { left: left(), ..Fake::default() });
    assert_eq!(offered(&next), Some(3));
    update(&mut next, FileAction::Restore);
    assert_eq!((numbered(session(&next)), next.state().label()), (numbered(kept.clone()), 3));
    assert!(next.state().is_unsaved() && next.host().restored.is_some(), "it stays until it is kept anew");
    next.host().pass(AUTOSAVE_INTERVAL);
    next.autosave();
    next.autosave();
    let anew = next.host().kept.0.clone().map(numbered);
    assert_eq!((next.host().restored.clone(), anew), (None, Some(numbered(kept.clone()))));

    let mut other = program(Fake { left: left(), ..Fake::default() });
    update(&mut other, FileAction::Discard);
    assert_eq!((offered(&other), other.host().left.len()), (Some(8), 1), "the one before it");
    update(&mut other, FileAction::Discard);
    assert_eq!((offered(&other), other.host().left.len()), (None, 0));
}

#[test]
fn closing_the_window_leaves_unsaved_work_and_nothing_else() {
    let mut plain = program(Fake::default());
    update(&mut plain, Action::SetLabel(3));
    plain.host().pass(AUTOSAVE_INTERVAL);
    plain.autosave();
    assert!(plain.host().kept.0.is_some());
    plain.end();
    assert_eq!(plain.host().kept.0, None, "a label is no work");
    let mut marked = program(Fake::default());
    update(&mut marked, Action::Mark(convstep::app::MarkAction::ToggleBookmark));
    marked.end();
    assert_eq!(marked.host().kept.0, Some(session(&marked)));
}

#[test]
fn recent_files_that_are_gone_are_marked() {
    let mut host = Fake::default();
    let recent = ["/a/one.png", "/b/two.png"].map(|path| Recent { location: path.into(), is_there: true });
    host.store("recent.json", serde_json::to_vec(&recent).expect("writes"));
    host.files.insert("/a/one.png".into(), png(1));
    let mut program = program(host);
    let exist = |program: &Program<Fake>| -> Vec<bool> {
        program.state().files().recent.iter().map(|recent| recent.is_there).collect()
    };
    assert_eq!(exist(&program), [true, false]);
    program.host_mut().files.insert("/b/two.png".into(), png(2));
    program.check_recent();
    settle(&mut program);
    assert_eq!(exist(&program), [true, true]);
}

#[test]
fn training_goes_on_step_by_step_with_news_by_the_clock_and_pauses() {
    let mut program = program(Fake::default());
    update(&mut program, Action::Train(TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 0)))));
    program.host_mut().holds_work = true;
    update(&mut program, Action::Train(TrainAction::Start(Until::End)));
    let done = |program: &Program<Fake>| program.state().run().branch().done();
    assert!(program.host_mut().work(1));
    settle(&mut program);
    assert_eq!(done(&program), 0, "too soon for news");
    program.host().pass(0.06);
    assert!(program.host_mut().work(1));
    settle(&mut program);
    assert_eq!(done(&program), 2);
    update(&mut program, Action::Train(TrainAction::Pause));
    assert!(!program.host_mut().work(1), "the work ends");
    settle(&mut program);
    assert_eq!(done(&program), 3);
    assert!(program.state().training().running.is_none());
}

#[test]
fn a_data_set_is_opened_by_a_job_and_a_cancelled_one_answers_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.csv");
    let rows: String = (0..40).map(|n| format!("{},{n},0,0,9\n", n % 2)).collect();
    std::fs::write(&path, rows).expect("writes");
    let mut program = program(Fake { holds_work: true, ..Fake::default() });
    let open = || Action::Data(DataAction::Open(path.as_path().into()));
    update(&mut program, open());
    assert!(program.state().jobs().of_kind(JobKind::OpeningData).is_some());
    update(&mut program, Action::Cancel(JobKind::OpeningData));
    assert!(!program.host_mut().work(1));
    settle(&mut program);
    assert!(program.state().data().opened.is_none() && notices(&program).is_empty());
    update(&mut program, open());
    program.host_mut().work(1);
    settle(&mut program);
    assert!(program.state().data().opened.is_some(), "{:?}", notices(&program));
}

#[test]
fn copies_and_quits() {
    let mut program = program(Fake::default());
    update(&mut program, Action::CopyAddress);
    assert_eq!(program.host().clipboard, ["fwd"]);
    let kinds: Vec<NoticeKind> = program.state().notices().iter().map(|notice| notice.kind).collect();
    assert!(!kinds.contains(&NoticeKind::Error), "{:?}", notices(&program));
    update(&mut program, Action::Quit);
    assert!(program.host().has_quit);
}

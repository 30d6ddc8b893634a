//! The program's entry: parses the arguments, then opens the window or runs a headless command.

use clap::{Parser, error::ErrorKind};
use convstep::cli::{self, Args, CliError, Ended};
#[cfg(feature = "window")]
use convstep::cli::{Command, LessonCommand};
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let done = match &args.command {
        #[cfg(feature = "window")]
        Some(Command::Render(render)) => render_frame(render).map(|()| Ended::Whole),
        #[cfg(feature = "window")]
        Some(Command::Lesson { command: LessonCommand::Run(run) }) => render_beat(run).map(|()| Ended::Whole),
        #[cfg(feature = "window")]
        Some(Command::Lesson { command: LessonCommand::Play { lesson } }) => {
            play(lesson).map(|()| Ended::Whole)
        }
        #[cfg(feature = "window")]
        Some(Command::Bench(bench)) if bench.ui => bench_frames(bench).map(|()| Ended::Whole),
        Some(_) => cli::execute(&args),
        None => window(&args).map(|()| Ended::Whole),
    };
    match done {
        Ok(ended) => ExitCode::from(ended.status()),
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Opens the window, with the given file if there is one.
#[cfg(feature = "window")]
fn window(args: &Args) -> Result<(), CliError> {
    if let Some(file) = &args.file {
        cli::check_file(file)?;
    }
    convstep::ui::window::open(args.file.clone(), None).map_err(CliError)
}

/// Opens the window on a lesson.
#[cfg(feature = "window")]
fn play(name: &str) -> Result<(), CliError> {
    let lesson = cli::open_lesson(name)?;
    let lesson = convstep::app::LessonAction::Open(lesson.into()).into();
    convstep::ui::window::open(None, Some(lesson)).map_err(CliError)
}

#[cfg(not(feature = "window"))]
fn window(args: &Args) -> Result<(), CliError> {
    if let Some(file) = &args.file {
        cli::check_file(file)?;
    }
    Err(CliError(
        "expected a build with the window, got one without it; use a headless command (convstep --help)"
            .into(),
    ))
}

/// Draws the window's contents into a PNG file.
#[cfg(feature = "window")]
fn render_frame(args: &cli::RenderArgs) -> Result<(), CliError> {
    use convstep::{
        app::{Action, AppState, Drawer, apply, run_tasks_here},
        nn::Execution,
    };
    let model = cli::open_model(&args.model, Some(&args.image.image))?;
    let label = args.image.label.as_deref().map(|label| model.class_index(label)).transpose()?;
    let mut state = AppState::open(model, cli::open_picture(&args.image.image)?).map_err(CliError)?;
    let label = label.map(Action::SetLabel);
    let mut actions = vec![Action::SetFit(args.image.fit.into()), Action::SetLang(args.lang)];
    actions.extend(label);
    actions.extend(args.at.clone().map(Action::GoTo));
    actions.extend(args.why.then_some(Action::SetDrawer(Some(Drawer::Why))));
    actions.extend([
        Action::SetPage(args.page),
        Action::SetShow(args.show),
        Action::SetOrder(args.order),
        Action::ShowTimeline(args.timeline),
        Action::Present(args.present),
    ]);
    actions.extend(args.lane.map(Action::SetLane));
    if let Some(look) = &args.look {
        let address = state.plan().parse(look).map_err(|error| CliError(error.to_string()))?;
        actions.push(Action::look(state.plan(), &address));
    }
    actions.extend(args.figure.map(|figure| Action::SetFigure(Some(figure))));
    for action in actions {
        let effects = apply(&mut state, action);
        run_tasks_here(&mut state, effects, Execution::SERIAL, &());
        if let Some(notice) = state.notices().last() {
            return Err(CliError(notice.text.clone()));
        }
    }
    let zoom = args.zoom as f32 / 100.0;
    write_frame(&state, args.size, zoom, args.theme, &args.out)
}

/// Draws the window for a state into a PNG file.
#[cfg(feature = "window")]
fn write_frame(
    state: &convstep::app::AppState,
    size: cli::Size,
    zoom: f32,
    theme: cli::Theme,
    out: &std::path::Path,
) -> Result<(), CliError> {
    let size = [size.width, size.height];
    let frame = convstep::ui::render::render(state, size, zoom, theme == cli::Theme::Dark);
    let mut png = std::io::Cursor::new(Vec::new());
    frame.write_to(&mut png, image::ImageFormat::Png).map_err(|error| CliError(error.to_string()))?;
    Ok(convstep::files::write_atomically(out, png.get_ref())?)
}

/// Draws a beat of a lesson into a PNG file.
#[cfg(feature = "window")]
fn render_beat(args: &cli::LessonRunArgs) -> Result<(), CliError> {
    use convstep::{
        app::{Action, AppState, LessonAction, apply, run_tasks_here},
        nn::Execution,
    };
    let lesson = cli::open_lesson(&args.lesson)?;
    let numbered = args.beat.parse::<usize>().ok().filter(|n| (1..=lesson.beats.len()).contains(n));
    let beat = lesson.beat(&args.beat).or(numbered.map(|n| n - 1)).ok_or_else(|| {
        let ids: Vec<&str> = lesson.beats.iter().map(|beat| beat.id.as_str()).collect();
        CliError(format!(
            "expected a beat from 1 to {} ({}), got {}; choose one",
            ids.len(),
            ids.join(", "),
            args.beat
        ))
    })?;
    let mut state = AppState::new();
    let mut actions: Vec<Action> = vec![
        Action::SetLang(args.lang),
        Action::Present(args.present),
        LessonAction::Open(lesson.into()).into(),
        LessonAction::GoTo(beat).into(),
    ];
    actions.extend((0..args.seed).map(|_| Action::from(LessonAction::Again)));
    actions.extend(args.shown.then_some(LessonAction::GoOn.into()));
    for action in actions {
        let effects = apply(&mut state, action);
        run_tasks_here(&mut state, effects, Execution::SERIAL, &());
        if let Some(notice) = state.notices().last() {
            return Err(CliError(notice.text.clone()));
        }
    }
    if let Some(trouble) = state.lesson().and_then(|lesson| lesson.trouble()) {
        return Err(CliError(format!("{}: {trouble}", args.beat)));
    }
    write_frame(&state, args.size, args.zoom as f32 / 100.0, args.theme, &args.out)
}

/// Measures the window's frames on the benchmark networks; prints JSON lines.
#[cfg(feature = "window")]
fn bench_frames(args: &cli::BenchArgs) -> Result<(), CliError> {
    use convstep::{
        app::AppState,
        ui::frames::{Scene, Window},
    };
    use std::time::{Duration, Instant};
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    for net in &args.nets {
        let line = |metric: &str, scene: &str, value: f64, unit: &str, more: &str| {
            println!(
                "{{\"peer\":\"convstep\",\"net\":\"{net}\",\"metric\":\"{metric}\",\"scene\":\"{scene}\",\"value\":{value:.3},\
                 \"unit\":\"{unit}\"{more}}}"
            );
        };
        let model = cli::bench_model(net)?;
        let begin = Instant::now();
        let mut window = Window::new(AppState::open(model, cli::open_picture("scene")?).map_err(CliError)?);
        window.frame(None);
        line("first_frame_ms", "start", millis(begin.elapsed()), "ms", "");
        for scene in Scene::ALL {
            if !scene.is_for(window.state()) {
                continue;
            }
            let (times, wanting) = window.play(scene, args.seconds);
            let at = |part: f64| millis(times[((times.len() - 1) as f64 * part).round() as usize]);
            let more = format!(
                ",\"n\":{},\"p99\":{:.3},\"max\":{:.3},\"wants_another\":{wanting}",
                times.len(),
                at(0.99),
                at(1.0)
            );
            line("frame_ms", scene.name(), at(0.5), "ms", &more);
        }
        if let Some(memory) = cli::memory_mb() {
            line("memory_mb", "all", memory, "MB", "");
        }
    }
    Ok(())
}

/// Help and version go to standard output; an error is one line on standard error and exit status 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is not an error.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            complain(&cli::one_line(error));
            ExitCode::from(2)
        }
    }
}

/// Prints a line to standard error; failures are ignored, because there is nowhere to report them.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "convstep: {line}");
}

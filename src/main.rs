//! The program's entry: parses the arguments, then opens the window or runs a headless command.

use clap::{Parser, error::ErrorKind};
use convstep::app::Draw;
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
        Some(Command::Lesson { command: LessonCommand::Play { lesson } }) => {
            play(lesson).map(|()| Ended::Whole)
        }
        #[cfg(feature = "window")]
        Some(Command::Bench(bench)) if bench.ui => bench_frames(bench).map(|()| Ended::Whole),
        Some(_) => cli::execute(&args, drawing()),
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

/// What draws states.
#[cfg(feature = "window")]
fn drawing() -> Option<&'static dyn Draw> {
    Some(&convstep::ui::render::Drawing)
}

#[cfg(not(feature = "window"))]
fn drawing() -> Option<&'static dyn Draw> {
    None
}

/// Opens the window, with the given file if there is one.
#[cfg(feature = "window")]
fn window(args: &Args) -> Result<(), CliError> {
    if let Some(file) = &args.file {
        cli::check_file(file)?;
    }
    let moment = args
        .moment
        .clone()
        .map(|text| convstep::app::Link::parse(&text).map(|_| convstep::app::Action::GoTo(text)));
    let moment = moment.transpose().map_err(|error| CliError(format!("--moment: {error}")))?;
    convstep::ui::native::open(args.file.clone(), moment).map_err(CliError)
}

/// Opens the window on a lesson.
#[cfg(feature = "window")]
fn play(name: &str) -> Result<(), CliError> {
    let lesson = cli::open_lesson(name)?;
    let lesson = convstep::app::LessonAction::Open(lesson.into()).into();
    convstep::ui::native::open(None, Some(lesson)).map_err(CliError)
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

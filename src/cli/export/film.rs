//! `export film`: steps as a moving picture.

use super::subject::SubjectArgs;
use crate::app::{Action, Digits, Draw, DrawnFilm, Figure, FilmRange, FilmSteps, Framing, Lang};
use crate::cli::{
    CliError, Ended, Size, Theme,
    args::{digits, languages, named},
    interrupt,
    out::print,
    shown::apply_all,
};
use crate::export::film::{self, Form, Pace};
use crate::files::{check_writable, write_atomically, write_folder};
use crate::trace::Grain;
use clap::{Args as ClapArgs, ValueEnum};
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};

/// Arguments of `export film`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct FilmArgs {
    /// The model and the picture.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// The address to begin at [default: the first layer].
    #[arg(long, value_name = "ADDRESS")]
    pub at: Option<String>,
    /// The address to end with [default: the end of what --at names, or of what is around it].
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// The number of steps, instead of an end.
    #[arg(long, value_name = "N", conflicts_with = "to", value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub steps: Option<u32>,
    /// What a step is.
    #[arg(long, value_enum, default_value_t)]
    pub grain: GrainArg,
    /// Frames a second, from 0.1 to 50.
    #[arg(long, value_name = "N", default_value_t = 2.0, value_parser = fps)]
    pub fps: f32,
    /// Further seconds for the first and for the last frame.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = hold)]
    pub hold: f32,
    /// The size in pixels.
    #[arg(long, value_name = "WxH", default_value = "720x540")]
    pub size: Size,
    /// Another way to show the place: slide, of a convolution of one small map.
    #[arg(long, value_parser = named(Figure::ALL, Figure::key))]
    pub figure: Option<Figure>,
    /// The number of digits in arithmetic: 2, 4 or all.
    #[arg(long, value_name = "DIGITS", default_value = "4", value_parser = digits())]
    pub digits: Digits,
    /// The colour theme.
    #[arg(long, value_enum, default_value_t)]
    pub theme: Theme,
    /// The language.
    #[arg(long, default_value = "en", value_parser = languages())]
    pub lang: Lang,
    /// The largest film that is written, in megabytes.
    #[arg(long, value_name = "MB", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
    /// The output: an animated GIF (.gif) or PNG (.png), or a folder for numbered pictures, which must not be there.
    #[arg(long, value_name = "FILM.gif|FILM.png|FOLDER")]
    pub out: PathBuf,
}

/// What a step of a film is.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GrainArg {
    /// One multiply-add.
    Term,
    /// One number.
    #[default]
    Cell,
    /// One map.
    Map,
    /// One layer.
    Layer,
    /// Forward, loss, backward, update.
    Pass,
}

impl From<GrainArg> for Grain {
    fn from(grain: GrainArg) -> Self {
        match grain {
            GrainArg::Term => Self::Term,
            GrainArg::Cell => Self::Cell,
            GrainArg::Map => Self::Channel,
            GrainArg::Layer => Self::Layer,
            GrainArg::Pass => Self::Pass,
        }
    }
}

fn between(text: &str, [least, most]: [f32; 2], expected: &str) -> Result<f32, String> {
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| expected.to_owned())
}

fn fps(text: &str) -> Result<f32, String> {
    between(text, [0.1, 50.0], "expected frames a second from 0.1 to 50, as in 2")
}

fn hold(text: &str) -> Result<f32, String> {
    between(text, [0.0, 60.0], "expected seconds from 0 to 60, as in 1.5")
}

/// Where a film goes.
enum Out {
    File(Form),
    Folder,
}

impl Out {
    fn new(path: &Path) -> Result<Self, CliError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("gif") => Ok(Self::File(Form::Gif)),
            Some("png" | "apng") => Ok(Self::File(Form::Apng)),
            None => Ok(Self::Folder),
            Some(other) => Err(CliError(format!(
                "{}: expected a file that ends in .gif or .png, or a folder, got {other:?}; for example, film.gif",
                path.display()
            ))),
        }
    }

    /// Whether it can be written, before anything is drawn.
    fn check(&self, path: &Path) -> Result<(), CliError> {
        match self {
            Self::File(_) => Ok(check_writable(path)?),
            Self::Folder if path.exists() => Err(CliError(format!(
                "{}: expected a folder that is not there yet, got one that is; choose another name",
                path.display()
            ))),
            Self::Folder => Ok(()),
        }
    }
}

/// Draws the steps and writes the film.
pub fn film(args: &FilmArgs, draw: &dyn Draw) -> Result<Ended, CliError> {
    let out = Out::new(&args.out)?;
    out.check(&args.out)?;
    let steps = steps(args)?;
    let framing = Framing::window([args.size.width, args.size.height], 1.0, args.theme.is_dark());
    let mut frames = DrawnFilm { steps, draw, framing };
    let form = if let Out::File(form) = out { form } else { Form::Apng };
    let size = film::estimate(&mut frames, form)?;
    let [w, h] = framing.size_px;
    print(&format!("{} frames of {w}x{h}, about {:.1} MB\n", frames.steps.len(), size as f64 / 1e6))?;
    film::check_size(size, args.limit * 1_000_000)
        .map_err(|error| CliError(format!("{error}: --limit {}", size.div_ceil(1_000_000) + 1)))?;
    interrupt::listen()?;
    let bar = ProgressBar::new(1000);
    let on_progress = |part: f32| {
        bar.set_position((1000.0 * part) as u64);
        !interrupt::wanted()
    };
    let pace = Pace { fps: args.fps, hold: [args.hold; 2] };
    let written = match out {
        Out::File(form) => film::film(&mut frames, form, pace, &on_progress)?
            .map(|bytes| write_atomically(&args.out, &bytes)),
        Out::Folder => {
            film::pictures(&mut frames, &on_progress)?.map(|files| write_folder(&args.out, &files))
        }
    };
    bar.finish_and_clear();
    if written.transpose()?.is_none() {
        return Ok(Ended::Interrupted);
    }
    print(&format!("wrote {}\n", args.out.display()))?;
    Ok(Ended::Whole)
}

/// The steps that the arguments name.
fn steps(args: &FilmArgs) -> Result<FilmSteps, CliError> {
    let mut state = args.subject.open()?;
    let actions = [Action::SetLang(args.lang), Action::SetDigits(args.digits)];
    let figure = args.figure.map(|figure| Action::SetFigure(Some(figure)));
    apply_all(&mut state, actions.into_iter().chain(figure))?;
    let range = FilmRange {
        from: args.at.clone(),
        to: args.to.clone(),
        steps: args.steps.map(|steps| steps as usize),
        grain: args.grain.into(),
    };
    Ok(FilmSteps::new(&state, &range).map_err(CliError)?.with_own_figure())
}

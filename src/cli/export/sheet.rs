//! `export sheet`: worksheets with their keys, of a place or of a lesson's questions.

use crate::app::Lang;
use crate::app::{Action, AppState, SheetPlace, lesson_sheets};
use crate::cli::{
    CliError,
    args::{FitArg, ModelArgs, languages},
    lesson::open_lesson,
    open_model, open_picture,
    out::print,
    shown::apply_all,
};
use crate::export::{
    pdf,
    sheet::{Options, Paper, Set, Sheets},
};
use crate::files::write_atomically;
use clap::{Args as ClapArgs, ValueEnum};
use std::path::{Path, PathBuf};

/// Arguments of `export sheet`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct SheetArgs {
    /// The name of a bundled model or of a preset (untrained), or a file, as for the other commands.
    #[arg(id = "sheet_model", long = "model", value_name = "M", required_unless_present = "lesson")]
    pub model: Option<String>,
    /// The architecture, for a weight file without one or to replace the file's.
    #[arg(id = "sheet_architecture", long = "architecture", value_name = "NET.toml")]
    pub architecture: Option<PathBuf>,
    /// The name of a bundled sample, a picture file, or a .npy array (C, H, W), which is used unchanged.
    #[arg(id = "sheet_image", long = "image", value_name = "I", required_unless_present = "lesson")]
    pub image: Option<String>,
    /// The true class, by name or number. Default: the sample's class, else the predicted one.
    #[arg(id = "sheet_label", long = "label", value_name = "L", allow_negative_numbers = true)]
    pub label: Option<String>,
    /// How to fit a picture of another size.
    #[arg(id = "sheet_fit", long = "fit", value_enum, default_value_t)]
    pub fit: FitArg,
    /// The address of a cell, or of a small map; `bwd` for all partial derivatives of a small network.
    #[arg(id = "sheet_at", long = "at", value_name = "ADDRESS", required_unless_present = "lesson")]
    pub at: Option<String>,
    /// A bundled lesson's id or number, or a file: a set of worksheets of its questions in place of one of a place.
    #[arg(long, value_name = "LESSON", conflicts_with_all = ["sheet_model", "sheet_image", "sheet_at"])]
    pub lesson: Option<String>,
    /// The id of the beat whose question is asked [default: all that the seed changes].
    #[arg(long, value_name = "BEAT", requires = "lesson")]
    pub question: Option<String>,
    /// How many worksheets.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "lesson", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub count: u32,
    /// The seed of the first worksheet; each further one has the next.
    #[arg(id = "sheet_seed", long = "seed", value_name = "S", default_value_t = 1, requires = "lesson")]
    pub seed: u64,
    /// The paper.
    #[arg(long, value_enum, default_value_t)]
    pub paper: PaperArg,
    /// The language.
    #[arg(long, default_value = "en", value_parser = languages())]
    pub lang: Lang,
    /// Significant digits of the numbers that a place's worksheet prints.
    #[arg(id = "sheet_digits", long = "digits", value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub digits: u8,
    /// Writes the key behind the worksheets, as without this option.
    #[arg(long, overrides_with = "no_key")]
    pub key: bool,
    /// Leaves the key out.
    #[arg(long)]
    pub no_key: bool,
    /// The output file: .pdf, or .svg or .png, of which each page becomes one: sheet-1.svg, sheet-2.svg.
    #[arg(long, value_name = "SHEET.pdf")]
    pub out: PathBuf,
}

/// A size of paper.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PaperArg {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

impl From<PaperArg> for Paper {
    fn from(paper: PaperArg) -> Self {
        match paper {
            PaperArg::A4 => Self::A4,
            PaperArg::Letter => Self::Letter,
        }
    }
}

/// Writes the worksheets.
///
/// # Errors
/// If there is nothing to be worked out at the place or in the lesson, or a file cannot be written.
pub fn sheet(args: &SheetArgs) -> Result<(), CliError> {
    let ending =
        args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !["pdf", "svg", "png"].contains(&ending.as_str()) {
        return Err(CliError(format!(
            "{}: expected a file that ends in .pdf, .svg or .png, got {ending:?}; for example, sheet.pdf",
            args.out.display()
        )));
    }
    let options = Options {
        paper: args.paper.into(),
        language: args.lang.into(),
        digits: usize::from(args.digits),
        has_key: !args.no_key,
    };
    let sheets = match &args.lesson {
        Some(lesson) => {
            let set = Set { question: args.question.as_deref(), count: args.count, seed: args.seed };
            lesson_sheets(&open_lesson(lesson)?, &set, &options)?
        }
        None => SheetPlace::shown(&open_place(args)?).sheets(&options)?,
    };
    write(&sheets, &ending, &args.out)
}

/// The program at the place.
fn open_place(args: &SheetArgs) -> Result<AppState, CliError> {
    let named = |text: &Option<String>| text.clone().unwrap_or_default();
    let model =
        ModelArgs { model: named(&args.model), architecture: args.architecture.clone(), input_size: None };
    let image = named(&args.image);
    let model = open_model(&model, Some(&image))?;
    let label = args.label.as_deref().map(|label| model.class_index(label)).transpose()?;
    let mut state = AppState::open(model, open_picture(&image)?).map_err(CliError)?;
    let mut actions = vec![Action::SetFit(args.fit.into())];
    actions.extend(label.map(Action::SetLabel));
    actions.push(Action::GoTo(named(&args.at)));
    apply_all(&mut state, actions)?;
    Ok(state)
}

/// One PDF, or a file a page.
fn write(sheets: &Sheets, ending: &str, out: &Path) -> Result<(), CliError> {
    /// Pixels of a PNG to one of an SVG, 96 to an inch.
    const SCALE: f32 = 2.0;
    let mut written = Vec::new();
    if ending == "pdf" {
        write_atomically(out, &sheets.pdf()?)?;
        written.push(out.to_owned());
    } else {
        for (index, page) in sheets.pages.iter().enumerate() {
            let stem = out.file_stem().unwrap_or_default().to_string_lossy();
            let path = match sheets.pages.len() {
                1 => out.to_owned(),
                _ => out.with_file_name(format!("{stem}-{}.{ending}", index + 1)),
            };
            let bytes = if ending == "svg" { page.clone().into_bytes() } else { pdf::png(page, SCALE)? };
            write_atomically(&path, &bytes)?;
            written.push(path);
        }
    }
    let pages = sheets.pages.len();
    let files: String = written.iter().map(|path| format!("wrote {}\n", path.display())).collect();
    print(&format!("{files}{pages} {}\n", if pages == 1 { "page" } else { "pages" }))
}

//! `export picture`: places as pictures.

use crate::app::{Draw, PicturePart, PictureSetup, picture_file};
use crate::cli::{
    CliError, Size,
    args::{ShownArgs, named},
    out::print,
    shown::{open_shown, show},
};
use crate::export::picture::Format;
use crate::files::write_atomically;
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Arguments of `export picture`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct PictureArgs {
    /// What is shown.
    #[command(flatten)]
    pub shown: ShownArgs,
    /// The address to go to [default: behind the forward pass]. A PDF has a page for each.
    #[arg(long, value_name = "ADDRESS")]
    pub at: Vec<String>,
    /// The stage alone or the whole window.
    #[arg(long, value_parser = named(PicturePart::ALL, PicturePart::key), default_value = "stage")]
    pub part: PicturePart,
    /// The size in points.
    #[arg(long, value_name = "WxH", default_value = "960x600")]
    pub size: Size,
    /// Pixels a point, from 1 to 4: of a PNG.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=4))]
    pub scale: u32,
    /// Leaves out the ground.
    #[arg(long)]
    pub transparent: bool,
    /// Leaves out what the colours of the stage stand for.
    #[arg(long)]
    pub no_legend: bool,
    /// Adds model, picture and address in small print to the stage.
    #[arg(long)]
    pub caption: bool,
    /// The output file: .png, .svg or .pdf.
    #[arg(long, value_name = "OUT")]
    pub out: PathBuf,
}

/// Draws the places.
pub fn picture(args: &PictureArgs, draw: &dyn Draw) -> Result<(), CliError> {
    let ending =
        args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let format = Format::ALL.into_iter().find(|format| format.ending() == ending).ok_or_else(|| {
        CliError(format!(
            "{}: expected a file that ends in .png, .svg or .pdf, got {ending:?}; for example, place.svg",
            args.out.display()
        ))
    })?;
    let setup = PictureSetup {
        format,
        part: args.part,
        size: [args.size.width, args.size.height],
        scale: args.scale,
        is_dark: args.shown.theme.is_dark(),
        lang: args.shown.lang,
        digits: args.shown.digits,
        is_transparent: args.transparent,
        has_legend: !args.no_legend,
        has_caption: args.caption,
    };
    let first = open_shown(&args.shown)?;
    let places: Vec<Option<&str>> = match args.at.as_slice() {
        [] => vec![None],
        places => places.iter().map(|at| Some(at.as_str())).collect(),
    };
    let mut states = Vec::new();
    for at in places {
        let mut state = first.clone();
        show(&mut state, &args.shown, at, false)?;
        states.push(state);
    }
    write_atomically(&args.out, &picture_file(draw, &states, &setup).map_err(CliError)?)?;
    print(&format!("wrote {}\n", args.out.display()))
}

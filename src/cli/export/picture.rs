//! `export picture`: a place as a picture.

use crate::app::{Draw, Framing};
use crate::cli::{
    CliError, Size,
    args::ShownArgs,
    out::print,
    shown::{open_shown, write_png},
};
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Arguments of `export picture`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct PictureArgs {
    /// What is shown.
    #[command(flatten)]
    pub shown: ShownArgs,
    /// The address to go to [default: behind the forward pass].
    #[arg(long, value_name = "ADDRESS")]
    pub at: Option<String>,
    /// The size in points.
    #[arg(long, value_name = "WxH", default_value = "1280x800")]
    pub size: Size,
    /// Pixels a point, from 1 to 4.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=4))]
    pub scale: u32,
    /// The output file.
    #[arg(long, value_name = "PICTURE.png")]
    pub out: PathBuf,
}

/// Draws the place.
pub fn picture(args: &PictureArgs, draw: &dyn Draw) -> Result<(), CliError> {
    let state = open_shown(&args.shown, args.at.as_deref(), false)?;
    let size_px = [args.size.width, args.size.height].map(|side| side * args.scale);
    let framing = Framing::window(size_px, args.scale as f32, args.shown.theme.is_dark());
    write_png(&draw.pixels(&state, &framing), &args.out)?;
    print(&format!("wrote {}\n", args.out.display()))
}

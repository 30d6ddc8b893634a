//! `render`: the window's contents as a PNG file.

use super::{
    CliError, RenderArgs,
    shown::{open_shown, show, write_png},
};
use crate::app::{Draw, Framing};

/// Draws the window.
pub fn render(args: &RenderArgs, draw: &dyn Draw) -> Result<(), CliError> {
    let mut state = open_shown(&args.shown)?;
    show(&mut state, &args.shown, args.at.as_deref(), args.present)?;
    let (size_px, is_dark) = ([args.size.width, args.size.height], args.shown.theme.is_dark());
    let framing = Framing::window(size_px, args.zoom as f32 / 100.0, is_dark);
    write_png(&draw.pixels(&state, &framing), &args.out)
}

//! A picture of what is shown, as it is set up to be saved or copied.

use super::{AppState, Digits, Guide, Lang, ViewState};
use crate::export::picture::Format;
use image::RgbaImage;
use std::sync::Arc;

/// What a picture shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum PicturePart {
    /// The stage alone, without what stands around it.
    #[default]
    Stage,
    /// The whole window.
    Window,
}

impl PicturePart {
    /// Both, in the order of their buttons.
    pub const ALL: [Self; 2] = [Self::Stage, Self::Window];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Stage => "picture_sheet.stage",
            Self::Window => "picture_sheet.window",
        }
    }
}

/// How a picture is drawn and written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PictureSetup {
    /// What it is written as.
    pub format: Format,
    /// What it shows.
    pub part: PicturePart,
    /// Width and height in points.
    pub size: [u32; 2],
    /// Pixels a point, from 1 to 4.
    pub scale: u32,
    /// Light ink on a dark ground.
    pub is_dark: bool,
    /// The language of its words.
    pub lang: Lang,
    /// The number of digits in its arithmetic.
    pub digits: Digits,
    /// It has no ground of its own.
    pub is_transparent: bool,
    /// With what its colours stand for.
    pub has_legend: bool,
    /// With model, picture and address in small print.
    pub has_caption: bool,
}

impl PictureSetup {
    /// The most pixels a point.
    pub const MOST_SCALE: u32 = 4;
    /// The least and the most points of a side.
    pub const SIDES: [u32; 2] = [240, 4096];

    /// Pixels a point of a small picture of it.
    pub fn preview_scale(&self) -> f32 {
        const LONGEST: f32 = 640.0;
        let [width, height] = self.size.map(|side| side.max(1) as f32);
        (LONGEST / width.max(1.6 * height)).min(1.0)
    }
}

impl Default for PictureSetup {
    fn default() -> Self {
        Self {
            format: Format::Png,
            part: PicturePart::Stage,
            size: [960, 600],
            scale: 2,
            is_dark: false,
            lang: Lang::En,
            digits: Digits::Four,
            is_transparent: false,
            has_legend: true,
            has_caption: false,
        }
    }
}

/// The picture that is being set up.
#[derive(Clone, Debug, Default)]
pub struct PictureState {
    /// How it is drawn and written.
    pub setup: PictureSetup,
    /// What it looks like: small, and as it was last drawn.
    pub preview: Option<Arc<RgbaImage>>,
    /// The number of the preview that was asked for last.
    pub(in crate::app) asked: u64,
}

impl AppState {
    /// The picture that is being set up.
    pub const fn picture(&self) -> &PictureState {
        &self.picture
    }

    /// The state as a picture shows it: with its words and digits, and without anything that lies over the window.
    pub fn pictured(&self, setup: &PictureSetup) -> Self {
        let mut state = self.clone();
        state.view = ViewState {
            lang: setup.lang,
            digits: setup.digits,
            guide: Guide::Done,
            sheet: None,
            palette: false,
            help: false,
            pad: false,
            adjust: false,
            notes: false,
            presenting: false,
            spotlight: false,
            typing_path: false,
            typing_address: false,
            blank: false,
            ..state.view
        };
        (state.files.asked, state.files.offer, state.files.size_question) = (None, None, None);
        state.data.parts_question = None;
        state.data.asking = false;
        state.notices.clear();
        state.picture = PictureState::default();
        state
    }

    /// What a picture shows, in small print: model, picture and address, by which it is found again.
    pub fn caption(&self) -> String {
        let place = self.position.text();
        format!("{} · {} · {}", self.inputs.model.name, self.inputs.picture.name, place.text())
    }
}

//! How the program shows what it knows: language, theme, page, colours.

use serde::{Deserialize, Serialize};

/// The language of the program's texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Its own name for itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    /// Its name in another language, by which the palette finds it as well.
    pub const fn foreign_name(self) -> &'static str {
        match self {
            Self::En => "英文",
            Self::Zh => "Chinese",
        }
    }

    /// Its code, in the names of the files of strings and on the command line: `en` or `zh`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the system says.
    #[default]
    System,
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// Over which values a colour map stretches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Scale {
    /// Each map over its own values.
    Map,
    /// All maps of a layer over the same.
    #[default]
    Layer,
    /// The whole network, activations and gradients apart.
    Network,
}

impl Scale {
    /// Every scale.
    pub const ALL: [Self; 3] = [Self::Map, Self::Layer, Self::Network];
}

/// With how many digits arithmetic is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Digits {
    /// Two: to be read from the last row.
    Two,
    /// Four.
    #[default]
    Four,
    /// As many as tell the number whole.
    All,
}

impl Digits {
    /// All choices, the fewest first.
    pub const ALL: [Self; 3] = [Self::Two, Self::Four, Self::All];

    /// How many; `None` for all.
    pub const fn count(self) -> Option<usize> {
        match self {
            Self::Two => Some(2),
            Self::Four => Some(4),
            Self::All => None,
        }
    }

    /// The next choice; after the last comes the first.
    pub const fn next(self) -> Self {
        match self {
            Self::Two => Self::Four,
            Self::Four => Self::All,
            Self::All => Self::Two,
        }
    }
}

/// What the middle of the window shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Page {
    /// The close-up of the stage that is looked at.
    #[default]
    Closeup,
    /// Training on a data set.
    Training,
    /// What a data set holds.
    Data,
    /// What a unit of the network looks at.
    #[serde(rename = "Looks")]
    Attribution,
    /// What was kept beside what is looked at.
    Compare,
}

impl Page {
    /// All pages, in the order of their tabs.
    pub const ALL: [Self; 5] = [Self::Closeup, Self::Training, Self::Data, Self::Attribution, Self::Compare];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Closeup => "page.closeup",
            Self::Training => "page.training",
            Self::Data => "page.data",
            Self::Attribution => "page.evidence",
            Self::Compare => "page.compare",
        }
    }
}

/// What the panel beside the close-up shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Side {
    /// Why a cell is what it is.
    #[default]
    Cell,
    /// Breakpoints, bookmarks, and where the cursor was.
    Time,
}

impl Side {
    /// Both, in the order of their tabs.
    pub const ALL: [Self; 2] = [Self::Cell, Self::Time];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Cell => "side.cell",
            Self::Time => "side.time",
        }
    }
}

/// The stops of the tour: the regions of the window.
pub const TOUR: [&str; 5] = ["top", "network", "closeup", "side", "bottom"];

/// The most that the maps of the network are enlarged or made smaller, in half powers of two.
pub const LANE_ZOOM: i8 = 4;

/// What the inspector shows of the cell that is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Tab {
    /// Formula and terms.
    #[default]
    Why,
    /// The gradient check.
    Check,
    /// The paths from the loss.
    Paths,
    /// What is to be said of the whole tensor.
    Statistics,
}

impl Tab {
    /// All of them, in the order in which they stand.
    pub const ALL: [Self; 4] = [Self::Why, Self::Check, Self::Paths, Self::Statistics];

    /// Its name in keys of texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Why => "why",
            Self::Check => "check",
            Self::Paths => "paths",
            Self::Statistics => "statistics",
        }
    }
}

/// The smallest step of a check is ten to the power of minus this.
pub const EXPONENTS: u8 = 9;

/// How it is looked at; no number depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewState {
    /// Light or dark.
    pub theme: ThemeChoice,
    /// The language.
    pub lang: Lang,
    /// The colour scale.
    pub scale: Scale,
    /// Colours by the logarithm of the magnitude.
    pub log: bool,
    /// With how many digits arithmetic is written.
    pub digits: Digits,
    /// How much larger the maps of the network are than would fit best, in half powers of two.
    pub lane_zoom: i8,
    /// The input gradient of a convolution is shown as it is scattered, not gathered.
    pub scatter: bool,
    /// Beside what a pool gives stands what the other kind of pool would give.
    pub both_pools: bool,
    /// What the inspector shows of a cell.
    pub tab: Tab,
    /// The step of the gradient check is ten to the power of minus this.
    pub exponent: u8,
    /// What the middle of the window shows.
    #[serde(skip)]
    pub page: Page,
    /// What the panel beside the close-up shows.
    #[serde(skip)]
    pub side: Side,
    /// The tour has been taken, or skipped.
    pub toured: bool,
    /// Nothing moves by itself but what the user sets going.
    pub still: bool,
    /// The stop of the tour that is shown.
    #[serde(skip)]
    pub tour: Option<usize>,
    /// The palette is open.
    #[serde(skip)]
    pub palette: bool,
    /// The overview of all keys is open.
    #[serde(skip)]
    pub help: bool,
    /// The pad to draw on is open.
    #[serde(skip)]
    pub pad: bool,
    /// The screen is blanked, so that all look at the teacher.
    #[serde(skip)]
    pub blank: bool,
    /// The address line is being typed in.
    #[serde(skip)]
    pub typing_address: bool,
}

impl Default for ViewState {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            lang: Lang::default(),
            scale: Scale::default(),
            log: false,
            digits: Digits::default(),
            lane_zoom: 0,
            scatter: false,
            both_pools: false,
            page: Page::default(),
            side: Side::default(),
            toured: false,
            still: false,
            tour: None,
            palette: false,
            tab: Tab::default(),
            exponent: 3,
            help: false,
            pad: false,
            blank: false,
            typing_address: false,
        }
    }
}

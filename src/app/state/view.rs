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

/// Light, dark, or the system's setting.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// The system's setting.
    System,
    /// Dark ink on a light ground.
    #[default]
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// Over which values a colour map stretches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Scale {
    /// Each map over its own values.
    Map,
    /// All maps of a layer over the same: up to the magnitude that 99 % of its values other than 0 stay below.
    #[default]
    Layer,
    /// The same, up to the layer's largest magnitude.
    Largest,
    /// The whole network, activations and gradients apart.
    Network,
}

impl Scale {
    /// Every scale.
    pub const ALL: [Self; 4] = [Self::Map, Self::Layer, Self::Largest, Self::Network];
}

/// The number of digits in arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Digits {
    /// Two: to be read from the last row.
    Two,
    /// Four.
    #[default]
    Four,
    /// As many as identify the number exactly.
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

/// What the window shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Page {
    /// What this is, and what to do first.
    Home,
    /// The network, a layer, a map or a cell, by the depth of the shown address.
    #[default]
    #[serde(alias = "Closeup")]
    Network,
    /// Training on a data set.
    Training,
    /// What a data set holds.
    Data,
    /// What in the picture speaks for an answer.
    #[serde(rename = "Looks")]
    Attribution,
    /// What was kept, beside the present.
    Compare,
}

impl Page {
    /// All pages, in the order of their tabs.
    pub const ALL: [Self; 6] =
        [Self::Home, Self::Network, Self::Training, Self::Data, Self::Attribution, Self::Compare];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Home => "page.home",
            Self::Network => "page.network",
            Self::Training => "page.training",
            Self::Data => "page.data",
            Self::Attribution => "page.evidence",
            Self::Compare => "page.compare",
        }
    }
}

/// A panel beside the stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Drawer {
    /// Why a cell is what it is.
    Why,
    /// Breakpoints, bookmarks, and where the cursor was.
    Time,
}

impl Drawer {
    /// Both, in the order of their buttons.
    pub const ALL: [Self; 2] = [Self::Why, Self::Time];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Why => "drawer.why",
            Self::Time => "drawer.time",
        }
    }
}

/// The progress of a newcomer; the read-out line hints at the next step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Guide {
    /// Next: point at a map, and click it.
    #[default]
    Point,
    /// Next: make a step.
    Step,
    /// No more hints.
    Done,
}

/// A page of text over the window.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sheet {
    /// What is new.
    News,
    /// What this program is.
    About,
    /// All lessons, with what was done of them.
    Lessons,
    /// A picture of what is shown, to be saved or copied.
    Picture,
}

/// What a layer's stage shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Show {
    /// The maps that the layer computes.
    #[default]
    Maps,
    /// The filters that make them.
    Filters,
    /// Each filter beside its map.
    Both,
}

impl Show {
    /// All choices in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Maps, Self::Filters, Self::Both];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Maps => "show.maps",
            Self::Filters => "show.filters",
            Self::Both => "show.both",
        }
    }

    /// The next choice; after the last comes the first.
    pub const fn next(self) -> Self {
        match self {
            Self::Maps => Self::Filters,
            Self::Filters => Self::Both,
            Self::Both => Self::Maps,
        }
    }
}

/// Which numbers the maps of the stage show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Lane {
    /// What the layers compute.
    #[default]
    Values,
    /// The gradients of the same tensors.
    Gradients,
    /// Each map beside its gradient.
    Both,
}

impl Lane {
    /// All choices in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Values, Self::Gradients, Self::Both];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Values => "lane.values",
            Self::Gradients => "lane.gradients",
            Self::Both => "lane.both",
        }
    }

    /// The next choice; after the last comes the first.
    pub const fn next(self) -> Self {
        match self {
            Self::Values => Self::Gradients,
            Self::Gradients => Self::Both,
            Self::Both => Self::Values,
        }
    }
}

/// What the maps of the stage are compared with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum With {
    /// Nothing.
    #[default]
    Nothing,
    /// The maps of the picture before its last change.
    PictureBefore,
    /// The maps of the weights before the last edit.
    ModelBefore,
    /// The maps kept as A.
    Kept,
}

impl With {
    /// All choices in the order of their list.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::PictureBefore, Self::ModelBefore, Self::Kept];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Nothing => "with.nothing",
            Self::PictureBefore => "with.picture_before",
            Self::ModelBefore => "with.model_before",
            Self::Kept => "with.kept",
        }
    }
}

/// Which of the two sides of a comparison the maps show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Compared {
    /// The present.
    Now,
    /// What it is compared with.
    Before,
    /// The present minus what it is compared with.
    #[default]
    Difference,
}

impl Compared {
    /// All choices in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Now, Self::Before, Self::Difference];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Now => "compared.now",
            Self::Before => "compared.before",
            Self::Difference => "compared.difference",
        }
    }
}

/// Another way to show the place that is looked at, in place of its maps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Figure {
    /// A layer with a window: how many windows read each cell of its input.
    Coverage,
    /// The picture, or what is flattened: the maps as a block, and the vector that they become.
    Vector,
    /// A convolution: its filter as it is, and turned by 180° as mathematics has it.
    Turned,
    /// A small convolution: every partial derivative by its name, with its sum.
    Derivatives,
    /// The whole network: what the forward pass keeps for the backward pass.
    Kept,
    /// The whole network: the sizes of all layers' numbers or gradients side by side.
    Sizes,
    /// A cell of a convolution, or a transposed one, of small maps: the window on what it slides over, its weights in it,
    /// beside the map that it fills.
    Slide,
}

impl Figure {
    /// All of them, in the order of their list.
    pub const ALL: [Self; 7] =
        [Self::Coverage, Self::Vector, Self::Turned, Self::Derivatives, Self::Kept, Self::Sizes, Self::Slide];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Coverage => "figure.coverage",
            Self::Vector => "figure.vector",
            Self::Turned => "figure.turned",
            Self::Derivatives => "figure.derivatives",
            Self::Kept => "figure.kept",
            Self::Sizes => "figure.sizes",
            Self::Slide => "figure.slide",
        }
    }
}

/// The order of the maps of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Order {
    /// By number.
    Number,
    /// By largest value, descending.
    #[default]
    Strongest,
    /// By the sum of their values, the largest first.
    Sum,
    /// By how much they differ from what they are compared with, the most first.
    Changed,
}

impl Order {
    /// All choices in the order of their list.
    pub const ALL: [Self; 4] = [Self::Number, Self::Strongest, Self::Sum, Self::Changed];

    /// The key of its name in the strings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Number => "order.number",
            Self::Strongest => "order.strongest",
            Self::Sum => "order.sum",
            Self::Changed => "order.changed",
        }
    }

    /// The next choice; after the last comes the first.
    pub const fn next(self) -> Self {
        match self {
            Self::Number => Self::Strongest,
            Self::Strongest => Self::Sum,
            Self::Sum => Self::Changed,
            Self::Changed => Self::Number,
        }
    }
}

/// The most that the maps of the network are enlarged or made smaller, in half powers of two.
pub const LANE_ZOOM: i8 = 4;

/// What the drawer "Why?" shows of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Tab {
    /// Formula and terms.
    #[default]
    Why,
    /// The gradient check.
    Check,
    /// The paths from the loss.
    Paths,
    /// The statistics of the whole tensor.
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

/// How the program shows what it knows; no number depends on it.
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
    /// The number of digits in arithmetic.
    pub digits: Digits,
    /// How much larger the maps of the network are than would fit best, in half powers of two.
    pub lane_zoom: i8,
    /// The input gradient of a convolution is shown scattered, not gathered.
    pub scatter: bool,
    /// Beside what a pool gives stands what the other kind of pool would give.
    pub both_pools: bool,
    /// What the drawer "Why?" shows of a cell.
    pub tab: Tab,
    /// The step of the gradient check is ten to the power of minus this.
    pub exponent: u8,
    /// The page that is shown.
    #[serde(skip)]
    pub page: Page,
    /// The panel that is open beside the stage.
    #[serde(skip)]
    pub drawer: Option<Drawer>,
    /// "Why?" has been opened at least once.
    pub why_seen: bool,
    /// Which hint a newcomer gets next.
    pub guide: Guide,
    /// The timeline is unfolded.
    #[serde(skip)]
    pub timeline: bool,
    /// What a layer's stage shows.
    #[serde(skip)]
    pub show: Show,
    /// Another way to show the place, where one was chosen and the place has it.
    #[serde(skip)]
    pub figure: Option<Figure>,
    /// Where filters are shown as they are and turned, those that are turned make the sum.
    #[serde(skip)]
    pub turned: bool,
    /// Which numbers the maps show.
    #[serde(skip)]
    pub lane: Lane,
    /// What they are compared with.
    #[serde(skip)]
    pub with: With,
    /// Which side of the comparison they show.
    #[serde(skip)]
    pub compared: Compared,
    /// Their order.
    pub order: Order,
    /// The class that a neuron of the last dense layer is compared with.
    #[serde(skip)]
    pub against: Option<usize>,
    /// The stage alone, large, for a class.
    #[serde(skip)]
    pub presenting: bool,
    /// The teacher's notes on the lesson that is open stand in a window of their own.
    #[serde(skip)]
    pub notes: bool,
    /// While presenting, all but the surroundings of the pointer is dark.
    #[serde(skip)]
    pub spotlight: bool,
    /// Nothing moves by itself but what the user sets going.
    pub still: bool,
    /// The palette is open.
    #[serde(skip)]
    pub palette: bool,
    /// The overview of all keys is open.
    #[serde(skip)]
    pub help: bool,
    /// The page of text that is open over the window.
    #[serde(skip)]
    pub sheet: Option<Sheet>,
    /// The pad to draw on is open.
    #[serde(skip)]
    pub pad: bool,
    /// What adjusts the picture is open.
    #[serde(skip)]
    pub adjust: bool,
    /// The path of a file is being typed.
    #[serde(skip)]
    pub typing_path: bool,
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
            drawer: None,
            why_seen: false,
            guide: Guide::default(),
            timeline: false,
            show: Show::default(),
            figure: None,
            turned: false,
            lane: Lane::default(),
            with: With::default(),
            compared: Compared::default(),
            order: Order::default(),
            against: None,
            presenting: false,
            notes: false,
            spotlight: false,
            still: false,
            palette: false,
            tab: Tab::default(),
            exponent: 3,
            help: false,
            sheet: None,
            pad: false,
            adjust: false,
            typing_path: false,
            blank: false,
            typing_address: false,
        }
    }
}

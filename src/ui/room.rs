//! Where the regions of the window lie: one pure function of the window's points and of what is open.
//!
//! Nothing is remembered from frame to frame, so that zooming in and out leaves no trace. Views draw into the
//! rectangle that they are given and never ask for the window's size.

use crate::app::{Drawer, Page};
use crate::trace::Depth;
use egui::{Rect, Vec2, pos2, vec2};

/// How much room the window has from left to right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Width {
    /// Less than 860 points: a panel takes the place of the stage.
    Narrow,
    /// From 860 points: one panel of 300 points beside the stage.
    Medium,
    /// From 1180 points: a panel of 320 points beside the stage.
    Wide,
}

/// How much room the window has from top to bottom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Height {
    /// Less than 560 points: no strip, low bars.
    Short,
    /// From 560 points: the strip has names alone.
    Normal,
    /// From 680 points: the strip has thumbnails.
    Tall,
}

/// What the window is to show.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Wants {
    /// The page.
    pub page: Page,
    /// The depth of the stage on the page Network.
    pub depth: Depth,
    /// A line for the user waits.
    pub notice: bool,
    /// The panel beside the stage.
    pub drawer: Option<Drawer>,
    /// The height of the unfolded timeline, where it is to be unfolded.
    pub timeline: Option<f32>,
    /// The stage alone, for a class.
    pub presenting: Option<Presenting>,
    /// The lesson that is open, and what its beat has.
    pub lesson: Option<BeatHas>,
    /// The stage alone, for a picture of it.
    pub alone: Option<Alone>,
}

/// What a picture of the stage has besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alone {
    /// What its colours stand for.
    pub legend: bool,
    /// Model, picture and address in small print.
    pub caption: bool,
}

/// What a beat of a lesson has to show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BeatHas {
    /// A text alone.
    Text,
    /// A text and a question.
    Question,
}

/// How an open lesson is shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LessonForm {
    /// A panel at the left of the stage, down to the window's lower edge.
    Panel,
    /// A sheet below the stage, with two columns.
    Sheet,
    /// Two lines of text below a presented stage.
    Lines,
}

/// What is shown beside the stage while it is presented.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Presenting {
    /// The buttons to step: for a while after the pointer has moved.
    pub transport: bool,
    /// The network in one line: while its key is held.
    pub strip: bool,
}

/// The height of a presented window in units of which the smallest text, of 13 points, has 18.
const PRESENTED: f32 = 720.0;
/// How much larger than otherwise everything is in a presented window of [`PRESENTED`] pixels.
const ENLARGED: f32 = 18.0 / 13.0;

/// The rectangles of the regions, in points; those that are not shown are `None`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Room {
    /// The whole window.
    pub window: Rect,
    /// The class of the window's width.
    pub width: Width,
    /// The class of the window's height.
    pub height: Height,
    /// Menu, pages, network and picture.
    pub top: Option<Rect>,
    /// The network in one line.
    pub strip: Option<Rect>,
    /// The address as a ladder, and the choices of the stage.
    pub place: Option<Rect>,
    /// The line for the user.
    pub notice: Option<Rect>,
    /// The title, where the stage is presented.
    pub title: Option<Rect>,
    /// The stage: what all of this is for.
    pub stage: Rect,
    /// The panel beside the stage, or in its place.
    pub drawer: Option<(Drawer, Rect)>,
    /// The legends, and what is under the pointer.
    pub read_out: Option<Rect>,
    /// The sum as one line.
    pub equation: Option<Rect>,
    /// The legends of a close-up.
    pub legend: Option<Rect>,
    /// The unfolded timeline.
    pub timeline: Option<Rect>,
    /// Buttons to step, and the timeline as one bar.
    pub transport: Option<Rect>,
    /// The lesson.
    pub lesson: Option<(LessonForm, Rect)>,
    /// The small print of a picture.
    pub caption: Option<Rect>,
    /// It is for a picture: nothing can be clicked.
    pub is_picture: bool,
}

/// The least stage, without its lines, for which nothing folds.
pub const LEAST_STAGE: Vec2 = vec2(480.0, 220.0);

/// Left and right of the stage and of the lines below it.
pub const MARGIN: f32 = 12.0;

/// What is folded away for want of room, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fold {
    Nothing,
    Timeline,
    Drawer,
    Thumbnails,
    Strip,
    Legend,
    /// The bars beside a lesson's sheet, which has buttons of its own.
    Bars,
}

impl Fold {
    const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Timeline,
        Self::Drawer,
        Self::Thumbnails,
        Self::Strip,
        Self::Legend,
        Self::Bars,
    ];
}

impl Width {
    /// The class of a width in points.
    pub fn from_points(points: f32) -> Self {
        match points {
            points if points >= 1180.0 => Self::Wide,
            points if points >= 860.0 => Self::Medium,
            _ => Self::Narrow,
        }
    }

    /// The width of a lesson's panel, in points; `None` where a lesson is a sheet.
    pub const fn lesson(self) -> Option<f32> {
        match self {
            Self::Wide => Some(372.0),
            Self::Medium => Some(340.0),
            Self::Narrow => None,
        }
    }

    /// The width of a panel beside the stage, in points; `None` where it takes the place of the stage.
    pub const fn drawer(self) -> Option<f32> {
        match self {
            Self::Wide => Some(320.0),
            Self::Medium => Some(300.0),
            Self::Narrow => None,
        }
    }
}

impl Height {
    /// The class of a height in points.
    pub fn from_points(points: f32) -> Self {
        match points {
            points if points >= 680.0 => Self::Tall,
            points if points >= 560.0 => Self::Normal,
            _ => Self::Short,
        }
    }

    const fn is_short(self) -> bool {
        matches!(self, Self::Short)
    }

    /// The height of the strip, in points.
    pub const fn strip(self) -> f32 {
        match self {
            Self::Tall => 56.0,
            Self::Normal => 34.0,
            Self::Short => 0.0,
        }
    }
}

/// The height of the strip of layers; a presented window has the tall one.
fn strip_height(height: Height, fold: Fold, is_shown: bool) -> f32 {
    match fold {
        Fold::Nothing | Fold::Timeline | Fold::Drawer if is_shown => height.strip(),
        Fold::Nothing | Fold::Timeline | Fold::Drawer => Height::Tall.strip(),
        Fold::Thumbnails => height.strip().min(Height::Normal.strip()),
        Fold::Strip | Fold::Legend | Fold::Bars => 0.0,
    }
}

/// Whether a page steps the network, so that it has the transport and the timeline.
fn has_steps(page: Page) -> bool {
    match page {
        Page::Network | Page::Attribution | Page::Compare => true,
        Page::Home | Page::Training | Page::Data => false,
    }
}

/// Whether a page's first row is one of controls, which need a distance from what lies above.
fn begins_with_controls(page: Page) -> bool {
    match page {
        Page::Data | Page::Attribution | Page::Compare => true,
        Page::Home | Page::Network | Page::Training => false,
    }
}

impl Room {
    /// The regions of a window of `points`, width and height in points.
    pub fn new(points: Vec2, wants: &Wants) -> Self {
        if let Some(alone) = wants.alone {
            return Self::of_picture(points, wants, alone);
        }
        let rooms = Fold::ALL.map(|fold| Self::folded(points, wants, fold));
        let has_room =
            |room: &&Self| room.stage.width() >= LEAST_STAGE.x && room.stage.height() >= LEAST_STAGE.y;
        *rooms.iter().find(has_room).unwrap_or(&rooms[Fold::Bars as usize])
    }

    /// The regions of a picture of the stage.
    fn of_picture(points: Vec2, wants: &Wants, alone: Alone) -> Self {
        const EDGE: f32 = 8.0;
        let window = Rect::from_min_size(pos2(0.0, 0.0), points);
        let mut rest = window.shrink2(vec2(MARGIN, EDGE));
        let is_network = wants.page == Page::Network;
        let is_arithmetic = is_network && wants.depth >= Depth::Cell;
        let mut below = |is_there: bool, height: f32| is_there.then(|| take_bottom(&mut rest, height));
        let caption = below(alone.caption, 24.0);
        let legend = below(alone.legend && is_arithmetic, 26.0);
        let equation = below(is_arithmetic, 38.0);
        let read_out = below(alone.legend && is_network && !is_arithmetic, 30.0);
        Self {
            window,
            width: Width::from_points(points.x),
            height: Height::from_points(points.y),
            top: None,
            strip: None,
            place: None,
            notice: None,
            title: None,
            stage: rest,
            drawer: None,
            read_out,
            equation,
            legend,
            timeline: None,
            transport: None,
            lesson: None,
            caption,
            is_picture: true,
        }
    }

    fn folded(points: Vec2, wants: &Wants, fold: Fold) -> Self {
        let (width, height) = (Width::from_points(points.x), Height::from_points(points.y));
        let window = Rect::from_min_size(pos2(0.0, 0.0), points);
        let is_short = height.is_short();
        let low = |full: f32, low: f32| if is_short { low } else { full };
        let mut rest = window;
        let is_network = wants.page == Page::Network;
        let is_shown = wants.presenting.is_none();
        let beside = wants.presenting.unwrap_or(Presenting { transport: true, strip: true });
        let is_arithmetic = is_network && wants.depth >= Depth::Cell;

        let top = is_shown.then(|| take_top(&mut rest, low(40.0, 36.0)));
        let strip = strip_height(height, fold, is_shown);
        let has_strip = beside.strip && is_network && wants.depth > Depth::Pass && strip > 0.0;
        let strip = has_strip.then(|| take_top(&mut rest, strip));
        let lesson = wants.lesson.map(|has| take_lesson(&mut rest, points, (width, height), has, is_shown));
        let is_sheet = matches!(lesson, Some((LessonForm::Sheet, _)));
        let is_panel = matches!(lesson, Some((LessonForm::Panel, _)));
        let has_bars = !(is_sheet && fold == Fold::Bars);
        let place = (is_shown && is_network).then(|| take_top(&mut rest, low(36.0, 32.0)));
        let notice = wants.notice.then(|| take_top(&mut rest, 36.0));
        let title = (!is_shown).then(|| take_top(&mut rest, 36.0));
        let steps = beside.transport && has_steps(wants.page);
        let transport = (steps && has_bars).then(|| take_bottom(&mut rest, low(48.0, 40.0)));
        let timeline = wants.timeline.filter(|_| steps && fold < Fold::Timeline);
        let timeline = timeline.map(|height| take_bottom(&mut rest, height));

        // Beside a lesson's panel there is room for another one in a wide window alone.
        let has_place = width == Width::Wide || !is_panel;
        let wanted = wants.drawer.filter(|_| is_shown && is_network && has_place && fold < Fold::Drawer);
        let drawer = wanted.map(|drawer| match width.drawer() {
            Some(wide) => (drawer, rest.split_left_right_at_x(rest.right() - wide).1),
            None => (drawer, rest),
        });
        if let (Some((_, panel)), Some(_)) = (drawer, width.drawer()) {
            rest.set_right(panel.left());
        }
        let has_legend = is_arithmetic && is_shown && !is_short && fold < Fold::Legend;
        let legend = has_legend.then(|| take_bottom(&mut rest, 26.0));
        let equation_height = if is_shown { low(38.0, 32.0) } else { 40.0 };
        let equation = is_arithmetic.then(|| take_bottom(&mut rest, equation_height));
        let reads_out = is_shown && is_network && !is_arithmetic && has_bars;
        let read_out = reads_out.then(|| take_bottom(&mut rest, 30.0));
        let margin = if is_shown { MARGIN } else { 8.0 };
        if begins_with_controls(wants.page) {
            take_top(&mut rest, 8.0);
        }
        let inner = |rect: Rect| rect.shrink2(vec2(margin, 0.0));
        Self {
            window,
            width,
            height,
            top,
            strip,
            place,
            notice,
            title: title.map(inner),
            stage: inner(rest),
            drawer,
            read_out: read_out.map(inner),
            equation: equation.map(inner),
            legend: legend.map(inner),
            timeline,
            transport,
            lesson,
            caption: None,
            is_picture: false,
        }
    }

    /// The zoom of a first start: about 800 points of height, in steps of a quarter, from 1 to 2. `height` in pixels.
    pub fn first_zoom(height: f32) -> f32 {
        ((height / 800.0 * 4.0).round() / 4.0).clamp(1.0, 2.0)
    }

    /// Pixels a point in a presented window of `height` pixels: no text is smaller than 18 pixels at 720 lines.
    pub fn presented_zoom(height: f32) -> f32 {
        (height / PRESENTED * ENLARGED).max(0.5)
    }

    /// Whether the pages are words; else they are one list.
    pub fn has_words_for_pages(&self) -> bool {
        self.window.width() >= 1000.0
    }
}

/// The most of a window's height that a lesson's sheet takes.
const SHEET: f32 = 0.4;

/// The least height for a lesson's panel beside the stage; below it, and in a narrow window, the lesson is a sheet.
const LEAST_PANEL: f32 = 400.0;

/// The height of a lesson's text below a presented stage.
const LINES: f32 = 70.0;

/// The place of a lesson in what is left of a window.
fn take_lesson(
    rest: &mut Rect,
    points: Vec2,
    (width, height): (Width, Height),
    has: BeatHas,
    is_shown: bool,
) -> (LessonForm, Rect) {
    if !is_shown && has == BeatHas::Text {
        return (LessonForm::Lines, take_bottom(rest, LINES));
    }
    let is_low = height.is_short() && points.y < LEAST_PANEL;
    match width.lesson().filter(|_| !is_low) {
        Some(wide) => {
            let (panel, left) = rest.split_left_right_at_x(rest.left() + wide);
            *rest = left;
            (LessonForm::Panel, panel)
        }
        None => (LessonForm::Sheet, take_bottom(rest, (SHEET * points.y).floor())),
    }
}

fn take_top(rest: &mut Rect, height: f32) -> Rect {
    let (taken, left) = rest.split_top_bottom_at_y((rest.top() + height).min(rest.bottom()));
    *rest = left;
    taken
}

fn take_bottom(rest: &mut Rect, height: f32) -> Rect {
    let (left, taken) = rest.split_top_bottom_at_y((rest.bottom() - height).max(rest.top()));
    *rest = left;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(depth: Depth) -> Wants {
        let (page, drawer) = (Page::Network, None);
        Wants {
            page,
            depth,
            notice: false,
            drawer,
            timeline: None,
            presenting: None,
            lesson: None,
            alone: None,
        }
    }

    #[test]
    fn the_classes_begin_where_the_design_says() {
        let width = |points| Width::from_points(points);
        assert_eq!([width(859.0), width(860.0)], [Width::Narrow, Width::Medium]);
        assert_eq!([width(1179.0), width(1180.0)], [Width::Medium, Width::Wide]);
        let height = |points| Height::from_points(points);
        assert_eq!([height(559.0), height(560.0)], [Height::Short, Height::Normal]);
        assert_eq!([height(679.0), height(680.0)], [Height::Normal, Height::Tall]);
    }

    #[test]
    fn the_strip_is_as_high_as_the_window_allows() {
        let strips = [
            ((1024.0, 768.0), 56.0),
            ((1280.0, 720.0), 56.0),
            ((1164.0, 655.0), 34.0),
            ((1024.0, 576.0), 34.0),
            ((683.0, 512.0), 0.0),
            ((853.0, 480.0), 0.0),
            ((512.0, 384.0), 0.0),
            ((640.0, 360.0), 0.0),
            ((960.0, 540.0), 0.0),
        ];
        for ((w, h), strip) in strips {
            let room = Room::new(vec2(w, h), &wants(Depth::Layer));
            assert_eq!(room.strip.map_or(0.0, |rect| rect.height()), strip, "{w} x {h}");
        }
    }

    #[test]
    fn at_1280_x_720_the_stage_has_what_the_regions_leave() {
        let layer = Room::new(vec2(1280.0, 720.0), &wants(Depth::Layer));
        assert_eq!(layer.stage, Rect::from_min_max(pos2(12.0, 132.0), pos2(1268.0, 642.0)));
        let cell = Room::new(vec2(1280.0, 720.0), &wants(Depth::Cell));
        assert_eq!(cell.stage, Rect::from_min_max(pos2(12.0, 132.0), pos2(1268.0, 608.0)));
        let open = Wants { drawer: Some(Drawer::Why), ..wants(Depth::Term) };
        let open = Room::new(vec2(1280.0, 720.0), &open);
        assert_eq!(open.stage.right(), 948.0);
        let whole = Room::new(vec2(1280.0, 720.0), &wants(Depth::Pass));
        assert_eq!((whole.strip, whole.stage.top()), (None, 76.0));
    }

    /// All windows of the acceptance matrix, with everything open that can be.
    fn matrix() -> impl Iterator<Item = (Vec2, Wants)> {
        let sizes = [(1024.0, 768.0), (1280.0, 720.0), (1366.0, 768.0), (1920.0, 1080.0)];
        let zooms = [1.0, 1.1, 1.25, 1.5, 2.0];
        let depths = [Depth::Pass, Depth::Layer, Depth::Map, Depth::Cell, Depth::Term];
        let opens = [(None, None), (Some(Drawer::Why), None), (Some(Drawer::Time), Some(133.0))];
        sizes.into_iter().flat_map(move |(w, h)| {
            zooms.into_iter().flat_map(move |zoom: f32| {
                depths.into_iter().flat_map(move |depth| {
                    let lessons = [None, Some(BeatHas::Text), Some(BeatHas::Question)];
                    opens.into_iter().flat_map(move |(drawer, timeline)| {
                        lessons.map(|lesson| {
                            let wants = Wants { drawer, timeline, lesson, ..wants(depth) };
                            (vec2(w / zoom, h / zoom), wants)
                        })
                    })
                })
            })
        })
    }

    #[test]
    fn no_stage_is_less_than_480_x_220_and_no_region_lies_on_another() {
        for (points, wants) in matrix() {
            let room = Room::new(points, &wants);
            let is_covered = room.drawer.is_some() && room.width == Width::Narrow;
            assert!(room.stage.width() >= LEAST_STAGE.x, "{points:?} {wants:?}: {:?}", room.stage);
            // 384 points of height less the bars of a short window leave a little less; a sheet takes two fifths.
            let is_sheet = matches!(room.lesson, Some((LessonForm::Sheet, _)));
            let least = match (points.y < 390.0, is_sheet) {
                (false, false) => LEAST_STAGE.y,
                (true, false) => 205.0,
                (false, true) => 160.0,
                (true, true) => 110.0,
            };
            assert!(room.stage.height() >= least, "{points:?} {wants:?}: {:?}", room.stage);
            if let Some((LessonForm::Sheet, sheet)) = room.lesson {
                assert!(sheet.height() <= 0.4 * points.y, "{points:?}: {sheet:?}");
            }
            let mut regions = vec![room.stage];
            regions.extend([room.top, room.strip, room.place, room.notice, room.title].into_iter().flatten());
            let below = [room.read_out, room.equation, room.legend, room.timeline, room.transport];
            regions.extend(below.into_iter().flatten());
            regions.extend(room.drawer.filter(|_| !is_covered).map(|(_, rect)| rect));
            regions.extend(room.lesson.map(|(_, rect)| rect));
            for (k, region) in regions.iter().enumerate() {
                assert!(room.window.contains_rect(*region), "{points:?} {wants:?}: {region:?}");
                for other in &regions[..k] {
                    let shared = region.intersect(*other);
                    assert!(
                        shared.width() <= 0.0 || shared.height() <= 0.0,
                        "{points:?}: {region:?} {other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn things_fold_in_their_order() {
        let open = Wants { drawer: Some(Drawer::Why), timeline: Some(133.0), ..wants(Depth::Layer) };
        let at = |h: f32| Room::new(vec2(1280.0, h), &open);
        assert!(at(720.0).timeline.is_some() && at(720.0).drawer.is_some());
        let low = at(480.0);
        assert!(low.timeline.is_none() && low.drawer.is_some(), "{low:?}");
        let narrow = Room::new(vec2(780.0, 720.0), &Wants { timeline: None, ..open });
        assert!(narrow.drawer.is_some_and(|(_, rect)| rect.width() > 700.0), "it takes the stage's place");
    }

    #[test]
    fn a_presented_stage_has_the_window_but_for_a_title() {
        let presented = |depth, beside| {
            let points = vec2(1280.0, 720.0) / Room::presented_zoom(720.0);
            Room::new(points, &Wants { presenting: Some(beside), ..wants(depth) })
        };
        let alone = presented(Depth::Layer, Presenting::default());
        assert_eq!((alone.top, alone.strip, alone.place, alone.transport), (None, None, None, None));
        assert_eq!((alone.read_out, alone.legend, alone.drawer), (None, None, None));
        assert!(alone.title.is_some() && alone.stage.height() * Room::presented_zoom(720.0) > 650.0);
        assert!(presented(Depth::Term, Presenting::default()).equation.is_some());
        let beside = presented(Depth::Layer, Presenting { transport: true, strip: true });
        assert!(beside.transport.is_some() && beside.strip.is_some());
        assert!((13.0 * Room::presented_zoom(720.0) - 18.0).abs() < 1e-3);
        assert!((13.0 * Room::presented_zoom(1080.0) - 27.0).abs() < 1e-3);
    }

    #[test]
    fn a_lesson_has_its_panel_beside_the_stage_or_a_sheet_below_it() {
        let lesson = |points, presenting| {
            let wants = Wants { lesson: Some(BeatHas::Question), presenting, ..wants(Depth::Layer) };
            Room::new(points, &wants)
        };
        let wide = lesson(vec2(1280.0, 720.0), None);
        let panel = Rect::from_min_max(pos2(0.0, 96.0), pos2(372.0, 720.0));
        assert_eq!(wide.lesson, Some((LessonForm::Panel, panel)));
        assert_eq!(wide.transport.map(|rect| rect.left()), Some(372.0));
        let medium = lesson(vec2(1024.0, 768.0), None);
        assert_eq!(medium.lesson.map(|(form, rect)| (form, rect.width())), Some((LessonForm::Panel, 340.0)));
        let open = Wants { lesson: Some(BeatHas::Text), drawer: Some(Drawer::Why), ..wants(Depth::Layer) };
        assert!(Room::new(vec2(1024.0, 768.0), &open).drawer.is_none(), "the inspector gives way");
        assert!(Room::new(vec2(1366.0, 768.0), &open).drawer.is_some(), "there is room for both");
        for points in [vec2(853.0, 480.0), vec2(640.0, 360.0), vec2(512.0, 384.0)] {
            assert!(matches!(lesson(points, None).lesson, Some((LessonForm::Sheet, _))), "{points:?}");
        }
        let presented = vec2(1280.0, 720.0) / Room::presented_zoom(720.0);
        let asked = lesson(presented, Some(Presenting::default()));
        assert!(matches!(asked.lesson, Some((LessonForm::Panel, _))), "{asked:?}");
        let told = Wants {
            lesson: Some(BeatHas::Text),
            presenting: Some(Presenting::default()),
            ..wants(Depth::Layer)
        };
        let told = Room::new(presented, &told);
        assert!(matches!(told.lesson, Some((LessonForm::Lines, _))), "{told:?}");
    }

    #[test]
    fn a_first_start_has_some_800_points_of_height() {
        let zooms = [720.0, 768.0, 1080.0, 1200.0, 1440.0, 2160.0].map(Room::first_zoom);
        assert_eq!(zooms, [1.0, 1.0, 1.25, 1.5, 1.75, 2.0]);
    }
}

//! The look of the program: every colour that is not data, the text sizes and the distances.
//!
//! Two themes, light and dark, with the same roles. Colours of data are in [`super::colormap`].

use std::collections::BTreeMap;

use crate::trace::Pass;
use egui::style::{HandleShape, ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Ui, Vec2,
    Visuals,
};

use super::fonts;

/// Distances between things, in points; multiples of four.
pub mod space {
    /// Between parts of one thing.
    pub const XS: f32 = 4.0;
    /// Between neighbours.
    pub const S: f32 = 8.0;
    /// Inside a panel, from its edge.
    pub const M: f32 = 12.0;
    /// Between groups.
    pub const L: f32 = 16.0;
    /// Between sections.
    pub const XL: f32 = 24.0;
    /// The corner radius of buttons, fields and cards.
    pub const RADIUS: u8 = 5;
}

/// Text sizes in points, chosen to be read from a projector.
pub mod text_size {
    /// Marks and captions; nothing that must be read is smaller.
    pub const SMALL: f32 = 13.0;
    /// Running text, buttons, fields.
    pub const BODY: f32 = 15.0;
    /// Formulas and addresses.
    pub const MONO: f32 = 14.0;
    /// The number of a map, above it.
    pub const MAP: f32 = 14.0;
    /// The sentence of the inspector, panel titles.
    pub const TITLE: f32 = 18.0;
    /// Page headings.
    pub const HEADING: f32 = 24.0;
    /// A question, an equation.
    pub const EQUATION: f32 = 20.0;
    /// What the network answers.
    pub const ANSWER: f32 = 30.0;
    /// The first sentence of Home.
    pub const FIRST: f32 = 32.0;
    /// The title of a part of a close-up.
    pub const PART: f32 = 18.0;
    /// Points of a presented window for so many pixels of a window 720 pixels high.
    pub const fn presented(pixels: f32) -> f32 {
        pixels * SMALL / 18.0
    }
    /// An equation that is presented.
    pub const EQUATION_PRESENTED: f32 = presented(34.0);
    /// An equation, presented or not.
    pub const fn equation(presenting: bool) -> f32 {
        if presenting { EQUATION_PRESENTED } else { EQUATION }
    }
    /// The title of what is presented, and what stands after it.
    pub const TITLE_PRESENTED: [f32; 2] = [presented(28.0), presented(22.0)];
    /// The least and the largest number in the cells of a close-up.
    pub const CELL: [f32; 2] = [13.0, 24.0];
    /// The smallest size at which a number is drawn into a cell.
    pub const CELL_MIN: f32 = 13.0;
    /// The largest size at which a number is drawn into a cell.
    pub const CELL_MAX: f32 = 17.0;
}

/// The colours and the sign of one pass of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassColors {
    /// For words, lines and outlines on the program's grounds.
    pub strong: Color32,
    /// For filled bars (text on it: [`PassColors::on_fill`]).
    pub fill: Color32,
    /// Text on [`PassColors::fill`].
    pub on_fill: Color32,
    /// For the ground of a region that belongs to the pass.
    pub soft: Color32,
    /// The sign that tells the pass without colour.
    pub glyph: char,
}

/// Every colour of the program, by role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Light on dark.
    pub dark: bool,

    /// Behind the close-up: the lowest ground.
    pub ground: Color32,
    /// Panels beside the close-up.
    pub panel: Color32,
    /// Cards, menus and windows above a panel.
    pub raised: Color32,
    /// Text fields, slider rails.
    pub field: Color32,
    /// Button at rest.
    pub button: Color32,
    /// Button under the pointer.
    pub button_hover: Color32,
    /// Button held down.
    pub button_down: Color32,
    /// Separators, frames of panels and cards.
    pub line: Color32,
    /// Frames that must be noticed: fields, planes.
    pub line_strong: Color32,

    /// Words.
    pub text: Color32,
    /// Words that matter less.
    pub text_weak: Color32,
    /// Headings and numbers in focus.
    pub text_strong: Color32,
    /// What can be pressed and what is chosen; keyboard focus.
    pub accent: Color32,
    /// The background of what is chosen.
    pub accent_soft: Color32,
    /// Text on [`Theme::accent`].
    pub on_accent: Color32,

    /// Something succeeded.
    pub good: Color32,
    /// Something deserves a look.
    pub warn: Color32,
    /// Something failed; a breakpoint.
    pub bad: Color32,

    /// The four passes; see [`Theme::pass`].
    passes: [PassColors; 4],

    /// The cell that is being computed.
    pub cursor: Color32,
    /// The cell that was chosen.
    pub selection: Color32,
    /// The cell under the pointer.
    pub hover: Color32,
    /// What a cell reads: its window, its receptive field.
    pub reads: Color32,
    /// What reads a cell.
    pub readers: Color32,
    /// What a lesson points at.
    pub point: Color32,
    /// Curves beside one another (Okabe and Ito's colours, by darkness).
    pub series: [Color32; 8],
    /// The thin seam around an outline, so that it is seen on any colour.
    pub halo: Color32,

    /// The background of a cell that has not been computed.
    pub hatch_ground: Color32,
    /// The lines on it.
    pub hatch_line: Color32,
    /// The background of a padding cell.
    pub padding_ground: Color32,
    /// The marks on it.
    pub padding_line: Color32,
    /// A stale cell's colour is drawn towards this one.
    pub stale_tint: Color32,
    /// The share of [`Theme::stale_tint`] in a stale cell, 0 to 1.
    pub stale_amount: f32,
    /// The lines on a stale cell.
    pub stale_line: Color32,
    /// The lines between cells; translucent.
    pub cell_line: Color32,
    /// The line around a plane.
    pub plane_frame: Color32,
    /// Dark ink for numbers on light cells.
    pub ink_dark: Color32,
    /// Light ink for numbers on dark cells.
    pub ink_light: Color32,
    /// NaN and infinity: no data colour comes near it.
    pub not_finite: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// NaN and infinity, in both themes.
pub const NOT_FINITE: Color32 = rgb(0xff00d4);

/// Dark on light: for projectors and bright rooms.
pub static LIGHT: Theme = Theme {
    dark: false,
    ground: rgb(0xfbfcfd),
    panel: rgb(0xf3f5f8),
    raised: rgb(0xffffff),
    field: rgb(0xffffff),
    button: rgb(0xe6eaf0),
    button_hover: rgb(0xdbe1ea),
    button_down: rgb(0xccd5e2),
    line: rgb(0xd9dee6),
    line_strong: rgb(0xaeb8c6),
    text: rgb(0x263241),
    text_weak: rgb(0x5a6778),
    text_strong: rgb(0x0e1621),
    accent: rgb(0x1f5fbf),
    accent_soft: rgb(0xd7e5fa),
    on_accent: rgb(0xffffff),
    good: rgb(0x17743f),
    warn: rgb(0x935400),
    bad: rgb(0xba1a2b),
    passes: [
        PassColors {
            strong: rgb(0x1f5fbf),
            fill: rgb(0x8db8f2),
            on_fill: rgb(0x0b2347),
            soft: rgb(0xe6effc),
            glyph: '→',
        },
        PassColors {
            strong: rgb(0x7a3ab8),
            fill: rgb(0xc9a4ec),
            on_fill: rgb(0x2c0f49),
            soft: rgb(0xf3eafb),
            glyph: '◆',
        },
        PassColors {
            strong: rgb(0xa84a00),
            fill: rgb(0xf5b272),
            on_fill: rgb(0x421c00),
            soft: rgb(0xfdeddc),
            glyph: '←',
        },
        PassColors {
            strong: rgb(0x1c7340),
            fill: rgb(0x86cf9f),
            on_fill: rgb(0x06301a),
            soft: rgb(0xe2f4e8),
            glyph: 'Δ',
        },
    ],
    cursor: rgb(0x0e1621),
    selection: rgb(0x1f5fbf),
    hover: rgb(0x4b5a6e),
    reads: rgb(0x00756a),
    readers: rgb(0xb3195f),
    point: rgb(0xf2a900),
    series: [
        rgb(0x0072b2),
        rgb(0xd55e00),
        rgb(0x00805e),
        rgb(0xa8508a),
        rgb(0x8a6d00),
        rgb(0x2e8fc9),
        rgb(0x5b4fa2),
        rgb(0x5a5a5a),
    ],
    halo: Color32::from_rgba_premultiplied(230, 230, 230, 230),
    hatch_ground: rgb(0xeef1f5),
    hatch_line: rgb(0xc3ccd8),
    padding_ground: rgb(0xf5f6f8),
    padding_line: rgb(0xc9d0da),
    stale_tint: rgb(0xc9c4ba),
    stale_amount: 0.5,
    stale_line: Color32::from_rgba_premultiplied(40, 36, 28, 70),
    cell_line: Color32::from_rgba_premultiplied(14, 18, 24, 56),
    plane_frame: rgb(0x8b97a7),
    ink_dark: rgb(0x10151c),
    ink_light: rgb(0xffffff),
    not_finite: NOT_FINITE,
};

/// Light on dark: for screens in dim rooms.
pub static DARK: Theme = Theme {
    dark: true,
    ground: rgb(0x12161c),
    panel: rgb(0x191e26),
    raised: rgb(0x212833),
    field: rgb(0x0e1217),
    button: rgb(0x2a323f),
    button_hover: rgb(0x354051),
    button_down: rgb(0x435167),
    line: rgb(0x2c3542),
    line_strong: rgb(0x4d5a6c),
    text: rgb(0xd6dde6),
    text_weak: rgb(0x98a5b5),
    text_strong: rgb(0xf6f9fc),
    accent: rgb(0x6aa8ff),
    accent_soft: rgb(0x1d3a63),
    on_accent: rgb(0x071528),
    good: rgb(0x5fce8d),
    warn: rgb(0xf2b34f),
    bad: rgb(0xff7a80),
    passes: [
        PassColors {
            strong: rgb(0x7db4ff),
            fill: rgb(0x2f66b3),
            on_fill: rgb(0xf0f6ff),
            soft: rgb(0x182740),
            glyph: '→',
        },
        PassColors {
            strong: rgb(0xc99bf5),
            fill: rgb(0x7a49ab),
            on_fill: rgb(0xfaf3ff),
            soft: rgb(0x2a1e3b),
            glyph: '◆',
        },
        PassColors {
            strong: rgb(0xf7a45a),
            fill: rgb(0xa0550f),
            on_fill: rgb(0xfff5ea),
            soft: rgb(0x382410),
            glyph: '←',
        },
        PassColors {
            strong: rgb(0x6fd195),
            fill: rgb(0x25733f),
            on_fill: rgb(0xeffff4),
            soft: rgb(0x132e1f),
            glyph: 'Δ',
        },
    ],
    cursor: rgb(0xffffff),
    selection: rgb(0x8cc0ff),
    hover: rgb(0xaebccd),
    reads: rgb(0x3fe0cb),
    readers: rgb(0xff86b8),
    point: rgb(0xffd04a),
    series: [
        rgb(0x56b4e9),
        rgb(0xe69f00),
        rgb(0x2fc49b),
        rgb(0xe39bc8),
        rgb(0xf0e442),
        rgb(0x8ea8ff),
        rgb(0xff8f6b),
        rgb(0xb0b8c2),
    ],
    halo: Color32::from_rgba_premultiplied(6, 8, 10, 220),
    hatch_ground: rgb(0x1c222b),
    hatch_line: rgb(0x3c4756),
    padding_ground: rgb(0x161b22),
    padding_line: rgb(0x3a4452),
    stale_tint: rgb(0x4a463f),
    stale_amount: 0.55,
    stale_line: Color32::from_rgba_premultiplied(66, 62, 54, 80),
    cell_line: Color32::from_rgba_premultiplied(0, 0, 0, 110),
    plane_frame: rgb(0x4d5a6c),
    ink_dark: rgb(0x0b0f14),
    ink_light: rgb(0xf7fafc),
    not_finite: NOT_FINITE,
};

impl Theme {
    /// The light theme.
    pub fn light() -> &'static Self {
        &LIGHT
    }

    /// The dark theme.
    pub fn dark() -> &'static Self {
        &DARK
    }

    /// The theme that `ui` is drawn in.
    pub fn from_ui(ui: &Ui) -> &'static Self {
        Self::by_darkness(ui.visuals().dark_mode)
    }

    /// The dark or the light theme.
    pub fn by_darkness(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// The colours of a pass: forward blue →, loss purple ◆, backward orange ←, update green Δ.
    pub fn pass(&self, pass: Pass) -> &PassColors {
        match pass {
            Pass::Fwd => &self.passes[0],
            Pass::Loss => &self.passes[1],
            Pass::Bwd => &self.passes[2],
            Pass::Update => &self.passes[3],
        }
    }

    /// Installs the fonts and both styles and shows this theme.
    ///
    /// To let the user's choice stand, call [`install`] once instead.
    pub fn apply(&self, ctx: &Context) {
        install(ctx);
        ctx.set_theme(egui::Theme::from_dark_mode(self.dark));
    }

    /// A colour of marks and lines as ink: nearer to that of text, as far as it takes to be read on the ground.
    pub fn ink_of(&self, color: Color32) -> Color32 {
        /// Contrast of words.
        const LEAST: f32 = 4.5;
        let grounds = [self.ground, self.panel];
        let is_read =
            |ink: &Color32| grounds.iter().all(|&ground| super::oklab::contrast_ratio(*ink, ground) >= LEAST);
        let inks = (0..=20).map(|k| color.lerp_to_gamma(self.text, k as f32 / 20.0));
        inks.into_iter().find(is_read).unwrap_or(self.text)
    }

    /// The better readable of the two inks on `cell`.
    pub fn ink_on(&self, cell: Color32) -> Color32 {
        let dark = super::oklab::contrast_ratio(self.ink_dark, cell);
        let light = super::oklab::contrast_ratio(self.ink_light, cell);
        if dark >= light { self.ink_dark } else { self.ink_light }
    }

    /// This theme as an egui style.
    pub fn style(&self) -> Style {
        let mut style = Style { visuals: self.visuals(), text_styles: text_styles(), ..Style::default() };
        style.drag_value_text_style = TextStyle::Monospace;
        style.animation_time = ANIMATION;
        style.explanation_tooltips = true;

        let spacing = &mut style.spacing;
        spacing.item_spacing = Vec2::new(space::S, 6.0);
        spacing.button_padding = Vec2::new(10.0, 5.0);
        spacing.interact_size = Vec2::new(36.0, 28.0);
        spacing.window_margin = Margin::same(space::M as i8);
        spacing.menu_margin = Margin::same(6);
        spacing.indent = space::L;
        spacing.slider_width = 140.0;
        spacing.slider_rail_height = 4.0;
        spacing.combo_width = 80.0;
        spacing.icon_width = 17.0;
        spacing.icon_width_inner = 9.0;
        spacing.icon_spacing = 6.0;
        spacing.tooltip_width = 420.0;
        spacing.scroll = ScrollStyle { bar_width: 9.0, ..ScrollStyle::thin() };

        style.interaction.tooltip_delay = 0.4;
        style.interaction.selectable_labels = false;
        style
    }

    fn visuals(&self) -> Visuals {
        let radius = CornerRadius::same(space::RADIUS);
        let widget = |fill: Color32, frame: Color32, text: Color32, text_width: f32| WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(1.0, frame),
            corner_radius: radius,
            fg_stroke: Stroke::new(text_width, text),
            expansion: 0.0,
        };
        let shadow = |offset: i8, blur: u8| Shadow {
            offset: [0, offset],
            blur,
            spread: 0,
            color: Color32::from_black_alpha(if self.dark { 120 } else { 36 }),
        };
        let edge = super::oklab::mix(self.line, self.line_strong, 0.4);
        let base = if self.dark { Visuals::dark() } else { Visuals::light() };
        let mut visuals = Visuals {
            dark_mode: self.dark,
            weak_text_color: Some(self.text_weak),
            widgets: Widgets {
                noninteractive: widget(self.panel, self.line, self.text, 1.0),
                // A field has this edge at rest, so it must be seen on a panel.
                inactive: widget(self.button, edge, self.text, 1.2),
                hovered: widget(self.button_hover, self.line_strong, self.text_strong, 1.4),
                active: widget(self.button_down, self.accent, self.text_strong, 1.6),
                open: widget(self.button_hover, self.line_strong, self.text_strong, 1.2),
            },
            selection: Selection {
                bg_fill: self.accent_soft,
                stroke: Stroke::new(1.5, if self.dark { self.text_strong } else { self.accent }),
            },
            hyperlink_color: self.accent,
            faint_bg_color: super::oklab::mix(self.panel, self.text, 0.035),
            extreme_bg_color: self.field,
            text_edit_bg_color: Some(self.field),
            code_bg_color: super::oklab::mix(self.panel, self.text, 0.07),
            warn_fg_color: self.warn,
            error_fg_color: self.bad,
            window_corner_radius: CornerRadius::same(8),
            window_shadow: shadow(8, 28),
            window_fill: self.raised,
            window_stroke: Stroke::new(1.0, self.line),
            menu_corner_radius: CornerRadius::same(7),
            panel_fill: self.panel,
            popup_shadow: shadow(4, 14),
            slider_trailing_fill: true,
            handle_shape: HandleShape::Circle,
            striped: false,
            indent_has_left_vline: false,
            ..base
        };
        visuals.text_cursor.stroke = Stroke::new(2.0, self.accent);
        visuals.text_cursor.blink = false;
        visuals
    }
}

/// Whether menus, tooltips and scrolling come at once, with no motion.
pub fn set_still(ctx: &Context, still: bool) {
    ctx.all_styles_mut(|style| {
        style.animation_time = if still { 0.0 } else { ANIMATION };
        style.scroll_animation = if still {
            egui::style::ScrollAnimation::none()
        } else {
            egui::style::ScrollAnimation::default()
        };
    });
}

/// Seconds that a menu takes to come.
const ANIMATION: f32 = 0.1;

/// Gives the window our fonts and both styles, before its first frame; which style shows stays the
/// user's choice.
pub fn install(ctx: &Context) {
    fonts::install(ctx);
    ctx.set_style_of(egui::Theme::Light, LIGHT.style());
    ctx.set_style_of(egui::Theme::Dark, DARK.style());
}

/// Text of body size.
pub fn body_font() -> FontId {
    FontId::new(text_size::BODY, FontFamily::Proportional)
}

/// Half-bold text of body size.
pub fn strong_font() -> FontId {
    FontId::new(text_size::BODY, fonts::strong())
}

/// Half-bold text of title size.
pub fn title_font() -> FontId {
    FontId::new(text_size::TITLE, fonts::strong())
}

/// Small text for captions and marks.
pub fn small_font() -> FontId {
    FontId::new(text_size::SMALL, FontFamily::Proportional)
}

/// Fixed-width text for formulas and addresses.
pub fn mono_font() -> FontId {
    FontId::new(text_size::MONO, FontFamily::Monospace)
}

fn text_styles() -> BTreeMap<TextStyle, FontId> {
    [
        (TextStyle::Small, small_font()),
        (TextStyle::Body, FontId::new(text_size::BODY, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(text_size::BODY, FontFamily::Proportional)),
        (TextStyle::Monospace, mono_font()),
        (TextStyle::Heading, FontId::new(text_size::HEADING, fonts::strong())),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use super::super::oklab::contrast_ratio;
    use super::*;

    const PASSES: [Pass; 4] = [Pass::Fwd, Pass::Loss, Pass::Bwd, Pass::Update];

    #[test]
    fn words_are_readable_on_every_ground() {
        for theme in [&LIGHT, &DARK] {
            for ground in [theme.ground, theme.panel, theme.raised, theme.field, theme.button] {
                assert!(contrast_ratio(theme.text, ground) >= 7.0, "text on {ground:?}");
                assert!(contrast_ratio(theme.text_weak, ground) >= 4.5, "weak text on {ground:?}");
            }
            for ground in [theme.ground, theme.panel, theme.raised] {
                for color in [theme.accent, theme.good, theme.warn, theme.bad] {
                    assert!(contrast_ratio(color, ground) >= 4.5, "{color:?} on {ground:?}");
                }
                for pass in PASSES {
                    assert!(contrast_ratio(theme.pass(pass).strong, ground) >= 4.5, "{pass:?}");
                }
            }
            for color in theme.series {
                assert!(contrast_ratio(theme.ink_of(color), theme.ground) >= 4.5, "{color:?}");
            }
            assert!(contrast_ratio(theme.on_accent, theme.accent) >= 4.5);
            for pass in PASSES {
                let colors = theme.pass(pass);
                assert!(contrast_ratio(colors.on_fill, colors.fill) >= 4.5, "{pass:?}");
                assert!(contrast_ratio(theme.text, colors.soft) >= 7.0, "{pass:?}");
                assert!(contrast_ratio(colors.strong, colors.soft) >= 4.5, "{pass:?}");
            }
        }
    }

    #[test]
    fn passes_differ_by_sign() {
        let mut signs = PASSES.map(|pass| LIGHT.pass(pass).glyph).to_vec();
        assert_eq!(signs, PASSES.map(|pass| DARK.pass(pass).glyph));
        signs.sort_unstable();
        signs.dedup();
        assert_eq!(signs.len(), 4);
    }

    #[test]
    fn text_is_big_enough_for_a_projector() {
        const { assert!(text_size::BODY >= 15.0 && text_size::SMALL >= 13.0) };
    }

    #[test]
    fn the_theme_follows_the_context() {
        for theme in [&LIGHT, &DARK] {
            let ctx = Context::default();
            theme.apply(&ctx);
            let mut seen = None;
            ctx.run_ui(egui::RawInput::default(), |ui| seen = Some(Theme::from_ui(ui).dark))
                .drop_without_applying_deltas();
            assert_eq!(seen, Some(theme.dark));
        }
    }
}

//! The plane widget: how it is drawn, pointed at and read out.

use std::cell::{Cell, RefCell};

use egui::{Color32, Event, Frame, PointerButton, Pos2, Ui, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use image::RgbaImage;

use super::*;
use crate::trace::Pass;
use crate::ui::colormap::{ValueRange, legend_ui};
use crate::ui::raster::{FrameSetup, render_frame};
use crate::ui::theme;

/// A smooth signed pattern.
fn wave(i: usize, j: usize) -> f32 {
    let (y, x) = (i as f32 * 0.7, j as f32 * 0.9);
    (y.sin() * (x * 0.8).cos() + 0.3 * (x * y * 0.2).sin()) * 0.9
}

fn at(picture: &RgbaImage, pos: Pos2) -> Color32 {
    let [r, g, b, _] = picture.get_pixel(pos.x as u32, pos.y as u32).0;
    Color32::from_rgb(r, g, b)
}

/// Draws one plane in a bare ui and answers with the picture and where the cells are.
fn drawn(setup: &FrameSetup, show: impl Fn(&mut Ui) -> GridResponse) -> (RgbaImage, GridResponse) {
    let answer = RefCell::new(None);
    let picture = render_frame(setup, |ui| {
        *answer.borrow_mut() = Some(show(ui));
    });
    (picture, answer.into_inner().unwrap())
}

#[test]
fn pixels_are_the_mapping() {
    for dark in [false, true] {
        let mapping = Mapping::fit_signed((0..20).map(|k| wave(k / 5, k % 5)), dark);
        let cells = |i, j| CellView::current(wave(i, j));
        let setup = FrameSetup { dark, ..FrameSetup::new(120, 100) };
        let (picture, answer) =
            drawn(&setup, |ui| Grid::new("p", 4, 5, mapping, &cells).cell_points(20.0).show_ui(ui));
        for i in 0..4 {
            for j in 0..5 {
                let center = answer.screen_from_grid.cell_rect(i, j).center();
                assert_eq!(at(&picture, center), mapping.color(wave(i as usize, j as usize)), "{i} {j}");
            }
        }
    }
}

#[test]
fn each_state_looks_its_own() {
    let mapping = Mapping::fit_positive([0.0, 1.0], false);
    let states = [CellState::NotYet, CellState::Partial, CellState::Current, CellState::Stale];
    let cells = |_, j: usize| CellView { value: 0.8, state: states[j] };
    let (picture, answer) = drawn(&FrameSetup::new(140, 50), |ui| {
        Grid::new("p", 1, 4, mapping, &cells).cell_points(32.0).numbers(false).show_ui(ui)
    });
    let drawn: Vec<Vec<Color32>> = (0..4)
        .map(|j| {
            let rect = answer.screen_from_grid.cell_rect(0, j);
            (0..30).map(|k| at(&picture, rect.min + vec2(k as f32, k as f32))).collect()
        })
        .collect();
    for a in 0..4 {
        for b in 0..a {
            assert_ne!(drawn[a], drawn[b], "{:?} and {:?}", states[a], states[b]);
        }
    }
    assert!(drawn[2][2..].iter().all(|&c| c == mapping.color(0.8)));
    assert!(!drawn[0].contains(&mapping.color(0.8)), "no color before there is a value");
}

#[test]
fn numbers_come_with_size() {
    let mapping = Mapping::fit_signed([1.0], false);
    let cells = |_, _| CellView::current(-0.123_456_7);
    let inked = |cell_points: f32| {
        let (picture, answer) = drawn(&FrameSetup::new(140, 140), |ui| {
            Grid::new("p", 1, 1, mapping, &cells).cell_points(cell_points).show_ui(ui)
        });
        let inside = answer.screen_from_grid.cell_rect(0, 0).shrink(2.0);
        let ground = mapping.color(-0.123_456_7).to_array();
        let pixels =
            picture.enumerate_pixels().filter(|(x, y, _)| inside.contains(pos2(*x as f32, *y as f32)));
        pixels.filter(|(_, _, p)| p.0 != ground).count()
    };
    assert_eq!(inked(20.0), 0);
    assert!(inked(36.0) > 5);
    assert!(inked(120.0) > inked(36.0));
}

#[test]
fn textures_are_uploaded_once_per_revision() {
    let mapping = Mapping::fit_signed([1.0], false);
    let asked = Cell::new(0);
    let cells = |i, j| {
        asked.set(asked.get() + 1);
        CellView::current(wave(i, j))
    };
    let ctx = egui::Context::default();
    let uploads = |revision: u64| {
        asked.set(0);
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            Grid::new("p", 30, 30, mapping, &cells).revision(revision).cell_points(8.0).show_ui(ui);
        });
        let planes = output.textures_delta.set.keys().filter(|id| **id != egui::TextureId::default());
        let planes = planes.count();
        output.textures_delta.clear();
        (planes, asked.get())
    };
    assert_eq!(uploads(1), (1, 900));
    assert_eq!(uploads(1), (0, 0));
    assert_eq!(uploads(2), (1, 900));
    assert_eq!(uploads(2), (0, 0));
}

#[test]
fn sizes_from_one_cell_to_a_long_strip() {
    let mapping = Mapping::fit_signed([1.0], false);
    let cells = |i, j| CellView::current(wave(i, j));
    for (rows, cols, cell) in
        [(0, 0, 10.0), (1, 1, 1.0), (224, 224, 0.3), (1, 25_088, 4.0), (25_088, 1, 0.01), (3, 3, 300.0)]
    {
        let (picture, answer) = drawn(&FrameSetup::new(200, 200), |ui| {
            Grid::new("p", rows, cols, mapping, &cells).cell_points(cell).padding(1).show_ui(ui)
        });
        assert_eq!(picture.dimensions(), (200, 200));
        assert!(answer.response.rect.is_finite());
    }
}

#[test]
fn the_pointer_finds_cells_and_padding() {
    let mapping = Mapping::fit_signed([1.0], false);
    let cells = |i, j| CellView::current(wave(i, j));
    let show = |ui: &mut Ui| Grid::new("p", 3, 4, mapping, &cells).cell_points(20.0).padding(1).show_ui(ui);
    let grid = drawn(&FrameSetup::new(200, 200), show).1.screen_from_grid;

    let hover = |i, j| {
        let pos = grid.cell_rect(i, j).center();
        let setup = FrameSetup { events: vec![Event::PointerMoved(pos)], ..FrameSetup::new(200, 200) };
        let answer = drawn(&setup, show).1;
        (answer.hovered, answer.hovered_padding)
    };
    assert_eq!(hover(2, 3), (Some((2, 3)), None));
    assert_eq!(hover(-1, 4), (None, Some((-1, 4))));
    assert_eq!(hover(5, 5), (None, None));

    let clicked = RefCell::new(Vec::new());
    let pos = grid.cell_rect(1, 2).center();
    let button = |pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Default::default(),
    };
    let setup = FrameSetup {
        events: vec![Event::PointerMoved(pos), button(true), button(false)],
        ..FrameSetup::new(200, 200)
    };
    let focused = Cell::new(false);
    render_frame(&setup, |ui| {
        let plane = show(ui);
        clicked.borrow_mut().extend(plane.clicked);
        focused.set(focused.get() || plane.response.has_focus());
    });
    assert_eq!(clicked.into_inner(), [(1, 2)]);
    assert!(!focused.get(), "after a click the arrow keys still step the program");
}

#[test]
fn tab_focuses_a_plane() {
    let mapping = Mapping::fit_signed([1.0], false);
    let cells = |i, j| CellView::current(wave(i, j));
    let mut harness = Harness::new_ui_state(
        |ui, focused: &mut bool| {
            *focused = Grid::new("p", 3, 4, mapping, &cells).show_ui(ui).response.has_focus();
        },
        false,
    );
    harness.run();
    harness.key_press(Key::Tab);
    harness.run();
    assert!(*harness.state());
}

#[test]
fn keys_move_the_selection_and_the_label_follows() {
    let mapping = Mapping::fit_signed([1.0], false);
    let cells = |i, j| CellView::current(wave(i, j));
    let mut harness = Harness::new_ui_state(
        |ui, selected: &mut Option<(usize, usize)>| {
            let label = |cell: Option<(usize, usize)>| match cell {
                Some((i, j)) => format!("conv1 output, row {i}, column {j}"),
                None => "conv1 output".to_owned(),
            };
            let plane = Grid::new("p", 3, 4, mapping, &cells).selected(*selected).label(&label).show_ui(ui);
            *selected = plane.moved_to.or(*selected);
        },
        None,
    );
    harness.run();
    harness.get_by_label("conv1 output").focus();
    harness.run();
    for (key, expected) in [
        (Key::ArrowRight, (0, 0)),
        (Key::ArrowRight, (0, 1)),
        (Key::ArrowDown, (1, 1)),
        (Key::End, (1, 3)),
        (Key::ArrowRight, (1, 3)),
        (Key::ArrowUp, (0, 3)),
        (Key::ArrowUp, (0, 3)),
        (Key::Home, (0, 0)),
    ] {
        harness.key_press(key);
        harness.run();
        assert_eq!(*harness.state(), Some(expected), "{key:?}");
        harness.get_by_label(&format!("conv1 output, row {}, column {}", expected.0, expected.1));
    }
}

/// Everything that this module draws, on one page. With `CONVSTEP_GALLERY` set to a folder, the pages are written
/// there for a person to see.
#[test]
fn the_gallery_is_drawn_in_both_themes_and_on_a_fine_screen() {
    for (dark, pixels_per_point) in [(false, 1.0), (true, 1.0), (false, 2.0)] {
        let size = [1280, 860].map(|side| (side as f32 * pixels_per_point) as u32);
        let setup = FrameSetup { dark, pixels_per_point, ..FrameSetup::new(size[0], size[1]) };
        let picture = render_frame(&setup, gallery_ui);
        // A third of the page is its ground; the planes have a colormap's worth of colours on it.
        let ground = Theme::by_darkness(dark).ground.to_array();
        let colours: std::collections::HashSet<_> = picture.pixels().map(|pixel| pixel.0).collect();
        let bare = picture.pixels().filter(|pixel| pixel.0 == ground).count();
        assert!(colours.len() > 256, "{} colours, dark: {dark}", colours.len());
        assert!(bare * 10 > picture.pixels().len(), "{bare} pixels of the ground, dark: {dark}");
        if let Some(folder) = std::env::var_os("CONVSTEP_GALLERY") {
            let name = format!("gallery-{}-{pixels_per_point}.png", if dark { "dark" } else { "light" });
            picture.save(std::path::Path::new(&folder).join(name)).unwrap();
        }
    }
}

fn gallery_ui(ui: &mut Ui) {
    let theme = Theme::from_ui(ui);
    let dark = theme.dark;
    egui::Panel::left("side").exact_size(300.0).show(ui, widgets_ui);
    egui::CentralPanel::default().frame(Frame::new().fill(theme.ground).inner_margin(16.0)).show(ui, |ui| {
        let signed = Mapping::fit_signed([-1.0, 1.0], dark);
        let positive = Mapping::fit_positive([0.0, 1.0], dark);
        let gray = Mapping::gray(0.0, 1.0, dark);
        let rgb = Mapping::rgb(0.0, 1.0, dark);
        ui.label(egui::RichText::new("Close-up").font(theme::title_font()));
        ui.horizontal_top(|ui| {
            let cells = |i, j| CellView {
                value: wave(i, j),
                state: match i * 6 + j {
                    k if k < 20 => CellState::Current,
                    20 => CellState::Partial,
                    _ => CellState::NotYet,
                },
            };
            let overlays = [Overlay::cursor(theme, 3, 2)];
            Grid::new("a", 6, 6, signed, &cells).cell_points(38.0).overlays(&overlays).show_ui(ui);
            ui.add_space(16.0);
            let cells = |i, j| CellView::current(wave(i + 3, j + 1).max(0.0));
            let overlays = [
                Overlay::tint(CellSpan::new(0, 0, 3, 3), theme.reads.gamma_multiply(0.15)),
                Overlay::reads(theme, CellSpan::new(-1, -1, 3, 3)).with_label("3 × 3"),
                Overlay::readers(theme, CellSpan::new(2, 3, 2, 3)),
                Overlay::dot(3, 1, theme.cursor),
                Overlay::cross(4, 4, theme.bad),
            ];
            Grid::new("b", 5, 6, positive, &cells)
                .cell_points(34.0)
                .padding(1)
                .overlays(&overlays)
                .selected(Some((4, 0)))
                .show_ui(ui);
            ui.add_space(16.0);
            let cells = |i, j| CellView::current(wave(3 * i + 1, 2 * j + 1));
            Grid::new("c", 3, 3, signed, &cells).cell_points(58.0).show_ui(ui);
        });
        ui.add_space(8.0);
        ui.horizontal_top(|ui| {
            let odd = [0.0, -0.0, 1e-6, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 123_456.0, 1.0, -1.0];
            let cells = |_, j| CellView::current(odd[j]);
            Grid::new("d", 1, 9, signed, &cells).cell_points(38.0).show_ui(ui);
            Grid::new("d2", 1, 9, signed, &cells).cell_points(20.0).show_ui(ui);
            let cells = |_, j| CellView { value: odd[j], state: CellState::Stale };
            Grid::new("e", 1, 9, signed, &cells).cell_points(20.0).show_ui(ui);
        });
        ui.add_space(8.0);
        ui.horizontal_top(|ui| {
            let cells = |_, j| CellView::current(0.170_182 * (j as f32 - 1.3));
            Grid::new("f", 1, 3, signed, &cells).cell_points(84.0).show_ui(ui);
            let cells = |_, j| CellView { value: 0.170_182 * (j as f32 - 1.3), state: CellState::Stale };
            Grid::new("g", 1, 3, signed, &cells).cell_points(58.0).show_ui(ui);
            let cells = |_, j| CellView { value: 0.3 * (j as f32 - 1.3), state: CellState::Partial };
            Grid::new("h", 2, 4, signed, &cells).cell_points(38.0).show_ui(ui);
        });
        ui.add_space(8.0);
        ui.label(egui::RichText::new("Thumbnails").font(theme::title_font()));
        ui.horizontal_top(|ui| {
            for k in 0..4 {
                let value = |i: usize, j: usize| wave(i / 2 + 2 * k, j / 3 + k) * (1.0 - 0.2 * k as f32);
                let cells = |i, j| CellView {
                    value: if k % 2 == 0 { value(i, j) } else { value(i, j).max(0.0) },
                    state: if k == 3 && i * 28 + j > 300 { CellState::NotYet } else { CellState::Current },
                };
                let mapping = if k % 2 == 0 { signed } else { positive };
                Grid::new(("t", k), 28, 28, mapping, &cells).cell_points(3.0).show_ui(ui);
            }
            let cells = |i, j| CellView {
                value: wave(i / 3, j / 3),
                state: if i < 14 { CellState::Stale } else { CellState::Current },
            };
            Grid::new("u", 28, 28, signed, &cells).cell_points(2.0).show_ui(ui);
            let disk = |i: usize, j: usize| {
                let (y, x) = (i as f32 / 223.0 - 0.5, j as f32 / 223.0 - 0.5);
                (1.0 - 2.2 * (x * x + y * y).sqrt()).max(0.0)
            };
            let cells = |i, j| CellView::current(disk(i, j));
            Grid::new("v", 224, 224, gray, &cells).cell_points(0.4).show_ui(ui);
            Grid::new("v2", 224, 224, positive, &cells).cell_points(0.4).show_ui(ui);
            let cells =
                |i: usize, j: usize| ([disk(i, j), i as f32 / 224.0, j as f32 / 224.0], CellState::Current);
            Grid::rgb("w", 224, 224, rgb, &cells).cell_points(0.5).show_ui(ui);
        });
        let cells = |_, j| CellView { value: wave(1, j), state: CellState::Current };
        Grid::new("x", 1, 84, signed, &cells).cell_points(8.0).show_ui(ui);
        Grid::new("y", 1, 20, signed, &|_, _| CellView::not_yet()).cell_points(16.0).show_ui(ui);
        ui.horizontal_top(|ui| {
            legend_ui(ui, &signed, 200.0, None);
            legend_ui(ui, &positive, 200.0, Some(ValueRange { min: 0.0, max: 2.0, not_finite: 3 }));
            legend_ui(ui, &Mapping::fit_signed([-0.0312], dark).with_log(true), 200.0, None);
            legend_ui(ui, &gray, 120.0, None);
        });
    });
}

fn widgets_ui(ui: &mut Ui) {
    let theme = Theme::from_ui(ui);
    ui.heading("convstep 卷积神经网络");
    ui.label("The gradient of the loss with respect to one weight: sum over positions.");
    ui.label("反向传播：对权重的梯度是所有位置乘积之和。");
    ui.monospace("∂L/∂w[k,c,u,v] = Σ x·δ");
    ui.monospace("e2.b14.i3/bwd/conv1.dW/k2,0/(1,4)/m37");
    ui.label(egui::RichText::new("small caption −0.42 × 1.3 ≈ −0.55").small().weak());
    ui.separator();
    for (pass, name) in
        [(Pass::Fwd, "forward"), (Pass::Loss, "loss"), (Pass::Bwd, "backward"), (Pass::Update, "update")]
    {
        let colors = theme.pass(pass);
        ui.horizontal(|ui| {
            let text = |color| egui::RichText::new(format!("{} {name}", colors.glyph)).color(color);
            Frame::new().fill(colors.fill).inner_margin(4.0).show(ui, |ui| ui.label(text(colors.on_fill)));
            Frame::new().fill(colors.soft).inner_margin(4.0).show(ui, |ui| ui.label(text(colors.strong)));
            ui.colored_label(colors.strong, "strong");
        });
    }
    ui.separator();
    ui.horizontal(|ui| {
        for icon in ["⏮", "◀", "▶", "⏵", "⏸", "⏭", "⏹", "↺", "★", "✓", "✗"] {
            ui.add(egui::Button::new(icon).small());
        }
    });
    ui.horizontal(|ui| {
        let _ = ui.button("Step");
        let _ = ui.selectable_label(true, "cell");
        let _ = ui.selectable_label(false, "term");
        ui.checkbox(&mut true, "log");
    });
    ui.add(egui::TextEdit::singleline(&mut "fwd/conv1/k2".to_owned()).desired_width(200.0));
    ui.add(egui::Slider::new(&mut 0.4, 0.0..=1.0).text("lr"));
    ui.horizontal(|ui| {
        let _ = ui.radio(true, "light");
        let _ = ui.radio(false, "dark");
        ui.hyperlink_to("help", "");
    });
    egui::ComboBox::from_label("grain").selected_text("channel").show_ui(ui, |_| ());
    ui.colored_label(theme.good, "✓ good");
    ui.colored_label(theme.warn, "⚠ warn");
    ui.colored_label(theme.bad, "✗ bad");
}

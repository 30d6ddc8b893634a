//! Every partial derivative of a small convolution, all at once: by its name, with the sum that makes it, written out.

use super::{part_ui, plane_of, says_ui};
use crate::nn::Part;
use crate::trace::{Address, AddressText, Operand, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    theme::{self, space, text_size},
    view::View,
    widgets::{
        addressed_grid::tensor_plane_ui,
        grid::{CellState, fit_cell, plane_size},
    },
};
use egui::{FontId, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

/// The largest side of a cell of the arrays above the sums.
const LARGEST: f32 = 44.0;
/// The height of the arrays with their names.
const ARRAYS: f32 = 168.0;

/// Draws the arrays that meet, and below them the sums.
pub fn derivatives_ui(ui: &mut Ui, view: &View) {
    let l = view.state.figure_layer();
    let plan = view.state.plan();
    let name = plan.layer(l).name();
    let area = says_ui(ui, view, ui.max_rect(), &view.fill("figure.derivatives_says", &[("layer", name)]));
    let (above, below) = area.split_top_bottom_at_y(area.top() + ARRAYS);
    arrays_ui(ui, view, above, l);
    view.read_out_first(view.text("figure.derivatives_point"), "");
    let middle = below.left() + 0.5 * below.width();
    let parts = [
        (TensorId::layer(l, Part::Dw), below.with_max_x(middle - space::M)),
        (TensorId::layer(l, Part::Dx), below.with_min_x(middle + space::M)),
    ];
    for (tensor, rect) in parts.into_iter().filter(|(tensor, _)| plan.knows(*tensor)) {
        let rest = part_ui(ui, view, rect, &names::tensor(view, tensor));
        let rows = plan.shape_of(tensor).len() as f32;
        let has_room = rest.height() >= rows * 1.5 * text_size::TITLE;
        let font = FontId::proportional(if has_room { text_size::TITLE } else { text_size::BODY });
        ui.scope_builder(UiBuilder::new().max_rect(rest).id_salt(tensor), |ui| {
            ScrollArea::vertical().id_salt(tensor).auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                for index in 0..plan.shape_of(tensor).len() {
                    derivative_ui(ui, view, tensor, index as u32, font.clone());
                }
            });
        });
    }
}

/// Input, filters and the gradient of the output, each with its numbers.
fn arrays_ui(ui: &mut Ui, view: &View, rect: Rect, l: usize) {
    let plan = view.state.plan();
    let tensors = [plan.input_of(l), TensorId::layer(l, Part::Weight), plan.output_gradient_of(l)];
    let mut left = rect.left();
    for tensor in tensors {
        let (first, _) = plane_of(view, tensor, 0);
        let (rows, cols, planes) = (first.rows(), first.cols(), first.planes());
        let place = Rect::from_min_max(egui::pos2(left, rect.top()), rect.max);
        let rest = part_ui(ui, view, place, &names::tensor(view, tensor));
        let room = vec2(rect.width(), rest.height() - space::S);
        let cell = fit_cell(room, rows, cols, 0, ui.pixels_per_point()).min(LARGEST);
        let side = plane_size(rows, cols, 0, cell, ui.pixels_per_point());
        let mut at = rest.min;
        for map in 0..planes {
            let plane = match tensor.is_parameter() {
                true => TensorPlane::before_update(view, tensor, map),
                false => first.of_map(map),
            };
            tensor_plane_ui(ui, view, at, &format!("{tensor:?} {map}"), &plane, cell, Vec::new());
            at.x += side.x + space::S;
        }
        let name = crate::ui::widgets::flow::text_width(
            ui.painter(),
            &names::tensor(view, tensor),
            theme::strong_font(),
        );
        left = at.x.max(left + name) + space::XL;
    }
}

/// `∂L/∂w(0,1) = 1.25·2 + 2.25·0 + 3·1 + 4·1 = 9.5`: a click looks at the cell.
fn derivative_ui(ui: &mut Ui, view: &View, tensor: TensorId, index: u32, font: FontId) {
    let (plane, _) = plane_of(view, tensor, 0);
    let address = plane.address_at(index);
    let [k, c, i, j] = view.state.plan().shape_of(tensor).at(index as usize);
    let (letter, planes) = match tensor.part {
        Part::Dw => ("w", plane.planes()),
        _ => ("x", plane.planes()),
    };
    let front = match (planes, tensor.part) {
        (1, _) => String::new(),
        (_, Part::Dw) => format!("{k},{c},"),
        (..) => format!("{c},"),
    };
    let shown = plane.cell_at(index);
    let result = match shown.state {
        CellState::NotYet | CellState::Partial => "?".to_owned(),
        CellState::Current | CellState::Stale => number::four_digits(shown.value),
    };
    let sum = sum_of(view, &address);
    let words = format!("∂L/∂{letter}({front}{i},{j}) = {sum} = {result}");
    let text = RichText::new(words).font(font).color(view.theme.text);
    let label = ui.add(egui::Label::new(text).sense(Sense::click()).wrap());
    if label.hovered() {
        view.hover(address);
        view.point_out(operands(view, &address));
    }
    if label.clicked() {
        view.look(&address);
    }
}

/// The sum with its numbers: products with padding are left out, and "?" stands for what is not computed yet.
fn sum_of(view: &View, address: &Address) -> String {
    if view.state.covers().counts() {
        return "…".into();
    }
    let terms = view.state.trace().cell(address).steps.into_iter().filter_map(|step| {
        let cells: Vec<String> =
            step.term.operands().filter_map(|operand| number_of(view, operand)).collect();
        (cells.len() == 2).then(|| cells.join("·"))
    });
    terms.collect::<Vec<_>>().join(" + ")
}

/// An operand as it is printed; `None` of padding.
fn number_of(view: &View, operand: &Operand) -> Option<String> {
    let Operand::Cell { tensor, image, index } = *operand else { return None };
    let shown = match tensor.is_parameter() {
        true => TensorPlane::before_update(view, tensor, 0).cell_at(index),
        false => TensorPlane::new(view, tensor, image, 0).cell_at(index),
    };
    Some(match shown.state {
        CellState::NotYet | CellState::Partial => "?".into(),
        CellState::Current | CellState::Stale if shown.value < 0.0 => {
            format!("({})", number::four_digits(shown.value))
        }
        CellState::Current | CellState::Stale => number::four_digits(shown.value),
    })
}

/// What meets in a cell, to be lit.
fn operands(view: &View, address: &Address) -> Vec<AddressText> {
    let (plan, trace) = (view.state.plan(), view.state.trace());
    let steps = trace.cell(address).steps;
    let all = steps.iter().flat_map(|step| step.term.operands());
    let cells = all.filter_map(|operand| match *operand {
        Operand::Cell { tensor, image, index } if tensor.is_parameter() => {
            Some(Address::given_cell(trace.time(), image, tensor, index))
        }
        Operand::Cell { tensor, image, index } => Some(plan.writer(tensor, trace.time(), image, index)),
        Operand::Constant { .. } | Operand::Padding { .. } => None,
    });
    cells.map(|cell| AddressText::new(plan, &cell)).collect()
}

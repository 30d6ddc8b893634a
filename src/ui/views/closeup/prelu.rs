//! PReLU: the curve with the learned slope, the cell's point, and the gradient of the slope.

use super::activation::Shown;
use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::norm::summed;
use super::part::{Part as Grid, around};
use super::parts::{Extra, Item};
use super::{Closeup, legends};
use crate::nn::{Activation, Part, prelu};
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{colormap::Mapping, names, tensor_plane::TensorPlane, view::View, widgets::grid::CellView};
use egui::{Rect, Ui, UiBuilder};

/// The close-up of a cell of a PReLU's output, of its input gradient or of a slope's gradient.
pub(super) fn prelu<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    spec: &prelu::PRelu,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let (x, dy) = (plan.input_of(l), plan.output_gradient_of(l));
    let made = TensorId::layer(l, stage.tensor.part);
    if stage.tensor.part == Part::Dw {
        let run = [spot.index as usize * spec.run(), spec.run()];
        let sum = |tensor| Item::from(summed(view, &spot, tensor, run, true));
        let slopes = around(view, made, 0, spot.index).titled(view.text("closeup.prelu_dw"));
        let items = vec![sum(dy), "×".into(), sum(x), "Σ".into(), slopes.into()];
        let words = [view.text("closeup.prelu_negative")];
        let caption = Caption::from_steps(view, &steps).with_words(words).with_legends(legends(&items));
        return Some(Closeup::of_parts(items, None, caption));
    }
    let read = if stage.pass == Pass::Bwd { dy } else { x };
    let at = |tensor| around(view, tensor, spot.image, spot.index);
    let items: Vec<Item> = vec![
        at(read).into(),
        "×".into(),
        slopes(view, &spot, [x, TensorId::layer(l, Part::Weight)], spec, stage.pass).into(),
        "=".into(),
        at(made).into(),
    ];
    // For the cells of one slope it is a leaky ReLU.
    let slope =
        view.state.trace().value(TensorId::layer(l, Part::Weight), 0, spec.slope_of(spot.at[1]) as u32);
    let shown = Shown::new(view, spot, l, Activation::LeakyRelu { slope: f64::from(slope) });
    let pass = stage.pass;
    let caption =
        Caption::from_steps(view, &steps).with_words(shown.words(pass)).with_legends(legends(&items));
    let curve = Extra {
        size: Box::new(|_| [280.0, 200.0]),
        draw: Box::new(move |ui: &mut Ui, rect: Rect| {
            let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("curve"));
            shown.curve_ui(&mut child, pass, rect.size());
        }),
    };
    Some(Closeup::of_parts(items, Some(curve), caption))
}

/// The slopes of the cells around the cell: 1 where the input is positive, else the learned number.
fn slopes<'a>(
    view: &'a View<'a>,
    spot: &FocusedCell,
    [x, weight]: [TensorId; 2],
    spec: &prelu::PRelu,
    pass: Pass,
) -> Grid<'a> {
    let like = around(view, x, spot.image, spot.index);
    let plane = view.state.plan().shape_of(x).plane() as u32;
    let first = if plane > 1 { spot.index / plane * plane } else { 0 };
    let place = (spot.index - first) as usize;
    let [len, ..] = like.form();
    let (inputs, slopes) = (TensorPlane::new(view, x, spot.image, 0), TensorPlane::new(view, weight, 0, 0));
    let revision = inputs.revision_of(first..first + len as u32).wrapping_add(u64::from(first) + 1);
    let run = spec.run() as u32;
    let cells = move |k: usize| {
        let index = first + k as u32;
        let (input, slope) = (inputs.cell_at(index), slopes.cell_at(index / run));
        CellView { value: prelu::slope(input.value, slope.value), ..input }
    };
    let learned = (0..spec.slopes as u32).map(|k| slopes.cell_at(k).value);
    let mapping = Mapping::fit_signed(learned.chain([1.0]), view.theme.dark);
    let title = match pass {
        Pass::Bwd => view.fill("closeup.act_back", &[("name", "PReLU")]),
        Pass::Fwd | Pass::Loss | Pass::Update => "PReLU".to_owned(),
    };
    let words = names::formula("[x > 0] + a·[x ≤ 0]");
    Grid::from_values(cells, revision, like.form(), mapping, view.text("closeup.act_slope"), words)
        .titled(title)
        .focus(place)
}

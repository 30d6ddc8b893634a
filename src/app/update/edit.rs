//! Edits numbers of the model and pixels of the input in place.

use super::{inputs::set_inputs, notice::fail, training};
use crate::app::{
    action::{EditAction, Extent, FilterTurn, Ink},
    effect::Effect,
    state::{AppState, Change, Inputs, Message, Work, reads_digits},
};
use crate::data::{Adjustment, Background, Content, paint};
use crate::model_io::Model;
use crate::nn::{Network, Op, Params, Part, filters::Filter};
use crate::tensor::{Tensor, shape_of};
use std::sync::Arc;

/// Why nothing can be painted while a data set is trained on.
fn no_picture() -> Message {
    let text = "expected a picture to paint on, got a batch of the data set; go back to the picture first";
    Message::sentence(text.into(), "notice.no_picture_to_paint", &[])
}

/// Applies an edit; with `more` it continues the previous stroke.
pub(in crate::app) fn update(state: &mut AppState, edit: EditAction, more: bool) -> Vec<Effect> {
    let is_of_pixels = match &edit {
        EditAction::SetParameter { .. }
        | EditAction::SetFilter { .. }
        | EditAction::TurnFilter { .. }
        | EditAction::Blank { .. }
        | EditAction::Reset(_) => false,
        EditAction::SetPixel { .. }
        | EditAction::Paint { .. }
        | EditAction::Fill(_)
        | EditAction::ResetPixels
        | EditAction::NewDrawing { .. } => true,
    };
    if is_of_pixels && state.inputs.training.is_some() {
        fail(state, no_picture());
        return Vec::new();
    }
    if !is_of_pixels && state.inputs.training.is_some() && state.trace().time() > 0 {
        return edit_in_training(state, edit, more);
    }
    let more = more && state.in_stroke;
    let change = match edit {
        EditAction::NewDrawing { .. } => Change::Renew,
        _ => Change::Stroke { more },
    };
    match edited(state, edit, more) {
        Ok(inputs) if inputs == state.inputs => Vec::new(),
        Ok(inputs) => set_inputs(state, inputs, change),
        Err(error) => {
            fail(state, Message::from(error).during(Work::Edit));
            Vec::new()
        }
    }
}

/// An edit of weights at a later step of training starts a training branch there.
fn edit_in_training(state: &mut AppState, edit: EditAction, more: bool) -> Vec<Effect> {
    let mut params = (**state.trace().params()).clone();
    match edit_params(state, &mut params, edit) {
        Ok(()) if params == **state.trace().params() => Vec::new(),
        Ok(()) => training::fork_with_weights(state, params, more),
        Err(error) => {
            fail(state, Message::from(error).during(Work::Edit));
            Vec::new()
        }
    }
}

/// An edit of weights; any other leaves them.
fn edit_params(state: &AppState, params: &mut Params, edit: EditAction) -> Result<(), String> {
    let network = &state.inputs.model.network;
    match edit {
        EditAction::SetParameter { layer, part, index, value } => {
            let name = layer_name(network, layer)?;
            let cells = params.0[layer].get_mut(part);
            let cell = cells.and_then(|cells| cells.iter_mut().nth(index)).ok_or_else(|| {
                format!(
                    "{name}.{}: expected a number of the model, got cell {index}; pick another",
                    part.suffix()
                )
            })?;
            *cell = value;
        }
        EditAction::SetFilter { layer, out, channel, filter } => {
            set_filter(network, params, layer, out, channel, filter)?;
        }
        EditAction::TurnFilter { layer, out, turn } => turn_filter(network, params, layer, out, turn)?,
        EditAction::Blank { layer, out } => blank(network, params, layer, out)?,
        EditAction::Reset(extent) => {
            if let Some(loaded) = state.loaded_params() {
                reset(network, params, &loaded, extent);
            }
        }
        EditAction::SetPixel { .. }
        | EditAction::Paint { .. }
        | EditAction::Fill(_)
        | EditAction::ResetPixels
        | EditAction::NewDrawing { .. } => {}
    }
    Ok(())
}

/// The inputs after an edit.
fn edited(state: &AppState, edit: EditAction, more: bool) -> Result<Inputs, String> {
    let now = &state.inputs;
    let [c, h, w] = now.model.network.input;
    // A stroke is painted anew from its beginning, so that its own overlaps do not add up.
    let base = state.undo.before().filter(|_| more).map_or(now, |before| &before.inputs);
    match edit {
        EditAction::SetParameter { .. }
        | EditAction::SetFilter { .. }
        | EditAction::TurnFilter { .. }
        | EditAction::Blank { .. } => {
            let mut params = weights(state);
            edit_params(state, &mut params, edit)?;
            Ok(with_params(now, params))
        }
        EditAction::Reset(_) => {
            let mut params = (*now.model.params).clone();
            edit_params(state, &mut params, edit)?;
            Ok(with_params(now, params))
        }
        EditAction::SetPixel { index, value } => {
            let is_picture = matches!(now.picture.content, Content::Picture(_));
            if is_picture && !(0.0..=255.0).contains(&value) {
                return Err(format!("expected a pixel from 0 to 255, got {value}; type a number between"));
            }
            let mut pixels = pixels(now)?;
            let cells = pixels.len();
            let plane = h * w;
            let preprocess = &now.model.architecture.preprocess;
            let index = match is_picture {
                // The pixel that the network sees there.
                true => index / plane * plane + preprocess.source(index % plane, plane),
                false => index,
            };
            *pixels.iter_mut().nth(index).ok_or_else(|| {
                format!("expected a cell of the input from 0 to {}, got {index}; pick another", cells - 1)
            })? = value;
            with_pixels(now, pixels)
        }
        EditAction::Paint { points, pen, ink } => {
            let before = pixels_of_picture(base)?;
            let original = match ink {
                Ink::Colour(_) => None,
                Ink::Erase if base.is_drawing() => None,
                Ink::Erase => Some(unpainted(base)?),
            };
            let colour = match ink {
                Ink::Colour(colour) => on_paper(base, colour),
                Ink::Erase => on_paper(base, base.ground.0),
            };
            let pixels = paint::stroke(&before, &points, pen, |c_at, i, j| {
                original.as_ref().map_or_else(|| paint::in_channel(colour, c, c_at), |o| o[[0, c_at, i, j]])
            });
            with_pixels(base, pixels)
        }
        EditAction::Fill(colour) => {
            pixels_of_picture(now)?;
            with_pixels(now, filled([c, h, w], on_paper(now, colour)))
        }
        EditAction::ResetPixels => Ok(Inputs { painted: None, ..now.clone() }),
        EditAction::NewDrawing { ground } => {
            let picture = paint::drawing(&filled([c, h, w], ground)).map_err(|error| error.to_string())?;
            // Digits are learned white on black: dark ink on bright paper reads right when it is inverted.
            let inverted = reads_digits(&now.model) && ground.map(u16::from).iter().sum::<u16>() > 3 * 127;
            let inputs = now.clone().with_picture(Arc::new(picture));
            let adjustment = Adjustment { inverted, ..inputs.adjustment };
            Ok(Inputs { ground: Background(ground), adjustment, ..inputs })
        }
    }
}

fn layer_name(network: &Network, layer: usize) -> Result<&str, String> {
    network.layers.get(layer).map(|layer| layer.name()).ok_or_else(|| {
        format!("expected a layer from 0 to {}, got {layer}; pick another", network.layers.len() - 1)
    })
}

/// The parameters of the training step that is shown. An edit of a later step's, on the one picture, begins a run
/// with them.
fn weights(state: &AppState) -> Params {
    let first = &state.inputs.model.params;
    if state.trace().time() == 0 { (**first).clone() } else { (**state.trace().params()).clone() }
}

fn with_params(inputs: &Inputs, params: Params) -> Inputs {
    let loaded = inputs.loaded.as_ref().unwrap_or(&inputs.model.params);
    let loaded = (params != **loaded).then(|| Arc::clone(loaded));
    let params = match &inputs.loaded {
        // Back at what was loaded, it is that again.
        Some(original) if loaded.is_none() => Arc::clone(original),
        _ => Arc::new(params),
    };
    let model = Arc::new(Model { params, ..(*inputs.model).clone() });
    Inputs { model, loaded, ..inputs.clone() }
}

fn set_filter(
    network: &Network,
    params: &mut Params,
    layer: usize,
    out: usize,
    channel: Option<usize>,
    filter: Filter,
) -> Result<(), String> {
    let name = layer_name(network, layer)?;
    let Some(spec) = network.layers[layer].op.convolution() else {
        return Err(format!(
            "{name}: expected a convolution to set a filter of, got another layer; pick one"
        ));
    };
    let [outs, ins, kh, kw] = spec.weight_shape();
    if out >= outs || channel.is_some_and(|channel| channel >= ins) {
        return Err(format!(
            "{name}: expected a filter from 0,0 to {},{}, got {out},{}; pick another",
            outs - 1,
            ins - 1,
            channel.unwrap_or(0)
        ));
    }
    for c in channel.map_or(0..ins, |channel| channel..channel + 1) {
        // Random slices of one filter differ by their channel.
        let filter = match filter {
            Filter::Random { seed } => Filter::Random { seed: seed.wrapping_add(c as u64) },
            named => named,
        };
        let slice = filter.slice(kh, kw).ok_or_else(|| {
            format!(
                "{name}: expected a filter large enough for {}, got {kh} x {kw}; choose another",
                filter.name()
            )
        })?;
        if let Some(weight) = params.0[layer].get_mut(Part::Weight) {
            for (cell, value) in weight.slice_mut(ndarray::s![out, c, .., ..]).iter_mut().zip(slice) {
                *cell = value;
            }
        }
    }
    Ok(())
}

/// Turns all slices of a filter.
fn turn_filter(
    network: &Network,
    params: &mut Params,
    layer: usize,
    out: usize,
    turn: FilterTurn,
) -> Result<(), String> {
    let name = layer_name(network, layer)?;
    let Op::Conv2d(spec) = &network.layers[layer].op else {
        return Err(format!(
            "{name}: expected a convolution whose filter turns, got another layer; pick one"
        ));
    };
    let [outs, _, kh, kw] = spec.weight_shape();
    if out >= outs {
        return Err(format!("{name}: expected a filter from 0 to {}, got {out}; pick another", outs - 1));
    }
    if turn == FilterTurn::Exchanged && kh != kw {
        return Err(format!("{name}: expected a square filter, got {kh} x {kw}; turn it by 180°"));
    }
    let Some(weight) = params.0[layer].get_mut(Part::Weight) else { return Ok(()) };
    for mut slice in weight.index_axis_mut(ndarray::Axis(0), out).outer_iter_mut() {
        let turned = match turn {
            FilterTurn::Half => slice.slice(ndarray::s![..;-1, ..;-1]).to_owned(),
            FilterTurn::Exchanged => slice.t().to_owned(),
        };
        slice.assign(&turned);
    }
    Ok(())
}

/// Sets the weights and the bias that make one map, or one neuron, to 0.
fn blank(network: &Network, params: &mut Params, layer: usize, out: usize) -> Result<(), String> {
    let name = layer_name(network, layer)?;
    let outs = match &network.layers[layer].op {
        Op::Conv2d(spec) => spec.out_channels,
        Op::ConvTranspose2d(spec) => spec.out_channels(),
        Op::Dense(spec) => spec.out_features,
        Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Flatten
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => {
            return Err(format!("{name}: expected a layer with weights, got one without; pick another"));
        }
    };
    if out >= outs {
        return Err(format!("{name}: expected a filter from 0 to {}, got {out}; pick another", outs - 1));
    }
    if let Some(weight) = params.0[layer].get_mut(Part::Weight) {
        if let Op::ConvTranspose2d(spec) = &network.layers[layer].op {
            // The slices for this map, one of the filter of each input map of its group.
            let (filters, slice) = (spec.conv.outputs_of(out), out % spec.conv.group_in());
            weight.slice_mut(ndarray::s![filters, slice, .., ..]).fill(0.0);
        } else {
            weight.slice_mut(ndarray::s![out, .., .., ..]).fill(0.0);
        }
    }
    if let Some(bias) = params.0[layer].get_mut(Part::Bias) {
        bias[[0, out, 0, 0]] = 0.0;
    }
    Ok(())
}

fn reset(network: &Network, params: &mut Params, loaded: &Params, extent: Extent) {
    for (l, (parts, loaded)) in params.0.iter_mut().zip(&loaded.0).enumerate() {
        for (part, from) in loaded.iter() {
            let shape = shape_of(from);
            let range = match extent {
                Extent::Model => 0..shape.len(),
                Extent::Layer { layer } if layer == l => 0..shape.len(),
                Extent::Cell { layer, part: of, index } if layer == l && of == part => index..index + 1,
                Extent::Filter { layer, out } if layer == l => {
                    let op = &network.layers[l].op;
                    if matches!(op, Op::ConvTranspose2d(_)) && part != Part::Weight {
                        // A bias belongs to an output map, a filter to an input map.
                        continue;
                    }
                    // A bias or statistic is (1, O, 1, 1), a weight (O, ...).
                    let has_filters = op.convolution().is_some() || matches!(op, Op::Dense(_));
                    let is_weight = part == Part::Weight && has_filters;
                    let one = if is_weight { shape.len() / shape.0[0] } else { 1 };
                    out * one..(out + 1) * one
                }
                Extent::Layer { .. } | Extent::Cell { .. } | Extent::Filter { .. } => continue,
            };
            if let Some(to) = parts.get_mut(part) {
                let cells = to.iter_mut().zip(from).skip(range.start).take(range.len());
                cells.for_each(|(to, from)| *to = *from);
            }
        }
    }
}

/// What the network sees of the picture where nothing is painted on it.
pub(in crate::app) fn unpainted(inputs: &Inputs) -> Result<Tensor, String> {
    let [c, h, w] = inputs.model.network.input;
    let fitted = inputs.picture.input(c, h, w, inputs.adjustment, inputs.ground);
    fitted.map(|fitted| fitted.tensor).map_err(|error| error.to_string())
}

fn pixels(inputs: &Inputs) -> Result<Tensor, String> {
    inputs.painted.as_ref().map_or_else(|| unpainted(inputs), |painted| Ok((**painted).clone()))
}

fn pixels_of_picture(inputs: &Inputs) -> Result<Tensor, String> {
    match inputs.picture.content {
        Content::Picture(_) => pixels(inputs),
        Content::Values(_) => Err(format!(
            "{}: expected a picture to paint on, got an array of values; type a value in the inspector, or start a \
             drawing",
            inputs.picture.name
        )),
    }
}

/// A colour as the network sees it: what is drawn on a drawing is inverted with it.
fn on_paper(inputs: &Inputs, colour: [u8; 3]) -> [u8; 3] {
    if inputs.is_inverted_drawing() { colour.map(|value| 255 - value) } else { colour }
}

/// A drawing takes the pixels over as they are seen, but for their being inverted; another picture stays below them as
/// it was loaded.
fn with_pixels(inputs: &Inputs, pixels: Tensor) -> Result<Inputs, String> {
    if inputs.is_drawing() {
        let Adjustment { fit, inverted, .. } = inputs.adjustment;
        let paper = if inverted { pixels.mapv(|value| 255.0 - value) } else { pixels };
        let picture = paint::drawing(&paper).map_err(|error| error.to_string())?;
        let adjustment = Adjustment { inverted, ..Adjustment::from(fit) };
        return Ok(Inputs { picture: Arc::new(picture), painted: None, adjustment, ..inputs.clone() });
    }
    let painted = (pixels != unpainted(inputs)?).then(|| Arc::new(pixels));
    Ok(Inputs { painted, ..inputs.clone() })
}

fn filled([c, h, w]: [usize; 3], colour: [u8; 3]) -> Tensor {
    Tensor::from_shape_fn([1, c, h, w], |(_, at, _, _)| paint::in_channel(colour, c, at))
}

/// Opens or closes the pad to draw on; what is drawn is seen through the whole network.
pub(in crate::app) fn show_pad(state: &mut AppState, pad: bool) {
    if pad && state.inputs.training.is_some() {
        return fail(state, no_picture());
    }
    (state.view.pad, state.view.adjust) = (pad, false);
    if pad {
        show_answer(state);
    }
}

/// Goes behind the forward pass where the answer is not computed yet.
pub(in crate::app) fn show_answer(state: &mut AppState) {
    if !state.knows_scores() {
        state.position.remember();
        state.position.show_prediction();
    }
}

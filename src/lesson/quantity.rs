//! The quantities that lessons ask for: functions over plan and trace.

use super::{
    answer::{Answer, Number, Sign},
    pattern::cells_of,
    query::{Function, Query, Value},
    scene::Scene,
};
use crate::data::{Adjustment, Background, Content, fit, samples};
use crate::nn::{Layer, Op, Part, Source, conv::Conv2d, optimizer::Optimizer};
use crate::tensor::{Shape, argmax, number};
use crate::trace::{Address, Owner, Pass, Place, Plan, TensorId, Trace, kept_by};
use crate::train::{Learned, Learner};
use std::sync::Arc;

/// What a scene answers to a question about another one; `None` where the two have not the same places.
pub(super) fn in_scene(scene: &Scene, asked_in: &Scene, query: &Query) -> Option<Answer> {
    scene.plan().has_same_places(asked_in.plan()).then(|| right(scene, query, |_| None).ok())?
}

/// The right answer to a query; `believed` gives what a learner takes the number of a cell for, where that differs.
pub(super) fn right(
    scene: &Scene,
    query: &Query,
    believed: impl Fn(Address) -> Option<f64>,
) -> Result<Answer, String> {
    use Function::*;
    let name = query.function.name();
    let place =
        || query.place().ok_or_else(|| format!("{name}: expected an address, got none; write {name}(fwd/…)"));
    let layer = || {
        let found = query.layer(scene).or_else(|| match query.place()?.place() {
            Place::Stage(_) | Place::Given(_) => owner(scene, query.place()?),
        });
        found.ok_or_else(|| format!("{name}: expected a layer, got none; write {name}(conv1)"))
    };
    let window = || {
        let layer = layer()?;
        layer.window().ok_or_else(|| format!("{name}: {} has no window; name one that has", layer.name()))
    };
    let count = |n: usize| Ok(Answer::count(n));
    let number = |cell: Address| believed(cell).unwrap_or_else(|| f64::from(scene.trace.finished(&cell)));
    match query.function {
        Value => Ok(Answer::value(scene.trace.finished(&place()?.whole_cell()))),
        Terms => count(scene.plan().stage_at(&place()?).map_or(0, |stage| stage.terms as usize)),
        Count => count(query.places().iter().map(|place| cells(scene, place).len()).sum()),
        Nonzero => count(numbers(scene, &place()?).iter().filter(|x| **x != 0.0).count()),
        Readers => count(real_readers(scene, &place()?)),
        Windows => windows(scene, query),
        Width | Height | Maps | Length => {
            let output = match query.place() {
                Some(place) if query.layer(scene).is_none() => scene.plan().shape_at(&place).0,
                Some(_) | None => Shape::image(layer()?.output).0,
            };
            let [_, c, h, w] = output;
            count(match query.function {
                Width => w,
                Height => h,
                Maps => c,
                _ => c * h * w,
            })
        }
        LengthBefore => count(layer()?.input.iter().product()),
        Params => count(layer()?.parameter_count()),
        Weights => {
            let parameters = layer()?.parameters();
            count(parameters.iter().filter(|(part, _)| *part == Part::Weight).map(|(_, s)| s.len()).sum())
        }
        FilterParams => {
            let layer = layer()?;
            count(layer.parameter_count() / layer.output[0].max(1))
        }
        FilterPixels => count(match &layer()?.op {
            Op::Conv2d(conv) => conv.filter_pixels(),
            Op::Dense(dense) => dense.in_features,
            _ => window()?.taps(),
        }),
        FilterWidth => count(window()?.cols.kernel),
        Stride => count(window()?.cols.stride),
        Padding => count(window()?.cols.padding),
        Unseen => count(window()?.rows.unseen().len()),
        Reads => reads(scene, place()?),
        Index => count(place()?.cell() as usize),
        DifferInWindow => count(differ_in_window(scene, place()?)),
        Padded => count(padded(scene, place()?)),
        Kept => {
            let name = layer()?.name();
            let l = scene.plan().network().layers.iter().position(|layer| layer.name() == name);
            count(l.map_or(0, |l| kept_by(scene.plan(), l)))
        }
        Loss => Ok(Answer::value(scene.trace.loss_before())),
        LossAfter => Ok(Answer::value(loss_after(scene, query.number()))),
        Rate => {
            let rate = scene.plan().setup().optimizer.learning_rate;
            Ok(Answer::Number(Number { value: f64::from(rate as f32), whole: false }))
        }
        Prob => prob(scene, query.number()),
        ShareDropped => {
            let layer = layer()?;
            let (from, to): (usize, usize) = (layer.input.iter().product(), layer.output.iter().product());
            let value = 100.0 * (from - to.min(from)) as f64 / from.max(1) as f64;
            Ok(Answer::Number(Number { value, whole: value.fract() == 0.0 }))
        }
        Sum => Ok(Answer::value(numbers(scene, &place()?).iter().map(|x| f64::from(*x)).sum::<f64>() as f32)),
        Max => Ok(Answer::value(
            cells(scene, &place()?).iter().map(|c| number(*c)).fold(f64::MIN, f64::max) as f32
        )),
        Min => Ok(Answer::value(
            cells(scene, &place()?).iter().map(|c| number(*c)).fold(f64::MAX, f64::min) as f32
        )),
        Norm => {
            let squares = numbers(scene, &place()?).iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            Ok(Answer::value(squares.sqrt() as f32))
        }
        LargestAbs => {
            Ok(Answer::value(numbers(scene, &place()?).iter().map(|x| x.abs()).fold(0.0, f32::max)))
        }
        Differ => count(differ(scene, query)?),
        ValueOf => Ok(Answer::value(with_picture(scene, query)?.finished(&place()?.whole_cell()))),
        BatchMean => {
            let cell = place()?.whole_cell();
            let sum = scene.trace.finished(&cell) + with_picture(scene, query)?.finished(&cell);
            Ok(Answer::value(sum / 2.0))
        }
        ProbWithout => prob_without(scene, place()?).map(Answer::value),
        Needed => needed(scene, query),
        Moved => count(moved(scene, place()?)),
        Largest => Ok(best(&cells(scene, &place()?), &number)),
        Farthest => Ok(best(&cells(scene, &place()?), &|cell| number(cell).abs())),
        Source | Winner => source(scene, place()?),
        FirstBlocked => first_blocked(scene, place()?),
        FirstNotFinite => first_not_finite(scene),
        Which => Ok(Answer::Place(largest_place(scene, query, &number))),
        Smaller => Ok(Answer::Place(largest_place(scene, query, &|cell| -number(cell)))),
        Answered => Ok(Answer::Place(argmax(scores(scene)).0)),
        Signed => Err("sign: expected an expression".into()),
        // The gradient itself is shown.
        MinusSign => Ok(Answer::Sign(Sign::new(-f64::from(scene.trace.finished(&place()?.whole_cell()))))),
        SignOfChange => {
            let change = f64::from(scene.trace.loss_after()) - f64::from(scene.trace.loss_before());
            Ok(Answer::Sign(Sign::new(change)))
        }
        Ordered => Ok(Answer::Order(order(scene.plan(), &query.places()))),
        PointsLost => points_lost(scene, query.arguments.first())
            .map(|value| Answer::Number(Number { value: (10.0 * value).round() / 10.0, whole: false })),
        WhichNetwork => {
            let lost = query.arguments.iter().map(|network| points_lost(scene, Some(network)));
            let lost = lost.collect::<Result<Vec<f64>, _>>()?;
            Ok(Answer::Place(argmax(lost.into_iter().map(|points| points as f32)).0))
        }
    }
}

/// The layer that a place belongs to.
pub(super) fn owner(scene: &Scene, place: Address) -> Option<&Layer> {
    let (tensor, ..) = scene.trace.tensor_cell(&place.whole_cell())?;
    match tensor.owner {
        Owner::Layer(l) => scene.plan().network().layers.get(l as usize),
        Owner::Input | Owner::Loss => None,
    }
}

/// All cells of a place, in order.
pub(super) fn cells(scene: &Scene, place: &Address) -> Vec<Address> {
    cells_of(scene.plan(), place).into_iter().map(|cell| place.with_cell(cell).whole_cell()).collect()
}

/// Their numbers.
pub(super) fn numbers(scene: &Scene, place: &Address) -> Vec<f32> {
    cells(scene, place).iter().map(|cell| scene.trace.finished(cell)).collect()
}

/// The terms that read a cell in the forward pass, those of other passes left out; of a gradient's cell, all.
fn real_readers(scene: &Scene, place: &Address) -> usize {
    let readers = scene.trace.readers(&place.whole_cell(), usize::MAX);
    let of_forward =
        |address: &&Address| scene.plan().stage_at(address).is_some_and(|stage| stage.pass == Pass::Fwd);
    match readers.iter().filter(of_forward).count() {
        0 => readers.len(),
        count => count,
    }
}

fn windows(scene: &Scene, query: &Query) -> Result<Answer, String> {
    let place =
        query.place().ok_or("windows: expected a layer and a cell; write windows(conv1, input/k0/(0,0))")?;
    let window = query.layer(scene).and_then(Layer::window);
    let window =
        window.ok_or("windows: expected a layer with a window; write windows(conv1, input/k0/(0,0))")?;
    let [_, p, q] = position(scene, place);
    Ok(Answer::count(window.windows_over([p, q])))
}

/// Channel, row and column of a cell.
pub(super) fn position(scene: &Scene, place: Address) -> [usize; 3] {
    let [_, _, h, w] = scene.plan().shape_at(&place).0;
    let index = place.cell() as usize;
    [index / (h * w), index / w % h, index % w]
}

/// Rows of the picture that a cell of the forward pass depends on.
fn reads(scene: &Scene, place: Address) -> Result<Answer, String> {
    let (tensor, _, index) = scene.trace.tensor_cell(&place.whole_cell()).ok_or("reads: expected a cell")?;
    let Owner::Layer(l) = tensor.owner else {
        return Err("reads: expected a cell of a layer's output; write reads(fwd/conv3/k0/(4,4))".into());
    };
    let layers = &scene.plan().network().layers;
    let [_, h, w] = layers[l as usize].output;
    let index = index as usize;
    let cell = [index / (h * w), index / w % h, index % w];
    let from = Source::Layer(l as usize);
    let blocks = scene.plan().network().depends_on(from, vec![crate::nn::Block::cell(cell)]).swap_remove(0);
    let first = blocks.iter().map(|block| block.rows.start).min().unwrap_or(0);
    let last = blocks.iter().map(|block| block.rows.end).max().unwrap_or(0);
    Ok(Answer::count(last - first))
}

/// The convolution that a cell belongs to.
pub(super) fn convolution(scene: &Scene, place: Address) -> Option<(&Conv2d, usize)> {
    let (tensor, ..) = scene.trace.tensor_cell(&place.whole_cell())?;
    let Owner::Layer(l) = tensor.owner else { return None };
    match &scene.plan().layer(l as usize).op {
        Op::Conv2d(conv) => Some((conv, l as usize)),
        _ => None,
    }
}

/// The pixels of a filter's first slice whose sign is not the window's.
fn differ_in_window(scene: &Scene, place: Address) -> usize {
    let Some((conv, _)) = convolution(scene, place) else { return 0 };
    let fold = scene.trace.cell(&place);
    let one_plane = fold.steps.iter().take(conv.window.taps());
    one_plane.filter(|step| step.values[0] * step.values[1] < 0.0).count()
}

/// The products of a cell that read padding.
fn padded(scene: &Scene, place: Address) -> usize {
    use crate::trace::Operand;
    let fold = scene.trace.cell(&place);
    let is_padding = |operand: &Option<Operand>| matches!(operand, Some(Operand::Padding { .. }));
    fold.steps.iter().filter(|step| step.term.operands.iter().any(is_padding)).count()
}

/// The loss after the update; with a rate, after plain gradient descent with that.
pub(super) fn loss_after(scene: &Scene, rate: Option<f64>) -> f32 {
    let Some(learning_rate) = rate else { return scene.trace.loss_after() };
    let optimizer = Optimizer { learning_rate, ..scene.plan().setup().optimizer };
    scene.trace.loss_after_update_by(&optimizer)
}

fn scores(scene: &Scene) -> Vec<f32> {
    scene.trace.values().scores(scene.plan().network(), 0)
}

fn prob(scene: &Scene, class: Option<f64>) -> Result<Answer, String> {
    let scores = scores(scene);
    let class = match (class, scene.label) {
        (Some(class), _) => class as usize,
        (None, Some(label)) => label,
        (None, None) => {
            return Err("prob: expected a class or a right one; write prob(3) or give a label".into());
        }
    };
    let p = scores.get(class).ok_or_else(|| format!("prob: expected a class below {}", scores.len()))?;
    Ok(Answer::value(*p))
}

/// The cells of a place that print otherwise, with four digits, than in the scene before, or than those of a second
/// place.
fn differ(scene: &Scene, query: &Query) -> Result<usize, String> {
    let (now, before) = match query.places()[..] {
        [a] if scene.remembered().plan().has_same_places(scene.plan()) => {
            (numbers(scene, &a), numbers(scene.remembered(), &a))
        }
        [_] => return Err("differ: expected the same network before, got another; compare two places".into()),
        [a, b] => (numbers(scene, &a), numbers(scene, &b)),
        _ => return Err("differ: expected one place or two; write differ(fwd/pool1)".into()),
    };
    let is_other = |(a, b): &(f32, f32)| number::four_digits(*a) != number::four_digits(*b);
    Ok(now.into_iter().zip(before).filter(is_other).count())
}

/// The numbers of the same network with another bundled picture, and that picture's own class.
fn with_picture(scene: &Scene, query: &Query) -> Result<Trace, String> {
    let name = query.arguments.iter().find_map(|value| match value {
        Value::Word(word) => Some(word),
        Value::Place(_) | Value::Layer(_) | Value::Input | Value::Number(_) => None,
    });
    let name = name.ok_or("expected a bundled picture, got none; write value_of(shape-arrow)")?;
    let loaded = samples::load(name).map_err(|error| error.to_string())?;
    let (model, plan) = (&scene.model, scene.plan());
    let label = loaded.label.as_deref().ok_or_else(|| format!("{name}: expected a picture with a class"))?;
    let class = model.class_index(label).map_err(|error| error.to_string())?;
    let input = match &loaded.content {
        Content::Values(values) => model.check_input(values).map(|()| values.clone()),
        Content::Picture(picture) => {
            let [c, h, w] = plan.network().input;
            let fitted = fit(picture, c, h, w, Adjustment::default(), Background::default());
            let fitted = fitted.map_err(|error| error.to_string())?;
            model.input_from_pixels(&fitted.tensor)
        }
    };
    let (input, trace) = (input.map_err(|error| error.to_string())?, &scene.trace);
    if plan.setup().images != 1 {
        return Err(format!("{name}: expected one picture at a time, got a batch"));
    }
    let target = plan.network().target(&[class]);
    let (params, moments) = (Arc::clone(trace.params()), Arc::clone(trace.moments()));
    Ok(Trace::new(Arc::clone(plan), trace.time(), params, moments, &input, target))
}

/// The probability of the right class where a map is 0: the filter that makes it, and its bias, blanked.
fn prob_without(scene: &Scene, map: Address) -> Result<f32, String> {
    let wrong = || "prob_without: expected a map that a convolution makes; write prob_without(fwd/relu1/k5)";
    let label = scene.label.ok_or("prob_without: expected a right class; give a label")?;
    let (tensor, _, index) = scene.trace.tensor_cell(&map.whole_cell()).ok_or_else(wrong)?;
    let Owner::Layer(l) = tensor.owner else { return Err(wrong().into()) };
    let plan = scene.plan();
    let channel = plan.shape_of(tensor).at(index as usize)[1];
    let layers = &plan.network().layers[..=usize::from(l)];
    let is_filter = |layer: &Layer| matches!(layer.op, Op::Conv2d(_));
    let conv = layers.iter().rposition(is_filter).ok_or_else(wrong)?;
    let mut params = (**scene.trace.params()).clone();
    for part in [Part::Weight, Part::Bias] {
        if let Some(cells) = params.0[conv].get_mut(part) {
            let filters = layers[conv].output[0];
            let each = cells.len() / filters;
            cells.iter_mut().skip(channel * each).take(each).for_each(|cell| *cell = 0.0);
        }
    }
    let (network, trace) = (plan.network(), &scene.trace);
    let mut values =
        network.forward(&params, &trace.values().input, plan.setup().mode, plan.stream(trace.time()));
    values.loss = network.loss_forward(values.output(), trace.target());
    values.scores(network, 0).get(label).copied().ok_or_else(|| wrong().into())
}

/// The map without which the right class is least probable.
fn needed(scene: &Scene, query: &Query) -> Result<Answer, String> {
    let mut least: Option<(usize, f32)> = None;
    for (index, map) in query.places().into_iter().enumerate() {
        let prob = prob_without(scene, map)?;
        if least.is_none_or(|(_, least)| prob < least) {
            least = Some((index, prob));
        }
    }
    let (index, _) = least.ok_or("needed: expected maps; write needed(fwd/relu1/k5, fwd/relu1/k6)")?;
    Ok(Answer::Place(index))
}

/// The cells of a place whose number stood one cell to the left before.
fn moved(scene: &Scene, place: Address) -> usize {
    let before = scene.remembered();
    let is_moved = |cell: &Address| {
        let [_, _, column] = position(scene, *cell);
        column > 0 && {
            let left = before.trace.finished(&cell.with_cell(cell.cell() - 1));
            number::four_digits(scene.trace.finished(cell)) == number::four_digits(left)
        }
    };
    cells(scene, &place).iter().filter(|cell| is_moved(cell)).count()
}

/// The cells with the largest number, all that tie.
pub(super) fn best(cells: &[Address], number: &impl Fn(Address) -> f64) -> Answer {
    let largest = cells.iter().map(|cell| number(*cell)).fold(f64::NEG_INFINITY, f64::max);
    Answer::Cells(cells.iter().copied().filter(|cell| number(*cell) == largest).collect())
}

/// The max pool whose output's gradient a place belongs to.
pub(super) fn pool_that_gets(scene: &Scene, place: Address) -> Option<usize> {
    let plan = scene.plan();
    let (tensor, ..) = scene.trace.tensor_cell(&place.whole_cell())?;
    let is_it =
        |l: &usize| matches!(plan.layer(*l).op, Op::MaxPool2d(_)) && plan.output_gradient_of(*l) == tensor;
    plan.stage_at(&place).filter(|stage| stage.pass == Pass::Bwd)?;
    (0..plan.network().layers.len()).find(is_it)
}

/// The cell whose number is passed on to this one, by a pool or by flattening; of the gradient that comes back to a
/// max pool, the cell that it goes to.
fn source(scene: &Scene, place: Address) -> Result<Answer, String> {
    let (trace, plan) = (&scene.trace, scene.plan());
    let wrong = || format!("{}: expected a cell that passes a number on unchanged", plan.text(&place));
    let (_, image, index) = trace.tensor_cell(&place.whole_cell()).ok_or_else(wrong)?;
    if let Some(l) = pool_that_gets(scene, place) {
        let winner = trace.value(TensorId::layer(l, Part::Winner), image, index);
        let [_, h, w] = plan.layer(l).output;
        let [_, rows, columns] = plan.layer(l).input;
        let cell = index as usize / (h * w) * rows * columns + winner as usize;
        let to = plan.writer(TensorId::layer(l, Part::Dx), trace.time(), image, cell as u32);
        return Ok(Answer::Cells(vec![to]));
    }
    let (value, fold) = (trace.finished(&place), trace.cell(&place));
    let passed = fold.steps.iter().flat_map(|step| step.term.operands.iter().flatten());
    let first = passed.clone().find(|operand| trace.operand(operand) == value);
    let writer = first.and_then(|operand| trace.writer(operand));
    writer.map(|cell| Answer::Cells(vec![cell.whole_cell()])).ok_or_else(wrong)
}

/// The first cell of a stage, in the order of the plan, that is 0 though what arrives is not.
fn first_blocked(scene: &Scene, place: Address) -> Result<Answer, String> {
    let blocked = cells(scene, &place).into_iter().find(|cell| {
        let fold = scene.trace.cell(cell);
        fold.value == 0.0
            && fold.steps.iter().any(|step| step.values.iter().any(|x| *x != 0.0))
            && fold.steps.iter().any(|step| step.values[0] != 0.0)
    });
    blocked
        .map(|cell| Answer::Cells(vec![cell]))
        .ok_or_else(|| "first_blocked: no gradient is stopped there".into())
}

/// The first cell that is not finite, of this training step or of the few that follow on the same picture.
fn first_not_finite(scene: &Scene) -> Result<Answer, String> {
    const STEPS: u32 = 8;
    let last = scene.plan().times().min(scene.trace.time() + STEPS);
    let mut trace = Arc::clone(&scene.trace);
    loop {
        if let Some(cell) = not_finite_in(&trace) {
            return Ok(Answer::Cells(vec![cell]));
        }
        if trace.time() + 1 >= last {
            return Err(
                "first_not_finite: expected a number that is not finite, got none; raise the rate".into()
            );
        }
        trace = Arc::new(trace.next());
    }
}

/// The first cell of one training step that is not finite.
fn not_finite_in(trace: &Trace) -> Option<Address> {
    trace.plan().stages().iter().enumerate().find_map(|(s, stage)| {
        let whole = Address::whole_stage(trace.time(), 0, s);
        let mut cells = (0..stage.shape.len() as u32).map(|cell| whole.with_cell(cell));
        cells.find(|cell| !trace.finished(cell).is_finite())
    })
}

fn largest_place(scene: &Scene, query: &Query, number: &impl Fn(Address) -> f64) -> usize {
    let value = |place: &Address| {
        let cells = cells(scene, place);
        cells.iter().map(|cell| number(*cell)).fold(f64::NEG_INFINITY, f64::max)
    };
    let values = query.places().iter().map(value).collect::<Vec<_>>();
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// The numbers of places in the order in which they are computed.
pub(super) fn order(plan: &Plan, places: &[Address]) -> Vec<usize> {
    let start = |index: &usize| plan.steps(&places[*index]).map_or(0, |steps| steps.start);
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(start);
    order
}

/// The points of accuracy that a network lost by shuffled pixels in the experiment.
fn points_lost(scene: &Scene, network: Option<&Value>) -> Result<f64, String> {
    let learner = match network {
        Some(Value::Word(word)) if word == "dense" => Learner::Dense,
        Some(Value::Word(word)) if word == "conv" => Learner::Convolutional,
        Some(_) | None => return Err("points_lost: expected dense or conv; write points_lost(conv)".into()),
    };
    let learned = scene.experiment.as_ref();
    let learned = learned.ok_or("points_lost: expected the page experiment, which measures it")?;
    let accuracy = |is_shuffled| {
        let of = |one: &&Learned| one.learner == learner && one.is_shuffled == is_shuffled;
        learned.iter().find(of).map_or(f64::NAN, |one| one.accuracy)
    };
    Ok(100.0 * (accuracy(false) - accuracy(true)))
}

//! A map: which cell stands for it, what each of its inputs gives, and the way from map to map.

use convstep::{
    app::{Action, AppState, EditAction, apply},
    nn::{Op, Part},
    trace::{Address, Depth, Move, Owner, Pass, TensorId},
};

fn program(model: &str) -> AppState {
    let mut state = AppState::new();
    apply(&mut state, Action::OpenBundled(model.into()));
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    state
}

fn look(state: &mut AppState, text: &str) -> Address {
    let address = state.plan().parse(text).expect(text);
    apply(state, Action::look(state.plan(), &address));
    assert_eq!(state.look(), address);
    address
}

#[test]
fn what_the_maps_give_adds_up_to_the_cell() {
    for model in ["photos", "shapes", "lenet5", "pattern", "dense"] {
        let state = program(model);
        let (plan, trace) = (state.plan(), state.trace());
        let mut seen = 0;
        for (s, stage) in plan.stages().iter().enumerate() {
            let Owner::Layer(l) = stage.tensor.owner else { continue };
            let op = &plan.layer(l as usize).op;
            let is_sum = matches!(op, Op::Conv2d(_) | Op::Dense(_))
                && matches!((stage.pass, stage.tensor.part), (Pass::Fwd, Part::Out) | (Pass::Bwd, Part::Dx));
            let count = stage.shape.len();
            for cell in [0, count / 2, count - 1] {
                let address = Address::stage_cell(0, 0, s, cell as u32);
                let found = trace.contributions(&address);
                assert_eq!(found.is_some(), is_sum, "{}", plan.text(&address));
                let Some(found) = found.filter(|_| trace.reached() >= stage.pass) else { continue };
                seen += 1;
                let places: Vec<usize> = (0..found.each.len()).collect();
                let sum = found.together(&places) + found.bias;
                let size: f64 = found.each.iter().map(|one| one.gives.abs()).sum::<f64>() + found.bias.abs();
                assert!(
                    (sum - found.value).abs() <= 1e-5 * size.max(1e-30),
                    "{}: {sum} {}",
                    plan.text(&address),
                    found.value
                );
                assert!(found.rest(&places).abs() <= 1e-5 * size.max(1e-30));
                // The maps are those of the tensor that is read, each once, in order.
                let planes = plan.shape_of(found.reads).planes();
                assert!(found.each.windows(2).all(|pair| pair[1].from == pair[0].from + 1));
                assert!(found.each.iter().all(|one| one.from < planes));
                let weight = plan.shape_of(TensorId::layer(found.layer, Part::Weight)).len();
                let len = found.side[0] * found.side[1];
                assert!(found.each.iter().all(|one| one.weights.len() == len && one.weights.end <= weight));
            }
        }
        assert!(seen >= 3, "{model}: {seen}");
    }
}

#[test]
fn a_class_against_another_adds_up_to_the_difference_of_their_scores() {
    let state = program("photos");
    let (plan, trace) = (state.plan(), state.trace());
    let layers = &plan.network().layers;
    let dense = layers.iter().rposition(|layer| matches!(layer.op, Op::Dense(_))).expect("a dense layer");
    let stage = plan.stage_of(TensorId::layer(dense, Part::Out)).expect("its stage");
    let [a, b] =
        [3, 5].map(|class| trace.contributions(&Address::stage_cell(0, 0, stage, class)).expect("a sum"));
    let both = a.minus(&b);
    assert_eq!(both.value, a.value - b.value);
    let first = both.by_magnitude()[0];
    assert!(both.each.iter().all(|one| one.gives.abs() <= both.each[first].gives.abs()));
    let shown = &both.by_magnitude()[..12];
    let sum = both.together(shown) + both.rest(shown) + both.bias;
    assert!((sum - (a.value - b.value)).abs() < 1e-9);
    // The rest is that of the neurons that are not shown, and not whatever is missing.
    let others = &both.by_magnitude()[12..];
    assert!((both.rest(shown) - both.together(others)).abs() < 1e-4);
}

#[test]
fn a_dense_layer_behind_a_flatten_layer_reads_maps() {
    let state = program("shapes");
    let plan = state.plan();
    let first = plan.network().layers.iter().position(|layer| matches!(layer.op, Op::Dense(_))).expect("one");
    let stage = plan.stage_of(TensorId::layer(first, Part::Out)).expect("its stage");
    let found = state.trace().contributions(&Address::stage_cell(0, 0, stage, 5)).expect("a sum");
    let [c, h, w] = plan.layer(first - 1).input;
    assert!(h * w > 1, "maps lie before the flatten layer");
    assert_eq!((found.each.len(), found.side), (c, [h, w]));
    assert_eq!(plan.shape_of(found.reads).planes(), c);
}

#[test]
fn the_cell_of_a_map_is_its_largest_and_down_enters_it() {
    let mut state = program("photos");
    let map = look(&mut state, "fwd/relu2/k7");
    let values: Vec<f32> =
        (0..1024).map(|cell| state.trace().finished(&map.with_cell(map.cell() + cell))).collect();
    let largest = values.iter().copied().fold(f32::MIN, f32::max);
    let focus = state.focus();
    assert_eq!(state.trace().finished(&focus), largest);
    assert!(largest > values[0], "the first cell is not the largest, so that this can fail");
    assert_eq!(state.plan().widen(&focus, map.grain()), map, "it is of this map");
    let cursor = state.cursor();
    apply(&mut state, Action::Go(Move::Into));
    assert_eq!((state.look(), state.cursor()), (focus, cursor));
    apply(&mut state, Action::Go(Move::Out));
    assert_eq!(state.look(), map);
    // Of a gradient it is the one that is farthest from 0.
    let map = look(&mut state, "bwd/conv2.dX/k4");
    apply(&mut state, Action::RunToHere);
    assert_eq!((state.look(), state.selected()), (map, None));
    let value = |cell: u32| state.trace().finished(&map.with_cell(map.cell() + cell)).abs();
    let largest = (0..1024).map(value).fold(0.0, f32::max);
    assert!(largest > 0.0);
    assert_eq!(state.trace().finished(&state.focus()).abs(), largest);
}

#[test]
fn left_and_right_go_from_map_to_map_and_the_depth_stays() {
    let mut state = program("photos");
    let cursor = state.cursor();
    let map = look(&mut state, "fwd/conv2/k7");
    for (go, k) in [(Move::Next, 8), (Move::Previous, 7), (Move::Previous, 6)] {
        apply(&mut state, Action::Go(go));
        let there = state.plan().parse(&format!("fwd/conv2/k{k}")).expect("a map");
        assert_eq!((state.look(), Depth::new(&state.look())), (there, Depth::Map));
        assert_eq!(state.cursor(), cursor);
    }
    assert_ne!(state.look(), map);
}

#[test]
fn a_map_that_lies_ahead_is_run_to_as_a_whole() {
    let mut state = program("shapes");
    let map = look(&mut state, "bwd/conv2.dX/k1");
    let focus = state.focus();
    assert_eq!(focus, map.whole_cell(), "nothing is known of it yet");
    apply(&mut state, Action::RunToHere);
    let steps = state.plan().steps(&map).expect("steps");
    assert_eq!(state.cursor().at(), steps.end);
}

#[test]
fn a_blanked_filter_makes_an_empty_map_and_undo_brings_it_back() {
    for (model, layer_name, out) in [("shapes", "conv2", 3), ("photos", "fc2", 3)] {
        let mut state = program(model);
        let before = state.model().params.clone();
        let layer =
            state.plan().network().layers.iter().position(|l| l.name() == layer_name).expect("a layer");
        apply(&mut state, Action::Edit { edit: EditAction::Blank { layer, out }, more: false });
        assert!(state.notices().is_empty(), "{:?}", state.notices());
        let stage = state.plan().stage_of(TensorId::layer(layer, Part::Out)).expect("its stage");
        let plane = state.plan().stages()[stage].shape.plane() as u32;
        let cells = out as u32 * plane..(out as u32 + 1) * plane;
        for cell in cells {
            assert_eq!(state.trace().finished(&Address::stage_cell(0, 0, stage, cell)), 0.0);
        }
        assert_ne!(state.model().params, before);
        apply(&mut state, Action::Undo);
        assert_eq!(state.model().params, before);
        let nowhere = EditAction::Blank { layer, out: 10_000 };
        apply(&mut state, Action::Edit { edit: nowhere, more: false });
        assert_eq!((state.notices().len(), &state.model().params), (1, &before));
    }
}

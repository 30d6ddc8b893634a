//! Breakpoints, bookmarks and the trail: actions in, state out.

use crate::start;

use crate::start::{go, run};
use convstep::{
    app::{Action, AppState, EditAction, Effect, JobKind, MarkAction, StopReason, apply},
    nn::{Part, optimizer::Optimizer},
    trace::{Break, Found, Grain, Move, Stop, TensorId, Watched},
};

fn set(kind: Break) -> Action {
    Action::Mark(MarkAction::ToggleBreak(kind))
}

const ON: Action = Action::Continue { back: false };
const BACK: Action = Action::Continue { back: true };

fn stop(state: &AppState) -> Stop {
    match state.stopped() {
        Some(StopReason::Hit(stop)) => stop,
        other => panic!("expected a breakpoint, got {other:?}; {:?}", state.notices()),
    }
}

fn at(state: &AppState) -> String {
    state.cursor().text(state.plan())
}

fn with_rate(learning_rate: f64) -> AppState {
    let mut state = start::shapes();
    let optimizer = Optimizer { learning_rate, ..state.inputs().optimizer };
    run(&mut state, [Action::SetOptimizer(optimizer), Action::Go(Move::Start)]);
    state
}

#[test]
fn magnitudes_are_found_in_one_tensor_forward_and_back() {
    let mut state = start::shapes();
    let conv2 =
        state.plan().network().layers.iter().position(|layer| layer.name() == "conv2").expect("conv2");
    let tensor = Some(TensorId::layer(conv2, Part::Dw));
    let all: Vec<f32> =
        state.trace().tensor(TensorId::layer(conv2, Part::Dw)).expect("made").iter().copied().collect();
    let limit = all.iter().fold(0.0f32, |most, x| most.max(x.abs())) * 0.5;
    let expected = all.iter().position(|x| x.abs() > limit).expect("one") as u32;
    run(&mut state, [set(Break::Above { tensor, limit }), Action::Go(Move::Start), ON]);
    let first = stop(&state);
    assert_eq!((first.address.cell(), first.found), (expected, Found::Value(all[expected as usize])));
    assert!(at(&state).starts_with("bwd/conv2.dW/"), "{}", at(&state));
    assert_eq!(state.marks().breaks[0].hits, 1);
    // Each is found once on the way, and the same on the way back.
    let many = all.iter().filter(|x| x.abs() > limit).count();
    for _ in 1..many {
        run(&mut state, [ON]);
        stop(&state);
    }
    let last = stop(&state);
    assert_eq!(last.address.cell() as usize, all.iter().rposition(|x| x.abs() > limit).expect("one"));
    for _ in 1..many {
        run(&mut state, [BACK]);
    }
    assert_eq!(stop(&state).address, first.address);
    let counted = state.breakpoint_hits().get(&Break::Above { tensor, limit }).expect("counted");
    assert_eq!((counted.count as usize, counted.at.len()), (many, many));
    assert_eq!(counted.at[0], state.cursor().at());
    // Below: all the others.
    let below = Break::Below { tensor, limit };
    run(&mut state, [set(below)]);
    let few = all.iter().filter(|x| x.abs() < limit).count();
    assert_eq!(state.breakpoint_hits().get(&below).map(|hits| hits.count as usize), Some(few));
}

#[test]
fn one_that_goes_off_once_waits_then_and_one_that_is_off_stops_nothing() {
    let mut state = start::shapes();
    let actions =
        [set(Break::ReluKills), Action::Mark(MarkAction::Once(0, true)), Action::Go(Move::Start), ON];
    run(&mut state, actions);
    stop(&state);
    let breakpoint = state.marks().breaks[0];
    assert_eq!((breakpoint.enabled, breakpoint.once, breakpoint.hits), (false, true, 1));
    // Nothing is left to stop at: to the end of the pass.
    run(&mut state, [ON]);
    assert_eq!((state.stopped(), state.breakpoint_search().is_some()), (None, false));
    let pass = state.plan().unit(state.cursor().at() - 1, Grain::Pass);
    assert_eq!(state.cursor().at(), pass.end);
    run(&mut state, [Action::Mark(MarkAction::Enable(0, true)), BACK]);
    assert_eq!((stop(&state).reason, state.marks().breaks[0].hits), (Break::ReluKills, 2));
}

#[test]
fn a_run_goes_on_over_updates_to_where_the_loss_rises() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("article-backprop".into())]);
    // A rate that overshoots.
    let optimizer = Optimizer { learning_rate: 1.0, ..state.inputs().optimizer };
    run(&mut state, [Action::SetOptimizer(optimizer), Action::Go(Move::Start), set(Break::LossRises), ON]);
    let rise = stop(&state);
    let Found::Change { from, to } = rise.found else { panic!("{rise:?}") };
    assert!(to > from || to.is_nan());
    let time = rise.address.time();
    assert_eq!(state.cursor().at(), state.plan().len() * u64::from(time + 1), "after the update");
    // That is the loss of this step and of the next on the one picture.
    assert_eq!(state.trace().loss_before().to_bits(), from.to_bits());
    assert_eq!(state.trace().next().loss_before().to_bits(), to.to_bits());
    // What the run has passed was no rise.
    let losses: Vec<f64> = (0..=time).map(|time| state.run().records()[&time].report.loss).collect();
    assert!(losses.windows(2).all(|pair| pair[1] <= pair[0]), "{losses:?}");
    // And back to it from behind.
    run(&mut state, [go(&format!("e{}.b0", time + 2)), BACK]);
    let mut back = stop(&state);
    while back.address.time() > time {
        run(&mut state, [BACK]);
        back = stop(&state);
    }
    assert_eq!(back, rise);
}

#[test]
fn where_nothing_holds_the_run_comes_to_its_end() {
    let mut state = with_rate(0.001);
    run(&mut state, [set(Break::NotFinite), ON]);
    assert_eq!(state.stopped(), Some(StopReason::End { back: false }));
    assert_eq!(state.cursor().at(), state.plan().run_len());
    run(&mut state, [BACK]);
    assert_eq!((state.stopped(), state.cursor().at()), (Some(StopReason::End { back: true }), 0));
    run(&mut state, [Action::DismissStop]);
    assert_eq!(state.stopped(), None);
}

#[test]
fn a_watched_weight_stops_at_its_own_update_and_a_watched_activation_behind_the_update() {
    let mut state = with_rate(0.05);
    let exec = |state: &AppState, text: &str| {
        let address = state.plan().parse(text).expect("an address");
        Break::CellChanges(Watched::at(state.trace(), &address).expect("a cell"))
    };
    let weight = exec(&state, "conv1.weight/k0,0/(1,1)");
    run(&mut state, [set(weight), ON]);
    let first = stop(&state);
    assert_eq!(at(&state), "update/conv1.weight/k0,0/(1,1)");
    let index = first.address.cell() as usize;
    let of = |params: &convstep::nn::Params| params.0[0].at(Part::Weight).iter().copied().nth(index);
    let (from, to) = (of(state.trace().params()), of(&state.trace().params_after()));
    assert_eq!(first.found, Found::Change { from: from.expect("there"), to: to.expect("there") });
    run(&mut state, [ON]);
    assert_eq!(at(&state), "e1.b0/update/conv1.weight/k0,0/(1,1)");
    run(&mut state, [set(weight), go("start")]);
    let cell = exec(&state, "loss/loss.prob/k0/(0,0)");
    run(&mut state, [set(cell), ON]);
    assert_eq!(state.cursor().at(), state.plan().len(), "after the update: {}", at(&state));
    assert_eq!(state.plan().text(&stop(&state).cell), "loss/loss.prob/k0/(0,0)");
}

#[test]
fn a_wrong_prediction_is_found_and_where_it_flips() {
    let mut state = with_rate(0.02);
    let predicted = state.prediction().0;
    let target = (predicted + 1) % state.model().network.classes();
    run(&mut state, [Action::SetLabel(target), Action::Go(Move::Start), set(Break::Misclassified), ON]);
    let wrong = stop(&state);
    assert_eq!(wrong.found, Found::Wrong { predicted, target });
    assert!(state.knows_scores() && state.cursor().time(state.plan()) == 0);
    assert_eq!(state.trace().finished(&wrong.cell), state.prediction().1, "it points to the winning score");
    // Trained on, the picture is taken for the target some time.
    run(&mut state, [set(Break::Misclassified), set(Break::PredictionFlips), ON]);
    let flip = stop(&state);
    let Found::Flip { from, to } = flip.found else { panic!("{flip:?}") };
    assert_eq!(from, predicted);
    run(&mut state, [Action::Go(Move::Next), Action::GoToEdge { grain: Grain::Batch, back: false }]);
    assert_eq!((state.prediction().0, state.trace().time()), (to, flip.address.time() + 1));
}

#[test]
fn a_dead_channel_and_a_changed_winner_are_found() {
    let mut state = with_rate(0.5);
    // A filter whose outputs are below 0 everywhere.
    let kill = EditAction::SetParameter { layer: 0, part: Part::Bias, index: 1, value: -1e6 };
    run(&mut state, [Action::Edit { edit: kill, more: false }, go("start"), set(Break::DeadUnit), ON]);
    let dead = stop(&state);
    let text = state.plan().text(&dead.address);
    assert!(text.starts_with("fwd/relu1/k1/"), "{text}");
    run(&mut state, [Action::Undo, Action::Undo]);
    assert!(state.marks().breaks.is_empty(), "the breakpoint and the edit are undone");
    run(&mut state, [go("start"), set(Break::WinnerChanges), ON]);
    let change = stop(&state);
    let Found::Winner { from, to, columns, .. } = change.found else { panic!("{change:?}") };
    assert!(from != to && columns > 0);
    let plan = state.plan().clone();
    let (tensor, image, index) = state.trace().tensor_cell(&change.cell).expect("a cell");
    let winner = TensorId { part: Part::Winner, ..tensor };
    let next = state.trace().next();
    assert_eq!(state.trace().value(winner, image, index), from as f32, "{}", plan.text(&change.cell));
    assert_eq!(next.value(winner, image, index), to as f32);
}

#[test]
fn what_is_marked_is_undone_and_comes_back_with_its_network() {
    let mut state = start::shapes();
    run(&mut state, [go("fwd/conv2/k1/(2,3)"), Action::Mark(MarkAction::ToggleBookmark)]);
    run(&mut state, [Action::Mark(MarkAction::Rename(0, "  the edge\n ".into()))]);
    assert_eq!(state.marks().bookmarks[0].name, "the edge");
    let tensor = Some(TensorId::layer(3, Part::Out));
    let kinds = [Break::NotFinite, Break::Above { tensor, limit: 2.0 }];
    run(&mut state, kinds.map(set));
    for (limit, more) in [(3.0, false), (4.0, true), (5.0, true)] {
        let kind = Break::Above { tensor, limit };
        run(&mut state, [Action::Mark(MarkAction::ChangeBreak { number: 1, kind, more })]);
    }
    let marked = state.marks().clone();
    run(&mut state, [Action::Undo]);
    assert_eq!(state.marks().breaks[1].kind, kinds[1], "one drag, one edit");
    run(&mut state, [Action::Redo]);
    assert_eq!(*state.marks(), marked);
    // Another network has other places; those of this one come back with it.
    run(&mut state, [Action::OpenBundled("article-backprop".into())]);
    assert!(state.marks().bookmarks.is_empty());
    assert_eq!(state.marks().breaks.len(), 1, "what is about no tensor stays");
    run(&mut state, [Action::Undo]);
    assert_eq!(*state.marks(), marked);
    for _ in 0..5 {
        run(&mut state, [Action::Undo]);
    }
    assert_eq!(*state.marks(), Default::default());
    assert!(!state.undo().can_undo());
    // Another optimizer has other stages; the bookmark stays at its tensor.
    run(&mut state, [go("update/conv2.weight/k1,0/(0,0)"), Action::Mark(MarkAction::ToggleBookmark)]);
    let adam = Optimizer { rule: convstep::nn::optimizer::Rule::ALL[3], ..state.inputs().optimizer };
    run(&mut state, [Action::SetOptimizer(adam)]);
    let marked: Vec<String> = state.marks().bookmarks.iter().map(|mark| mark.place.to_string()).collect();
    assert_eq!(marked, ["update/conv2.weight/k1,0/(0,0)"]);
}

#[test]
fn the_trail_goes_back_and_ahead_by_places() {
    let mut state = start::shapes();
    let here = at(&state);
    let places = ["fwd/conv1", "fwd/conv2/k1", "bwd/conv2.dW", "update"];
    run(&mut state, places.map(go));
    run(&mut state, [Action::Trail(3)]);
    assert_eq!(at(&state), places[0]);
    run(&mut state, [Action::Trail(-2)]);
    assert_eq!(at(&state), places[2]);
    run(&mut state, [Action::Trail(100)]);
    assert_eq!((at(&state), state.trail_ahead().len()), (here, 4));
}

#[test]
fn a_search_goes_on_in_pieces_and_stops_when_nobody_waits_for_it() {
    let mut state = with_rate(0.0);
    run(&mut state, [set(Break::NotFinite)]);
    let here = state.cursor();
    let effects = apply(&mut state, ON);
    assert!(matches!(effects.as_slice(), [Effect::Advance]), "{effects:?}");
    assert!(state.breakpoint_search().is_some() && state.cursor() == here, "what is shown stays");
    apply(&mut state, Action::Advance);
    assert!(state.breakpoint_search().is_some_and(|search| search.time > 0));
    apply(&mut state, Action::Cancel(JobKind::Computing));
    assert!(state.breakpoint_search().is_none() && state.cursor() == here);
    apply(&mut state, ON);
    apply(&mut state, Action::Go(Move::Next));
    assert!(state.breakpoint_search().is_none() && state.cursor() != here, "the user went elsewhere");
}

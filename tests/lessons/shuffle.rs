//! What the lesson on pixels claims, trained there and then: who loses when all pixels change places.

use convstep::{
    nn::Execution,
    threads::Threads,
    train::{Learned, Learner, ShuffleExperiment},
};
use std::sync::atomic::{AtomicU32, Ordering};

const SMALL: ShuffleExperiment = ShuffleExperiment { seed: 3, examples: 300, batch: 20, held_out: 100 };

fn learned(experiment: ShuffleExperiment) -> [Learned; 4] {
    experiment.run(Execution::SERIAL).expect("examples").expect("not cancelled")
}

/// 84.50 % and 84.80 %; 90.05 % and 73.65 %.
#[test]
fn the_convolution_loses_by_a_shuffle_and_the_dense_network_does_not() {
    let all = learned(ShuffleExperiment::default());
    let made = all.each_ref().map(|one| (one.learner, one.is_shuffled));
    assert_eq!(made, ShuffleExperiment::TRAININGS);
    let [dense, dense_shuffled, conv, conv_shuffled] = all.each_ref().map(|one| 100.0 * one.accuracy);
    println!("{dense:.2} {dense_shuffled:.2} {conv:.2} {conv_shuffled:.2}");
    assert!((dense - dense_shuffled).abs() < 0.5, "{dense} {dense_shuffled}");
    assert!(conv - conv_shuffled > 10.0, "{conv} {conv_shuffled}");
    // In order the convolution is the better one, shuffled the worse.
    assert!(conv > dense + 3.0 && conv_shuffled < dense_shuffled - 3.0);
    for one in &all {
        assert_eq!(one.losses.len(), 400);
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean(&one.losses[380..]) < 0.5 * mean(&one.losses[..20]), "{:?}", one.learner);
    }
}

#[test]
fn the_numbers_are_the_same_on_any_number_of_threads() {
    let alone = learned(SMALL);
    assert_eq!(learned(SMALL), alone);
    for count in [2, 3] {
        let workers = Threads::new(count).expect("threads");
        let exec = Execution { workers: &workers, on_progress: &|_| true };
        assert_eq!(SMALL.run(exec).expect("examples"), Some(alone.clone()), "{count}");
    }
    assert_ne!(learned(ShuffleExperiment { seed: 4, ..SMALL }), alone);
}

#[test]
fn it_reports_progress_up_to_the_end_and_can_be_cancelled_at_any_moment() {
    let seen = std::sync::Mutex::new(Vec::new());
    let follow = |part: f32| {
        seen.lock().expect("alone").push(part);
        true
    };
    let exec = Execution { on_progress: &follow, ..Execution::SERIAL };
    assert!(SMALL.run(exec).expect("examples").is_some());
    let seen = seen.into_inner().expect("alone");
    assert!(seen.is_sorted() && seen.last() == Some(&1.0), "{:?}", seen.last());
    for after in [1, 10, seen.len() as u32 / 2, seen.len() as u32 - 1] {
        let calls = AtomicU32::new(0);
        let stop = |_: f32| calls.fetch_add(1, Ordering::Relaxed) + 1 < after;
        let exec = Execution { on_progress: &stop, ..Execution::SERIAL };
        assert_eq!(SMALL.run(exec).expect("examples"), None, "{after}");
        assert_eq!(calls.load(Ordering::Relaxed), after, "nothing goes on after it");
    }
}

#[test]
fn without_examples_there_is_nothing_to_learn() {
    for empty in [
        ShuffleExperiment { examples: 0, ..SMALL },
        ShuffleExperiment { batch: 0, ..SMALL },
        ShuffleExperiment { held_out: 0, ..SMALL },
    ] {
        assert!(empty.run(Execution::SERIAL).expect_err("nothing").0.contains("use at least one of each"));
    }
    // Both networks are what a lesson says of them.
    let parameters = [Learner::Dense, Learner::Convolutional]
        .map(|learner| learner.network().expect("fits").parameter_count());
    assert_eq!(parameters, [50_890, 5_994]);
}

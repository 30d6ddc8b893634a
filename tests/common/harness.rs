//! The window without a display, for tests by role and label.

use convstep::{
    app::{Action, AppState, Effect, News, ThemeChoice, TrainAction, TrainingJob, apply, run_tasks_here},
    nn::{Alone, Execution},
    ui::{shell::window_ui, theme, view::Memory},
};
use egui_kittest::Harness;

/// The program behind the window.
pub struct Program {
    pub state: AppState,
    memory: Memory,
    /// Fonts come into use in the frame after they were installed.
    has_fonts: bool,
    /// What the shell was asked for, and `update` did not do.
    #[allow(dead_code, reason = "not every test asks")]
    pub asked: Vec<Effect>,
}

/// Applies an action; tasks are done at once, on the caller's thread. Returns the effects that are left.
#[allow(dead_code, reason = "not every test does it like this")]
pub fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    run_tasks_here(state, effects, Execution::SERIAL, &())
}

/// A window on a state, drawn some times; `update` does an action and gives back the effects that are left.
pub fn window(
    state: AppState,
    size: [f32; 2],
    update: fn(&mut AppState, Action) -> Vec<Effect>,
) -> Harness<'static, Program> {
    let theme = state.view().theme;
    let program = Program { state, memory: Memory::default(), has_fonts: false, asked: Vec::new() };
    let mut harness = Harness::builder().with_size(size).build_ui_state(
        move |ui, program: &mut Program| {
            if !std::mem::replace(&mut program.has_fonts, true) {
                theme::install(ui.ctx());
                return;
            }
            for action in window_ui(ui, &program.state, &mut program.memory) {
                program.asked.extend(update(&mut program.state, action));
            }
        },
        program,
    );
    match theme {
        ThemeChoice::Light => harness.ctx.set_theme(egui::Theme::Light),
        ThemeChoice::Dark => harness.ctx.set_theme(egui::Theme::Dark),
        ThemeChoice::System => {}
    }
    harness.run_steps(3);
    harness
}

/// Does all steps of a job of training; `update` applies what it tells.
pub fn train_to_the_end(
    state: &mut AppState,
    mut job: TrainingJob,
    update: fn(&mut AppState, Action) -> Vec<Effect>,
) {
    loop {
        let step = job.step(&Alone).expect("generated examples can be read");
        let ended = step.end.is_some();
        let is_kept = job.time().is_multiple_of(5) || ended;
        let news = News {
            id: job.id,
            checks: step.check.map(|check| (job.time(), check)).into_iter().collect(),
            steps: vec![(step.time, step.record)],
            keyframes: if is_kept { vec![(job.time(), job.keyframe())] } else { Vec::new() },
            seconds: 0.01,
            end: step.end,
            ..News::default()
        };
        update(state, Action::Train(TrainAction::News(Box::new(news))));
        if ended {
            return;
        }
    }
}

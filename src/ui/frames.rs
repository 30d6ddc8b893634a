//! What a frame of the window costs: the program's own frames, laid out and cut into triangles as for a display,
//! with none there. What paints the triangles is not counted.

use super::{host::desktop::Desktop, program::Program, shell, theme::Theme, view::Memory};
use crate::app::{Action, AdjustAction, AppState};
use crate::trace::{Address, Grain, Move, Pass};
use egui::{Context, Event, Pos2, RawInput, Rect, Vec2, ViewportId};
use std::time::{Duration, Instant};

/// What happens while frames are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scene {
    /// Nothing: what a frame would cost, if one were drawn.
    Idle,
    /// The cursor is dragged over the whole training step.
    Scrubbing,
    /// The cursor goes a cell further with each frame.
    Playing,
    /// The pointer moves over the whole network.
    Network,
    /// The pointer moves over the layer with the most maps.
    Layer,
    /// The pointer moves over one of its maps.
    Map,
    /// The pointer moves over the whole network while a background thread computes another picture.
    Computing,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Idle, Self::Scrubbing, Self::Playing, Self::Network, Self::Layer, Self::Map, Self::Computing];

    /// Whether it can be played: a small network is computed within a frame, not in the background.
    pub fn is_for(self, state: &AppState) -> bool {
        self != Self::Computing || state.run().is_large()
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Scrubbing => "scrubbing",
            Self::Playing => "playing",
            Self::Network => "network",
            Self::Layer => "layer",
            Self::Map => "map",
            Self::Computing => "computing",
        }
    }

    /// What to show: for the scenes with a pointer the forward pass, its layer with the most maps, or the
    /// first of them.
    fn look(self, state: &AppState) -> Option<Action> {
        let plan = state.plan();
        let stages = plan.pass_stages(Pass::Fwd);
        let maps = |stage: &usize| {
            let shape = plan.shape_of(plan.stages()[*stage].tensor);
            if shape.plane() > 1 { shape.planes() } else { 0 }
        };
        let most = Address::whole_stage(0, 0, stages.clone().max_by_key(maps)?);
        let address = match self {
            Self::Idle | Self::Scrubbing | Self::Playing => return None,
            Self::Network | Self::Computing => plan.widen(&most, Grain::Pass),
            Self::Layer => most,
            Self::Map => most.refine(Grain::Channel),
        };
        Some(Action::look(plan, &address))
    }
}

/// A window of 1280 x 720 points without a display.
pub struct Window {
    ctx: Context,
    memory: Memory,
    program: Program<Desktop>,
    frames: u32,
    /// Where the pointer is, in the scenes with one.
    pointer: Option<Pos2>,
}

/// Frames until the layout stands.
const SETTLING: usize = 30;
/// The most that is waited for what is computed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Places that a drag goes through before it begins again.
const PLACES: u64 = 997;

impl Window {
    /// A window on a state, not drawn yet.
    pub fn new(state: AppState) -> Self {
        let ctx = Context::default();
        Theme::by_darkness(true).apply(&ctx);
        let program = Program::new(Desktop::new(&ctx, None), state);
        Self { ctx, memory: Memory::default(), program, frames: 0, pointer: None }
    }

    /// The state of the program.
    pub fn state(&self) -> &AppState {
        self.program.state()
    }

    /// Whether something is computed in the background.
    fn is_computing(&self) -> bool {
        self.state().jobs().foreground().is_some()
    }

    /// Draws a frame after `action`; the time it took, and whether it wants another one at once.
    pub fn frame(&mut self, action: Option<Action>) -> (Duration, bool) {
        let begin = Instant::now();
        let mut has_changed = self.program.take_answers();
        has_changed |= self.program.apply(action);
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, Vec2::new(1280.0, 720.0))),
            max_texture_side: Some(8192),
            time: Some(f64::from(self.frames) / 60.0),
            predicted_dt: 1.0 / 60.0,
            events: self.pointer.map(Event::PointerMoved).into_iter().collect(),
            ..RawInput::default()
        };
        input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point = Some(1.0);
        let mut asked = Vec::new();
        let mut output = self.ctx.run_ui(input, |ui| {
            asked = shell::window_ui(ui, self.program.state(), &mut self.memory);
        });
        let triangles = self.ctx.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        std::hint::black_box(triangles);
        output.textures_delta.clear();
        has_changed |= self.program.apply(asked);
        self.frames += 1;
        let root = output.viewport_output.get(&ViewportId::ROOT);
        let wants = has_changed || root.is_some_and(|root| root.repaint_delay.is_zero());
        (begin.elapsed(), wants)
    }

    /// Draws frames until the layout stands and nothing is computed any more.
    fn settle(&mut self) {
        for _ in 0..SETTLING {
            self.frame(None);
        }
        let begin = Instant::now();
        while self.is_computing() && begin.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
            self.frame(None);
        }
    }

    /// Draws frames for some seconds. Returns their times, sorted, and how many of them asked for another one
    /// at once.
    pub fn play(&mut self, scene: Scene, seconds: f64) -> (Vec<Duration>, usize) {
        if scene == Scene::Playing {
            self.program.apply([Action::GoTo("start".into()), Action::Go(Move::Grain(Grain::Cell))]);
        }
        let look = scene.look(self.state());
        let is_pointed = look.is_some();
        self.program.apply(look);
        self.settle();
        let (begin, mut times, mut wanting) = (Instant::now(), Vec::new(), 0);
        while begin.elapsed().as_secs_f64() < seconds || times.is_empty() {
            let plan = self.state().plan();
            let action = match scene {
                // To and fro, so that there is always something to compute.
                Scene::Computing if !self.is_computing() => {
                    let right = if self.frames.is_multiple_of(2) { 1 } else { -1 };
                    Some(Action::Adjust { adjust: AdjustAction::Shift { right, down: 0 }, more: false })
                }
                Scene::Computing => None,
                Scene::Idle | Scene::Network | Scene::Layer | Scene::Map => None,
                Scene::Scrubbing => {
                    let place = times.len() as u64 % PLACES;
                    let step = (u128::from(plan.len()) * u128::from(place) / u128::from(PLACES)) as u64;
                    Some(Action::visit(plan, &plan.locate(step, Grain::Cell)))
                }
                Scene::Playing => Some(Action::Go(Move::Next)),
            };
            self.pointer = is_pointed.then(|| place_of_pointer(times.len()));
            let (time, wants) = self.frame(action);
            times.push(time);
            wanting += usize::from(wants);
        }
        times.sort_unstable();
        (times, wanting)
    }
}

/// Where the pointer is in a frame: by uneven steps over all of the stage.
fn place_of_pointer(frame: usize) -> Pos2 {
    let [x, y] = [(frame * 7) % 1240, (frame * 3) % 480].map(|at| at as f32);
    Pos2::new(20.0 + x, 150.0 + y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_window_wants_no_frame_and_a_scrubbed_one_moves() {
        let mut window = Window::new(AppState::new());
        let (times, wanting) = window.play(Scene::Idle, 0.0);
        assert_eq!((times.len(), wanting), (1, 0));
        let before = window.state().cursor().at();
        window.play(Scene::Playing, 0.0);
        window.play(Scene::Playing, 0.0);
        assert_ne!(window.state().cursor().at(), before);
    }

    #[test]
    fn only_what_takes_long_is_watched_while_it_computes() {
        let small = AppState::new();
        assert!(!Scene::Computing.is_for(&small) && Scene::Layer.is_for(&small));
    }
}

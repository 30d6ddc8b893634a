//! Random sequences of actions, with workers' answers late, twice, out of order or never.
//!
//! After every action each address that the state holds names a place of the plan at hand. Now and then a session is
//! saved and loaded, which gives the same session to the byte, and everything is undone, which gives the start to the
//! bit. `CONVSTEP_RANDOM_ACTIONS=100000` runs so many actions, `CONVSTEP_RANDOM_SEED=7` begins with that seed,
//! `CONVSTEP_RANDOM_LARGE=1` begins with a network whose values are computed by a worker.

use convstep::{
    app::{
        Action, AppState, AttributionAction, BuildAction, CompareAction, DataAction, EditAction, Effect,
        Extent, FileAction, FileContent, FileKind, FilterTurn, Ink, Inputs, JobKind, MarkAction, News, Page,
        PlaceText, RescueOffer, Session, Shown, SpanAction, StopReason, Subject, Tab, TrainAction, Training,
        TrainingJob, Until, apply, focused_unit, palette, run_tasks_here,
    },
    attribution::{AttributionSettings, Method},
    data::{Background, Dataset, Disk, Fit, Generated, Location, Recipe, Split, UpperFolders, paint::Pen},
    model_io::Model,
    nn::{
        Alone, Execution, Mode, Part,
        filters::Filter,
        init::Init,
        optimizer::{Optimizer, Rule},
        spec::Kind,
    },
    trace::{Address, AddressText, Break, Grain, Move, Place, Watched},
    train::{BatchSchedule, StopWhen},
};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use crate::program;
use crate::program::{architecture, opened, reopened};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

fn with_norm() -> String {
    architecture(
        [1, 12, 12],
        &[
            "conv1 conv2d out_channels=2 kernel=3 stride=2",
            "bn1 batch_norm2d",
            "relu1 relu",
            "drop dropout p=0.25",
            "fc dense out_features=4",
        ],
    )
}

fn with_pool() -> String {
    architecture(
        [3, 8, 8],
        &[
            "conv1 conv2d out_channels=2 kernel=3",
            "relu1 relu",
            "pool1 max_pool2d kernel=2",
            "fc dense out_features=10",
            "softmax softmax",
        ],
    )
}

/// A network whose values are computed by a worker: 65 million multiply-adds.
fn large_net() -> String {
    architecture(
        [1, 32, 32],
        &[
            "conv1 conv2d out_channels=16 kernel=3 padding=1",
            "relu1 relu",
            "conv2 conv2d out_channels=32 kernel=11 padding=5",
            "pool max_pool2d kernel=8",
            "fc dense out_features=10",
        ],
    )
}

const RULES: [Rule; 4] = Rule::ALL;

const KINDS: [JobKind; 7] = [
    JobKind::Reading,
    JobKind::Computing,
    JobKind::OpeningData,
    JobKind::MeasuringData,
    JobKind::TopActivations,
    JobKind::LossAfter,
    JobKind::Training,
];

fn model(random: &mut Random) -> Model {
    let (name, text) = random.pick(&[("with-norm", with_norm()), ("with-pool", with_pool())]);
    program::model(name, &text, random.below(3) as u64)
}

fn pooled() -> Model {
    program::model("with-pool", &with_pool(), 1)
}

fn large() -> Model {
    program::model("large", &large_net(), 1)
}

/// Data sets on disk, which are there or not.
struct Sets {
    folder: tempfile::TempDir,
    are_there: bool,
}

/// The data sets' names within their folder: one asks which of its folders is the test part, the last one is none.
const SETS: [&str; 4] = ["classes", "table.csv", "unclear", "broken.csv"];

impl Sets {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sets = folder.path().join("here");
        for (class, n) in
            ["even", "odd"].into_iter().zip(0u8..).cycle().take(24).zip(0u8..).map(|((c, _), n)| (c, n))
        {
            let path = sets.join("classes").join(class);
            fs::create_dir_all(&path).expect("a folder");
            let picture = image::GrayImage::from_fn(6, 8, |x, y| image::Luma([n * 9 + (x * y) as u8]));
            picture.save(path.join(format!("{n}.png"))).expect("saves");
        }
        for (n, place) in ["first/even", "first/odd", "second/even", "second/odd"].into_iter().enumerate() {
            let path = sets.join("unclear").join(place);
            fs::create_dir_all(&path).expect("a folder");
            let picture = image::GrayImage::from_pixel(6, 8, image::Luma([n as u8 * 50]));
            (0..4).for_each(|k| picture.save(path.join(format!("{k}.png"))).expect("saves"));
        }
        let row = |n: usize| {
            let pixels = (0..64).map(|k| (k * n % 256).to_string()).collect::<Vec<_>>().join(",");
            format!("{},{pixels}\n", n % 4)
        };
        fs::write(sets.join("table.csv"), (0..32).map(row).collect::<String>()).expect("writes");
        fs::write(sets.join("broken.csv"), "1,2\n3\n").expect("writes");
        Self { folder, are_there: true }
    }

    fn place(&self, name: &str) -> Location {
        self.folder.path().join("here").join(name).into()
    }

    /// Takes the sets away, or puts them back.
    fn set_there(&mut self, are_there: bool) {
        if are_there != self.are_there {
            let [here, away] = ["here", "away"].map(|name| self.folder.path().join(name));
            let (from, to): (&Path, &Path) = if are_there { (&away, &here) } else { (&here, &away) };
            fs::rename(from, to).expect("moves");
            self.are_there = are_there;
        }
    }
}

/// What the world outside has yet to do, and the files that it has written.
struct World {
    bag: Vec<Effect>,
    jobs: Vec<JobAtWork>,
    files: BTreeMap<Location, Vec<u8>>,
    /// Places of states before: what is drawn in one frame may be applied in another.
    stale: Vec<AddressText>,
    news: Vec<News>,
    sets: Sets,
}

impl Default for World {
    fn default() -> Self {
        Self {
            bag: Vec::new(),
            jobs: Vec::new(),
            files: BTreeMap::new(),
            stale: Vec::new(),
            news: Vec::new(),
            sets: Sets::new(),
        }
    }
}

/// A training job of the world outside, and hyperparameters that it has been given since its last news.
struct JobAtWork {
    job: TrainingJob,
    cancel: Arc<AtomicBool>,
    steered: Vec<(u32, Optimizer)>,
}

impl World {
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Steer(optimizer) => {
                    // The job says in its next news from which step on.
                    if let Some(JobAtWork { job, steered, .. }) = self.jobs.last_mut() {
                        steered.push((job.steer(optimizer), optimizer));
                    }
                }
                Effect::Train { job, cancel } => {
                    if let Some(job) = job.lock().expect("no panic").take() {
                        self.jobs.push(JobAtWork { job, cancel, steered: Vec::new() });
                    }
                }
                effect => self.bag.push(effect),
            }
        }
        self.bag.truncate(60);
    }

    /// An answer to something that was asked for: any, perhaps once more, perhaps never.
    fn answer(&mut self, random: &mut Random) -> Option<Action> {
        if !self.jobs.is_empty() && random.one_in(3) {
            return self.train(random);
        }
        if !self.news.is_empty() && random.one_in(20) {
            return Some(Action::Train(TrainAction::News(Box::new(random.pick(&self.news)))));
        }
        if self.bag.is_empty() {
            return None;
        }
        let place = random.below(self.bag.len());
        let effect = match random.below(10) {
            0 => self.bag[place].clone(),
            1 => {
                self.bag.swap_remove(place);
                return None;
            }
            _ => self.bag.swap_remove(place),
        };
        self.carry_out(effect, random)
    }

    /// What comes of an effect, if anything.
    fn carry_out(&mut self, effect: Effect, random: &mut Random) -> Option<Action> {
        Some(match effect {
            Effect::Advance => Action::Advance,
            Effect::Work { job, task, cancel } => {
                // Sometimes the host stops midway, or honours a request to stop.
                let (heeds, most) =
                    (random.one_in(2), if random.one_in(8) { random.below(20) } else { usize::MAX });
                let reports = AtomicUsize::new(0);
                let on_progress = |_: f32| {
                    !(heeds && cancel.load(Ordering::Relaxed))
                        && reports.fetch_add(1, Ordering::Relaxed) < most
                };
                let exec = Execution { on_progress: &on_progress, ..Execution::SERIAL };
                Action::Worked { job, done: task.run(exec, &Disk)? }
            }
            Effect::Write { location, content, stamp, replace } => {
                if !replace && self.files.contains_key(&location) {
                    return Some(FileAction::Taken(location).into());
                }
                let result = match random.one_in(10) {
                    true => Err("expected room on the disk, got none; make some".into()),
                    false => {
                        content.to_bytes(None).map(|bytes| drop(self.files.insert(location.clone(), bytes)))
                    }
                };
                let kind = FileContent::kind(&content);
                FileAction::Written { location, kind, stamp, result }.into()
            }
            Effect::Read(location) if location.as_path().exists() => Action::Data(DataAction::Open(location)),
            Effect::Read(location) => {
                let bytes = self.files.get(&location)?.clone();
                FileAction::Opened { location, bytes: Arc::new(bytes) }.into()
            }
            Effect::AskForData { .. } => Action::Data(DataAction::Open(self.sets.place(random.pick(&SETS)))),
            Effect::AskForPicture => picture_file(random),
            Effect::AskForModel => model_file(model(random)),
            Effect::AskWhere { location, .. } => FileAction::Chosen(location).into(),
            Effect::KeepRecent(recent) => FileAction::Recent(recent).into(),
            Effect::Rescue => FileAction::Rescued(Arc::new(self.files.values().next()?.clone())).into(),
            Effect::DiscardRescue => FileAction::Offer(None).into(),
            Effect::Film { job, film, location, replace, .. } => {
                let result = Ok((film.form, Arc::new(vec![0])));
                FileAction::Filmed { job, location, replace, result }.into()
            }
            Effect::Copy(_)
            | Effect::Quit
            | Effect::Train { .. }
            | Effect::Steer(_)
            | Effect::Preview { .. }
            | Effect::CopyPicture { .. }
            | Effect::KeepProgress(_) => return None,
        })
    }

    fn train(&mut self, random: &mut Random) -> Option<Action> {
        let place = random.below(self.jobs.len());
        let JobAtWork { job, cancel, steered } = &mut self.jobs[place];
        let (id, optimizers) = (job.id, std::mem::take(steered));
        let news = if cancel.load(Ordering::Relaxed) {
            News { id, end: Some(convstep::app::End::Paused), optimizers, ..News::default() }
        } else {
            match job.step(&Alone) {
                Ok(step) => News {
                    id,
                    steps: vec![(step.time, step.record)],
                    checks: step.check.map(|check| (job.time(), check)).into_iter().collect(),
                    keyframes: vec![(job.time(), job.keyframe())],
                    end: step.end,
                    seconds: 0.01,
                    optimizers,
                },
                Err(error) => News { id, end: Some(convstep::app::End::Failed(error)), ..News::default() },
            }
        };
        if news.end.is_some() {
            self.jobs.swap_remove(place);
        }
        // A change of the optimizer is reported once.
        self.news.push(News { optimizers: Vec::new(), ..news.clone() });
        self.news.drain(..self.news.len().saturating_sub(8));
        Some(Action::Train(TrainAction::News(Box::new(news))))
    }
}

fn opened_file(name: &str, bytes: Vec<u8>) -> Action {
    FileAction::Opened { location: name.into(), bytes: Arc::new(bytes) }.into()
}

fn model_file(model: Model) -> Action {
    opened_file(&format!("{}.safetensors", model.name), model.to_bytes().expect("a file"))
}

/// A picture, an array, or what looks like one from outside and is none.
fn picture_file(random: &mut Random) -> Action {
    let (w, h) = (1 + random.below(20) as u32, 1 + random.below(20) as u32);
    let colour = image::Rgba([random.below(256) as u8, 20, 200, random.below(256) as u8]);
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(w, h, colour).write_to(&mut png, image::ImageFormat::Png).expect("writes");
    let mut png = png.into_inner();
    match random.below(4) {
        0 => {
            png.truncate(random.below(png.len()));
            opened_file("broken.png", png)
        }
        1 => opened_file("notes.txt", b"no picture".to_vec()),
        2 => {
            let header =
                format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 8, 8), }");
            let values = (0..64).flat_map(|n: u8| (f32::from(n) - 30.0).to_le_bytes());
            let start = b"\x93NUMPY\x01\x00\x76\x00".iter().copied();
            opened_file("array.npy", start.chain(header.bytes()).chain(values).collect())
        }
        _ => opened_file("picture.png", png),
    }
}

fn address(state: &AppState, random: &mut Random) -> Address {
    let plan = state.plan();
    let step = random.next() % plan.run_len();
    let near = state.trace().time().saturating_add(random.below(4) as u32).min(plan.times() - 1);
    let step = step % plan.len() + u64::from(near) * plan.len();
    plan.locate(step, random.pick(&Grain::ALL))
}

/// A small change of weights, settings, places: what a user does.
fn action(state: &AppState, world: &mut World, random: &mut Random) -> Action {
    let plan = Arc::clone(state.plan());
    let kind = random.pick(&KINDS);
    match random.below(56) {
        0..=4 => Action::visit(&plan, &address(state, random)),
        5 | 6 => Action::look(&plan, &address(state, random)),
        7 if !world.stale.is_empty() => Action::Visit(random.pick(&world.stale)),
        8 if !world.stale.is_empty() => Action::Look(random.pick(&world.stale)),
        9..=11 => Action::Go(random.pick(&Move::NAMED).1),
        12 => Action::Go(Move::Grain(random.pick(&Grain::ALL))),
        13 => Action::GoToEdge { grain: random.pick(&Grain::ALL), back: random.one_in(2) },
        14 => random.pick(&[Action::RunToHere, Action::LastWriter, Action::NextReader, Action::LookAtCursor]),
        15 => Action::Trail(random.below(7) as isize - 3),
        16 => Action::Continue { back: random.one_in(3) },
        17..=19 => Action::Mark(mark(state, random)),
        20 => random.pick(&[Action::TogglePlay, Action::Tick(0.5), Action::Escape, Action::Cancel(kind)]),
        21 => Action::Tick(0.1),
        22..=24 => {
            let learning_rate = random.pick(&[0.01, 0.1]);
            Action::SetOptimizer(Optimizer {
                rule: random.pick(&RULES),
                learning_rate,
                weight_decay: random.pick(&[0.0, 0.0, 0.01]),
            })
        }
        25 => Action::SetMode(random.pick(&[Mode::Eval, Mode::Train])),
        26 => Action::SetLabel(random.below(12)),
        27 | 28 => Action::Edit { edit: edit(state, random), more: random.one_in(2) },
        29 => Action::SetFit(random.pick(&Fit::ALL)),
        30 => random.pick(&[
            Action::SetBackground(Background::default()),
            Action::DismissStop,
            Action::DismissNotice,
        ]),
        31 => Action::OpenSample(random.pick(&["digit-3", "digit-7", "star"]).into()),
        32 => Action::OpenBundled(random.pick(&["article-backprop", "pattern", "no such"]).into()),
        33 if state.run().is_large() && random.one_in(3) => model_file(large()),
        33 => model_file(model(random)),
        34 => picture_file(random),
        35 | 36 => Action::Build(build(random)),
        37 => Action::Undo,
        38 => random.pick(&[Action::Undo, Action::Redo]),
        39 => random.pick(&[
            Action::SetTab(Tab::Check),
            Action::SetTab(Tab::Paths),
            Action::SetTab(Tab::Why),
            Action::SetTab(Tab::Statistics),
            Action::Ask,
        ]),
        40 => Action::SetPage(random.pick(&Page::ALL)),
        41 => Action::Attribution(attribution(state, random)),
        42 => Action::Compare(compare(state, random)),
        43 => random.pick(&[
            Action::Spans(SpanAction::Zoom(3.0)),
            Action::Spans(SpanAction::Whole),
            Action::CopyAddress,
        ]),
        44..=46 => Action::Train(train(state, random)),
        47 | 48 => Action::Data(data(state, world, random)),
        49 => random.pick(&[Action::AskForPicture, Action::AskForModel]),
        50 => {
            world.sets.set_there(random.one_in(2));
            FileAction::FindData(random.one_in(2).then(|| world.sets.place(SETS[0]))).into()
        }
        _ => file(world, random).into(),
    }
}

fn file(world: &World, random: &mut Random) -> FileAction {
    let name = random.pick(&["session.convstep", "other.convstep", "model.safetensors"]);
    match random.below(12) {
        0 => FileAction::Chosen(name.into()),
        1 => FileAction::Save,
        2 => FileAction::Ask(random.pick(&[FileKind::Session, FileKind::Model])),
        3 => FileAction::Type(random.pick(&["", " ", "session", "sessions/other.convstep"]).into()),
        4 => FileAction::Confirm { replace: random.one_in(2) },
        5 => random.pick(&[FileAction::Browse, FileAction::Forget, FileAction::Taken(name.into())]),
        6 => FileAction::Offer(Some(RescueOffer { minutes: 3 })),
        7 => random.pick(&[
            FileAction::Restore,
            FileAction::Discard,
            FileAction::SetSize([24, 17]),
            FileAction::OpenSized,
            FileAction::ForgetSize,
        ]),
        8 => FileAction::Open(world.sets.place(random.pick(&SETS))),
        9 => FileAction::SetFolder(random.pick(&["", "sessions"]).into()),
        _ => FileAction::Open(name.into()),
    }
}

fn data(state: &AppState, world: &World, random: &mut Random) -> DataAction {
    let split = random.pick(&Split::ALL);
    match random.below(9) {
        0 | 1 => DataAction::Open(world.sets.place(random.pick(&SETS))),
        2 => DataAction::Choose { folder: random.one_in(2) },
        3 => DataAction::Show(random.pick(&[Shown::Opened, Shown::Generated(Generated::Digits)])),
        4 => DataAction::Split(split),
        5 => DataAction::Class(random.pick(&[None, Some(0), Some(7)])),
        6 => DataAction::Ask(random.one_in(2)),
        7 => {
            let answers = [UpperFolders::Classes, UpperFolders::Test("first".into())];
            DataAction::AnswerParts(random.one_in(2).then(|| answers[random.below(2)].clone()))
        }
        _ => {
            DataAction::StepThrough { data: state.shown_data(), part: split, index: random.below(30) as u64 }
        }
    }
}

fn mark(state: &AppState, random: &mut Random) -> MarkAction {
    let trace = state.trace();
    let stage = state.plan().stages()[random.below(state.plan().stages().len())];
    let tensor = random.one_in(2).then_some(stage.tensor);
    let watched = Watched::at(trace, &state.focus());
    let kind = match random.below(8) {
        0 => Break::Above { tensor, limit: 0.5 },
        1 => Break::Below { tensor, limit: 0.001 },
        2 => Break::ReluKills,
        3 => Break::PoolTies,
        4 => Break::WinnerChanges,
        5 => Break::LossRises,
        6 => watched.map_or(Break::NotFinite, Break::CellChanges),
        _ => random.pick(&[Break::NotFinite, Break::DeadUnit, Break::Misclassified, Break::PredictionFlips]),
    };
    let number = random.below(4);
    match random.below(10) {
        0..=2 => MarkAction::ToggleBreak(kind),
        9 => MarkAction::Once(number, random.one_in(2)),
        3 => MarkAction::ChangeBreak { number, kind, more: random.one_in(2) },
        4 => MarkAction::Enable(number, random.one_in(2)),
        5 => MarkAction::RemoveBreak(number),
        6 => MarkAction::Rename(number, "here".into()),
        7 => MarkAction::RemoveBookmark(number),
        _ => MarkAction::ToggleBookmark,
    }
}

fn edit(state: &AppState, random: &mut Random) -> EditAction {
    // One layer too many now and then: the model may have been another one when it was asked for.
    let layer = random.below(state.model().network.layers.len() + 1);
    let part = random.pick(&[Part::Weight, Part::Bias, Part::RunningMean]);
    let value = random.pick(&[-1.0, 0.0, 0.5, 3.0]);
    match random.below(10) {
        0..=2 => EditAction::SetParameter { layer, part, index: random.below(20), value },
        6 => EditAction::SetFilter {
            layer,
            out: random.below(3),
            channel: random.pick(&[None, Some(0), Some(5)]),
            filter: random.pick(&Filter::ALL),
        },
        9 => EditAction::TurnFilter {
            layer,
            out: random.below(3),
            turn: random.pick(&[FilterTurn::Half, FilterTurn::Exchanged]),
        },
        7 => EditAction::Paint {
            points: (0..2).map(|_| [random.below(12) as f32, random.below(12) as f32 - 2.0]).collect(),
            pen: Pen { radius: value.abs(), softness: 1.0 },
            ink: random.pick(&[Ink::Colour([250, 3, 9]), Ink::Erase]),
        },
        8 => EditAction::NewDrawing { ground: [9, 90, 200] },
        3 => EditAction::SetPixel { index: random.below(150), value: value * 80.0 },
        4 => EditAction::Reset(random.pick(&[Extent::Model, Extent::Layer { layer }])),
        _ => random.pick(&[EditAction::Fill([200, 30, 90]), EditAction::ResetPixels]),
    }
}

fn build(random: &mut Random) -> BuildAction {
    let layer = random.below(5);
    let kind = random.pick(&Kind::starters());
    match random.below(19) {
        18 => BuildAction::Reads(
            layer,
            vec![random.pick(&["input", "conv1", "relu1", "none"]).into(); random.below(3)],
        ),
        9 => BuildAction::StartFrom(random.pick(&["lenet-5", "article-backprop", "no such"]).into()),
        10 => BuildAction::Add(kind),
        11 => BuildAction::Become(layer, kind),
        12 => BuildAction::Input([1 + random.below(3), 8, 8]),
        13 => BuildAction::Classes(random.below(5)),
        14 => BuildAction::ClassNames(random.pick(&[vec![], vec!["a".into(), "b".into()]])),
        15 => BuildAction::Name(random.pick(&["net", "", "large"]).into()),
        16 => BuildAction::KeepWeights(random.one_in(2)),
        17 => match kind.hyperparameters().first() {
            Some(&hyperparameter) => BuildAction::Set(layer, hyperparameter),
            None => BuildAction::Seed(random.below(3) as u64),
        },
        0 => BuildAction::Edit,
        1 => BuildAction::New,
        2 => BuildAction::Select(Some(layer)),
        3 => BuildAction::Remove,
        4 => BuildAction::Duplicate,
        5 => BuildAction::Rename(layer, format!("layer{layer}")),
        6 => BuildAction::Move { up: random.one_in(2) },
        7 => BuildAction::Cancel,
        _ => BuildAction::Apply,
    }
}

fn attribution(state: &AppState, random: &mut Random) -> AttributionAction {
    let settings = AttributionSettings::usual(random.pick(&Method::ALL), state.model().network.input);
    match random.below(10) {
        7 => AttributionAction::Randomise(random.pick(&[None, Some(1)])),
        8 => AttributionAction::Opacity(0.25),
        9 => AttributionAction::Previous,
        0 => AttributionAction::Subject(focused_unit(state).map_or(Subject::Predicted, Subject::Unit)),
        1 => AttributionAction::Focused,
        2 => AttributionAction::Settings(settings),
        3 => AttributionAction::Search,
        4 => AttributionAction::TogglePlay,
        5 => AttributionAction::Next,
        _ => AttributionAction::Again,
    }
}

fn compare(state: &AppState, random: &mut Random) -> CompareAction {
    let stage = state.plan().stages()[random.below(state.plan().stages().len())];
    match random.below(5) {
        0 => CompareAction::Forget,
        1 => CompareAction::Tensor(stage.tensor),
        2 => CompareAction::Plane(random.below(6)),
        3 => CompareAction::KeepRun(random.below(4) as u32),
        _ => CompareAction::Keep,
    }
}

fn train(state: &AppState, random: &mut Random) -> TrainAction {
    let stop = random.pick(&StopWhen::ALL);
    match random.below(14) {
        0 | 1 => TrainAction::Use(Some(Dataset::generated(random.pick(&Generated::ALL), 1))),
        10 => TrainAction::Normalise,
        11 => TrainAction::StopAt(stop),
        12 => TrainAction::StopNoMore(stop),
        13 => match &state.data().opened {
            Some(opened) => TrainAction::Use(Some(opened.dataset.clone())),
            None => TrainAction::Seed(random.below(3) as u64),
        },
        2 => match &state.inputs().training {
            Some(training) => {
                let mut training: Training = training.clone();
                training.schedule.batch_len = random.pick(&[4, 8]);
                training.schedule.epoch_len = random.pick(&[16, 32]);
                training.epochs = 1 + random.below(2) as u32;
                TrainAction::Set(training)
            }
            None => TrainAction::Seed(random.below(3) as u64),
        },
        3 | 4 => TrainAction::Start(Until::Step(random.below(8) as u32)),
        5 => TrainAction::GoTo(random.below(10) as u32),
        6 => random.pick(&[TrainAction::Pause, TrainAction::StepIn, TrainAction::Use(None)]),
        7 => any_run(state, random),
        8 => TrainAction::Restart { init: Init::He, seed: random.below(3) as u64 },
        _ => TrainAction::Keep,
    }
}

/// Something about one of the runs of training, or about one that is not there.
fn any_run(state: &AppState, random: &mut Random) -> TrainAction {
    let numbers: Vec<u32> =
        state.training_runs().iter().map(|run| run.branch.number()).chain([999]).collect();
    let number = random.pick(&numbers);
    match random.below(4) {
        0 => TrainAction::Remove(number),
        1 => TrainAction::Rename(number, "mine".into()),
        _ => TrainAction::Choose(number),
    }
}

/// Every address of the state names a place of the plan at hand, and whatever reads them reads.
fn check(state: &AppState) {
    let (plan, trace) = (state.plan(), state.trace());
    assert!(state.cursor().at() <= plan.run_len(), "the cursor lies in the run");
    assert_eq!(state.cursor().time(plan), trace.time(), "the values are those of the cursor's step");
    let has = |address: &Address, what: &str| {
        assert!(plan.has(address), "{what}: {address:?} is none of the plan's")
    };
    has(&state.focus(), "the focus");
    state.selected().iter().for_each(|address| has(address, "the selection"));
    let place: PlaceText = state.place();
    assert_eq!(place.resolve(plan), Some((state.cursor(), state.selected())), "{place:?}");
    if let Some(StopReason::Hit(stop)) = state.stopped() {
        has(&stop.address, "the stop");
        has(&stop.cell, "the stop's cell");
    }
    for breakpoint in &state.marks().breaks {
        assert!(breakpoint.kind.fits(plan), "{breakpoint:?}");
    }
    let _ = (state.scores(), state.knows_scores(), state.known_loss(trace.time()), state.asked().is_some());
    let _ = (state.known_gradient(trace.time()), state.current_term(), state.label(), state.is_unsaved());
    let _ = (trace.cell(&state.focus()), state.compare().sides(state), state.shown_data());
    palette::offers(state).iter().take(40).for_each(|offer| drop(offer.action(state)));
    if let Place::Given(tensor) = state.focus().place() {
        assert!(plan.knows(tensor));
    }
}

/// Bit by bit: NaN is itself.
fn same_inputs(a: &Inputs, b: &Inputs) {
    assert_eq!(a.model.network, b.model.network);
    let bits = |inputs: &Inputs| -> Vec<u32> {
        let layers = inputs.model.params.0.iter();
        layers
            .flat_map(|parts| parts.iter())
            .flat_map(|(_, cells)| cells.iter().map(|x| x.to_bits()))
            .collect()
    };
    assert_eq!(bits(a), bits(b), "the weights");
    assert_eq!(
        (&a.picture.name, a.adjustment, a.target, a.mode),
        (&b.picture.name, b.adjustment, b.target, b.mode)
    );
    assert_eq!((a.optimizer, a.epochs, a.seed), (b.optimizer, b.epochs, b.seed));
    // A set that is opened again is another one with the same recipe.
    let training = |inputs: &Inputs| {
        let training = inputs.training.clone()?;
        let recipe = Recipe::from_dataset(&training.schedule.data);
        let schedule = BatchSchedule { data: Dataset::generated(Generated::Digits, 0), ..training.schedule };
        Some((recipe, Training { schedule, ..training }))
    };
    assert_eq!(training(a), training(b));
    assert_eq!(a.painted, b.painted);
}

/// A session that is saved and loaded is unchanged. Where its data set is gone, it opens without it and
/// reports that.
fn save_and_load(state: &AppState, sets: &Sets) {
    let bytes = |state: &AppState| Session::from_state(state).to_bytes().expect("a file");
    let saved = bytes(state);
    let after = reopened(saved);
    let training = state.inputs().training.as_ref();
    if !sets.are_there && training.is_some_and(|training| training.schedule.data.location().is_some()) {
        assert!(after.files().absent.is_some() && !after.notices().is_empty(), "{:?}", after.notices());
        return check(&after);
    }
    same_inputs(after.inputs(), state.inputs());
    assert_eq!((after.place(), after.marks()), (state.place(), state.marks()), "{:?}", after.notices());
    let weights = |state: &AppState| -> Vec<u32> {
        let layers = state.trace().params().0.iter();
        layers
            .flat_map(|parts| parts.iter())
            .flat_map(|(_, cells)| cells.iter().map(|x| x.to_bits()))
            .collect()
    };
    assert_eq!(weights(&after), weights(state), "the weights of the training step");
    let steps = |state: &AppState| -> Vec<(u32, usize)> {
        state.run().branches().iter().map(|line| (line.done(), line.optimizers().len())).collect()
    };
    if state.inputs().training.is_some() {
        assert_eq!(steps(&after), steps(state));
    }
    // Weights of a training step that were computed only to come back are kept too: so from the second time on.
    let again = bytes(&after);
    assert!(bytes(&reopened(again.clone())) == again, "a session that was loaded is saved to the byte");
}

fn undo_all(state: &mut AppState, start: &Inputs) {
    apply(state, Action::Cancel(JobKind::Computing));
    apply(state, Action::Build(BuildAction::Cancel));
    for _ in 0..1000 {
        if !state.undo().can_undo() {
            break;
        }
        let effects = apply(state, Action::Undo);
        run_tasks_here(state, effects, Execution::SERIAL, &Disk);
        if std::env::var_os("CONVSTEP_RANDOM_WORDS").is_some() {
            println!("undone: target {:?}, {:?}", state.inputs().target, state.inputs().optimizer);
        }
        check(state);
    }
    same_inputs(state.inputs(), start);
}

/// The most actions in one sequence, so that all of them can be undone.
const SEQUENCE: usize = 300;

fn sequence(seed: u64, actions: usize, is_large: bool) {
    let mut random = Random(seed);
    let mut state = opened(if is_large { large() } else { model(&mut random) });
    let mut world = World::default();
    let mut begin = state.inputs().clone();
    for n in 0..actions {
        let could_undo = state.undo().can_undo();
        let chosen = match random.one_in(3) {
            true => world.answer(&mut random),
            false => None,
        };
        let chosen = chosen.unwrap_or_else(|| action(&state, &mut world, &mut random));
        if let Some(address) = state.cursor().address(state.plan()).filter(|_| random.one_in(8)) {
            world.stale.push(AddressText::new(state.plan(), &address));
            world.stale.drain(..world.stale.len().saturating_sub(30));
        }
        let words = std::env::var_os("CONVSTEP_RANDOM_WORDS").map(|_| format!("{chosen:?}"));
        if let Some(words) = words {
            println!("{n}: {}", words.chars().take(300).collect::<String>());
        }
        let is_restore = matches!(&chosen, Action::Worked { done: convstep::app::Done::Restored(_), .. });
        let effects = apply(&mut state, chosen);
        world.take(effects);
        check(&state);
        if !could_undo && !state.undo().can_undo() || is_restore && !state.undo().can_undo() {
            begin = state.inputs().clone();
        }
        if random.one_in(100) {
            save_and_load(&state, &world.sets);
        }
    }
    world.sets.set_there(true);
    undo_all(&mut state, &begin);
}

/// Bytes in memory, where the system says.
fn memory() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<u64>().ok()? * 4096)
}

#[test]
fn random_actions_keep_every_address_valid() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let most = number("CONVSTEP_RANDOM_ACTIONS").unwrap_or(3000) as usize;
    let is_large = number("CONVSTEP_RANDOM_LARGE").is_some();
    let first = number("CONVSTEP_RANDOM_SEED").unwrap_or(1);
    let (mut done, mut seed, mut early) = (0, first, None);
    let begun = std::time::Instant::now();
    while done < most {
        let actions = SEQUENCE.min(most - done);
        let ran = std::panic::catch_unwind(|| sequence(seed, actions, is_large));
        if let Err(panic) = ran {
            println!(
                "seed {seed} of {actions} actions: CONVSTEP_RANDOM_SEED={seed} CONVSTEP_RANDOM_ACTIONS={actions}"
            );
            std::panic::resume_unwind(panic);
        }
        (done, seed) = (done + actions, seed + 1);
        if done >= 2 * SEQUENCE && early.is_none() {
            early = memory();
        }
    }
    let (seconds, now) = (begun.elapsed().as_secs(), memory());
    println!(
        "{done} actions, seeds {first} to {}, {seconds} s, {early:?} bytes early, {now:?} at the end",
        seed - 1
    );
    if let Some((early, now)) = early.zip(now) {
        assert!(now < early + (512 << 20), "memory grew from {early} to {now} bytes");
    }
}

/// A network whose values are computed by a worker, whose answers come late, twice or never.
#[test]
fn random_actions_on_a_large_network() {
    (1..=2).for_each(|seed| sequence(seed, 100, true));
}

fn adam() -> Optimizer {
    Optimizer { rule: RULES[3], learning_rate: 0.01, weight_decay: 0.01 }
}

/// Adam has stages that SGD has not: whatever names one of them names nothing after the switch.
#[test]
fn places_of_a_longer_plan_name_nothing_in_a_shorter_one() {
    let mut state = opened(pooled());
    apply(&mut state, Action::SetOptimizer(adam()));
    let plan = Arc::clone(state.plan());
    let stages = plan.stages();
    let step = stages.iter().rposition(|stage| stage.tensor.part == Part::WeightStep).expect("Adam's step");
    let late = Address::stage_cell(0, 0, step, 1);
    let last = Address::stage_cell(0, 0, stages.len() - 1, 0);
    for place in [late, last] {
        apply(&mut state, Action::visit(&plan, &place));
        apply(&mut state, Action::Mark(MarkAction::ToggleBookmark));
        apply(&mut state, Action::look(&plan, &place));
    }
    apply(&mut state, Action::SetOptimizer(Optimizer::default()));
    assert!(state.plan().stages().len() <= step, "SGD's plan is too short for what was selected");
    check(&state);
    // Actions of a frame that was drawn before the switch.
    for action in [Action::look(&plan, &late), Action::visit(&plan, &late)] {
        let before = state.place();
        apply(&mut state, action);
        assert_eq!(state.place(), before, "the place is none of this plan's");
        check(&state);
    }
    apply(&mut state, Action::visit(&plan, &last));
    assert_eq!(state.place().text(), "update/fc.bias/k0/(0,0)", "the same tensor, made by another stage");
    for _ in 0..8 {
        apply(&mut state, Action::Trail(1));
        check(&state);
    }
    // With Adam again all of them are places.
    let kept: Vec<_> = state.marks().bookmarks.iter().map(|mark| mark.place.to_string()).collect();
    assert_eq!(kept.len(), 2, "bookmarks outlive the plan");
    assert_eq!(state.marks().bookmarks.iter().filter_map(|mark| mark.place.resolve(state.plan())).count(), 1);
    apply(&mut state, Action::SetOptimizer(adam()));
    assert_eq!(state.marks().bookmarks.iter().filter_map(|mark| mark.place.resolve(state.plan())).count(), 2);
}

/// Answers that come after the optimizer was changed, in any order, move nothing to a place that is gone.
#[test]
fn a_late_answer_of_a_longer_plan_changes_no_place() {
    let mut state = opened(pooled());
    apply(&mut state, Action::SetOptimizer(adam()));
    let last = Address::stage_cell(0, 0, state.plan().stages().len() - 1, 0);
    let visit = Action::visit(state.plan(), &last);
    apply(&mut state, visit);
    apply(&mut state, Action::Mark(MarkAction::ToggleBreak(Break::LossRises)));
    let mut world = World::default();
    world.take(apply(&mut state, Action::Continue { back: false }));
    world.take(apply(&mut state, Action::SetTab(Tab::Paths)));
    world.take(apply(&mut state, Action::Ask));
    apply(&mut state, Action::SetOptimizer(Optimizer::default()));
    let mut random = Random(3);
    for _ in 0..40 {
        if let Some(action) = world.answer(&mut random) {
            world.take(apply(&mut state, action));
            check(&state);
        }
    }
    assert!(world.bag.is_empty(), "all has been answered");
}

/// A step that was shown before training reached it follows a change of the optimizer on the way.
#[test]
fn a_step_ahead_of_training_follows_the_optimizer() {
    let mut random = Random(1);
    let mut state = opened(pooled());
    let mut world = World::default();
    apply(&mut state, Action::Train(TrainAction::Use(Some(Dataset::generated(Generated::Digits, 1)))));
    world.take(apply(&mut state, Action::Train(TrainAction::Start(Until::Step(5)))));
    let news = world.train(&mut random).expect("a job");
    apply(&mut state, news);
    world.take(apply(&mut state, Action::SetOptimizer(adam())));
    apply(&mut state, Action::GoTo("e0.b7.i0/fwd".into()));
    while state.pending().is_some() {
        apply(&mut state, Action::Advance);
    }
    assert_eq!(state.trace().time(), 7, "replayed with the optimizer before");
    while !world.jobs.is_empty() {
        let news = world.train(&mut random).expect("a job");
        apply(&mut state, news);
        while state.pending().is_some() {
            apply(&mut state, Action::Advance);
        }
        check(&state);
    }
    assert_eq!((state.trace().time(), state.plan().setup().optimizer), (7, adam()));
    save_and_load(&state, &world.sets);
}

//! The real window under random keys and clicks: it neither crashes, nor hangs, nor grows without bound.
//!
//! ```text
//! CONVSTEP_RANDOM_WINDOW_SECONDS=600 CONVSTEP_RANDOM_WINDOW_SEED=7 \
//!     cargo test --release --test random_window -- --ignored --nocapture
//! ```
//!
//! Without the two variables it takes 30 seconds and seed 1. The inputs are a function of the seed alone; when they
//! arrive between two frames is not, so a failure may need a second run to show again. On a failure the test prints
//! the program's last words and the last inputs, and keeps all inputs since the program's start as a shell script.
//! `CONVSTEP_BINARY` names another program to test than the one just built.
#![cfg(all(feature = "window", target_os = "linux"))]

#[path = "common/screen.rs"]
mod screen;

use convstep::app::command::{ALIASES, COMMANDS, Shortcut};
use convstep::model_io::{bundled, presets};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use screen::{Running, Screen};
use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Seconds between two inputs; a frame of the software renderer takes some 30 ms.
const PAUSE: &str = "0.03";
/// How many inputs one call of xdotool sends, before it is seen whether the program still runs.
const BATCH: usize = 10;
/// How many inputs a failure prints.
const LAST: usize = 50;
/// How often the program is closed by Ctrl+Q and started again on what it kept.
const RESTART: Duration = Duration::from_secs(120);
/// How long the program may take to open and to close its window.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most memory the program may hold: its networks and data sets are small, so steady growth is a leak.
const MOST_MB: f64 = 1500.0;

/// xdotool's words for one input.
type Input = Vec<String>;

/// An endless sequence of inputs.
struct Inputs {
    rng: ChaCha8Rng,
    /// The keys of all commands but the one that quits, as xdotool names them.
    commands: Vec<String>,
}

/// A shortcut in xdotool's names.
fn key_name(shortcut: &Shortcut) -> String {
    let key = match shortcut.key {
        "ArrowLeft" => "Left",
        "ArrowRight" => "Right",
        "ArrowUp" => "Up",
        "ArrowDown" => "Down",
        "Space" => "space",
        "Plus" => "plus",
        "Minus" => "minus",
        "Period" => "period",
        "OpenBracket" => "bracketleft",
        "CloseBracket" => "bracketright",
        "Backspace" => "BackSpace",
        "PageUp" => "Prior",
        "PageDown" => "Next",
        key => key,
    };
    let key = if key.len() == 1 { key.to_lowercase() } else { key.to_owned() };
    let (ctrl, shift) =
        (if shortcut.ctrl { "ctrl+" } else { "" }, if shortcut.shift { "shift+" } else { "" });
    format!("{ctrl}{shift}{key}")
}

fn words<const N: usize>(words: [&str; N]) -> Input {
    words.map(str::to_owned).to_vec()
}

impl Inputs {
    fn new(seed: u64) -> Self {
        let own = COMMANDS.iter().filter(|command| command.id != "quit").filter_map(|c| c.shortcut);
        let commands = own.chain(ALIASES.map(|(shortcut, _)| shortcut)).map(|s| key_name(&s)).collect();
        Self { rng: ChaCha8Rng::seed_from_u64(seed), commands }
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among.choose(&mut self.rng).expect("something to choose from")
    }

    fn point(&mut self) -> [String; 2] {
        [self.rng.random_range(0..1400).to_string(), self.rng.random_range(0..900).to_string()]
    }

    /// An address of the bundled networks, which may or may not exist in the one that is open.
    fn address(&mut self) -> String {
        let at = self.pick(&["", "", "e0.b1.i3/", "b2/", "e1.b0.i0/", "e0.b0.i1/"]);
        let stage = self.pick(&["fwd/", "bwd/", "update/", "loss/", ""]);
        let tensor = self.pick(&[
            "conv1",
            "conv2",
            "fc",
            "relu1",
            "pool1",
            "conv1.dW",
            "conv2.dX",
            "fc.dW",
            "fc.db",
            "conv1.weight",
            "fc.bias",
            "loss",
            "loss.dX",
            "input",
        ]);
        let cell = self.pick(&["", "/k1", "/k2/(3,4)", "/k0/(0,0)/m2", "/k1,0/(1,1)", "/k1/(2,2)/m5"]);
        format!("{at}{stage}{tensor}{cell}")
    }

    /// A few letters of something that the palette finds: a model, a layer, a command.
    fn wish(&mut self) -> String {
        let models = bundled::models().iter().map(|model| model.name);
        let presets = presets::all().iter().map(|preset| preset.name);
        let others =
            ["conv2", "fc", "train", "adam", "momentum", "evaluation", "mode", "chinese", "theme", "3"];
        let all: Vec<&str> = models.chain(presets).chain(others).collect();
        self.pick(&all).to_owned()
    }

    /// The next inputs that belong together.
    fn next(&mut self) -> Vec<Input> {
        match self.rng.random_range(0..100) {
            0..39 => {
                let key = self.commands.choose(&mut self.rng).expect("commands").clone();
                vec![words(["key", "--clearmodifiers", &key])]
            }
            39..42 => {
                let wish = self.wish();
                let mut inputs = vec![
                    words(["key", "--clearmodifiers", "ctrl+k"]),
                    words(["type", "--delay", "2", "--args", "1", &wish]),
                ];
                inputs.extend((0..self.rng.random_range(0..4)).map(|_| words(["key", "Down"])));
                inputs.push(words(["key", "Return"]));
                inputs
            }
            // A layer more or less, applied by the button in the lower right corner.
            42..45 => {
                let change = self.pick(&["ctrl+d", "ctrl+d", "Delete"]);
                let mut inputs = vec![
                    words(["windowsize", "WINDOW", "1400", "900"]),
                    words(["key", "--clearmodifiers", "Escape", "Escape", "ctrl+e"]),
                    words(["mousemove", "200", &self.rng.random_range(190..500).to_string(), "click", "1"]),
                    words(["key", "--clearmodifiers", change]),
                ];
                inputs.push(words(["mousemove", "1338", "846", "click", "1"]));
                inputs
            }
            45..55 => {
                let key = self.pick(&[
                    "Tab",
                    "shift+Tab",
                    "Return",
                    "Return",
                    "Escape",
                    "Escape",
                    "Escape",
                    "Delete",
                    "space",
                    "Left",
                    "Right",
                    "Up",
                    "Down",
                    "shift+Right",
                    "ctrl+a",
                    "ctrl+c",
                    "ctrl+v",
                ]);
                vec![words(["key", "--clearmodifiers", key])]
            }
            55..82 => {
                let [x, y] = self.point();
                let button = self.pick(&["1", "1", "1", "1", "1", "3"]);
                let repeat = self.pick(&["1", "1", "1", "2"]);
                let click =
                    words(["mousemove", &x, &y, "click", "--repeat", repeat, "--delay", "20", button]);
                match self.pick(&["", "", "", "", "", "ctrl", "shift", "alt"]) {
                    "" => vec![click],
                    held => vec![words(["keydown", held]), click, words(["keyup", held])],
                }
            }
            82..88 => {
                let ([x, y], [u, v]) = (self.point(), self.point());
                vec![
                    words(["mousemove", &x, &y, "mousedown", "1"]),
                    words(["mousemove", &u, &v]),
                    words(["mouseup", "1"]),
                ]
            }
            88..92 => {
                let [x, y] = self.point();
                let wheel = self.pick(&["4", "5"]);
                let repeat = self.rng.random_range(1..8).to_string();
                vec![words(["mousemove", &x, &y, "click", "--repeat", &repeat, "--delay", "5", wheel])]
            }
            92..96 => {
                let address = self.address();
                vec![
                    words(["key", "--clearmodifiers", "g"]),
                    words(["key", "--clearmodifiers", "ctrl+a"]),
                    words(["type", "--delay", "2", "--args", "1", &address]),
                    words(["key", "--clearmodifiers", "Return"]),
                ]
            }
            96..98 => {
                let text =
                    self.pick(&["0.5", "3", "1e9", "7", "nan", "12", "conv", "0", "train", "99999999999"]);
                vec![
                    words(["type", "--delay", "2", "--args", "1", text]),
                    words(["key", "--clearmodifiers", self.pick(&["Return", "Tab"])]),
                ]
            }
            _ => {
                let size =
                    self.pick(&["1280 720", "1024 768", "1400 900", "640 480", "1400 900", "1920 1080"]);
                let (width, height) = size.split_once(' ').expect("two numbers");
                vec![words(["windowsize", "WINDOW", width, height])]
            }
        }
    }
}

/// The program on its screen, and what was done to it since it started.
struct Session {
    screen: Screen,
    home: TempDir,
    program: Running,
    window: String,
    seed: u64,
    done: Vec<Input>,
    script: PathBuf,
}

impl Session {
    fn stderr(home: &Path) -> PathBuf {
        home.join("stderr")
    }

    /// Starts the program with its standard error in a file.
    fn launch(screen: &Screen, home: &Path) -> Running {
        let binary =
            env::var_os("CONVSTEP_BINARY").map_or(env!("CARGO_BIN_EXE_convstep").into(), PathBuf::from);
        let stderr = File::create(Self::stderr(home)).expect("a file");
        screen.run(&binary, &[], home, stderr)
    }

    fn start(seed: u64) -> Self {
        let (screen, home) = (Screen::start(), tempfile::tempdir().expect("a home"));
        let program = Self::launch(&screen, home.path());
        let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("random_window_{seed}.sh"));
        let mut session =
            Self { screen, home, program, window: String::new(), seed, done: Vec::new(), script };
        session.await_window();
        session
    }

    /// Waits for the window and gives it the keyboard, which without a window manager nobody else does.
    fn await_window(&mut self) {
        let begin = Instant::now();
        let window = loop {
            if let Some(window) = self.screen.window() {
                break window;
            }
            if !self.is_alive() || begin.elapsed() > PATIENCE {
                self.fail("the window did not open");
            }
            sleep(Duration::from_millis(200));
        };
        self.screen.output("xdotool", &["windowfocus", &window, "windowmove", &window, "0", "0"]);
        sleep(Duration::from_millis(500));
        self.window = window;
    }

    fn send(&mut self, inputs: Vec<Input>) {
        let mut all = Vec::new();
        for input in &inputs {
            all.extend(input.iter().map(|word| if word == "WINDOW" { &self.window } else { word }.as_str()));
            all.extend(["sleep", PAUSE]);
        }
        self.screen.output("xdotool", &all);
        self.done.extend(inputs);
    }

    /// Whether the program runs; false where it has ended as it should.
    fn is_alive(&mut self) -> bool {
        match self.program.0.try_wait().expect("a status") {
            None => true,
            Some(status) if status.success() => false,
            Some(status) => self.fail(&format!("the program ended, {status}")),
        }
    }

    /// Memory in MB that the program holds now.
    fn memory(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.program.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kb| kb / 1024.0)
    }

    /// Closes the program, which shows that it still hears keys, and starts it again on what it kept.
    fn restart(&mut self) {
        let begin = Instant::now();
        while self.is_alive() {
            if begin.elapsed() > PATIENCE {
                self.fail("the program did not close after Escape and Ctrl+Q: it hangs");
            }
            self.send(["Escape", "ctrl+q"].map(|key| words(["key", "--clearmodifiers", key])).to_vec());
            sleep(Duration::from_millis(500));
        }
        self.reopen();
    }

    fn reopen(&mut self) {
        self.program = Self::launch(&self.screen, self.home.path());
        self.await_window();
        self.done.clear();
    }

    fn fail(&mut self, what: &str) -> ! {
        self.home.disable_cleanup(true);
        let mut lines = String::new();
        for input in &self.done {
            let quoted: Vec<String> = input
                .iter()
                .map(|word| match word.as_str() {
                    "WINDOW" => "$WINDOW".to_owned(),
                    word => format!("'{word}'"),
                })
                .collect();
            let _ = writeln!(lines, "xdotool {} sleep {PAUSE}", quoted.join(" "));
        }
        let begin = "#!/bin/sh\n# On a display with convstep's window in the upper left corner and focused.\n\
                     WINDOW=$(xdotool search --onlyvisible --name convstep | head -1)\n";
        fs::write(&self.script, format!("{begin}{lines}")).expect("a script");
        let all: Vec<&str> = lines.lines().collect();
        panic!(
            "seed {}, {} inputs after the program's start: {what}\n--- standard error\n{}\n--- the last inputs (all are in \
             {}, the files that the program kept in {})\n{}",
            self.seed,
            self.done.len(),
            fs::read_to_string(Self::stderr(self.home.path())).unwrap_or_default(),
            self.script.display(),
            self.home.path().display(),
            all[all.len().saturating_sub(LAST)..].join("\n"),
        );
    }
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}: a number")))
}

#[test]
#[ignore = "takes minutes and a virtual screen; its seed and length come from the environment"]
fn random_keys_and_clicks_neither_crash_nor_hang_nor_leak() {
    if !screen::has(&["Xvfb", "xdotool"]) {
        return;
    }
    let length = Duration::from_secs(number("CONVSTEP_RANDOM_WINDOW_SECONDS", 30));
    let seed = number("CONVSTEP_RANDOM_WINDOW_SEED", 1);
    println!("seed {seed}, {} s", length.as_secs());
    let mut session = Session::start(seed);
    let mut inputs = Inputs::new(seed);
    let (begin, mut started) = (Instant::now(), Instant::now());
    let (mut count, mut starts, mut memory) = (0, 1, Vec::new());
    while begin.elapsed() < length {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            batch.extend(inputs.next());
        }
        count += batch.len();
        session.send(batch);
        if !session.is_alive() {
            // A click has found "Quit".
            session.reopen();
            (started, starts) = (Instant::now(), starts + 1);
        }
        if started.elapsed() > RESTART {
            session.restart();
            (started, starts) = (Instant::now(), starts + 1);
        }
        if let Some(now) = session.memory() {
            memory.push(now);
            if now > MOST_MB {
                session.fail(&format!("it holds {now:.0} MB"));
            }
        }
    }
    session.restart();
    let most = memory.iter().copied().fold(0.0, f64::max);
    let (first, middle, last) = (memory[0], memory[memory.len() / 2], memory[memory.len() - 1]);
    println!(
        "{count} inputs, {} starts; memory at the start {first:.0} MB, in the middle {middle:.0} MB, at the end \
         {last:.0} MB, at most {most:.0} MB",
        starts + 1
    );
}

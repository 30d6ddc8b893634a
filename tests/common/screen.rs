//! A virtual screen for tests that drive the real window: Xvfb, and xdotool for its keys and clicks.
#![allow(dead_code, reason = "each test file uses its own part of this one")]

use image::RgbImage;
use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A child process that is killed when it goes out of scope.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether all of `programs` are installed. Where they are not, the test is to be skipped, unless the environment has
/// `CONVSTEP_WINDOW_TEST`: then it fails here.
pub fn has(programs: &[&str]) -> bool {
    let is_there = |program: &str| {
        let found =
            Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    let missing: Vec<&&str> = programs.iter().filter(|program| !is_there(program)).collect();
    if !missing.is_empty() {
        assert!(
            std::env::var("CONVSTEP_WINDOW_TEST").is_err(),
            "the window test is required, but {missing:?} is not installed"
        );
        eprintln!("skipped: {missing:?} is not installed, so the real window was not tested");
    }
    missing.is_empty()
}

/// A virtual screen of 1400x900 pixels on a display number of its own.
pub struct Screen {
    display: String,
    _server: Running,
}

impl Screen {
    /// Starts Xvfb on a free display number.
    pub fn start() -> Screen {
        let is_free = |n: &u32| !Path::new(&format!("/tmp/.X11-unix/X{n}")).exists();
        // Tests of other processes look for a free number at the same time: each begins somewhere else.
        let first = 90 + std::process::id() % 400;
        let number = (first..first + 100).find(is_free).expect("a free display");
        let display = format!(":{number}");
        let server = Command::new("Xvfb")
            .args([&display, "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"])
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb");
        let server = Running(server);
        wait_for("the virtual screen", || (!is_free(&number)).then_some(()));
        Screen { display, _server: server }
    }

    /// Starts a program on this screen with a home folder of its own; its standard error goes to `stderr`.
    pub fn run(&self, program: &Path, args: &[&Path], home: &Path, stderr: File) -> Running {
        let child = Command::new(program)
            .args(args)
            .current_dir(home)
            .env("DISPLAY", &self.display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("HOME", home)
            .env("XDG_DATA_HOME", home)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .stderr(stderr)
            .spawn()
            .expect("the program");
        Running(child)
    }

    /// What a program prints on this screen.
    pub fn output(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program)
            .args(args)
            .env("DISPLAY", &self.display)
            .stderr(Stdio::null())
            .output()
            .expect(program);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The X11 number of convstep's window, if it is open.
    pub fn window(&self) -> Option<String> {
        let found = self.output("xdotool", &["search", "--onlyvisible", "--name", "convstep"]);
        found.lines().next().map(str::to_owned)
    }

    /// The window's title, if it is open.
    pub fn title(&self) -> Option<String> {
        Some(self.output("xdotool", &["getwindowname", &self.window()?]))
    }

    /// Presses a key, named as xdotool names it.
    pub fn key(&self, key: &str) {
        self.output("xdotool", &["key", "--clearmodifiers", key]);
        sleep(Duration::from_millis(150));
    }

    /// What the screen shows.
    pub fn shot(&self) -> RgbImage {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("shot.png");
        self.output("import", &["-window", "root", &file.to_string_lossy()]);
        image::open(&file).expect("a picture").to_rgb8()
    }

    /// What the screen shows, once it has stayed the same for half a second.
    pub fn still(&self) -> RgbImage {
        let mut last = self.shot();
        let mut same = 0;
        for _ in 0..60 {
            sleep(Duration::from_millis(250));
            let now = self.shot();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            if same == 2 {
                break;
            }
        }
        last
    }

    /// Waits until the title starts with these words.
    pub fn await_title(&self, start: &str) {
        let mut last = String::new();
        for _ in 0..100 {
            last = self.title().unwrap_or_default();
            if last.starts_with(start) {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("expected a title that starts with {start:?}, got {last:?}");
    }
}

/// Polls `ready` until it gives a value.
///
/// # Panics
/// After 30 seconds without one.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not come within 30 s");
        sleep(Duration::from_millis(50));
    }
}

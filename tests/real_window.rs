//! The real window, on a virtual screen: started, driven by keys, looked at.
//!
//! Needs Xvfb, xdotool and ImageMagick's `import`; where they are not there the test says so and
//! passes, unless `CONVSTEP_WINDOW_TEST=required`.
#![cfg(all(feature = "window", target_os = "linux"))]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Ended when it goes out of scope, whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_there(program: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

struct Screen {
    display: String,
    _server: Ended,
}

impl Screen {
    /// A virtual screen on a free display number.
    fn start() -> Screen {
        let number =
            (90..190).find(|n| !Path::new(&format!("/tmp/.X11-unix/X{n}")).exists()).expect("a free display");
        let display = format!(":{number}");
        let server = Command::new("Xvfb")
            .args([&display, "-screen", "0", "1400x900x24", "-nolisten", "tcp"])
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb");
        let server = Ended(server);
        wait_for("the virtual screen", || {
            Path::new(&format!("/tmp/.X11-unix/X{number}")).exists().then_some(())
        });
        Screen { display, _server: server }
    }

    fn output(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program)
            .args(args)
            .env("DISPLAY", &self.display)
            .stderr(Stdio::null())
            .output()
            .expect(program);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn title(&self) -> Option<String> {
        let id = self.output("xdotool", &["search", "--onlyvisible", "--name", "convstep"]);
        let id = id.lines().next()?.to_owned();
        Some(self.output("xdotool", &["getwindowname", &id]))
    }

    fn key(&self, key: &str) {
        self.output("xdotool", &["key", "--clearmodifiers", key]);
        sleep(Duration::from_millis(150));
    }

    /// Waits until the title starts with an address.
    fn await_title(&self, start: &str) {
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

fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not come within 30 s");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn opens_steps_goes_to_an_address_and_opens_a_file() {
    let missing: Vec<&str> = ["Xvfb", "xdotool", "import"].into_iter().filter(|p| !is_there(p)).collect();
    if !missing.is_empty() {
        assert!(
            std::env::var("CONVSTEP_WINDOW_TEST").is_err(),
            "the window test is required, but {missing:?} is not installed"
        );
        eprintln!("skipped: {missing:?} is not installed, so the real window was not tested");
        return;
    }
    let screen = Screen::start();
    let home = tempfile::tempdir().expect("a home");
    let picture = home.path().join("my picture.png");
    image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, 90]))
        .save(&picture)
        .expect("a picture");
    let program = Command::new(env!("CARGO_BIN_EXE_convstep"))
        .arg(&picture)
        .env("DISPLAY", &screen.display)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env_remove("WAYLAND_DISPLAY")
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let _program = Ended(program);
    wait_for("the window", || screen.title());
    screen.await_title("loss/loss – shapes");
    let id = screen.output("xdotool", &["search", "--onlyvisible", "--name", "convstep"]);
    screen.output("xdotool", &["windowfocus", id.lines().next().expect("a window")]);
    sleep(Duration::from_millis(300));

    screen.key("Right");
    screen.await_title("bwd/loss.dX");
    screen.key("Left");
    screen.await_title("loss/loss");
    screen.key("g");
    sleep(Duration::from_millis(300));
    screen.key("ctrl+a");
    screen.output("xdotool", &["type", "--delay", "40", "fwd/conv1/k1/(2,2)/m3"]);
    screen.key("Return");
    screen.await_title("fwd/conv1/k1/(2,2)/m3");
    screen.key("Right");
    screen.await_title("fwd/conv1/k1/(2,2)/m4");
    screen.key("End");
    screen.await_title("update/");

    let shot = home.path().join("shot.png");
    screen.output("import", &["-window", "root", &shot.to_string_lossy()]);
    let seen = image::load_from_memory(&fs::read(&shot).expect("a screenshot")).expect("a picture").to_rgb8();
    let colours: std::collections::HashSet<[u8; 3]> = seen.pixels().map(|p| p.0).collect();
    assert!(colours.len() > 100, "the window shows only {} colours", colours.len());
}

#[test]
fn without_a_display_there_is_one_clear_line() {
    let output = Command::new(env!("CARGO_BIN_EXE_convstep"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .expect("the program");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert_eq!(error.trim().lines().count(), 1, "{error}");
    assert!(error.contains("expected a display") && !error.contains("panicked"), "{error}");
}

//! The real window on a virtual screen: started, driven by keys, its picture taken.
//!
//! Needs Xvfb, xdotool and ImageMagick's `import`; without them the test prints a line and passes, unless
//! `CONVSTEP_WINDOW_TEST` is set.
#![cfg(all(feature = "window", target_os = "linux"))]

#[path = "common/screen.rs"]
mod screen;

use screen::{Screen, wait_for};
use std::{fs::File, path::Path, process::Command, thread::sleep, time::Duration};

#[test]
fn opens_steps_goes_to_an_address_and_opens_a_file() {
    if !screen::has(&["Xvfb", "xdotool", "import"]) {
        return;
    }
    let screen = Screen::start();
    let home = tempfile::tempdir().expect("a home");
    let picture = home.path().join("my picture.png");
    image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, 90]))
        .save(&picture)
        .expect("a picture");
    let stderr = File::create(home.path().join("stderr")).expect("a file");
    let program = Path::new(env!("CARGO_BIN_EXE_convstep"));
    let _program = screen.run(program, &[&picture], home.path(), stderr);
    let id = wait_for("the window", || screen.window());
    screen.await_title("Photos, my picture.png");
    screen.output("xdotool", &["windowfocus", &id]);
    sleep(Duration::from_millis(300));

    // The title names what is open; where the cursor is, is seen.
    screen.key("Right");
    screen.key("Left");
    let before = screen.still();
    screen.key("Right");
    let after = screen.still();
    assert!(before != after, "a step shows");
    screen.key("Left");
    assert!(screen.still() == before, "a step back shows what was there");
    screen.key("g");
    sleep(Duration::from_millis(300));
    screen.key("ctrl+a");
    screen.output("xdotool", &["type", "--delay", "40", "fwd/conv1/k1/(2,2)/m3"]);
    screen.key("Return");
    let term = screen.still();
    assert!(term != before && term != after, "the typed address shows");
    screen.key("Right");
    let next = screen.still();
    assert!(next != term, "the next term shows");
    screen.key("Left");
    assert!(screen.still() == term);

    let colours: std::collections::HashSet<[u8; 3]> = term.pixels().map(|p| p.0).collect();
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

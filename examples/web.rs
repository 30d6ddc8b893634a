//! Builds the program for a browser into a folder and serves it on this machine:
//!
//! ```sh
//! cargo run --example web             # builds target/dist and serves it on http://localhost:8017
//! cargo run --example web -- --build  # builds it only
//! ```
//!
//! It needs the target (`rustup target add wasm32-unknown-unknown`) and wasm-bindgen of the version in Cargo.lock, which
//! it installs below `target/` where it is not there. With `wasm-opt` (Binaryen) the program becomes smaller.

use flate2::{Compression, write::GzEncoder};
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const ADDRESS: &str = "localhost:8017";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("web: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dist = target.join("dist");
    build(root, &target, &dist)?;
    if env::args().any(|argument| argument == "--build") {
        return Ok(());
    }
    let listener = TcpListener::bind(ADDRESS).map_err(|error| format!("{ADDRESS}: {error}"))?;
    println!("http://{ADDRESS}");
    for stream in listener.incoming() {
        // A browser that hangs up is none of our business.
        let _ = stream.and_then(|stream| answer(stream, &dist));
    }
    Ok(())
}

/// Builds the page's files into `dist`.
fn build(root: &Path, target: &Path, dist: &Path) -> Result<(), String> {
    // SIMD for the kernels; the stack's pointer, so that work has stacks of its own; room on the stack.
    let flags =
        "-C target-feature=+simd128 -C link-arg=--export=__stack_pointer -C link-arg=-zstack-size=4194304";
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = target.join("wasm");
    call(
        Command::new(cargo)
            .current_dir(root)
            .args(["rustc", "--lib", "--crate-type", "cdylib", "--profile", "web", "--locked"])
            .args(["--target", "wasm32-unknown-unknown"])
            .env("CARGO_TARGET_DIR", &built)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags),
    )?;
    fs::create_dir_all(dist).map_err(|error| error.to_string())?;
    call(
        Command::new(wasm_bindgen(root, target)?)
            .args(["--target", "web", "--no-typescript", "--out-name", "convstep", "--out-dir"])
            .args([dist, &built.join("wasm32-unknown-unknown/web/convstep.wasm")]),
    )?;
    let (made, wasm) = (dist.join("convstep_bg.wasm"), dist.join("convstep.wasm"));
    let mut optimise = Command::new("wasm-opt");
    let optimise = optimise.args(["-O2", "--all-features"]).args([&made, Path::new("-o"), &wasm]);
    if !optimise.status().is_ok_and(|status| status.success()) {
        println!("without wasm-opt");
        fs::copy(&made, &wasm).map_err(|error| error.to_string())?;
    }
    fs::remove_file(made).map_err(|error| error.to_string())?;
    page(root, dist)?;
    sizes(dist)
}

/// Runs a command to its end.
fn call(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

/// The wasm-bindgen of the version in Cargo.lock: that of the machine, or one below `target`.
fn wasm_bindgen(root: &Path, target: &Path) -> Result<PathBuf, String> {
    let lock = fs::read_to_string(root.join("Cargo.lock")).map_err(|error| error.to_string())?;
    let version =
        lock.split("name = \"wasm-bindgen\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.ok_or("expected wasm-bindgen in Cargo.lock, got none")?;
    let is_it = |program: &Path| {
        let said = Command::new(program).arg("--version").output();
        said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).trim().ends_with(version))
    };
    let tools = target.join("web-tools");
    let own = tools.join("bin/wasm-bindgen");
    for program in [Path::new("wasm-bindgen"), &own] {
        if is_it(program) {
            return Ok(program.to_owned());
        }
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    call(
        Command::new(cargo)
            .args(["install", "wasm-bindgen-cli", "--no-default-features", "--version", version, "--root"])
            .arg(&tools),
    )?;
    Ok(own)
}

/// Writes the page and its scripts.
fn page(root: &Path, dist: &Path) -> Result<(), String> {
    let read = |name: &str| {
        fs::read_to_string(root.join("assets/web").join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let write = |name: &str, text: String| {
        fs::write(dist.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    let html = read("index.html")?
        .replace("<!--host-->", "<script src=\"host.js\"></script>")
        .replace("<!--start-->", "<script type=\"module\" src=\"start.js\"></script>");
    write("index.html", html)?;
    write("host.js", read("host.js")?)?;
    write("start.js", read("start.js")?)
}

/// Prints the size of each file, plain and with gzip.
fn sizes(dist: &Path) -> Result<(), String> {
    let fails = |error: io::Error| error.to_string();
    let mut all = 0;
    for entry in fs::read_dir(dist).map_err(fails)? {
        let entry = entry.map_err(fails)?;
        let bytes = fs::read(entry.path()).map_err(fails)?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&bytes).map_err(fails)?;
        let packed = packed.finish().map_err(fails)?.len();
        all += packed;
        println!("{:>12} {:>12}  {}", bytes.len(), packed, entry.file_name().to_string_lossy());
    }
    println!("{all:>25}  with gzip");
    Ok(())
}

/// Answers one request with a file of `dist`.
fn answer(stream: TcpStream, dist: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head is read, or the browser sees a broken connection.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or("/");
    let name = path.split(['?', '#']).next().unwrap_or("/").trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    let found = if is_plain { fs::read(dist.join(name)).ok() } else { None };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
    let body = found.unwrap_or_default();
    let mut stream = &stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

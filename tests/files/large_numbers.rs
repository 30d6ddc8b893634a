//! Numbers of files near the largest that there are: in the place of each number of a file, one after the other. The file is
//! opened or refused in one line, in bounded memory; where a sum or product overflows, it panics here.

use crate::changed_zip::with_bytes_changed;
use allocation_counter::measure;
use convstep::{
    data::{open, pickle::Pickle},
    execution::Execution,
    model_io::{Architecture, Model, Near, presets},
};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// What takes the place of a number in a text.
const TEXTS: [&str; 8] = [
    "18446744073709551615",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967295",
    "2147483648",
    "1099511627776",
    "-1",
    "0",
];

/// What takes the place of a number in bytes.
const LARGE: [u64; 6] = [u64::MAX, i64::MAX as u64, 1 << 63, u32::MAX as u64, 1 << 31, 1 << 40];

/// The most numbers of a file that are replaced, at equal distances.
const MOST: usize = 400;

/// What opening a small file may take, in bytes.
const ROOM: u64 = 256 << 20;

fn fixture(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file);
    fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Whole numbers that stand in a text by themselves.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at..bytes.len()).find(|&n| !bytes[n].is_ascii_digit()).unwrap_or(bytes.len());
        let part_of_more = |n: u8| n.is_ascii_alphabetic() || matches!(n, b'_' | b'.');
        let before = at.checked_sub(1).map(|n| bytes[n]);
        if end > at {
            let is_alone =
                !before.is_some_and(part_of_more) && !bytes.get(end).copied().is_some_and(part_of_more);
            found.extend(is_alone.then_some(at..end));
        }
        at = end + 1;
    }
    found
}

/// The text with one number replaced, for each number, or for as many as are tried.
fn changed(text: &str) -> impl Iterator<Item = String> {
    let all = numbers(text);
    assert!(!all.is_empty(), "no number to change");
    let step = all.len().div_ceil(MOST);
    all.into_iter().step_by(step).enumerate().map(move |(k, place)| {
        let mut text = text.to_owned();
        text.replace_range(place, TEXTS[k % TEXTS.len()]);
        text
    })
}

/// Opens a file, within the memory for it; checks that a refusal is one line.
fn tried(name: &str, opens: impl FnOnce() -> Result<(), String>) {
    let mut result = Ok(());
    let took = measure(|| result = opens());
    assert!(took.bytes_max < ROOM, "{name}: {} bytes at once, {result:?}", took.bytes_max);
    if let Err(line) = result {
        assert!(!line.is_empty() && !line.contains(char::is_control) && line.len() < 2000, "{name}: {line}");
    }
}

fn model(name: &str, bytes: &[u8], near: &Near) {
    tried(name, || Model::from_file(name, bytes, near).map(drop).map_err(|error| error.to_string()));
}

#[test]
fn the_sizes_of_keras_models() {
    for file in ["decoder", "sequence", "depthwise"] {
        let archive = fixture(&format!("keras/{file}.keras"));
        let mut config = String::new();
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&archive)).expect("a zip");
        std::io::Read::read_to_string(&mut zip.by_name("config.json").expect("a part"), &mut config)
            .expect("reads");
        for text in changed(&config) {
            let bytes = with_bytes_changed(archive.clone(), "config.json", |_| text.clone().into_bytes());
            model("net.keras", &bytes, &Near::NOTHING);
        }
    }
}

#[test]
fn the_sizes_of_programs_of_torch_export() {
    for (file, part) in [
        ("pt2/decoder.pt2", "models/model.json"),
        ("pt2/line.pt2", "models/model.json"),
        ("pt2/norms.core.pt2", "models/model.json"),
        ("pt2/norms.pt2", "model_weights_config.json"),
    ] {
        let archive = fixture(file);
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&archive)).expect("a zip");
        let name = zip.file_names().find(|name| name.ends_with(part)).expect(part).to_owned();
        let mut config = String::new();
        std::io::Read::read_to_string(&mut zip.by_name(&name).expect("a part"), &mut config).expect("reads");
        for text in changed(&config) {
            let bytes = with_bytes_changed(archive.clone(), part, |_| text.clone().into_bytes());
            model("net.pt2", &bytes, &Near::NOTHING);
        }
    }
}

#[test]
fn the_sizes_of_architectures() {
    let own = ["decoder", "grouped", "line", "normed", "plain", "slits", "volume"]
        .map(|name| String::from_utf8(fixture(&format!("torch/{name}.toml"))).expect("text"));
    let presets: Vec<String> =
        presets::all().iter().map(|preset| preset.architecture().expect("valid").to_toml()).collect();
    for text in own.iter().chain(&presets) {
        for text in changed(text) {
            tried("net.toml", || {
                Architecture::parse(&text)
                    .and_then(|net| net.build())
                    .map(drop)
                    .map_err(|error| error.to_string())
            });
        }
    }
}

#[test]
fn the_sizes_of_weight_files() {
    let toml = String::from_utf8(fixture("torch/plain.toml")).expect("text");
    let near = Near { architecture: Some(&toml), ..Near::NOTHING };
    let file = fixture("torch/plain.safetensors");
    let (len, rest) = file.split_at(8);
    let header = usize::try_from(u64::from_le_bytes(len.try_into().expect("eight bytes"))).expect("small");
    let (header, numbers) = rest.split_at(header);
    for text in changed(std::str::from_utf8(header).expect("text")) {
        let len = (text.len() as u64).to_le_bytes();
        model("net.safetensors", &[&len, text.as_bytes(), numbers].concat(), &near);
    }
    for large in LARGE {
        model("net.safetensors", &[&large.to_le_bytes(), rest].concat(), &near);
    }
}

/// A pickle with one of its small numbers replaced by a large one, for each of them.
fn changed_pickles(pickle: &[u8]) -> Vec<Vec<u8>> {
    const BYTE: u8 = b'K';
    let places = (0..pickle.len().saturating_sub(1)).filter(|&at| pickle[at] == BYTE);
    let with = |(k, at): (usize, usize)| {
        let large = LARGE[k % LARGE.len()].to_le_bytes();
        // A number of eight bytes, and for those that would be negative one of nine.
        let long: &[u8] = if k % 2 == 0 { b"\x8a\x08" } else { b"\x8a\x09" };
        let end: &[u8] = if k % 2 == 0 { b"" } else { b"\0" };
        [&pickle[..at], long, &large, end, &pickle[at + 2..]].concat()
    };
    places.enumerate().map(with).collect()
}

#[test]
fn the_sizes_of_state_dicts() {
    let toml = String::from_utf8(fixture("torch/plain.toml")).expect("text");
    let near = Near { architecture: Some(&toml), ..Near::NOTHING };
    for file in ["plain.pth", "plain_checkpoint.pt", "plain_module.pt", "plain_turned.pth"] {
        let archive = fixture(&format!("torch/{file}"));
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&archive)).expect("a zip");
        let name = zip.file_names().find(|name| name.ends_with("data.pkl")).expect("a pickle").to_owned();
        let mut pickle = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(&name).expect("a part"), &mut pickle).expect("reads");
        let pickles = changed_pickles(&pickle);
        assert!(pickles.len() > 8, "{file}");
        for pickle in pickles {
            let _ = Pickle::read(&pickle);
            let bytes = with_bytes_changed(archive.clone(), "data.pkl", |_| pickle.clone());
            model("net.pth", &bytes, &near);
        }
    }
    for bytes in changed_words(&fixture("torch/plain_old.pth"), 8)
        .chain(changed_pickles(&fixture("torch/plain_old.pth")))
    {
        model("net.pth", &bytes, &near);
    }
}

/// The bytes with one small little-endian number of so many bytes replaced by a large one, for each of them.
fn changed_words(bytes: &[u8], width: usize) -> impl Iterator<Item = Vec<u8>> {
    let value = |at: usize| {
        bytes[at..at + width].iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte))
    };
    let is_size = |at: &usize| (1..=1 << 16).contains(&value(*at));
    let places: Vec<usize> = (0..bytes.len().saturating_sub(width)).filter(is_size).collect();
    let step = places.len().div_ceil(MOST).max(1);
    places.into_iter().step_by(step).enumerate().map(move |(k, at)| {
        let mut changed = bytes.to_vec();
        changed[at..at + width].copy_from_slice(&LARGE[k % LARGE.len()].to_le_bytes()[..width]);
        changed
    })
}

#[test]
fn the_sizes_of_hdf5_files() {
    for file in ["depthwise.h5", "sequence.h5"] {
        let file = fixture(&format!("keras/{file}"));
        for width in [2, 4, 8] {
            for bytes in changed_words(&file, width) {
                model("net.h5", &bytes, &Near::NOTHING);
            }
        }
    }
}

/// The directories of archives, and the headers of arrays in them.
#[test]
fn the_sizes_of_archives() {
    for file in ["keras/depthwise.keras", "pt2/norms.pt2", "torch/plain.pth"] {
        let file = fixture(file);
        // The directory is at the end.
        let (front, end) = file.split_at(file.len().saturating_sub(2048));
        for end in changed_words(end, 4) {
            model("net.keras", &[front, &end].concat(), &Near::NOTHING);
        }
    }
}

fn data(path: &Path) {
    tried("data", || open(path, None, Execution::SERIAL).map(drop).map_err(|error| error.to_string()));
}

#[test]
fn the_sizes_of_data_sets() {
    let folder = tempfile::tempdir().expect("a folder");
    // IDX: big-endian extents after the type and the number of axes.
    let idx = |extents: &[u32], cells: usize| {
        let axes = [0, 0, 8, extents.len() as u8].into_iter();
        let bytes = axes.chain(extents.iter().flat_map(|n| n.to_be_bytes()));
        bytes.chain((0..cells).map(|n| n as u8)).collect::<Vec<u8>>()
    };
    fs::write(folder.path().join("train-labels-idx1-ubyte"), idx(&[2], 2)).expect("writes");
    let images = folder.path().join("train-images-idx3-ubyte");
    for large in [u32::MAX, 1 << 31, i32::MAX as u32, 1 << 16, 0] {
        for extents in [[large, 2, 2], [2, large, 2], [2, 2, large], [2, large, large], [large; 3]] {
            fs::write(&images, idx(&extents, 8)).expect("writes");
            data(&images);
        }
    }
    // Arrays: the shape is a text.
    for shape in TEXTS.iter().flat_map(|n| {
        [
            format!("({n}, 2, 2)"),
            format!("(2, {n}, {n})"),
            format!("({n}, {n}, {n})"),
            format!("(0, {n}, {n})"),
        ]
    }) {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
        let len = (header.len() as u16).to_le_bytes();
        let array = [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), &[7; 8]].concat();
        let path = folder.path().join("arrays.npz");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).expect("creates"));
        for name in ["x_train.npy", "y_train.npy"] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
            std::io::Write::write_all(&mut zip, &array).expect("writes");
        }
        zip.finish().expect("a zip");
        data(&path);
    }
    // A header of .tar: its size is a text in base 8, or in base 256 with the first bit set.
    for size in [
        &b"77777777777\0"[..],
        b"\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut header = vec![0u8; 512];
        header[..12].copy_from_slice(b"cats/one.png");
        header[124..136].copy_from_slice(size);
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header
            .iter()
            .enumerate()
            .map(|(k, &byte)| if (148..156).contains(&k) { 32 } else { u32::from(byte) })
            .sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let path = folder.path().join("set.tar");
        fs::write(&path, [header, vec![0; 1024]].concat()).expect("writes");
        data(&path);
    }
}

//! What the targets share: a small network, and a data set's files in a folder that is there for one call.

use convstep::{
    data::{OpenOptions, Opened, Split},
    execution::Execution,
    model_io::{Architecture, Model},
    nn::init::Init,
};
use std::{
    fs,
    io::{Cursor, Read, Write},
    path::Path,
};

/// Pixels of pictures that are decoded: larger ones only take longer.
pub const PIXELS: u64 = 1 << 20;

/// A small network of the usual layers.
pub const ARCHITECTURE: &str = r#"
input = [1, 4, 4]
classes = ["no", "yes"]
layers = [
    { name = "conv", kind = "conv2d", out_channels = 2, kernel = 3, padding = 1 },
    { name = "bn", kind = "batch_norm2d" },
    { name = "relu", kind = "relu" },
    { name = "pool", kind = "max_pool2d", kernel = 2 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#;

/// The small network with its first weights.
///
/// # Panics
/// Where it is broken.
pub fn model() -> Model {
    let architecture = Architecture::parse(ARCHITECTURE).expect("an architecture");
    Model::initial("small", architecture, Init::He, 1).expect("a model")
}

/// The numbers of what an architecture's weights would take: one that could not be held is not built.
pub fn is_small(architecture: &Architecture) -> bool {
    const MOST: u64 = 1 << 22;
    architecture.build().is_ok_and(|network| {
        let cells = network.layers.iter().map(|layer| layer.output.iter().product::<usize>() as u64);
        network.parameter_count() as u64 + cells.sum::<u64>() < MOST
    })
}

/// Writes files into a folder, opens the one called `name`, or the folder itself, as a data set, and reads its
/// examples, held in memory and left on disk.
///
/// # Panics
/// Where the folder cannot be written.
pub fn open_set(files: &[(&str, &[u8])], name: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    for max_held_bytes in [1 << 20, 0] {
        for shape in [None, Some([1, 5, 4])] {
            let options = OpenOptions { shape, max_side: Some(8), max_held_bytes, ..OpenOptions::default() };
            if let Ok(opened) = options.open(&folder.path().join(Path::new(name)), Execution::SERIAL) {
                read(&opened);
            }
        }
    }
}

/// The first and the last examples of each part: what can be opened can be read, or says why not.
fn read(opened: &Opened) {
    let data = opened.dataset.with_split(opened.dataset.usual_share(), 1);
    for part in Split::ALL {
        let len = data.len(part).unwrap_or(0);
        for index in [0, 1, len / 2, len.saturating_sub(1), len] {
            if let Ok(example) = data.example(part, index) {
                assert!(index < len && example.class < data.classes().len());
                let (n, c, h, w) = example.pixels.dim();
                assert_eq!((n, [c, h, w]), (1, data.shape()));
            }
        }
    }
}

/// Two parts of some bytes: the first two bytes say how long the first one is.
pub fn two(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((len, rest)) = bytes.split_at_checked(2) else { return (bytes, &[]) };
    rest.split_at(usize::from(u16::from_le_bytes([len[0], len[1]])).min(rest.len()))
}

/// A .zip with one of its parts replaced, whose checksum the fuzzer would not find.
///
/// # Panics
/// If `file` is damaged.
pub fn with_part(file: &[u8], ending: &str, part: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("a zip");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..archive.len() {
        let mut entry = archive.by_index(number).expect("an entry");
        let name = entry.name().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("reads");
        let bytes = if name.ends_with(ending) { part } else { &bytes };
        out.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
        out.write_all(bytes).expect("writes");
    }
    out.finish().expect("a zip").into_inner()
}

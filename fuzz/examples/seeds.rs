//! Writes a small file of each kind into `corpus/`, for the fuzzer to begin with: it does not find a checksum or a
//! table of contents by itself.

use convstep::{
    app::{AppState, Session},
    data::{Content, Dataset, Generated, Loaded, Recipe, samples},
    model_io::Checkpoint,
    tensor::Tensor,
};
use convstep_fuzz::{ARCHITECTURE, model};
use image::{DynamicImage, ImageFormat};
use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
};
use zip::{ZipWriter, write::SimpleFileOptions};

fn keep(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), bytes).expect("a file");
}

/// The first file's length, and both.
fn two(first: &[u8], second: &[u8]) -> Vec<u8> {
    [&(first.len() as u16).to_le_bytes()[..], first, second].concat()
}

/// Two pictures in class folders.
fn archive() -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["train/a/1.png", "train/b/2.png"] {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(2, 2).write_to(&mut bytes, ImageFormat::Png).expect("a picture");
        archive.start_file(name, SimpleFileOptions::default()).expect("a file");
        archive.write_all(bytes.get_ref()).expect("a file");
    }
    archive.finish().expect("an archive").into_inner()
}

/// A batch of CIFAR's Python version without pictures.
const BATCH: &[u8] =
    b"\x80\x02}(U\x06labels]U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\
    \x87R(K\x01K\0M\0\x0c\x86cnumpy\ndtype\nU\x02u1K\0K\x01\x87R\x89U\0tbu.";

/// A .npz of two pictures and two labels.
fn arrays() -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, len) in [("x_train.npy", "(2, 2, 2)", 8), ("y_train.npy", "(2,)", 2)] {
        let head = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        let array =
            [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), &vec![1; len]];
        archive.start_file(name, SimpleFileOptions::default()).expect("a file");
        archive.write_all(&array.concat()).expect("a file");
    }
    archive.finish().expect("an archive").into_inner()
}

/// Two small files in class folders.
fn tar() -> Vec<u8> {
    let mut all = Vec::new();
    for name in ["train/a/1.png", "train/b/2.png"] {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(2, 2).write_to(&mut bytes, ImageFormat::Png).expect("a picture");
        let bytes = bytes.into_inner();
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        all.extend(header);
        all.extend(&bytes);
        all.resize(all.len().div_ceil(512) * 512, 0);
    }
    all
}

/// The tests' files of one kind that are not large, and of a .zip the part that tells the network.
fn fixtures(target: &str, folder: &str, endings: &[&str]) {
    const LARGEST: usize = 1 << 16;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(folder);
    for entry in fs::read_dir(folder).expect("files") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let Ok(bytes) = fs::read(&path) else { continue };
        if !endings.iter().any(|ending| name.ends_with(ending)) || bytes.len() > LARGEST {
            continue;
        }
        keep(target, &name, &bytes);
        let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(&bytes)) else { continue };
        for number in 0..archive.len() {
            let Ok(mut part) = archive.by_index(number) else { continue };
            if ["config.json", "models/model.json"].iter().any(|own| part.name().ends_with(own)) {
                let mut json = Vec::new();
                std::io::Read::read_to_end(&mut part, &mut json).expect("reads");
                keep(target, &format!("{name}.{number}.json"), &json);
            }
        }
    }
}

fn main() {
    let picture = DynamicImage::new_rgb8(3, 2);
    let formats = [
        ("png", ImageFormat::Png),
        ("jpg", ImageFormat::Jpeg),
        ("gif", ImageFormat::Gif),
        ("bmp", ImageFormat::Bmp),
        ("webp", ImageFormat::WebP),
        ("tiff", ImageFormat::Tiff),
        ("ppm", ImageFormat::Pnm),
    ];
    for (name, format) in formats {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).expect("a picture");
        keep("picture", name, bytes.get_ref());
    }
    let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2), }";
    let head = format!("{head:<117}\n");
    let array = [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), &[0; 16]];
    keep("array", "f4", &array.concat());
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[7; 8]].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1];
    keep("idx", "two", &two(&labels, &images));
    keep("cifar", "names", &two(b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", &[3, 1, 2]));
    keep("csv", "head", b"label,p0,p1,p2,p3\na,1,2,3,4\nb,5,6,7,8\n");
    keep("csv", "plain", b"1;2;3;4;5\n2;5;6;7;8\n");
    keep("csv", "text", b"emotion,pixels,Usage\n0,1 2 3 4,Training\n1,5 6 7 8,PrivateTest\n");
    keep("csv", "names", b"file,label\na.png,x\nb.png,y\n");
    keep("pickle", "batch", BATCH);
    keep("archive", "arrays", &arrays());
    keep("archive", "two", &archive());
    keep("tar", "two", &tar());
    let kinds = [
        ("onnx", "onnx", &[".onnx"][..]),
        ("torch", "torch", &[".pth", ".pt", ".safetensors"]),
        ("keras", "keras", &[".h5", ".keras"]),
        ("pt2", "branches", &[".pt2"]),
    ];
    for (target, folder, endings) in kinds {
        fixtures(target, folder, endings);
    }
    let model = model();
    keep("weights", "small", &model.to_bytes().expect("a file"));
    keep("architecture", "small", ARCHITECTURE.as_bytes());
    let moments = convstep::nn::optimizer::Moments::default();
    let checkpoint =
        Checkpoint { model: model.clone(), moments, settings: Default::default(), notes: String::new() };
    keep("checkpoint", "small", &checkpoint.to_bytes().expect("a file"));
    let values = Tensor::from_elem((1, 1, 4, 4), 0.5);
    let array = Loaded { name: "a".into(), content: Content::Values(values), label: None };
    for (name, picture) in [("array", array), ("picture", samples::load("digit-3").expect("a sample"))] {
        let state = AppState::open(model.clone(), picture).expect("fits");
        keep("session", name, &Session::from_state(&state).to_bytes().expect("a file"));
    }
    for generated in Generated::ALL {
        let recipe = Recipe::from_dataset(&Dataset::generated(generated, 3)).expect("generated");
        keep("recipe", generated.name(), &serde_json::to_vec(&recipe).expect("JSON"));
    }
    for (k, text) in
        ["e2.b1.i2/bwd/conv.dW/k1,0/(1,2)/m3", "fwd/conv/k1/(2,3)/m7", "input/k0/(1,1)", "loss", "end"]
            .iter()
            .enumerate()
    {
        keep("address", &k.to_string(), text.as_bytes());
    }
    for (k, text) in ["class:yes", "prob:1", "conv:k1", "conv:k1:(2,3)"].iter().enumerate() {
        keep("unit", &k.to_string(), text.as_bytes());
    }
    keep("settings", "augment", b"shift=2,flip,rotate=10,brightness=0.2");
}

//! The forms of data sets that people bring beside class folders: portable pixmaps, FER2013, CIFAR's Python version,
//! NumPy archives, tables of file names, a competition's folder. What cannot be read says what it is.

use convstep::{
    data::{DataNote, Dataset, OpenOptions, Opened, Picture, Split, is_data, open},
    execution::Execution,
};
use image::{DynamicImage, ImageFormat};
use ndarray::{Array1, Array2, Array3, Array4};
use ndarray_npy::NpzWriter;
use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, bytes).expect("writes");
    path
}

fn opened(path: &Path) -> Opened {
    open(path, None, Execution::SERIAL).unwrap_or_else(|error| panic!("{error}"))
}

fn fails(path: &Path) -> String {
    let error = open(path, None, Execution::SERIAL).expect_err("should fail").to_string();
    assert!(!error.contains('\n') && error.contains("expected") && error.contains(';'), "{error}");
    error
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

/// A grey picture of 4 x 4 pixels of one value.
fn grey(value: u8) -> DynamicImage {
    image::GrayImage::from_pixel(4, 4, image::Luma([value])).into()
}

fn png(value: u8) -> Vec<u8> {
    encoded(&grey(value), ImageFormat::Png)
}

/// The first pixel and the class of each example.
fn examples(data: &Dataset, split: Split) -> Vec<(u8, usize)> {
    let example = |index| data.example(split, index).expect("reads");
    let all = (0..data.len(split).expect("ends")).map(example);
    all.map(|example| (example.pixels[[0, 0, 0, 0]] as u8, example.class)).collect()
}

fn lens(data: &Dataset) -> [u64; 3] {
    Split::ALL.map(|split| data.len(split).expect("ends"))
}

fn skipped(opened: &Opened) -> Vec<&str> {
    opened.skipped.iter().map(|skipped| skipped.name.as_str()).collect()
}

#[test]
fn portable_pixmaps_are_pictures() {
    // As GTSRB has it: a table in each folder that names no class of another folder.
    let folder = folder();
    let colour = |value: u8| image::RgbImage::from_pixel(4, 4, image::Rgb([value, 0, 9])).into();
    for n in 0..3u8 {
        write(folder.path(), &format!("00000/{n}.ppm"), &encoded(&colour(n), ImageFormat::Pnm));
        write(folder.path(), &format!("00001/{n}.PGM"), &encoded(&grey(10 + n), ImageFormat::Pnm));
    }
    write(folder.path(), "00000/GT-00000.csv", b"Filename;Width;ClassId\n0.ppm;4;7\n1.ppm;4;7\n2.ppm;4;7\n");
    let opened = opened(folder.path());
    assert_eq!(
        (opened.dataset.classes().join(" "), lens(&opened.dataset)),
        ("00000 00001".into(), [6, 0, 0])
    );
    assert_eq!(examples(&opened.dataset, Split::Train), [(0, 0), (1, 0), (2, 0), (10, 1), (11, 1), (12, 1)]);
    // In text, and cut short.
    let plain = Picture::decode("x.pgm", b"P2\n# made by hand\n2 1\n255\n7 200\n").expect("a picture");
    assert_eq!((plain.pixel(0, 0), plain.pixel(1, 0)), (Some([7, 7, 7, 255]), Some([200, 200, 200, 255])));
    let bytes = encoded(&grey(3), ImageFormat::Pnm);
    for len in 0..bytes.len() {
        let error = Picture::decode("x.pgm", &bytes[..len]).expect_err("cut short").to_string();
        assert!(error.contains("expected") && !error.contains('\n'), "{error}");
    }
    for header in ["P5\n4294967295 4294967295\n255\n", "P6 99999 99999 255 ", "P5 0 0 255 "] {
        assert!(Picture::decode("x.pgm", header.as_bytes()).is_err(), "{header}");
    }
}

/// A table as FER2013 has it; the first pixel is the number of the row.
fn fer(rows: usize) -> String {
    let row = |n: usize| {
        let usage = ["Training", "Training", "PublicTest", "PrivateTest"][n % 4];
        let pixels = (0..16).map(|k| (n + k * 3).to_string()).collect::<Vec<_>>().join(" ");
        format!("{},{pixels},{usage}\n", n % 7)
    };
    "emotion,pixels,Usage\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

#[test]
fn pixels_in_one_column_are_read_and_parts_go_by_usage() {
    let folder = folder();
    let path = write(folder.path(), "fer2013.csv", fer(28).as_bytes());
    for max_held_bytes in [1 << 20, 500] {
        let options = OpenOptions { max_held_bytes, ..OpenOptions::default() };
        let opened = options.open(&path, Execution::SERIAL).expect("opens");
        let data = &opened.dataset;
        assert_eq!((data.shape(), data.classes().len(), lens(data)), ([1, 4, 4], 7, [14, 7, 7]));
        assert_eq!(examples(data, Split::Train)[..3], [(0, 0), (1, 1), (4, 4)]);
        assert_eq!(examples(data, Split::Validation)[..2], [(2, 2), (6, 6)]);
        assert_eq!(examples(data, Split::Test)[..2], [(3, 3), (7, 0)]);
        let parts =
            [("PrivateTest", Split::Test), ("PublicTest", Split::Validation), ("Training", Split::Train)];
        let parts = parts.map(|(said, split)| (said.to_owned(), split));
        assert_eq!(opened.notes, [DataNote::Parts(parts.into())]);
    }
    for (text, says) in [
        (fer(3) + "1,2 3 4,Training\n", "line 5: expected 16 pixels as in the lines above, got 3"),
        (
            fer(3).replace("PublicTest", "Sometimes"),
            "line 4: expected a part such as train, validation or test",
        ),
        (
            fer(3).replace("0,0 3", "0,x 3"),
            "line 2: expected a whole number from 0 to 255 in column 2, got \"x 3",
        ),
        (
            fer(3).replace("1,1 4", "1,300 4"),
            "line 3: expected a whole number from 0 to 255 in column 2, got \"300\"",
        ),
        ("pixels,Usage\n1 2 3 4,Training\n".to_owned(), "expected a label beside the pixels"),
    ] {
        let line = fails(&write(folder.path(), "wrong.csv", text.as_bytes()));
        assert!(line.contains(says), "{line}\n  should say: {says}");
    }
}

/// A batch as CIFAR's Python version has it: a dictionary pickled by Python 2 with protocol 2, or by Python 3.
fn batch(pixels: &[u8], labels: &[u8], key: &str, three: bool) -> Vec<u8> {
    let text = |text: &str| [&[b'U', text.len() as u8], text.as_bytes()].concat();
    let mut bytes = [&b"\x80\x02}(U\x0bbatch_labelU\x01x"[..], &text(key), b"]("].concat();
    labels.iter().for_each(|label| bytes.extend([b'K', *label]));
    bytes.extend(b"e");
    bytes.extend(text("data"));
    bytes.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01J");
    bytes.extend((labels.len() as i32).to_le_bytes());
    bytes.extend(b"M\0\x0c\x86cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89");
    if three {
        let letters: String = pixels.iter().map(|byte| char::from(*byte)).collect();
        bytes.extend(b"c_codecs\nencode\nX");
        bytes.extend((letters.len() as u32).to_le_bytes());
        bytes.extend(letters.as_bytes());
        bytes.extend(b"U\x06latin1\x86R");
    } else {
        bytes.push(b'T');
        bytes.extend((pixels.len() as u32).to_le_bytes());
        bytes.extend(pixels);
    }
    bytes.extend(b"tbu.");
    bytes
}

/// Pixels of so many pictures, the first of each a number from `first`.
fn pixels(first: u8, count: u8) -> Vec<u8> {
    (0..count).flat_map(|n| (0..3072u32).map(move |k| (u32::from(first + n) + k * 7) as u8)).collect()
}

const NAMES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

#[test]
fn cifars_python_version_is_read_and_nothing_is_executed() {
    for three in [false, true] {
        let folder = folder();
        let root = folder.path().join("cifar-10-batches-py");
        let first = write(&root, "data_batch_1", &batch(&pixels(0, 3), &[3, 0, 9], "labels", three));
        write(&root, "data_batch_2", &batch(&pixels(100, 2), &[1, 2], "labels", three));
        write(&root, "test_batch", &batch(&pixels(200, 2), &[5, 6], "labels", three));
        let names: String = NAMES.map(|name| format!("U{}{name}", char::from(name.len() as u8))).concat();
        write(
            &root,
            "batches.meta",
            format!("\u{0}}}(U\u{b}label_names]({names}eu.").replacen('\0', "", 1).as_bytes(),
        );
        write(&root, "readme.html", b"<html>");
        for path in [folder.path(), root.as_path()] {
            let data = opened(path).dataset;
            assert_eq!((data.shape(), data.classes().join(" ")), ([3, 32, 32], NAMES.join(" ")));
            assert_eq!(examples(&data, Split::Train), [(0, 3), (1, 0), (2, 9), (100, 1), (101, 2)]);
            assert_eq!(examples(&data, Split::Test), [(200, 5), (201, 6)]);
            let whole = data.example(Split::Train, 3).expect("reads").pixels;
            assert!(whole.iter().zip(pixels(100, 1)).all(|(a, b)| *a == f32::from(b)));
        }
        assert!(is_data(&first));
        assert_eq!(lens(&opened(&first).dataset), [3, 0, 0]);
        let bytes = batch(&pixels(0, 3), &[3, 0], "labels", three);
        assert!(
            fails(&write(folder.path(), "data_batch_9", &bytes)).contains("expected N x 3072 unsigned bytes")
        );
        let whole = batch(&pixels(0, 1), &[1], "labels", three);
        for len in (5..whole.len()).step_by(37) {
            fails(&write(folder.path(), "data_batch_8", &whole[..len]));
        }
    }
    // CIFAR-100, whose files have other names.
    let folder = folder();
    write(folder.path(), "train", &batch(&pixels(0, 2), &[3, 99], "fine_labels", false));
    write(folder.path(), "test", &batch(&pixels(50, 1), &[4], "fine_labels", false));
    let data = opened(folder.path()).dataset;
    assert_eq!((data.classes().len(), lens(&data)), (100, [2, 0, 1]));
    let other = write(folder.path(), "model.pkl", b"\x80\x02}U\x01aK\x01s.");
    assert!(fails(&other).contains("Python pickle that is no batch of CIFAR"), "{}", fails(&other));
}

fn npz(path: &Path, packed: bool, fill: impl FnOnce(&mut NpzWriter<fs::File>)) {
    let file = fs::File::create(path).expect("a file");
    let mut writer = if packed { NpzWriter::new_compressed(file) } else { NpzWriter::new(file) };
    fill(&mut writer);
    writer.finish().expect("writes");
}

#[test]
fn arrays_of_pictures_and_labels_are_a_set() {
    let folder = folder();
    let path = folder.path().join("set.npz");
    let grey = |first: u8, n: usize| {
        Array3::from_shape_fn((n, 4, 5), |(n, i, j)| first + (n * 20 + i * 5 + j) as u8)
    };
    for packed in [false, true] {
        // As Keras has it, and as MedMNIST has it.
        npz(&path, packed, |set| {
            set.add_array("x_train", &grey(0, 3)).expect("adds");
            set.add_array("y_train", &Array1::from(vec![4i64, 0, 1])).expect("adds");
            set.add_array("x_test", &grey(100, 2)).expect("adds");
            set.add_array("y_test", &Array1::from(vec![2i64, 3])).expect("adds");
        });
        let keras = opened(&path);
        assert_eq!((keras.dataset.shape(), keras.dataset.classes().len()), ([1, 4, 5], 5));
        assert_eq!(examples(&keras.dataset, Split::Train), [(0, 4), (20, 0), (40, 1)]);
        assert_eq!(examples(&keras.dataset, Split::Test), [(100, 2), (120, 3)]);
        let parts = [("x_train".to_owned(), Split::Train), ("x_test".to_owned(), Split::Test)];
        assert_eq!(keras.notes, [DataNote::Parts(parts.into())]);
        npz(&path, packed, |set| {
            for (part, n) in [("train", 3), ("val", 2), ("test", 1)] {
                let colour =
                    Array4::from_shape_fn((n, 4, 5, 3), |(n, i, j, c)| (n * 60 + (i * 5 + j) * 3 + c) as u8);
                set.add_array(format!("{part}_images"), &colour).expect("adds");
                set.add_array(format!("{part}_labels"), &Array2::from_elem((n, 1), 1u8)).expect("adds");
            }
        });
        let med = opened(&path).dataset;
        assert_eq!((med.shape(), lens(&med)), ([3, 4, 5], [3, 2, 1]));
        // Channels come first, as everywhere in the program.
        let picture = med.example(Split::Validation, 1).expect("reads").pixels;
        assert_eq!(picture[[0, 2, 3, 4]], (60 + 19 * 3 + 2) as f32);
    }
    // Fractions, one-hot labels, flat pictures, and test pictures whose labels are kept.
    npz(&path, false, |set| {
        set.add_array("images", &Array2::from_shape_fn((2, 9), |(n, k)| (n * 9 + k) as f32 / 17.0))
            .expect("adds");
        set.add_array("labels", &ndarray::arr2(&[[0.0, 1.0], [1.0, 0.0]])).expect("adds");
        set.add_array("test_images", &Array2::<u8>::zeros((2, 9))).expect("adds");
    });
    let flat = opened(&path);
    assert_eq!(
        (flat.dataset.shape(), examples(&flat.dataset, Split::Train)),
        ([1, 3, 3], vec![(0, 1), (135, 0)])
    );
    assert!(flat.notes.contains(&DataNote::Scaled { array: "images".into() }));
    assert_eq!(skipped(&flat), ["test_images"]);
    assert!(is_data(&path));
}

#[test]
fn arrays_that_are_no_set_say_why() {
    let folder = folder();
    let path = folder.path().join("set.npz");
    let check = |fill: &dyn Fn(&mut NpzWriter<fs::File>), says: &str| {
        npz(&path, false, fill);
        let line = fails(&path);
        assert!(line.contains(says), "{line}\n  should say: {says}");
    };
    let x = Array3::<u8>::zeros((2, 3, 3));
    let y = |labels: &[i32]| Array1::from(labels.to_vec());
    check(
        &|set| {
            set.add_array("arr_0", &x).expect("adds");
            set.add_array("arr_1", &y(&[0, 1])).expect("adds");
        },
        "got arr_0, arr_1; save them under such names with numpy.savez",
    );
    let pair = |x: Array3<f32>, labels: &'static [i32], says: &str| {
        let fill = |set: &mut NpzWriter<fs::File>| {
            set.add_array("x", &x).expect("adds");
            set.add_array("y", &y(labels)).expect("adds");
        };
        check(&fill, says);
    };
    let zeros = || Array3::zeros((2, 3, 3));
    pair(zeros(), &[0], "expected a label for each of 2 pictures in x, got 1");
    pair(zeros(), &[0, -1], "expected labels from 0 to 1000, got -1");
    pair(zeros() - 0.5, &[0, 1], "expected whole numbers from 0 to 255, or fractions from 0 to 1, got -0.5");
    pair(zeros() + f32::NAN, &[0, 1], "got NaN");
    check(
        &|set| {
            set.add_array("x_train", &Array4::<u8>::zeros((2, 5, 5, 4))).expect("adds");
            set.add_array("y_train", &y(&[0, 1])).expect("adds");
        },
        "got [2, 5, 5, 4]; use array.reshape",
    );
    check(
        &|set| {
            set.add_array("x_train", &x).expect("adds");
            set.add_array("y_train", &ndarray::arr2(&[[1, 1], [0, 1]])).expect("adds");
        },
        "expected one class for each picture, got several or none",
    );
    // Damaged in any place, it opens or says why.
    npz(&path, true, |set| {
        set.add_array("x", &x).expect("adds");
        set.add_array("y", &y(&[0, 1])).expect("adds");
    });
    let whole = fs::read(&path).expect("reads");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        fs::write(&path, &bytes).expect("writes");
        if let Err(error) = open(&path, None, Execution::SERIAL) {
            assert!(error.to_string().contains("expected") && !error.to_string().contains('\n'), "{error}");
        }
        fs::write(&path, &whole[..at]).expect("writes");
        assert!(open(&path, None, Execution::SERIAL).is_err());
    }
}

#[test]
fn a_table_of_file_names_gives_the_labels() {
    // Names with and without folders and endings; parts by the tables' names.
    for (train, test) in [("train/%.png", "test/%.png"), ("%.png", "%.png"), ("%", "%")] {
        let folder = folder();
        let row = |pattern: &str, n: u8, class: &str| {
            format!("{n},{},{class}\n", pattern.replace('%', &n.to_string()))
        };
        let (mut trained, mut tested) = ("no,file,breed\n".to_owned(), "no,file,breed\n".to_owned());
        for n in 0..6u8 {
            let (part, table, pattern) =
                if n < 4 { ("train", &mut trained, train) } else { ("test", &mut tested, test) };
            write(folder.path(), &format!("{part}/{n}.png"), &png(n));
            *table += &row(pattern, n, ["poodle", "boxer"][usize::from(n % 2)]);
        }
        let with_head = |table: &str| table.replace("breed", "label");
        write(folder.path(), "train.csv", with_head(&trained).as_bytes());
        write(folder.path(), "test.csv", with_head(&tested).as_bytes());
        write(folder.path(), "sample_submission.csv", b"file,label\n4.png,boxer\n5.png,boxer\n");
        let set = opened(folder.path());
        assert_eq!((set.dataset.classes().join(" "), lens(&set.dataset)), ("boxer poodle".into(), [4, 0, 2]));
        assert_eq!(examples(&set.dataset, Split::Train), [(0, 1), (1, 0), (2, 1), (3, 0)]);
        assert_eq!(examples(&set.dataset, Split::Test), [(4, 1), (5, 0)]);
        assert_eq!(skipped(&set), ["sample_submission.csv"]);
        let labels = |table: &str| DataNote::Labels {
            table: table.into(),
            files: "file".into(),
            labels: "label".into(),
        };
        assert!(
            set.notes.contains(&labels("train.csv")) && set.notes.contains(&labels("test.csv")),
            "{:?}",
            set.notes
        );
    }
}

#[test]
fn a_table_beside_folders_of_pictures_goes_before_their_names() {
    // As HAM10000 has it: the folders are no classes, and the column of labels is the only other one.
    let folder = folder();
    for n in 0..6u8 {
        write(folder.path(), &format!("images_part_{}/p{n}.png", n % 2), &png(n));
    }
    let rows: String = (0..6).map(|n| format!("p{n},\"{}\"\n", ["mel", "nv"][n / 3])).collect();
    let table =
        write(folder.path(), "metadata.csv", format!("\u{feff}image_id,dx\n{rows}gone,nv\n").as_bytes());
    for path in [folder.path(), &table] {
        let set = opened(path);
        assert_eq!(set.dataset.classes(), ["mel", "nv"]);
        let mut found = examples(&set.dataset, Split::Train);
        found.sort_unstable();
        assert_eq!(found, [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(skipped(&set), ["metadata.csv"], "one picture is not there");
    }
    // Labels that are unclear are said; the folders are what is left.
    let unclear = write(folder.path(), "metadata.csv", b"file,age,sex\np0,3,f\np1,4,m\np2,3,f\n");
    let set = opened(folder.path());
    assert_eq!((set.dataset.classes().len(), skipped(&set)), (2, vec!["metadata.csv"]));
    assert!(set.skipped[0].reason.contains("expected a column \"label\""), "{:?}", set.skipped);
    fs::remove_file(unclear).expect("removes");
    // In an archive, too.
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in
        [("a/1.png", png(1)), ("a/2.png", png(2)), ("labels.csv", b"file,class\n1.png,x\n2.png,y\n".to_vec())]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
        zip.write_all(&bytes).expect("packs");
    }
    let path = write(folder.path(), "set.zip", &zip.finish().expect("packs").into_inner());
    assert_eq!(opened(&path).dataset.classes(), ["x", "y"]);
    for (text, says) in [
        ("file,class\np0.png,a\np0.png,b\n", "expected one label for each picture, got a and b for p0.png"),
        (
            "file,age,sex\np0.png,3,f\n",
            "expected a column \"label\" beside the file names, got file, age, sex",
        ),
        ("file,class\nq0.png,a\nq1.png,b\n", "expected a column of names of the pictures beside it"),
    ] {
        let line = fails(&write(folder.path(), "wrong.csv", text.as_bytes()));
        assert!(line.contains(says), "{line}\n  should say: {says}");
    }
}

#[test]
fn a_competitions_folder_is_read_and_the_rest_left_out_with_a_line() {
    let folder = folder();
    write(folder.path(), "train.csv", b"label,a,b,c,d\n1,1,2,3,4\n0,2,2,3,4\n");
    write(folder.path(), "test.csv", b"a,b,c,d\n1,2,3,4\n");
    write(folder.path(), "sample_submission.csv", b"ImageId,Label\n1,0\n2,0\n");
    let set = opened(folder.path());
    assert_eq!(
        (set.dataset.shape(), examples(&set.dataset, Split::Train)),
        ([1, 2, 2], vec![(1, 1), (2, 0)])
    );
    assert_eq!(skipped(&set), ["sample_submission.csv", "test.csv"]);
    assert!(set.skipped.iter().all(|left| left.reason.starts_with("expected") && left.reason.contains(';')));
    // Numbers of rows are no pixels, which a note says.
    write(folder.path(), "train.csv", b"id,label,a,b,c,d\n7,1,1,2,3,4\n8,0,2,2,3,4\n");
    let set = opened(folder.path());
    assert_eq!(examples(&set.dataset, Split::Train), [(1, 1), (2, 0)]);
    assert_eq!(set.notes, [DataNote::Columns { table: "train.csv".into(), columns: vec!["id".into()] }]);
    // Two tables to train on are no set.
    write(folder.path(), "more.csv", b"label,a,b,c,d\n1,1,2,3,4\n");
    assert!(fails(folder.path()).contains("got more.csv and train.csv; open one of these files"));
}

/// A .tar archive of these files.
fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, bytes) in files {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        all.extend(header);
        all.extend(bytes);
        all.resize(all.len().div_ceil(512) * 512, 0);
    }
    all.resize(all.len() + 1024, 0);
    all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).expect("packs");
    packed.finish().expect("packs")
}

/// CIFAR as it is downloaded, in both of its versions, and class folders: an archive is what its files are.
#[test]
fn archives_of_tar_are_what_their_files_are() {
    let names: String = NAMES.map(|name| format!("U{}{name}", char::from(name.len() as u8))).concat();
    let meta = [&b"\x80\x02}(U\x0blabel_names]("[..], names.as_bytes(), b"eu."].concat();
    let record = |first: u8, label: u8| [&[label][..], &pixels(first, 1)].concat();
    let python = [
        ("cifar-10-batches-py/data_batch_2", batch(&pixels(100, 2), &[1, 2], "labels", false)),
        ("cifar-10-batches-py/batches.meta", meta),
        ("cifar-10-batches-py/test_batch", batch(&pixels(200, 1), &[5], "labels", true)),
        ("cifar-10-batches-py/data_batch_1", batch(&pixels(0, 2), &[3, 0], "labels", false)),
        ("cifar-10-batches-py/readme.html", b"<html>".to_vec()),
    ];
    let binary = [
        ("cifar-10-batches-bin/data_batch_2.bin", [record(100, 1), record(101, 2)].concat()),
        ("cifar-10-batches-bin/batches.meta.txt", NAMES.join("\n").into_bytes()),
        ("cifar-10-batches-bin/test_batch.bin", record(200, 5)),
        ("cifar-10-batches-bin/data_batch_1.bin", [record(0, 3), record(1, 0)].concat()),
    ];
    let folder = folder();
    for files in [&python[..], &binary] {
        for (name, bytes) in
            [("set.tar.gz", gzip(&tar(files))), ("set.tgz", gzip(&tar(files))), ("set.tar", tar(files))]
        {
            let path = write(folder.path(), name, &bytes);
            assert!(is_data(&path), "{name}");
            let data = opened(&path).dataset;
            assert_eq!((data.shape(), data.classes().join(" ")), ([3, 32, 32], NAMES.join(" ")));
            assert_eq!(examples(&data, Split::Train), [(0, 3), (1, 0), (100, 1), (101, 2)]);
            assert_eq!(examples(&data, Split::Test), [(200, 5)]);
        }
    }
    let pictures = [
        ("set/train/cat/1.png", png(1)),
        ("set/train/dog/1.png", png(2)),
        ("set/test/cat/2.png", png(3)),
        ("set/test/dog/2.png", png(4)),
    ];
    let data = opened(&write(folder.path(), "pictures.tgz", &gzip(&tar(&pictures)))).dataset;
    assert_eq!(data.classes(), ["cat", "dog"]);
    assert_eq!(
        (examples(&data, Split::Train), examples(&data, Split::Test)),
        (vec![(1, 0), (2, 1)], vec![(3, 0), (4, 1)])
    );
    let whole = gzip(&tar(&python));
    for len in (3..whole.len()).step_by(61) {
        fails(&write(folder.path(), "cut.tar.gz", &whole[..len]));
    }
    // What unpacks to more than may be held.
    let options = OpenOptions { max_held_bytes: 1 << 12, ..OpenOptions::default() };
    let error =
        options.open(&folder.path().join("set.tgz"), Execution::SERIAL).expect_err("too large").to_string();
    assert!(error.contains("unpacked, got a larger one"), "{error}");
}

#[test]
fn what_is_not_read_says_what_it_is() {
    let folder = folder();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n";
    let error = Picture::decode("cat.png", pointer).expect_err("no picture").to_string();
    assert!(error.contains("Git LFS"), "{error}");
    let zip_of = |name: &str| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
        zip.write_all(b"label,a\n1,2\n").expect("packs");
        zip.finish().expect("packs").into_inner()
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&[b'x'; 1024]).expect("packs");
    let packed = packed.finish().expect("packs");
    for (name, bytes, says) in [
        ("cifar-10-python.tar.gz", packed, "expected a complete .tar archive, got a damaged one"),
        ("set.tar", tar(&[("table.csv", b"label,a\n1,2\n".to_vec())]), "got no picture (1 .csv files)"),
        ("set.7z", b"7z\xbc\xaf".to_vec(), "an archive other than .zip and .tar.gz; unpack it"),
        ("digits.zip", zip_of("train.csv"), "got no picture (1 .csv files); unpack it and open the folder"),
        ("scans.zip", zip_of("a/1.dcm"), "got no picture (1 .dcm files)"),
        ("set.h5", b"\x89HDF\r\n\x1a\n".to_vec(), "got an HDF5 file; save its pictures and labels as .npz"),
        ("train_32x32.mat", b"MATLAB 5.0 MAT-file".to_vec(), "got a MATLAB file; save"),
        (
            "x.npy",
            b"\x93NUMPY\x01\0".to_vec(),
            "got a single NumPy array; save its pictures and labels as .npz",
        ),
        ("set.parquet", b"PAR1....".to_vec(), "got a Parquet file; write its pictures into a folder"),
        ("set.db", b"SQLite format 3\0".to_vec(), "got an SQLite database"),
        ("set.tfrecord", vec![7; 20], "got records of another program"),
        (
            "annotations.json",
            b"{}".to_vec(),
            "got a text of annotations; write file names and labels into a .csv",
        ),
        (
            "set.npz",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1".to_vec(),
            "fetch the file with git lfs pull",
        ),
        ("what.ever", b"what".to_vec(), "got a file of another kind"),
    ] {
        let line = fails(&write(folder.path(), name, &bytes));
        assert!(line.contains(says), "{line}\n  should say: {says}");
    }
}

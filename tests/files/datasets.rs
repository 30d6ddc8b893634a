//! Data sets from files: every kind is made of generated examples, written, opened, and held against what was written.

use convstep::data::{
    Augment, DataError, Dataset, Generated, MAX_HELD_BYTES, OpenOptions, Opened, Picture, Split, open,
};
use convstep::execution::Execution;
use convstep::tensor::Tensor;
use convstep::threads::Threads;
use convstep::train::BatchSchedule;
use flate2::{Compression, write::GzEncoder};
use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use tempfile::TempDir;

type Examples = Vec<(Tensor, usize)>;

fn examples(generated: Generated, seed: u64, count: u64) -> Examples {
    (0..count).map(|index| generated.sample(seed, index)).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, bytes).expect("writes");
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("packs");
    packed.finish().expect("packs")
}

fn bytes_of(pixels: &Tensor) -> Vec<u8> {
    pixels.iter().map(|v| *v as u8).collect()
}

/// The two IDX files, pictures and labels.
fn idx(examples: &Examples) -> [Vec<u8>; 2] {
    let number = |n: usize| (n as u32).to_be_bytes();
    let (_, _, h, w) = examples[0].0.dim();
    let mut images = [&[0, 0, 8, 3][..], &number(examples.len()), &number(h), &number(w)].concat();
    let mut labels = [&[0, 0, 8, 1][..], &number(examples.len())].concat();
    for (pixels, class) in examples {
        images.extend(bytes_of(pixels));
        labels.push(*class as u8);
    }
    [images, labels]
}

fn png(pixels: &Tensor) -> Vec<u8> {
    let (_, c, h, w) = pixels.dim();
    let picture = Picture::from_tensor("x", pixels).expect("a picture");
    let rgb = image::RgbImage::from_fn(w as u32, h as u32, |x, y| {
        let [r, g, b, _] = picture.pixel(x, y).expect("inside");
        image::Rgb([r, g, b])
    });
    let image = image::DynamicImage::from(rgb);
    let image = if c == 1 { image::DynamicImage::from(image.to_luma8()) } else { image };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

fn all(data: &Dataset, part: Split) -> Examples {
    let len = data.len(part).expect("ends");
    let example = |index| data.example(part, index).expect("reads");
    (0..len).map(example).map(|example| (example.pixels, example.class)).collect()
}

fn opened(path: &Path) -> Opened {
    open(path, None, Execution::SERIAL).unwrap_or_else(|error| panic!("{error}"))
}

/// One line that says what was expected.
/// Opened with another bound on what is held.
fn within(path: &Path, held: u64) -> Result<Opened, DataError> {
    OpenOptions { max_held_bytes: held, ..OpenOptions::default() }.open(path, Execution::SERIAL)
}

fn fails(path: &Path) -> String {
    let error = open(path, None, Execution::SERIAL).expect_err("should fail").to_string();
    assert!(!error.contains('\n') && error.contains("expected") && error.contains(';'), "{error}");
    error
}

#[test]
fn idx_files_are_one_set_packed_or_not() {
    let (train, test) = (examples(Generated::Digits, 1, 40), examples(Generated::Digits, 2, 20));
    for packed in [false, true] {
        let folder = folder();
        let mut paths = Vec::new();
        for (part, examples) in [("train", &train), ("t10k", &test)] {
            let [images, labels] = idx(examples);
            for (kind, bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
                let name = format!("MNIST/raw/{part}-{kind}-ubyte{}", if packed { ".gz" } else { "" });
                paths.push(write(folder.path(), &name, &if packed { gzip(&bytes) } else { bytes }));
            }
        }
        for path in [folder.path(), &folder.path().join("MNIST/raw"), &paths[0]] {
            let data = opened(path).dataset;
            assert_eq!((data.shape(), data.classes().len(), data.names_classes()), ([1, 28, 28], 10, false));
            assert_eq!((all(&data, Split::Train), all(&data, Split::Test)), (train.clone(), test.clone()));
            assert_eq!(data.len(Split::Validation), Some(0));
            let tests = data.measure(Split::Test, Execution::SERIAL).expect("reads").by_class;
            assert_eq!(tests.iter().map(Vec::len).collect::<Vec<_>>(), [2; 10]);
        }
        // The test pictures alone are a set to train on.
        assert_eq!(all(&opened(&paths[2]).dataset, Split::Train), test);
        assert!(fails(&paths[1]).contains("got a file of labels"));
        fs::remove_file(&paths[3]).expect("removes");
        assert!(fails(folder.path()).contains("expected a file of labels in the same folder"));
    }
}

/// Class folders under `train` and `test`, as (path, bytes).
fn class_folders(train: &Examples, test: &Examples) -> Vec<(String, Vec<u8>)> {
    let classes = Generated::Shapes.classes();
    let files = |part: &'static str, examples: &Examples| -> Vec<(String, Vec<u8>)> {
        let file = |(k, (pixels, class)): (usize, &(Tensor, usize))| {
            (format!("set/{part}/{}/{k:04}.png", classes[*class]), png(pixels))
        };
        examples.iter().enumerate().map(file).collect()
    };
    [files("train", train), files("test", test)].concat()
}

fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).expect("starts");
        zip.write_all(bytes).expect("packs");
    }
    zip.finish().expect("packs").into_inner()
}

/// Examples by (name of the class, pixels), whatever their order.
fn sorted(examples: &Examples, classes: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut sorted: Vec<_> =
        examples.iter().map(|(pixels, class)| (classes[*class].clone(), bytes_of(pixels))).collect();
    sorted.sort();
    sorted
}

#[test]
fn class_folders_are_one_set_in_a_folder_and_in_an_archive() {
    let (train, test) = (examples(Generated::Shapes, 1, 40), examples(Generated::Shapes, 2, 16));
    let mut files = class_folders(&train, &test);
    files.push(("set/train/star/broken.png".into(), b"\x89PNG\r\n\x1a\nbroken".to_vec()));
    files.push(("set/readme.txt".into(), b"not a picture".to_vec()));
    let folder = folder();
    for (name, bytes) in &files {
        write(&folder.path().join("files"), name, bytes);
    }
    let archive = write(folder.path(), "shapes.zip", &zip_of(&files));
    let names: Vec<String> = Generated::Shapes.classes().iter().map(|&name| name.to_owned()).collect();
    for path in [&folder.path().join("files"), &folder.path().join("files/set"), &archive] {
        // Whether the pixels are held or decoded when asked for does not show.
        for held in [MAX_HELD_BYTES, 20 * 3072] {
            if held < MAX_HELD_BYTES && *path == archive {
                continue;
            }
            let Opened { dataset: data, skipped, .. } = within(path, held).expect("opens");
            assert_eq!(data.shape(), [3, 32, 32]);
            for (part, expected) in [(Split::Train, &train), (Split::Test, &test)] {
                assert_eq!(sorted(&all(&data, part), data.classes()), sorted(expected, &names));
            }
            assert_eq!(skipped.len(), 1);
            assert!(skipped[0].name.ends_with("star/broken.png"), "{skipped:?}");
            assert!(skipped[0].reason.contains("expected a complete PNG file"), "{skipped:?}");
        }
    }
    let grey = open(&archive, Some([1, 20, 24]), Execution::SERIAL).expect("opens").dataset;
    assert_eq!(grey.example(Split::Train, 0).expect("reads").pixels.dim(), (1, 1, 20, 24));
    let error = within(&archive, 100 << 10).expect_err("too large").to_string();
    assert!(error.contains("; unpack"), "{error}");
}

/// The folder that a download is saved into.
#[test]
fn a_folder_with_one_archive_is_the_set_in_it() {
    let packed =
        zip_of(&class_folders(&examples(Generated::Shapes, 1, 40), &examples(Generated::Shapes, 2, 16)));
    let folder = folder();
    let archive = write(folder.path(), "download/shapes.zip", &packed);
    write(folder.path(), "download/readme.txt", b"from the page of the course");
    let (alone, within) = (opened(&archive).dataset, opened(&folder.path().join("download")).dataset);
    for part in [Split::Train, Split::Test] {
        assert_eq!(all(&within, part), all(&alone, part));
    }
    assert_eq!((within.name(), within.classes()), (alone.name(), alone.classes()));
    write(folder.path(), "download/more.npz", &packed);
    let error = open(&folder.path().join("download"), None, Execution::SERIAL).expect_err("two").to_string();
    assert!(
        error.contains(
            "expected one data set, got 2 archives, more.npz and shapes.zip among them; open one of"
        ),
        "{error}"
    );
    // Beside pictures an archive is something else.
    for (name, bytes) in class_folders(&examples(Generated::Shapes, 1, 16), &vec![]) {
        write(&folder.path().join("pictures"), &name, &bytes);
    }
    write(folder.path(), "pictures/old.zip", &packed);
    assert_eq!(opened(&folder.path().join("pictures")).dataset.len(Split::Train), Some(16));
}

#[test]
fn pictures_of_many_sizes_take_the_most_common() {
    let folder = folder();
    let grey = |h: usize, w: usize| Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| (i * 8 + j) as f32);
    for (name, h, w) in [("a/1.png", 6, 9), ("a/2.png", 5, 7), ("b/3.png", 5, 7), ("b/4.png", 30, 20)] {
        write(folder.path(), name, &png(&grey(h, w)));
    }
    let data = opened(folder.path()).dataset;
    assert_eq!((data.shape(), data.len(Split::Train)), ([1, 5, 7], Some(4)));
    assert_eq!(data.example(Split::Train, 1).expect("reads").pixels, grey(5, 7));
}

#[test]
fn opening_tells_how_far_it_is_and_can_be_stopped() {
    let folder = folder();
    let archive =
        write(folder.path(), "s.zip", &zip_of(&class_folders(&examples(Generated::Shapes, 1, 200), &vec![])));
    // Of 200 pictures; stops after `after` of them.
    let open_until = |after: u64| {
        let seen = AtomicU64::new(0);
        let on_progress = |part: f32| {
            let seen = seen.fetch_max((part * 200.0).round() as u64, Ordering::Relaxed);
            seen < after
        };
        let result = open(&archive, None, Execution { on_progress: &on_progress, ..Execution::SERIAL });
        (result, seen.load(Ordering::Relaxed))
    };
    let (whole, seen) = open_until(u64::MAX);
    assert!(whole.is_ok());
    assert_eq!(seen, 200);
    let (stopped, seen) = open_until(64);
    assert!(matches!(stopped, Err(DataError::Cancelled)));
    assert!(seen < 200);
}

#[test]
fn a_set_does_not_depend_on_the_number_of_threads() {
    let folder = folder();
    let mut files = class_folders(&examples(Generated::Shapes, 1, 60), &examples(Generated::Shapes, 2, 20));
    let broken = ["set/train/star/broken1.png", "set/test/star/broken2.png"];
    files.extend(broken.map(|path| (path.to_owned(), b"no picture".to_vec())));
    let archive = write(folder.path(), "s.zip", &zip_of(&files));
    let threads = Threads::new(3).expect("threads");
    let shared = Execution { workers: &threads, ..Execution::SERIAL };
    for shape in [None, Some([1, 20, 24])] {
        let alone = open(&archive, shape, Execution::SERIAL).expect("opens");
        let together = open(&archive, shape, shared).expect("opens");
        assert_eq!(alone.skipped.len(), 2);
        assert_eq!(together.skipped, alone.skipped);
        let (alone, together) = (alone.dataset, together.dataset);
        assert_eq!(together.classes(), alone.classes());
        for split in [Split::Train, Split::Test] {
            assert_eq!(all(&together, split), all(&alone, split));
            let measured = alone.measure(split, Execution::SERIAL);
            assert!(measured.is_ok());
            assert_eq!(alone.measure(split, shared), measured);
        }
        assert_eq!(alone.statistics(shared), alone.statistics(Execution::SERIAL));
    }
    let endless = Dataset::generated(Generated::Digits, 4);
    assert_eq!(endless.measure(Split::Train, shared), endless.measure(Split::Train, Execution::SERIAL));
}

#[test]
fn what_is_no_set_gets_one_line() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).expect("a folder");
    write(folder.path(), "loose/1.png", &png(&Tensor::zeros((1, 1, 2, 2))));
    let text = write(folder.path(), "notes.txt", b"Dear diary");
    let none = write(folder.path(), "none.bin", b"");
    let cut = write(
        folder.path(),
        "cut.zip",
        &zip_of(&class_folders(&examples(Generated::Shapes, 1, 8), &vec![]))[..900],
    );
    for (path, says) in [
        (at("nowhere"), "expected a file or folder with data"),
        (at("empty"), "expected a folder for each class"),
        (text, "got a file of another kind"),
        (none, "3074 (CIFAR-100), got 0"),
        (cut, "expected a complete .zip archive"),
    ] {
        let line = fails(&path);
        assert!(line.contains(says), "{line}\n  should say: {says}");
    }
    // A set of pictures of which none can be read says why.
    write(folder.path(), "broken/a/1.png", b"no picture");
    write(folder.path(), "broken/b/2.png", b"no picture");
    assert!(fails(&at("broken")).contains("cannot"));
    let error = open(&at("broken"), Some([1, 4, 4]), Execution::SERIAL).expect_err("no picture").to_string();
    assert!(error.contains("the first error is: expected a picture"), "{error}");
}

#[test]
fn a_course_over_a_loaded_set_shows_each_example_once_in_every_pass() {
    let folder = folder();
    let train = examples(Generated::Digits, 1, 25);
    let [images, labels] = idx(&train);
    let path = write(folder.path(), "train-images-idx3-ubyte", &images);
    write(folder.path(), "train-labels-idx1-ubyte", &labels);
    let data = opened(&path).dataset;
    let schedule =
        |epoch_len, augment| BatchSchedule { data: data.clone(), seed: 4, epoch_len, batch_len: 4, augment };
    let epoch = |schedule: &BatchSchedule, epoch| -> Examples {
        (0..schedule.batches()).flat_map(|batch| schedule.batch(epoch, batch).expect("reads")).collect()
    };
    let order = |seen: &[(Tensor, usize)]| -> Vec<usize> {
        seen.iter()
            .map(|example| train.iter().position(|other| other == example).expect("of the set"))
            .collect()
    };
    let whole = schedule(25, Augment::default());
    let orders: Vec<Vec<usize>> = (0..3).map(|e| order(&epoch(&whole, e))).collect();
    for order in &orders {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..25));
    }
    assert!(orders[0] != orders[1] && orders[1] != orders[2] && orders[0] != orders[2]);
    assert_eq!(whole.batch(2, 3), whole.batch(2, 3));
    assert_eq!(whole.batch_at(2 * 7 + 3), whole.batch(2, 3));
    // Epochs of another length go through the same passes.
    for len in [10, 40] {
        let schedule = schedule(len, Augment::default());
        let seen: Examples = (0..75_u64.div_ceil(len)).flat_map(|e| epoch(&schedule, e)).collect();
        assert_eq!(order(&seen[..75]), orders.concat());
    }
    // In another pass an example varies in another way.
    let varied = schedule(25, Augment { shift: 3, ..Augment::default() });
    let of = |e: u64, example: usize| {
        let place = orders[e as usize].iter().position(|k| *k == example).expect("comes");
        epoch(&varied, e)[place].0.clone()
    };
    assert_eq!(of(0, 5), of(0, 5));
    assert!((0..25).any(|example| of(0, example) != of(1, example)));
}

/// Records of CIFAR: so many label bytes, of which the last one counts.
fn batch(examples: &[(Tensor, usize)], labels: usize) -> Vec<u8> {
    let record = |(pixels, class): &(Tensor, usize)| {
        [vec![77; labels - 1], vec![*class as u8], bytes_of(pixels)].concat()
    };
    examples.iter().flat_map(record).collect()
}

#[test]
fn cifar_batches_are_one_set_held_or_on_disk() {
    let (train, test) = (examples(Generated::Shapes, 1, 40), examples(Generated::Shapes, 2, 16));
    let folder = folder();
    let ten = folder.path().join("ten");
    let first = write(&ten, "cifar-10-batches-bin/data_batch_1.bin", &batch(&train[..25], 1));
    write(&ten, "cifar-10-batches-bin/data_batch_2.bin", &batch(&train[25..], 1));
    write(&ten, "cifar-10-batches-bin/test_batch.bin", &batch(&test, 1));
    let names = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    write(&ten, "cifar-10-batches-bin/batches.meta.txt", names.as_bytes());
    let hundred = folder.path().join("hundred");
    write(&hundred, "train.bin", &batch(&train, 2));
    write(&hundred, "test.bin", &batch(&test, 2));
    for held in [MAX_HELD_BYTES, 50_000, 0] {
        let ten = within(&ten, held).expect("opens").dataset;
        assert_eq!((ten.classes()[3].as_str(), ten.shape()), ("cat", [3, 32, 32]));
        let hundred = within(&hundred, held).expect("opens").dataset;
        assert_eq!((hundred.classes().len(), hundred.names_classes()), (100, false));
        for data in [ten, hundred] {
            assert_eq!((all(&data, Split::Train), all(&data, Split::Test)), (train.clone(), test.clone()));
        }
    }
    assert_eq!(all(&opened(&first).dataset, Split::Train), train[..25]);
    let unnamed = write(folder.path(), "some.bin", &batch(&test, 2));
    assert_eq!(all(&opened(&unnamed).dataset, Split::Train), test);
    for (name, bytes, says) in [
        (
            "data_batch_9.bin",
            batch(&test, 1)[..3000].to_vec(),
            "expected a length that is a multiple of 3073 bytes",
        ),
        ("odd.bin", vec![1; 100], "3073 bytes (CIFAR-10) or 3074"),
        ("none.bin", vec![], "got 0"),
        ("data_batch_8.bin", vec![200; 3073], "expected labels from 0 to 9, got 200"),
    ] {
        let line = fails(&write(folder.path(), name, &bytes));
        assert!(line.contains(says), "{line}\n  should say: {says}");
    }
    write(&ten, "cifar-10-batches-bin/batches.meta.txt", b"one\ntwo\n");
    assert!(fails(&ten).contains("expected 10 class names, one per line, got 2"));
}

/// A table: the label before or behind the pixels, with a head or without.
fn table(examples: &Examples, is_last: bool, has_head: bool, label: impl Fn(usize) -> String) -> Vec<u8> {
    let line = |label: String, pixels: Vec<String>| {
        let columns = if is_last { [pixels, vec![label]].concat() } else { [vec![label], pixels].concat() };
        columns.join(",") + "\n"
    };
    let count = examples[0].0.len();
    let head = line("label".into(), (0..count).map(|k| format!("pixel{k}")).collect());
    let lines = examples
        .iter()
        .map(|(pixels, class)| line(label(*class), bytes_of(pixels).iter().map(u8::to_string).collect()));
    has_head.then_some(head).into_iter().chain(lines).collect::<String>().into_bytes()
}

#[test]
fn tables_are_read_whatever_their_form() {
    let (train, test) = (examples(Generated::Digits, 1, 30), examples(Generated::Digits, 2, 20));
    for (is_last, has_head, packed) in
        [(false, true, false), (true, true, false), (false, false, true), (true, false, false)]
    {
        let folder = folder();
        let ending = if packed { "csv.gz" } else { "csv" };
        for (name, examples) in [("mnist_train", &train), ("mnist_test", &test)] {
            let bytes = table(examples, is_last, has_head, |class| class.to_string());
            write(folder.path(), &format!("{name}.{ending}"), &if packed { gzip(&bytes) } else { bytes });
        }
        let data = opened(folder.path()).dataset;
        assert_eq!((data.shape(), data.classes().len()), ([1, 28, 28], 10));
        assert_eq!((all(&data, Split::Train), all(&data, Split::Test)), (train.clone(), test.clone()));
    }
    // As Kaggle gives MNIST away: what is to be labelled has no labels.
    let folder = folder();
    write(folder.path(), "train.csv", &table(&train, false, true, |class| class.to_string()));
    let head = (0..784).map(|k| format!("pixel{k}")).collect::<Vec<_>>().join(",");
    write(folder.path(), "test.csv", format!("{head}\n{}\n", vec!["0"; 784].join(",")).as_bytes());
    let Opened { dataset, skipped, .. } = opened(folder.path());
    assert_eq!(all(&dataset, Split::Train), train);
    assert_eq!(skipped.iter().map(|skipped| skipped.name.as_str()).collect::<Vec<_>>(), ["test.csv"]);
    assert!(fails(&folder.path().join("test.csv")).contains("784 columns, which are pixels only"));
    // Colours, and classes with names.
    let coloured = examples(Generated::Shapes, 3, 16);
    let names = Generated::Shapes.classes();
    let path =
        write(folder.path(), "shapes.csv", &table(&coloured, true, false, |class| names[class].to_owned()));
    let data = opened(&path).dataset;
    assert_eq!((data.shape(), data.names_classes()), ([3, 32, 32], true));
    let all_names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(sorted(&all(&data, Split::Train), data.classes()), sorted(&coloured, &all_names));
    for (text, says) in [
        (
            "label,a,b,c,d\n1,2,3,4,256\n",
            "line 2: expected a whole number from 0 to 255 in column 5, got \"256\"",
        ),
        ("label,a,b,c,d\n1,2,3,0.5,5\n", "in column 4, got \"0.5\""),
        ("label,a,b,c,d\n1,2,3,4\n", "line 2: expected 5 columns as in the lines above, got 4"),
        ("label,a,b,c,d\n", "expected training examples, got none"),
        ("label,a,b\n", "got 3 columns"),
        ("label,a,b,c,d\n\n1,2,3,4,\u{fffd}\n", "line 3: expected a whole number"),
    ] {
        let line = fails(&write(folder.path(), "wrong.csv", text.as_bytes()));
        assert!(line.contains(says), "{line}\n  should say: {says}");
    }
    assert!(
        fails(&write(folder.path(), "wrong.csv", b"label,a\n1,\xff\n")).contains("save it as CSV in UTF-8")
    );
}

#[test]
fn what_is_too_large_stays_on_disk_or_is_refused() {
    let train = examples(Generated::Digits, 1, 40);
    let [images, labels] = idx(&train);
    let folder = folder();
    let plain = write(folder.path(), "a/train-images-idx3-ubyte", &images);
    write(folder.path(), "a/train-labels-idx1-ubyte", &labels);
    let packed = write(folder.path(), "b/train-images-idx3-ubyte.gz", &gzip(&images));
    write(folder.path(), "b/train-labels-idx1-ubyte", &labels);
    let text = table(&train, false, true, |class| class.to_string());
    let csv = write(folder.path(), "c.csv.gz", &gzip(&text));
    let unpacked = write(folder.path(), "c.csv", &[b"\xef\xbb\xbf", &text[..], b"\n\n"].concat());
    const LITTLE: u64 = 10_000;
    for path in [&plain, &unpacked] {
        let data = within(path, LITTLE).expect("opens").dataset;
        assert_eq!(all(&data, Split::Train), train);
    }
    // A file that has changed since gives a line, not other numbers.
    let data = within(&unpacked, LITTLE).expect("opens").dataset;
    write(folder.path(), "c.csv", &text[..text.len() / 2]);
    let error = data.example(Split::Train, 39).expect_err("cut short").to_string();
    assert!(error.contains("to be unchanged"), "{error}");
    for (path, says) in [(&packed, "unpack it first"), (&csv, "of at most 0 MB, got a larger one; unpack")] {
        let error = within(path, LITTLE).expect_err("too large").to_string();
        assert!(error.contains(says), "{error}");
    }
    // A file that is packed a thousandfold is read only as far as it says it goes.
    let bomb = [images[..16].to_vec(), vec![0; 64 << 20]].concat();
    write(folder.path(), "b/train-images-idx3-ubyte.gz", &gzip(&bomb));
    assert!(fails(&packed).contains("for its 40 pictures of 28 x 28, got 31377"));
    let line = write(folder.path(), "line.csv.gz", &gzip(&vec![b'1'; 64 << 20]));
    assert!(fails(&line).contains("expected lines of at most 16 MB"));
}

/// A batch of CIFAR's Python version without pictures.
const PICKLE: &[u8] =
    b"\x80\x02}(U\x06labels]U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\
    \x87R(K\x01K\0M\0\x0c\x86cnumpy\ndtype\nU\x02u1K\0K\x01\x87R\x89U\0tbu.";

/// A .npz of two pictures and two labels.
fn arrays() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut set = ndarray_npy::NpzWriter::new(&mut bytes);
    set.add_array("x_train", &ndarray::Array3::<u8>::ones((2, 2, 2))).expect("adds");
    set.add_array("y_train", &ndarray::Array1::<i64>::ones(2)).expect("adds");
    set.finish().expect("writes");
    bytes.into_inner()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, cases: 200, ..Default::default() })]

    /// A set with changed, lost or added bytes opens or gives one line.
    #[test]
    fn damaged_files_never_panic(
        kind in 0..11usize,
        changes in proptest::collection::vec((0.0..1.0f64, proptest::prelude::any::<u8>()), 0..6),
        cut in 0.0..1.5f64,
        header: bool,
    ) {
        let digits = examples(Generated::Digits, 1, 6);
        let [images, labels] = idx(&digits);
        let csv = table(&digits, false, true, |class| class.to_string());
        let shapes = examples(Generated::Shapes, 1, 4);
        let (name, mut bytes) = match kind {
            0 => ("t-images-idx3-ubyte", images.clone()),
            1 => ("t-images-idx3-ubyte.gz", gzip(&images)),
            2 => ("t-labels-idx1-ubyte", labels.clone()),
            3 => ("t.zip", zip_of(&class_folders(&shapes, &vec![]))),
            4 => ("data_batch_1.bin", batch(&shapes, 1)),
            5 => ("t.csv", csv),
            6 => ("t.csv.gz", gzip(&csv)),
            7 => ("t.csv", b"emotion,pixels,Usage\n0,1 2 3 4,Training\n1,5 6 7 8,PrivateTest\n".to_vec()),
            8 => ("t.csv", b"file,label\nt.pgm,x\nt,y\n".to_vec()),
            9 => ("data_batch_1", PICKLE.to_vec()),
            _ => ("t.npz", arrays()),
        };
        for (at, value) in changes {
            // Headers are short: half of the cases change nothing else.
            let n = if header { bytes.len().min(40) } else { bytes.len() };
            bytes[(at * n as f64) as usize] = value;
        }
        if cut < 1.0 {
            bytes.truncate((cut * bytes.len() as f64) as usize);
        }
        let folder = folder();
        write(folder.path(), "t.pgm", b"P5 2 1 255 ab");
        if kind != 2 {
            write(folder.path(), "t-labels-idx1-ubyte", &labels);
        } else {
            write(folder.path(), "t-images-idx3-ubyte", &images);
        }
        let path = write(folder.path(), name, &bytes);
        let path = if kind == 2 { folder.path().join("t-images-idx3-ubyte") } else { path };
        match open(&path, None, Execution::SERIAL) {
            Ok(Opened { dataset, .. }) => drop(all(&dataset, Split::Train)),
            Err(error) => {
                let line = error.to_string();
                proptest::prop_assert!(!line.contains('\n') && line.contains("expected"), "{}", line);
            }
        }
    }
}

/// Where the environment names real data: MNIST's folder, CIFAR-10 as pictures in a .zip.
#[test]
fn real_sets_open_where_they_are() {
    for (variable, shape, train, test) in [
        ("CONVSTEP_MNIST", [1, 28, 28], 60_000, 10_000),
        ("CONVSTEP_CIFAR10_ZIP", [3, 32, 32], 50_000, 10_000),
    ] {
        let Some(path) = std::env::var_os(variable) else {
            println!("{variable} is not set: skipped");
            continue;
        };
        let Opened { dataset: data, skipped, .. } = opened(Path::new(&path));
        assert_eq!((data.shape(), data.classes().len(), skipped), (shape, 10, vec![]));
        assert_eq!((data.len(Split::Train), data.len(Split::Test)), (Some(train), Some(test)));
        println!("{:?}", data.statistics(Execution::SERIAL).expect("measures"));
    }
}

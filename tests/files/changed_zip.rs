//! Archives of which one part was changed.

use std::io::{Cursor, Read, Write};

/// A .zip with the text of the part whose name ends so changed.
pub fn with_part_changed(archive: Vec<u8>, ending: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    with_bytes_changed(archive, ending, |part| change(String::from_utf8(part).expect("text")).into_bytes())
}

/// A .zip with the bytes of the part whose name ends so changed.
pub fn with_bytes_changed(archive: Vec<u8>, ending: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("a zip");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).expect("an entry");
        let name = entry.name().to_owned();
        let mut part = Vec::new();
        entry.read_to_end(&mut part).expect("reads");
        if name.ends_with(ending) {
            part = change(part);
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
        out.write_all(&part).expect("writes");
    }
    out.finish().expect("a zip").into_inner()
}

//! The files of a .tar archive, packed with gzip or plain.
//!
//! The format is POSIX.1-1988 (ustar): a header of 512 bytes before each file, whose bytes are filled up to a multiple of
//! 512. Long names are in an entry of their own before it, as GNU tar (type L) or POSIX.1-2001 (type x) write them.

#![deny(clippy::arithmetic_side_effects)]

use super::error::DataError;
use super::files::{file_name, read_bounded, unpacked};
use super::picture_files::{Files, MAX_FILE};
use std::{ops::Range, path::Path};

/// The unit of a .tar archive, in bytes.
const BLOCK: usize = 512;

/// The files of an archive, which is kept in memory unpacked.
pub(super) struct Tar {
    bytes: Vec<u8>,
    paths: Vec<String>,
    places: Vec<Range<usize>>,
}

/// Whether the name is that of such an archive.
pub(super) fn is_tar(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz"].iter().any(|ending| name.ends_with(ending))
}

impl Tar {
    /// Unpacks an archive that takes at most `held` bytes.
    pub(super) fn open(path: &Path, held: u64) -> Result<Tar, DataError> {
        let name = file_name(path);
        let bytes = read_bounded(path, &mut unpacked(path)?, held)?;
        if bytes.len() as u64 > held {
            let what = format!(
                "expected an archive of at most {} MB unpacked, got a larger one; unpack it and open the folder",
                held >> 20
            );
            return Err(DataError::wrong(&name, what));
        }
        Self::of(bytes).map_err(|what| DataError::wrong(&name, what))
    }

    fn of(bytes: Vec<u8>) -> Result<Tar, String> {
        let damaged = |got: &str| {
            format!(
                "expected a complete .tar archive, got {got}; download it again, or unpack it and open the folder"
            )
        };
        let (mut paths, mut places) = (Vec::new(), Vec::new());
        let (mut at, mut long) = (0usize, None);
        while let Some(header) = block(&bytes, at).filter(|header| header.iter().any(|&byte| byte != 0)) {
            if !is_header(header) {
                return Err(damaged("a damaged one"));
            }
            let size = octal(&header[124..136]).and_then(|size| usize::try_from(size).ok());
            let start = at.saturating_add(BLOCK);
            let end = size.and_then(|size| start.checked_add(size)).filter(|&end| end <= bytes.len());
            let end = end.ok_or_else(|| damaged("one that is cut short"))?;
            let own = &bytes[start..end];
            match header[156] {
                b'L' => long = Some(text(own)),
                b'x' => long = pax_path(own).or(long),
                b'0' | 0 | b'7' => {
                    paths.push(long.take().unwrap_or_else(|| short_name(header)));
                    places.push(start..end);
                }
                // Folders, links and the like.
                _ => long = None,
            }
            at = end.div_ceil(BLOCK).saturating_mul(BLOCK);
        }
        if paths.is_empty() {
            return Err(damaged("one without files"));
        }
        let paths = paths.into_iter().map(|path| path.trim_start_matches("./").to_owned()).collect();
        Ok(Tar { bytes, paths, places })
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, number: usize) -> &[u8] {
        self.places.get(number).and_then(|place| self.bytes.get(place.clone())).unwrap_or_default()
    }
}

impl Files for Tar {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, number: usize) -> Result<Vec<u8>, String> {
        let bytes = self.bytes(number);
        match bytes.len() as u64 <= MAX_FILE {
            true => Ok(bytes.to_vec()),
            false => Err(format!(
                "expected a picture of at most {} MB, got a larger file; make it smaller",
                MAX_FILE >> 20
            )),
        }
    }

    fn stay(&self) -> bool {
        false
    }
}

fn block(bytes: &[u8], at: usize) -> Option<&[u8; BLOCK]> {
    bytes.get(at..)?.first_chunk()
}

/// Whether the sum of a header's bytes is what it says, with its own place read as blanks.
fn is_header(header: &[u8; BLOCK]) -> bool {
    let own = |(place, &byte): (usize, &u8)| if (148..156).contains(&place) { 32 } else { u64::from(byte) };
    octal(&header[148..156]) == Some(header.iter().enumerate().map(own).sum())
}

/// A number of octal digits, or, if its first bit is set, of bytes.
fn octal(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && *first > 0x7f
    {
        let start = u64::from(first & 0x7f);
        return rest
            .iter()
            .try_fold(start, |number, &byte| number.checked_mul(256)?.checked_add(u64::from(byte)));
    }
    let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| !matches!(byte, 0 | b' '));
    digits.copied().try_fold(0u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        number.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

/// A text up to its end mark.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The name in a header, with the folder that ustar has apart from it.
fn short_name(header: &[u8; BLOCK]) -> String {
    let (name, folder) = (text(&header[..100]), text(&header[345..500]));
    match header[257..262] == *b"ustar" && !folder.is_empty() {
        true => format!("{folder}/{name}"),
        false => name,
    }
}

/// The name among the records of an extended header: `27 path=name` and a line's end.
fn pax_path(records: &[u8]) -> Option<String> {
    let records = String::from_utf8_lossy(records);
    let path = records.lines().find_map(|record| record.split_once(' ')?.1.strip_prefix("path="))?;
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry of an archive.
    fn entry(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut header = [0u8; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = kind;
        header[257..262].copy_from_slice(b"ustar");
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let mut all = header.to_vec();
        all.extend(bytes);
        all.resize(all.len().next_multiple_of(BLOCK), 0);
        all
    }

    #[test]
    fn files_have_their_names_and_bytes() {
        let long = "a/".repeat(80) + "b.png";
        let pax = format!("{} path={long}\n", long.len() + 10);
        let archive = [
            entry("./set/", b'5', b""),
            entry("./set/cat/1.png", b'0', b"one"),
            entry("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            entry("a/a", b'0', &[7; 600]),
            entry("pax", b'x', pax.as_bytes()),
            entry("cut", 0, b"three"),
            vec![0; 2 * BLOCK],
        ]
        .concat();
        let tar = Tar::of(archive.clone()).expect("reads");
        assert_eq!(tar.paths(), ["set/cat/1.png".to_owned(), long.clone(), long]);
        assert_eq!((tar.bytes(0), tar.bytes(1).len(), tar.bytes(2)), (&b"one"[..], 600, &b"three"[..]));
        assert_eq!(tar.read(0), Ok(b"one".to_vec()));
        for len in 0..archive.len() {
            if let Err(error) = Tar::of(archive[..len].to_vec()) {
                assert!(error.starts_with("expected") && !error.contains('\n'), "{error}");
            }
        }
    }

    #[test]
    fn hostile_archives_get_one_line() {
        let mut huge = entry("a", b'0', b"x");
        huge[124..136].copy_from_slice(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
        let mut wrong = entry("a", b'0', b"x");
        wrong[0] = b'b';
        for bytes in [vec![], vec![0; 1024], vec![1; 600], huge, wrong, entry("a/", b'5', b"")] {
            let error = Tar::of(bytes).err().expect("no archive");
            assert!(
                error.starts_with("expected a complete .tar archive, got") && !error.contains('\n'),
                "{error}"
            );
        }
        assert_eq!(octal(b"0000017\0"), Some(15));
        assert_eq!((octal(b"9"), octal(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff")), (None, None));
    }
}

//! The parts of a program's archive.

use crate::model_io::weights::one_line;
use serde_json::Value as Json;
use std::{
    collections::HashMap,
    io::{Cursor, Read},
};
use zip::ZipArchive;

/// The longest graph, in bytes.
const LONGEST: u64 = 1 << 26;

/// The archive.
pub struct Zip<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    names: HashMap<String, String>,
    /// How many more bytes can be in the file: torch.export does not compress weights.
    left: u64,
}

impl<'a> Zip<'a> {
    /// Opens an archive.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| one_line(&error.to_string()))?;
        // All names may begin with a folder named after the file.
        let within = |name: &str| {
            let starts = ["models/", "data/", "serialized_"];
            let at = starts.iter().filter_map(|start| name.find(start)).min().unwrap_or(0);
            name[at..].to_owned()
        };
        let names = archive.file_names().map(|name| (within(name), name.to_owned())).collect();
        Ok(Self { archive, names, left: (bytes.len() as u64).saturating_mul(4) })
    }

    /// The names in the archive, without the folder that all have.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.names.keys()
    }

    /// A file of the archive; `None` if it is not there.
    ///
    /// # Errors
    /// If it is too long or damaged.
    pub fn entry(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(name) = self.names.get(name) else { return Ok(None) };
        let mut entry = self.archive.by_name(name).map_err(|error| one_line(&error.to_string()))?;
        let longest = self.left.max(LONGEST);
        if entry.size() > longest {
            return Err(format!("a part of {} bytes", entry.size()));
        }
        let mut bytes = Vec::new();
        entry.by_ref().take(longest).read_to_end(&mut bytes).map_err(|error| one_line(&error.to_string()))?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Ok(Some(bytes))
    }

    /// A part that is JSON.
    ///
    /// # Errors
    /// If it is not there or damaged.
    pub fn json(&mut self, name: &str) -> Result<Option<Json>, String> {
        let Some(bytes) = self.entry(name)? else { return Ok(None) };
        if bytes.len() as u64 > LONGEST {
            return Err(format!("a graph of {} bytes", bytes.len()));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|error| one_line(&error.to_string()))
    }

    /// The graph and what belongs to it.
    ///
    /// # Errors
    /// If it is not there or damaged.
    pub fn program(&mut self) -> Result<Json, String> {
        let model = self.names().find(|name| name.starts_with("models/") && name.ends_with(".json")).cloned();
        let name = model.unwrap_or_else(|| "serialized_exported_program.json".to_owned());
        self.json(&name)?.ok_or_else(|| "no graph in it".to_owned())
    }
}

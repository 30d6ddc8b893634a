//! Holds the imports against the table in ARCHITECTURE.md, and proves what must be absent.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// module -> what it may import, from the table.
fn table() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| module |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let may = cells[2].split(',').map(|m| m.trim().to_owned()).filter(|m| !m.is_empty());
            (cells[0].trim_matches('`').to_owned(), may.collect())
        })
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file: without comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level modules that a file names by `crate::`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in code.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            // use crate::{a::b, c}: the names at depth one.
            Some(list) => {
                let mut depth = 0;
                let mut name = String::new();
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push(std::mem::take(&mut name)),
                        c if depth == 0 => name.push(c),
                        _ => {}
                    }
                }
                found.push(name);
            }
            None => found.push(part.to_owned()),
        }
    }
    let first = |path: String| -> String {
        path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    found.into_iter().map(first).filter(|name| !name.is_empty()).collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table = table();
    assert!(table.len() >= 9, "the table was not found: {table:?}");
    let mut checked = 0;
    for (module, may) in &table {
        for file in sources(&root().join("src").join(module)) {
            for import in imports(&code(&file)) {
                checked += 1;
                let known = table.contains_key(&import);
                assert!(
                    !known || import == *module || may.contains(&import),
                    "{}: {module} must not import {import}",
                    file.display()
                );
            }
        }
    }
    assert!(checked > 50, "only {checked} imports were seen");
}

#[test]
fn every_module_is_in_the_table() {
    let table = table();
    for entry in fs::read_dir(root().join("src")).expect("src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(table.contains_key(&name), "{name} is not in ARCHITECTURE.md");
        }
    }
}

#[test]
fn only_the_window_knows_egui() {
    for module in table().keys().filter(|module| *module != "ui") {
        for file in sources(&root().join("src").join(module)) {
            assert!(!code(&file).contains("egui"), "{} names egui", file.display());
        }
    }
}

#[test]
fn the_core_touches_no_file_clock_or_thread() {
    for module in ["tensor", "nn", "trace", "attribution", "train", "app"] {
        for file in sources(&root().join("src").join(module)) {
            let code = code(&file);
            for word in [
                "std::fs",
                "std::time",
                "std::thread",
                "Instant::",
                "SystemTime",
                "thread::spawn",
                "std::net",
            ] {
                assert!(!code.contains(word), "{} uses {word}", file.display());
            }
        }
    }
}

#[test]
fn no_view_imports_another() {
    let views = root().join("src/ui/views");
    let names: Vec<String> = fs::read_dir(&views)
        .expect("views")
        .map(|entry| {
            entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()
        })
        .filter(|name| name != "mod")
        .collect();
    assert!(names.len() > 5);
    for name in &names {
        let (file, folder) = (views.join(format!("{name}.rs")), views.join(name));
        let mut files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
        files.extend(file.is_file().then_some(file));
        for file in files {
            let code = code(&file);
            for other in names.iter().filter(|other| *other != name) {
                let path = format!("views::{other}");
                assert!(!code.contains(&path), "{} imports the view {other}", file.display());
            }
        }
    }
}

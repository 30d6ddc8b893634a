//! Holds the imports against the table in ARCHITECTURE.md, and proves what must be absent.

use std::{
    collections::{BTreeMap, BTreeSet},
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
fn only_the_host_knows_paths_of_files() {
    let of_paths = ["Path", "PathBuf", "OsStr", "OsString", "as_path"];
    for file in sources(&root().join("src/app")) {
        let code = code(&file);
        assert!(!code.contains("std::path"), "{} names std::path", file.display());
        for word in code.split(|c: char| !c.is_alphanumeric() && c != '_') {
            assert!(!of_paths.contains(&word), "{} uses {word}", file.display());
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

/// The files of one top-level module: by the path of the module that each file is, its code without tests.
struct Files {
    code: BTreeMap<Vec<String>, String>,
    /// What each file brings into scope under a name, as far as it lies in this module.
    scope: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
}

impl Files {
    fn new(module: &str) -> Self {
        let src = root().join("src");
        let mut code = BTreeMap::new();
        for file in sources(&src.join(module)) {
            let inner = file.strip_prefix(&src).expect("a file of src").with_extension("");
            let mut path: Vec<String> =
                inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            path.pop_if(|last| last == "mod");
            let whole = self::code(&file);
            let tests = whole.find("#[cfg(test)]\nmod tests {").unwrap_or(whole.len());
            code.insert(path, whole[..tests].to_owned());
        }
        let mut files = Self { code, scope: BTreeMap::new() };
        for (path, code) in &files.code {
            let mut names = BTreeMap::new();
            for used in code.split("use ").skip(1).filter_map(|rest| rest.split_once(';')) {
                for tree in expanded(used.0) {
                    if let (Some(name), Some(full)) = (tree.last(), files.absolute(path, &tree)) {
                        names.insert(name.clone(), full);
                    }
                }
            }
            files.scope.insert(path.clone(), names);
        }
        files
    }

    /// A path as written in a file, from the top; `None` where it leads out of the crate.
    fn absolute(&self, file: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut base = file.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &rest[1..]),
            "self" | "super" => {
                while let Some(first) =
                    rest.first().filter(|first| ["self", "super"].contains(&first.as_str()))
                {
                    if first == "super" {
                        base.pop();
                    }
                    rest = &rest[1..];
                }
            }
            child => {
                base.push(child.to_owned());
                rest = &rest[1..];
                self.code.contains_key(&base).then_some(())?;
            }
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// The file that defines what a path names: names that a module only passes on are followed to their origin.
    fn file_of(&self, path: &[String]) -> Option<Vec<String>> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let len = (1..=path.len()).rev().find(|&len| self.code.contains_key(&path[..len]))?;
            let passed_on = path.get(len).and_then(|name| self.scope.get(&path[..len])?.get(name));
            match passed_on {
                Some(origin) if !origin.starts_with(&path[..=len]) => {
                    path = origin.iter().chain(&path[len + 1..]).cloned().collect();
                }
                Some(_) | None => return Some(path[..len].to_vec()),
            }
        }
        None
    }

    /// Which files a file names: by `use` or inline. A module and those within it count as one.
    fn imports(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let imports = |file: &Vec<String>, code: &String| {
            let named = paths(code).into_iter().filter_map(|path| self.absolute(file, &path));
            let files = named.filter_map(|path| self.file_of(&path));
            files.filter(|other| !file.starts_with(other) && !other.starts_with(file)).collect()
        };
        self.code.iter().map(|(file, code)| (file.clone(), imports(file, code))).collect()
    }
}

/// The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`; a glob and `self` are their module.
fn expanded(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((stem, list)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().split("::");
        let path = path.map(str::trim).filter(|part| !part.is_empty() && *part != "*");
        return vec![path.map(str::to_owned).collect()];
    };
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            c => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                part.push(c);
            }
        }
    }
    parts.push(part);
    let stem = expanded(stem).swap_remove(0);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| expanded(part))
        .map(|mut path| {
            path.dedup();
            let is_self = path.len() == 1 && path[0] == "self";
            stem.iter().cloned().chain(path.into_iter().filter(|_| !is_self)).collect()
        })
        .collect()
}

/// All paths of a file that begin with `crate`, `super` or `self`, in `use` lines and elsewhere.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut depth = 0;
            let end = code[at..].find(|c: char| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                let is_path = c.is_alphanumeric() || "_:{}".contains(c);
                depth < 0 || (depth == 0 && !is_path)
            });
            found.extend(expanded(&code[at..end.map_or(code.len(), |end| at + end)]));
        }
    }
    found
}

/// Files that import one another, directly or around a corner.
fn circle(imports: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Option<Vec<String>> {
    // What imports nothing that is left is in no circle.
    let mut left = imports.clone();
    loop {
        let free: Vec<Vec<String>> = left
            .iter()
            .filter(|(_, of)| !of.iter().any(|other| left.contains_key(other)))
            .map(|(file, _)| file.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|file| drop(left.remove(file)));
    }
    // From any file that is left, imports lead on for ever: until one comes back.
    let mut way = vec![left.keys().next()?.clone()];
    loop {
        let next = left[way.last()?].iter().find(|other| left.contains_key(*other))?.clone();
        if let Some(first) = way.iter().position(|file| *file == next) {
            return Some(way[first..].iter().map(|file| file.join("::")).collect());
        }
        way.push(next);
    }
}

#[test]
fn no_files_of_a_module_import_one_another() {
    for module in ["app", "nn", "trace", "data", "model_io", "train", "lesson", "export", "cli"] {
        let imports = Files::new(module).imports();
        let count: usize = imports.values().map(BTreeSet::len).sum();
        assert!(count >= 5, "only {count} imports were seen in {module}");
        if let Some(circle) = circle(&imports) {
            panic!("these files import one another: {}", circle.join(" -> "));
        }
    }
}

#[test]
fn a_circle_around_a_corner_is_found() {
    let file = |name: &str| vec!["app".to_owned(), name.to_owned()];
    let mut imports = BTreeMap::from([
        (file("a"), BTreeSet::from([file("b"), file("d")])),
        (file("b"), BTreeSet::from([file("c")])),
        (file("c"), BTreeSet::from([file("d")])),
        (file("d"), BTreeSet::new()),
    ]);
    assert_eq!(circle(&imports), None);
    imports.insert(file("c"), BTreeSet::from([file("a"), file("d")]));
    assert_eq!(circle(&imports), Some(["app::a", "app::b", "app::c"].map(str::to_owned).to_vec()));
    let tree = paths("use crate::{a::{self, B}, c::*}; fn f() { super::d::e() }");
    let tree: Vec<String> = tree.iter().map(|path| path.join("::")).collect();
    assert_eq!(tree, ["crate::a", "crate::a::B", "crate::c", "super::d::e"]);
}

#[test]
fn the_floors_of_app_import_downwards_only() {
    const FLOORS: [&[&str]; 5] = [
        &["state"],
        &["task", "effect", "action"],
        &["update", "advice", "command", "palette"],
        &["apply"],
        &["film"],
    ];
    let floor = |file: &[String]| {
        let name = file.get(1)?;
        FLOORS.iter().position(|floor| floor.contains(&name.as_str()))
    };
    let imports = Files::new("app").imports();
    for (file, of) in &imports {
        // app/mod.rs passes on what the floors hold.
        let Some(own) = floor(file) else {
            assert_eq!(file.len(), 1, "{} stands on no floor", file.join("::"));
            continue;
        };
        for other in of {
            assert!(floor(other) <= Some(own), "{} imports {}, above it", file.join("::"), other.join("::"));
        }
    }
}

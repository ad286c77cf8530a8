//! The folders of `src/`: each uses only those below it, no two files use each other, and a folder exports only what its
//! `mod.rs` lists.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not what it must be")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// From top to bottom.
const ROOMS: [&str; 5] = ["abi", "call", "transport", "outcome", "process"];

/// What stands before `#[cfg(test)]`.
fn source(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Each file of a room, and the names that follow `prefix` in it.
fn uses(room: &str, prefix: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = source(&path);
        let name = |rest: &str| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
        let names = text.split(prefix).skip(1).map(name).collect();
        found.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), names);
    }
    found
}

#[test]
fn a_room_uses_only_those_below_it() {
    for (floor, room) in ROOMS.iter().enumerate() {
        for (file, used) in uses(room, "crate::") {
            for other in used {
                let below = ROOMS.iter().skip(floor + 1).any(|room| *room == other);
                assert!(below, "src/{room}/{file}.rs uses crate::{other}, which is not below it");
            }
        }
    }
}

#[test]
fn no_two_files_use_each_other() {
    for room in ROOMS {
        let mut files = uses(room, "super::");
        files.remove("mod");
        // Removes the files that use none of the remaining ones; if there is none, the rest is a cycle.
        while !files.is_empty() {
            let names: BTreeSet<_> = files.keys().cloned().collect();
            let before = files.len();
            files.retain(|_, used| !used.is_disjoint(&names));
            assert!(files.len() < before, "src/{room}: these use each other: {names:?}");
        }
    }
}

#[test]
fn a_room_shows_what_its_list_names_and_says_what_lives_there() {
    for room in ROOMS {
        let text = source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room).join("mod.rs"));
        assert!(text.starts_with("//! "), "src/{room}/mod.rs does not say what lives there");
        assert!(!text.contains("pub mod"), "src/{room}/mod.rs shows a whole file");
    }
}

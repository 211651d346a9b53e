//! Cases that are several files in one: `//- PATH` begins the next file.

use std::fs;
use std::path::Path;

/// Paths and texts of the files of a case, in order. The first stands before any `//- PATH`, and has the path `first`.
pub fn files(case: &Path, first: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(case).unwrap_or_else(|error| panic!("the case {}: {error}", case.display()));
    let mut files = vec![(first.to_owned(), String::new())];
    for line in text.lines() {
        match line.strip_prefix("//- ") {
            Some(path) => files.push((path.trim().to_owned(), String::new())),
            None => files.last_mut().unwrap().1.push_str(&format!("{line}\n")),
        }
    }
    files.retain(|(_, text)| !text.trim().is_empty());
    files
}

/// Writes files into a tree.
pub fn write(tree: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

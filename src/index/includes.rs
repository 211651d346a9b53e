//! Files that `#include` lines mean, as far as paths in the tree show.

use memchr::memmem;

use crate::kernel::Tree;
use crate::source::line_start;

/// A header that a file includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// Name as written, without quotes or angle brackets.
    pub name: String,
    /// Whether it is quoted, so that the folder of the file is searched first.
    pub is_quoted: bool,
}

/// `#include` lines of a text.
pub fn includes(text: &[u8]) -> Vec<Include> {
    let mut found = Vec::new();
    for at in memmem::find_iter(text, b"include") {
        let line = line_start(text, at);
        let before = text[line..at].trim_ascii();
        if before.first() != Some(&b'#') || !before[1..].trim_ascii().is_empty() {
            continue;
        }
        let rest = &text[at + b"include".len()..];
        let rest = rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())].trim_ascii();
        let (is_quoted, close) = match rest.first() {
            Some(b'"') => (true, b'"'),
            Some(b'<') => (false, b'>'),
            _ => continue,
        };
        if let Some(end) = memchr::memchr(close, &rest[1..]) {
            let name = String::from_utf8_lossy(&rest[1..=end]).into_owned();
            found.push(Include { name, is_quoted });
        }
    }
    found
}

/// Path that a directive includes, if it is quoted or contains `..`.
pub fn included(directive: &[u8], folder: &str) -> Option<String> {
    if !matches!(directive.get(1..)?.trim_ascii_start(), [b'i' | b'/' | b'\\', ..]) {
        return None;
    }
    // Most directives are like `#include <linux/mm.h>`.
    if memchr::memchr2(b'"', b'\\', directive).is_none() && memmem::find(directive, b"..").is_none() {
        return None;
    }
    // Comments may stand anywhere, and a line may continue on the next.
    let joined = String::from_utf8_lossy(directive).replace("\\\n", "");
    let blank = blank_comments(&joined);
    let rest = blank.get(1..)?.trim_start();
    let rest = rest.strip_prefix("include_next").or(rest.strip_prefix("include")).or(rest.strip_prefix("import"))?;
    let rest = rest.trim_start();
    let (name, folder) = match rest.chars().next()? {
        '"' => (rest[1..].split('"').next()?, folder),
        '<' => (rest[1..].split('>').next().filter(|name| name.contains(".."))?, "include"),
        _ => return None,
    };
    Some(normalised(folder, name))
}

fn blank_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("/*") {
        out += before;
        out.push(' ');
        rest = behind.split_once("*/").map_or("", |(_, behind)| behind);
    }
    out + rest
}

/// Paths that an include in a file of `folder` can mean, nearest first. Only Makefiles name the include folders beside the shared ones
/// ([`added_folders`]).
pub fn candidates(include: &Include, folder: &str, added: &[String]) -> Vec<String> {
    let mut paths = Vec::new();
    if include.is_quoted {
        paths.push(normalised(folder, &include.name));
    }
    paths.extend(added.iter().map(|added| normalised(added, &include.name)));
    if let Some(arch) = folder.strip_prefix("arch/").and_then(|rest| rest.split('/').next()) {
        paths.push(normalised(&format!("arch/{arch}/include"), &include.name));
    }
    paths.push(normalised("include", &include.name));
    if include.name.starts_with("asm/") {
        paths.push(normalised("include/asm-generic", include.name.trim_start_matches("asm/")));
    }
    paths
}

/// Include folders that the Makefiles of a folder, and of those around it, add: `-I $(src)/../include`. The build systems of modules add
/// theirs in many ways, so all folders of a module with headers count.
pub fn added_folders(tree: &Tree, folder: &str) -> Vec<String> {
    if tree.is_module() && tree.shares(folder) {
        return tree.module_folders().to_vec();
    }
    let mut found = Vec::new();
    let mut next = Some(folder);
    // Folders at the top add those that all sources see.
    while let Some(folder) = next.filter(|folder| folder.contains('/')) {
        for makefile in ["Makefile", "Kbuild"] {
            let Some(text) = tree.read(&format!("{folder}/{makefile}")) else { continue };
            add_folders(&String::from_utf8_lossy(&text), folder, &mut found);
        }
        next = folder.rsplit_once('/').map(|(outer, _)| outer);
    }
    found
}

fn add_folders(makefile: &str, folder: &str, found: &mut Vec<String>) {
    let mut words = makefile.split_whitespace();
    while let Some(word) = words.next() {
        let Some(path) = word.strip_prefix("-I") else { continue };
        let path = if path.is_empty() { words.next().unwrap_or_default() } else { path };
        let path = ["$(srctree)/$(src)", "$(src)", "$(obj)"]
            .iter()
            .fold(path.to_owned(), |path, own| path.replace(own, folder));
        let path = normalised("", &path.replace("$(srctree)", ""));
        if !path.contains("$(") && !found.contains(&path) {
            found.push(path);
        }
    }
}

/// Joins `folder` and `name` and resolves `..`.
pub fn normalised(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_read_as_they_are_written() {
        let found = includes(
            b"#include <linux/mm.h>\n # include \"../a.h\" /* x */\n/* include \"no.h\" */\n#include HEADER\n",
        );
        let names: Vec<(&str, bool)> = found.iter().map(|include| (include.name.as_str(), include.is_quoted)).collect();
        assert_eq!(names, [("linux/mm.h", false), ("../a.h", true)]);
    }

    #[test]
    fn a_header_is_looked_for_where_the_compiler_would() {
        let include = |name: &str, is_quoted| Include { name: name.to_owned(), is_quoted };
        let added = vec!["drivers/x/inc".to_owned()];
        assert_eq!(
            candidates(&include("../a.h", true), "drivers/x/y", &added),
            ["drivers/x/a.h", "drivers/x/a.h", "a.h"]
        );
        assert_eq!(
            candidates(&include("asm/a.h", false), "arch/m/k", &[]),
            ["arch/m/include/asm/a.h", "include/asm/a.h", "include/asm-generic/a.h"]
        );
    }

    #[test]
    fn makefiles_add_folders() {
        let mut found = Vec::new();
        add_folders(
            "ccflags-y += -I $(src)/../inc -I$(srctree)/drivers/y \\\n -I$(srctree)/$(src) -I$(OTHER)/z",
            "drivers/x",
            &mut found,
        );
        assert_eq!(found, ["drivers/inc", "drivers/y", "drivers/x"]);
    }
}

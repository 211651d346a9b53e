//! Paths, many of them.

/// Whether a file of a tree is what a path names, or lies below it.
pub fn is_below(file: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let behind = file.strip_prefix(path);
    path.is_empty() || path == "." || behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The paths of files that lie below one folder of a tree. Tens of thousands are listed to be gone through once, so that they stand one behind
/// the other in one piece of memory.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    folder: String,
    names: String,
    /// Where each name ends.
    ends: Vec<usize>,
    /// Whether some lead through links.
    has_links: bool,
}

impl Paths {
    /// None yet, below a folder that is given relative to the tree; empty for the tree itself.
    pub fn below(folder: &str) -> Paths {
        Paths { folder: folder.to_owned(), ..Paths::default() }
    }

    /// The folder, relative to the tree.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Adds a file by its path relative to the folder.
    pub fn push(&mut self, name: &str) {
        self.names.push_str(name);
        self.ends.push(self.names.len());
    }

    /// Adds a file that a link leads to, by the name of the link.
    pub fn push_link(&mut self, name: &str) {
        self.push(name);
        self.has_links = true;
    }

    /// Whether some lead through links.
    pub fn has_links(&self) -> bool {
        self.has_links
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them, by its number from 0, relative to the folder; nothing beyond the last.
    pub fn name(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(number).map_or("", |end| &self.names[start..*end])
    }

    /// The same relative to the tree.
    pub fn path(&self, number: usize) -> String {
        let name = self.name(number);
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }

    /// All, relative to the tree.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        (0..self.len()).map(|number| self.path(number))
    }
}

impl Extend<String> for Paths {
    /// Adds paths relative to the folder.
    fn extend<I: IntoIterator<Item = String>>(&mut self, names: I) {
        names.into_iter().for_each(|name| self.push(&name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_that_were_added() {
        let mut paths = Paths::below("mm/damon");
        assert!(paths.is_empty() && paths.name(0).is_empty());
        paths.extend(["core.c", "tests/vaddr-kunit.h"].map(str::to_owned));
        assert_eq!((paths.len(), paths.name(0), paths.name(1)), (2, "core.c", "tests/vaddr-kunit.h"));
        assert_eq!(paths.iter().collect::<Vec<_>>(), ["mm/damon/core.c", "mm/damon/tests/vaddr-kunit.h"]);
        let mut paths = Paths::default();
        paths.push("main.c");
        assert_eq!(paths.path(0), "main.c");
    }
}

//! Compact lists of paths.

/// Folder of a path, without a trailing slash; empty for the tree itself.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a file is at or below a path.
pub fn is_below(file: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let behind = file.strip_prefix(path);
    path.is_empty() || path == "." || behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Paths of files below one folder of a tree. Tens of thousands are listed and read once, so their names share one buffer.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    folder: String,
    names: String,
    /// End offset of each name in `names`.
    ends: Vec<usize>,
    /// Whether some paths lead through links.
    has_links: bool,
}

impl Paths {
    /// Empty list for a folder, which is relative to the tree; an empty path means the tree itself.
    pub fn below(folder: &str) -> Paths {
        Paths { folder: folder.to_owned(), ..Paths::default() }
    }

    /// Folder, relative to the tree.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Adds a file by its path relative to the folder.
    pub fn push(&mut self, name: &str) {
        self.names.push_str(name);
        self.ends.push(self.names.len());
    }

    /// Adds the target of a link, by the name of the link.
    pub fn push_link(&mut self, name: &str) {
        self.push(name);
        self.has_links = true;
    }

    /// The paths for which `keeps` returns true.
    pub fn kept(&self, keeps: impl Fn(&str) -> bool) -> Paths {
        let mut kept = Paths { has_links: self.has_links, ..Paths::below(&self.folder) };
        (0..self.len()).filter(|number| keeps(&self.path(*number))).for_each(|number| kept.push(self.name(number)));
        kept
    }

    /// Whether some paths lead through links.
    pub fn has_links(&self) -> bool {
        self.has_links
    }

    /// Number of paths.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no paths.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A path relative to the folder, by its number from 0; empty beyond the last.
    pub fn name(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(number).map_or("", |end| &self.names[start..*end])
    }

    /// A path relative to the tree, by its number from 0.
    pub fn path(&self, number: usize) -> String {
        let name = self.name(number);
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }

    /// All paths, relative to the tree.
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

//! A tree with the headers of the made-up kernel alone, for drivers of a test's own.

use std::fs;

use tempfile::TempDir;

use super::support::{copy, testdata};

/// The headers of the made-up kernel, with the files that make a folder a kernel tree.
pub fn headers() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel/include"), &tree.path().join("include"));
    for name in ["Makefile", "MAINTAINERS"] {
        fs::copy(testdata("kernel").join(name), tree.path().join(name)).unwrap();
    }
    tree
}

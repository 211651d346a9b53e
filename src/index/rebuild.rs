//! Rebuilds an index for another change to the same tree. Only files that either change touches are read.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::build::{Bounded, Headers, Sources, register};
use super::built::add_declarations;
use super::carried::Carried;
use super::{Built, Index, SourceFile, reach};
use crate::kernel::{FileTrouble, Paths, Tree, TroubleKind, is_listed, sift};
use crate::rules::Rules;
use crate::source::find_word;

/// Index of `tree`, which is the same directory as `known_tree` with the index `known`. `None` if all files have to be read again. This is
/// so if links are involved, or if hooks or table macros of names that the tree had before may make other files matter.
pub fn rebuild(tree: &Tree, rules: &Rules, known_tree: &Tree, known: &Index) -> Option<Built> {
    let touched = tree.overlay().files().chain(known_tree.overlay().files()).map(|(path, _)| path);
    let touched: BTreeSet<&str> = touched.collect();
    // Only the walk lists the targets of links.
    let is_link = |path: &&&str| tree.folder().is_reached_by_link(path);
    if known.has_links || touched.iter().any(|path| is_link(&path)) {
        return None;
    }
    let there = touched.iter().filter(|path| is_listed(path) && tree.read(path).is_some());
    let (headers, sources): (Paths, Paths) =
        there.map(|path| (*path).to_owned()).partition(|path| path.ends_with(".h"));
    let unread = touched.iter().filter(|path| !is_listed(path)).filter_map(|path| tree.overlay().unread(path));
    let is_kept = |file: &&Arc<SourceFile>| !touched.contains(file.path.as_str());

    let mut built = Built { trouble: unread.cloned().collect(), ..Built::default() };
    // A name with replacement characters is not the real name of the file.
    let misnamed = touched.iter().filter(|path| path.contains('\u{fffd}') && tree.overlay().get(path).is_none());
    let text = "its name is not valid UTF-8; not read";
    built.trouble.extend(misnamed.map(|path| FileTrouble::of(path, TroubleKind::Unreadable, text)));
    let sieve = Bounded::new(tree, Headers::new(), &built.index);
    built.add(tree, sift(tree, &headers, &sieve), &sieve);
    built.index.files.extend(known.listed().iter().filter(|file| file.is_header()).filter(is_kept).cloned());
    built.index.files.sort_by(|left, right| left.path.cmp(&right.path));
    add_declarations(&mut built.index, rules, 0);

    let first_source = built.index.files.len();
    let sieve = Bounded::new(tree, Sources::new(&built.index), &built.index);
    // A file that no change touches cannot use a member or a macro of a name that is new.
    let added: Vec<&[u8]> = sieve.filter.words.added_to(&known.sought).collect();
    let names_one = |text: &[u8]| added.iter().any(|word| find_word(text, word, 0).is_some());
    if !added.is_empty() && touched.iter().filter_map(|path| known_tree.read(path)).any(|text| names_one(&text)) {
        return None;
    }
    built.index.sought = sieve.filter.words.clone();
    built.add(tree, sift(tree, &sources, &sieve), &sieve);
    built.index.files.extend(known.listed().iter().filter(|file| !file.is_header()).filter(is_kept).cloned());
    built.index.files[first_source..].sort_by(|left, right| left.path.cmp(&right.path));
    add_declarations(&mut built.index, rules, first_source);
    built.index.listed = built.index.files.len();
    built.index.has_several_modules = known.has_several_modules;
    let carried = Carried::new(known, &built.index, &touched);
    register(tree, rules, &mut built, carried);
    let reached = known.reached().iter().filter(is_kept).map(|file| (file.path.as_str(), file.clone())).collect();
    reach::add(tree, rules, &mut built, &reached);
    Some(built)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::index::build;
    use crate::kernel::Overlay;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/kernel");

    /// Everything that registers something, and what is not understood, with the paths of the files.
    fn facts(index: &Index) -> Vec<String> {
        let path = |file: u32| &index.file(file).path;
        let registrations = index
            .registrations()
            .iter()
            .map(|one| format!("{} {:?} {:?} {:?} {:?}", path(one.file), one.span, one.table, one.hook, one.handler));
        let unclear = index.unclear.iter().map(|one| format!("{} {} {}", path(one.file), one.at, one.text));
        let mut called: Vec<String> = index
            .called
            .iter()
            .filter(|(_, files)| !files.is_empty())
            .map(|(name, files)| {
                let mut files: Vec<&String> = files.iter().map(|file| path(*file)).collect();
                files.sort();
                format!("{name} {files:?}")
            })
            .collect();
        called.sort();
        registrations.chain(unclear).chain(called).collect()
    }

    /// Compares the index that is rebuilt for a changed file with a new one. `None` if the tree has to be read again.
    fn compare(tree: &Tree, rules: &Rules, before: &Index, path: &str, text: Option<String>) -> Option<()> {
        let mut overlay = Overlay::default();
        overlay.set(path, text.map(String::into_bytes));
        let changed = tree.with(overlay);
        let rebuilt = rebuild(&changed, rules, tree, before)?;
        assert_eq!(facts(&rebuilt.index), facts(&build(&changed, rules).index), "{path}");
        Some(())
    }

    #[test]
    fn a_rebuilt_index_equals_a_new_one() {
        let rules = Rules::built_in().expect("the rules load");
        let tree = Tree::open(Path::new(ROOT)).expect("the tree opens");
        let before = build(&tree, &rules).index;
        let mut rebuilt = 0;
        for file in before.files() {
            let text = String::from_utf8(file.text.clone()).expect("the file is text");
            let edits = [
                None,
                Some(text.replace("_mmap(", "_map(")),
                Some(text.replace("struct vm_area_struct *", "struct vm_area_desc *")),
                Some(text.replace("static int", "int")),
                Some(format!("{text}\nstruct new_ops {{\n\tint (*mmap)(struct vm_area_struct *vma);\n}};\n")),
            ];
            rebuilt += edits.into_iter().filter_map(|edit| compare(&tree, &rules, &before, &file.path, edit)).count();
        }
        assert!(rebuilt > before.files().len());
    }

    #[test]
    fn a_function_that_others_see_no_more_is_lost_there_too() {
        let rules = Rules::built_in().expect("the rules load");
        let folder = tempfile::tempdir().expect("a folder");
        let a = "int a_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\treturn 0;\n}\n";
        let files = [
            (
                "include/linux/fs.h",
                "struct file_operations {\n\tint (*mmap)(struct file *, struct vm_area_struct *);\n};\n",
            ),
            ("drivers/a/a.c", a),
            ("drivers/b/b.c", "extern struct vm_area_struct *b;\n\nvoid b_init(void)\n{\n\thandlers[0] = a_mmap;\n}\n"),
        ];
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
            std::fs::write(path, text).expect("the file is written");
        }
        let tree = Tree::open(folder.path()).expect("the tree opens");
        let before = build(&tree, &rules).index;
        assert!(!before.unclear.is_empty());
        let is_rebuilt = compare(&tree, &rules, &before, "drivers/a/a.c", Some(format!("static {a}")));
        assert!(is_rebuilt.is_some());
    }
}

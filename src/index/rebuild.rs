//! Rebuilds an index for another change to the same tree. Only files that either change touches are read.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::build::{Bounded, Headers, Sources, register};
use super::built::add_declarations;
use super::{Built, Index, SourceFile, reach};
use crate::kernel::{FileTrouble, Paths, Tree, TroubleKind, is_listed, sift};
use crate::rules::Rules;

/// Index of `tree`, which is the same directory as `known_tree` with the index `known`. `None` if all files have to be read again. This is
/// so if links are involved, or if other hooks or table macros make other files matter.
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
    let sieve = Bounded::new(Headers::new(), &built.index);
    built.add(tree, sift(tree, &headers, &sieve), &sieve);
    built.index.files.extend(known.listed().iter().filter(|file| file.is_header()).filter(is_kept).cloned());
    built.index.files.sort_by(|left, right| left.path.cmp(&right.path));
    add_declarations(&mut built.index, rules, 0);

    let first_source = built.index.files.len();
    let sieve = Bounded::new(Sources::new(&built.index), &built.index);
    if sieve.filter.words != known.sought {
        return None;
    }
    built.index.sought = sieve.filter.words.clone();
    built.add(tree, sift(tree, &sources, &sieve), &sieve);
    built.index.files.extend(known.listed().iter().filter(|file| !file.is_header()).filter(is_kept).cloned());
    built.index.files[first_source..].sort_by(|left, right| left.path.cmp(&right.path));
    add_declarations(&mut built.index, rules, first_source);
    built.index.listed = built.index.files.len();
    register(tree, rules, &mut built);
    reach::add(tree, rules, &mut built);
    Some(built)
}

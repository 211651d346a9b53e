//! Reviews of conversions: each converted handler, and what it does otherwise than the handler before it.

use rayon::prelude::*;
use std::collections::BTreeSet;

use crate::behaviour::{Consequence, Difference, Functions, NotCompared, conversion};
use crate::compare::converted;
use crate::verdict::{Place, Session};
use crate::vma::Key;

/// A converted handler.
pub struct Review {
    /// The handler before.
    pub old: Function,
    /// The handler after.
    pub new: Function,
    /// What the new handler does otherwise, or why the two were not compared.
    pub rows: Result<Vec<Row>, NotCompared>,
    /// Whether state may have moved to `vm_ops->mapped`, which no row tells.
    pub has_mapped: bool,
    /// Whether the core may answer a failure with another error, which no row tells.
    pub has_other_error: bool,
}

impl Review {
    /// Whether it tells what stands at a place of the new tree.
    pub fn tells(&self, file: &str, line: u32) -> bool {
        match &self.rows {
            Ok(rows) => rows.iter().any(|row| row.new_file == file && row.new_line == line),
            Err(_) => self.new.file == file && self.new.line == line,
        }
    }
}

/// A function at its place.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Line of its name, from 1.
    pub line: u32,
}

/// Something that a conversion does otherwise.
pub struct Row {
    /// The difference.
    pub difference: Difference,
    /// Line of what the old handler did, from 1.
    pub old_line: u32,
    /// File of what the new handler does.
    pub new_file: String,
    /// Line of what the new handler does.
    pub new_line: u32,
}

/// Reviews the handlers that a new tree has converted, those whose file is selected, in the order of the new tree.
///
/// `redefined` has the macros and enumerators that a change between the trees defines otherwise.
pub fn reviews(
    old: &Session,
    new: &Session,
    redefined: BTreeSet<String>,
    selects: impl Fn(&str) -> bool + Sync,
) -> Vec<Review> {
    let (before, mut after) = (Functions::new(old.context), Functions::new(new.context));
    after.note_redefined(redefined);
    let sides = ((old.context.index, old.findings()), (new.context.index, new.findings()));
    let pairs = converted(sides.0, sides.1).into_par_iter();
    let pairs = pairs.map(|(was, is)| (function(old, &was), function(new, &is), was, is));
    let chosen = pairs.filter(|(old, new, ..)| selects(&old.file) || selects(&new.file));
    let reviewed = chosen.map(|(old_function, new_function, was, is)| {
        let compared = conversion((&before, &was), (&after, &is));
        let has_mapped = compared.as_ref().is_ok_and(|found| found.has_mapped);
        let is_other = |one: &Consequence| matches!(one, Consequence::ErrorOfCore { .. });
        let has_other_error = compared.as_ref().is_ok_and(|found| found.consequences.iter().any(is_other));
        let rows = compared.map(|found| found.differences.into_iter().map(|one| row(old, new, one)).collect());
        Review { old: old_function, new: new_function, rows, has_mapped, has_other_error }
    });
    reviewed.collect()
}

fn function(session: &Session, key: &Key) -> Function {
    let file = session.context.index.file(key.id.file);
    let item = session.context.index.item(key.id);
    Function { name: file.name(item), file: file.path.clone(), line: file.position(item.name.start).line }
}

fn row(old: &Session, new: &Session, difference: Difference) -> Row {
    let line = |session: &Session, place: Place| session.context.index.file(place.file).position(place.span.start).line;
    let (old_line, new_line) = (line(old, difference.old_place), line(new, difference.new_place));
    let new_file = new.context.index.file(difference.new_place.file).path.clone();
    Row { difference, old_line, new_file, new_line }
}

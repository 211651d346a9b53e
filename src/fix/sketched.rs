//! FIXME comments for the open points of sketches.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Applicability, Fixes};
use super::text::edit::put_in_order;
use super::text::layout::filled_paragraph;
use super::text::mentions::inserted_above;
use crate::index::{Index, ItemId};
use crate::verdict::{Finding, SKETCH_MARK};

/// Width of a comment's text, behind its star.
const WIDTH: usize = 72;

impl Fixes {
    /// Adds a FIXME comment for the open points of each written sketch, above the functions that they are in, and their callbacks.
    pub fn mark_open_points(&mut self, index: &Index, findings: &[Finding]) {
        for change in &mut self.changes {
            let mut points: BTreeMap<ItemId, BTreeSet<&str>> = BTreeMap::new();
            for fix in change.handlers.iter().map(|number| &self.handlers[*number]) {
                let place = findings[fix.finding].handler.as_ref().and_then(|handler| handler.place);
                let Some(place) = place.filter(|_| fix.applicability == Applicability::Sketch) else { continue };
                for (file, point) in &fix.open_points {
                    // A point in a file that stays goes above the handler.
                    let own = || Some((place.file, index.file(place.file).item_at(place.span.start)?));
                    let near = index.file(*file).item_at(point.offset).map(|item| (*file, item));
                    let near = near.filter(|(file, _)| change.files.contains_key(file));
                    if let Some((file, item)) = near.or_else(own) {
                        points.entry(ItemId { file, item }).or_default().insert(&point.text);
                    }
                }
            }
            for (id, texts) in points {
                let (source, item) = (index.file(id.file), index.item(id));
                let edits = change.files.entry(id.file).or_default();
                edits.extend(inserted_above(source, item, &comment(&texts)));
                put_in_order(edits);
            }
        }
    }
}

/// The comment for some points, with the line break behind it.
fn comment(texts: &BTreeSet<&str>) -> String {
    let mut comment = "/*\n".to_owned();
    for text in texts {
        let paragraph = filled_paragraph(&format!("{SKETCH_MARK} {}", text.replace("*/", "* /")), WIDTH, 2);
        paragraph.lines().for_each(|line| comment += &format!(" * {line}\n"));
    }
    comment + " */\n"
}

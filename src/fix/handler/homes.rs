//! The units that a helper belongs to: a twin that several handlers need, or the handler itself.

use std::collections::BTreeSet;

use super::HandlerConversion;
use crate::fix::rewrite::function::Helpers;
use crate::fix::text::edit::add_all;
use crate::fix::unit::{Unit, UnitPart};
use crate::index::ItemId;
use crate::source::{Span, find_word};

impl HandlerConversion<'_, '_> {
    /// Converts one of the functions that get the VMA, in the unit that it belongs to.
    pub(super) fn helper_in_its_unit(&mut self, id: ItemId, helpers: &Helpers) {
        let homes = self.homes(id, helpers);
        let own = (std::mem::take(&mut self.out.edits), std::mem::take(&mut self.out.remarks));
        self.helper(id, helpers);
        self.retype_called_by(id);
        let edits = std::mem::replace(&mut self.out.edits, own.0);
        let remarks = std::mem::replace(&mut self.out.remarks, own.1);
        let needs = self.needs(id, helpers);
        for home in homes {
            let needs = needs.iter().filter(|need| home.as_ref() != Some(need)).cloned().collect();
            let part = UnitPart { edits: edits.clone(), remarks: remarks.clone(), needs };
            match home {
                Some(unit) => self.out.units.entry(unit).or_default().extend(&part),
                None => {
                    add_all(&mut self.out.edits, &part.edits);
                    self.out.remarks.extend(part.remarks);
                }
            }
        }
    }

    /// The units with which a helper has to convert; `None` stands for the handler. A twin is a unit of its own. What is retyped in place
    /// converts with all its callers.
    fn homes(&self, id: ItemId, helpers: &Helpers) -> BTreeSet<Option<Unit>> {
        let index = self.shared.context.index;
        let (mut homes, mut seen, mut callers) = (BTreeSet::new(), BTreeSet::from([id]), vec![id]);
        while let Some(id) = callers.pop() {
            let name = index.file(id.file).name(index.item(id));
            let Some(helper) = helpers.get(&name).filter(|_| self.is_foreign(id)) else {
                homes.insert(None);
                continue;
            };
            // Without its users, a static twin would be an unused function.
            if self.staying.contains(&id) && index.is_visible_elsewhere(id) {
                // A stub in a header never becomes a bridge.
                let is_its = |other: &&ItemId| index.file(other.file).name(index.item(**other)) == name;
                let is_bridge = self.candidate.helpers.iter().filter(is_its).any(|other| self.is_bridged(*other));
                homes.insert(Some(Unit::Helper { name, twin: helper.name.clone(), is_bridge }));
                continue;
            }
            callers
                .extend(self.candidate.helpers.iter().filter(|user| self.calls(**user, &name) && seen.insert(**user)));
            if self.candidate.definitions.iter().any(|user| self.calls(*user, &name)) {
                homes.insert(None);
            }
        }
        if homes.is_empty() { BTreeSet::from([None]) } else { homes }
    }

    /// The units whose functions a helper calls.
    fn needs(&self, id: ItemId, helpers: &Helpers) -> BTreeSet<Unit> {
        let index = self.shared.context.index;
        let called = self.candidate.helpers.iter().filter(|other| {
            let name = index.file(other.file).name(index.item(**other));
            **other != id && self.calls(id, &name)
        });
        called.flat_map(|other| self.homes(*other, helpers)).flatten().collect()
    }

    pub(super) fn calls(&self, id: ItemId, name: &str) -> bool {
        let item = self.shared.context.index.item(id);
        let code = self.shared.lookup.code(id.file);
        find_word(Span { start: item.body, end: item.span.end }.of(&code), name.as_bytes(), 0).is_some()
    }

    /// Whether another module defines a function that the handler calls.
    pub(super) fn is_foreign(&self, id: ItemId) -> bool {
        let index = self.shared.context.index;
        !self.candidate.definitions.iter().any(|own| index.same_driver(own.file, id))
    }
}

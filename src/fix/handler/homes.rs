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
        let homes = self.homes(id, helpers, &mut BTreeSet::new());
        let own = std::mem::take(&mut self.edits);
        self.helper(id, helpers);
        let edits = std::mem::replace(&mut self.edits, own);
        let needs = self.needs(id, helpers);
        for home in homes {
            let needs = needs.iter().filter(|need| home.as_ref() != Some(need)).cloned().collect();
            let part = UnitPart { edits: edits.clone(), needs };
            match home {
                Some(unit) => self.units.entry(unit).or_default().extend(&part),
                None => add_all(&mut self.edits, &part.edits),
            }
        }
    }

    /// The units with which a helper has to convert; `None` stands for the handler. A twin is a unit of its own. What is retyped in place converts with all its
    /// callers.
    fn homes(&self, id: ItemId, helpers: &Helpers, seen: &mut BTreeSet<ItemId>) -> BTreeSet<Option<Unit>> {
        let index = self.shared.context.index;
        let name = index.file(id.file).name(index.item(id));
        let own = BTreeSet::from([None]);
        let Some(helper) = helpers.get(&name).filter(|_| self.is_foreign(id) && seen.insert(id)) else { return own };
        if self.staying.contains(&id) {
            return match index.is_visible_elsewhere(id) {
                true => {
                    let (is_bridge, twin) = (self.is_bridged(id), helper.name.clone());
                    BTreeSet::from([Some(Unit::Helper { name, twin, is_bridge })])
                }
                // Without its users, it would be an unused function.
                false => self.homes_of_users(id, &name, helpers, seen),
            };
        }
        self.homes_of_users(id, &name, helpers, seen)
    }

    fn homes_of_users(
        &self,
        id: ItemId,
        name: &str,
        helpers: &Helpers,
        seen: &mut BTreeSet<ItemId>,
    ) -> BTreeSet<Option<Unit>> {
        let users = self.candidate.helpers.iter().filter(|user| **user != id && self.calls(**user, name));
        let mut homes: BTreeSet<Option<Unit>> = users.flat_map(|user| self.homes(*user, helpers, seen)).collect();
        if self.candidate.definitions.iter().any(|user| self.calls(*user, name)) || homes.is_empty() {
            homes.insert(None);
        }
        homes
    }

    /// The units whose functions a helper calls.
    fn needs(&self, id: ItemId, helpers: &Helpers) -> BTreeSet<Unit> {
        let index = self.shared.context.index;
        let called = self.candidate.helpers.iter().filter(|other| {
            let name = index.file(other.file).name(index.item(**other));
            **other != id && self.calls(id, &name)
        });
        called.flat_map(|other| self.homes(*other, helpers, &mut BTreeSet::new())).flatten().collect()
    }

    fn calls(&self, id: ItemId, name: &str) -> bool {
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

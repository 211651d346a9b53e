//! Functions that call a hook with their desc: handlers, and helpers with a twin. All implementers of the hook convert with them.

use std::collections::BTreeMap;

use super::HandlerConversion;
use crate::fix::change::HookCallers;
use crate::fix::hooks::retype::Retyped;
use crate::fix::rewrite::function::DescHook;
use crate::fix::text::edit::{Edit, Edits, add_all};
use crate::index::ItemId;
use crate::source::Span;

impl HandlerConversion<'_, '_> {
    /// The places in a file where the hooks that the handler's functions call are named, with what is called there instead.
    pub(super) fn hooks_in(&self, file: u32) -> BTreeMap<Span, DescHook> {
        let mut places = BTreeMap::new();
        for dispatched in self.candidate.dispatches.values().flat_map(BTreeMap::values) {
            let hook = &dispatched.hook;
            if let Ok(retyped) = &*self.members.of(self.shared, hook) {
                let (name, populates) = (self.shared.rewrite.renamed(&hook.member), dispatched.populates);
                let old = self.members.is_twin(hook).then(|| hook.member.clone());
                let new = DescHook { name, without_file: retyped.file, populates, old };
                places.extend(retyped.named.get(&file).into_iter().flatten().map(|place| (*place, new.clone())));
            }
        }
        places
    }

    /// Retypes the hooks that the handler itself calls.
    pub(super) fn retype_called(&mut self) {
        for id in self.candidate.definitions.clone() {
            if self.candidate.dispatches.contains_key(&id) && self.keeps_old() {
                let name = &self.candidate.fix.name;
                self.refuse(format!("{name} has other users, and calls a hook that would take a desc"));
            }
            self.retype_called_by(id);
        }
    }

    /// Retypes the hooks that a function calls.
    pub(super) fn retype_called_by(&mut self, id: ItemId) {
        let hooks: Vec<_> = self.candidate.dispatches.get(&id).into_iter().flat_map(BTreeMap::values).collect();
        for dispatched in hooks {
            match &*self.members.of(self.shared, &dispatched.hook) {
                Ok(retyped) => self.retype_whole(retyped),
                Err(reason) => self.refuse(reason.clone()),
            }
        }
    }

    /// Retypes a hook that no implementer keeps in its old form.
    pub(super) fn retype_whole(&mut self, retyped: &Retyped) {
        let replaced = self.replaced();
        let calls = retyped.by_macros.iter().flat_map(|(file, places)| places.iter().map(|place| (*file, *place)));
        if let Some((file, place)) = calls.into_iter().find(|(file, place)| !is_within(&replaced, *file, *place)) {
            let at = self.shared.context.index.file(file).at(place.start);
            return self.refuse(format!("a macro calls the hook at {at}, in a function that keeps its VMA"));
        }
        let needed = self.still_needed(retyped);
        add_all(&mut self.out.edits, &needed);
    }

    /// The callers of a hook.
    pub(super) fn callers(&self, retyped: &Retyped) -> HookCallers {
        let replaced = self.replaced();
        let caller = |(file, place): (u32, &Span)| match is_within(&replaced, file, *place) {
            true => HookCallers::WithDesc,
            false => HookCallers::WithVma,
        };
        let called = retyped.called.iter().flat_map(|(file, places)| places.iter().map(|place| (*file, place)));
        called.map(caller).max().unwrap_or_default()
    }

    /// The edits that retype a hook, without those in functions that call it with a desc now.
    pub(super) fn still_needed(&self, retyped: &Retyped) -> Edits {
        let replaced = self.replaced();
        let of_file = |(file, edits): (&u32, &Vec<Edit>)| {
            (*file, edits.iter().filter(|edit| !is_within(&replaced, *file, edit.span)).cloned().collect())
        };
        retyped.edits.iter().map(of_file).collect()
    }

    /// The functions that call hooks with a desc now, and whose old forms are gone.
    fn replaced(&self) -> Vec<(u32, Span)> {
        let own = self.candidate.dispatches.keys().chain(&self.round.dispatchers);
        let span = |id: &ItemId| (id.file, self.shared.context.index.item(*id).span);
        own.filter(|id| self.is_replaced(**id)).map(span).collect()
    }

    /// Whether the old form of a function that converts is gone afterwards.
    pub(super) fn is_replaced(&self, id: ItemId) -> bool {
        let index = self.shared.context.index;
        let is_handler = self.candidate.definitions.contains(&id) || self.round.handlers.contains(&id);
        is_handler || self.is_bridged(id) || self.is_only_ours(id, &index.file(id.file).name(index.item(id)))
    }
}

/// Whether a place of a file lies in one of these functions.
fn is_within(functions: &[(u32, Span)], file: u32, place: Span) -> bool {
    functions.iter().any(|(other, span)| *other == file && span.contains(place.start))
}

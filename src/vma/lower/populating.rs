//! Decides, by the words of its body, whether a callee may populate the VMA.

use super::Lowerer;
use crate::index::{Handler, Hook, ItemId};
use crate::source::identifiers;

/// Maximum call depth of the search.
const DEPTH: usize = 4;

impl Lowerer<'_> {
    /// Whether a helper populates, itself or in a callee that takes a VMA.
    pub(super) fn helper_populates(&self, name: &str) -> bool {
        let index = self.context.index;
        let mut seen: Vec<ItemId> = Vec::new();
        let mut level = index.functions(name, self.file);
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for id in level {
                if seen.contains(&id) {
                    continue;
                }
                seen.push(id);
                let source = index.file(id.file);
                for word in identifiers(index.item(id).span.of(&source.text)) {
                    if self.context.rules.populates(word) {
                        return true;
                    }
                    next.extend(index.vma_functions_called(word, id.file));
                }
            }
            level = next;
        }
        false
    }

    /// Whether an implementer of a hook may populate.
    pub(super) fn hook_populates(&self, hook: &Hook) -> bool {
        let registrations = self.context.index.registrations().iter();
        registrations.filter(|registration| registration.hook.is_same(hook)).any(|registration| {
            match &registration.handler {
                Handler::Function(name) => self.helper_populates(name),
                Handler::Null => false,
                Handler::OfTable { .. } | Handler::Other(_) => true,
            }
        })
    }
}

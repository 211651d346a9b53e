//! Hooks of the `vm_operations_struct` tables that a handler installs, and what is known when they run.

use std::sync::Arc;

use super::context::{Facts, HandlerView};
use crate::behaviour::{EffectKind, Outcome, Part, Term};
use crate::index::ItemId;
use crate::rules::CallEffect;
use crate::vma::flow::{Key, VmaAccess};

/// A hook of a table, and what the handler does that installs it.
pub struct VmOpsHook {
    /// The table.
    pub table: String,
    /// The function, a function of the driver.
    pub key: Key,
    /// The outcomes in which the handler accepts a mapping with this table.
    pub accepted: Vec<Outcome>,
}

impl Facts<'_> {
    /// The names of the tables that a handler installs, with the files that name them.
    pub fn vm_ops_tables(&self, handler: &HandlerView) -> Vec<(String, u32)> {
        let mut tables: Vec<(String, u32)> = Vec::new();
        for body in &handler.bodies {
            let named = body.lowered.vm_ops.iter().map(|table| (table.name.clone(), body.file()));
            tables.extend(named);
        }
        tables.dedup();
        tables
    }

    /// The hooks in a member that gets the fault, of the tables that a handler installs. Handlers with unknown outcomes have none.
    pub fn fault_hooks(&self, handler: &HandlerView, member: &'static str) -> Arc<Vec<VmOpsHook>> {
        self.fault_hooks.get((handler.key.clone(), member), || self.find_fault_hooks(handler, member))
    }

    fn find_fault_hooks(&self, handler: &HandlerView, member: &str) -> Vec<VmOpsHook> {
        let index = self.context.index;
        let mut hooks: Vec<VmOpsHook> = Vec::new();
        for (table, file) in self.vm_ops_tables(handler) {
            let Some(hook) = index.table_member(&table, member, file) else { continue };
            let is_own = |id: &ItemId| {
                !index.file(id.file).is_shared_header() && (id.file == hook.file || index.same_driver(file, *id))
            };
            let Some(id) = index.functions(&hook.name, hook.file).into_iter().find(is_own) else { continue };
            let address = Term::from(Part::Address(Term::from(Part::Name(table.clone())).into()));
            let installs = |outcome: &Outcome| outcome.mapping.fields.get("vm_ops") == Some(&address);
            let accepted = self.accepting(handler).iter().filter(|outcome| installs(outcome)).cloned().collect();
            if !hooks.iter().any(|known| known.table == table) {
                hooks.push(VmOpsHook { table, key: Key::new(id, VmaAccess::Holder(0, "vma".to_owned())), accepted });
            }
        }
        hooks
    }

    /// Whether the VMA has a flag once a handler has accepted it: it sets the flag, asks for it, or calls a function that sets it.
    pub fn has_flag(&self, accepted: &Outcome, flag: &str) -> bool {
        let implied = |kind: &EffectKind| match kind {
            EffectKind::Populate(populate) => self.rules().implied_flags(&populate.kind).any(|implied| implied == flag),
            EffectKind::Call(name, _) => {
                self.rules().call(name).is_some_and(|rule| rule.implies.iter().any(|implied| implied == flag))
            }
            EffectKind::Store(..) => false,
        };
        accepted.mapping.flags.get(flag).copied().unwrap_or_else(|| accepted.requires(flag, true))
            || accepted.effects.iter().any(|effect| implied(&effect.kind))
    }

    /// Whether a path passes the VMA to a function that is not followed, which may change the flags or populate.
    pub fn passes_on(&self, outcome: &Outcome) -> bool {
        let is_known = |name: &str| {
            self.rules().call(name).map_or(self.rules().is_silent(name), |rule| {
                !matches!(rule.does, CallEffect::Helper | CallEffect::Redispatch | CallEffect::Bridge)
            })
        };
        let passes = |kind: &EffectKind| matches!(kind, EffectKind::Call(name, _) if !is_known(name));
        outcome.effects.iter().any(|effect| effect.gets_mapping && passes(&effect.kind))
    }
}

/// Whether a place is `vmf->page`.
pub fn is_page_of_fault(place: &Term) -> bool {
    matches!(place.as_part(), Some(Part::Member(base, name)) if name == "page" && base.as_name().is_some())
}

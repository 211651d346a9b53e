//! Functions that call the mmap hook of a table by hand, where it may not be the table of the file: `driver->fops->mmap(file, vma)`. They
//! would call NULL for a table whose handler has converted.

use super::HandlerConversion;
use crate::fix::context::FixContext;
use crate::index::{ItemId, Registration, Scope};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};
use crate::source::{find_word, identifier_before, words};

/// A call of the hook of a table.
pub(in crate::fix) struct CallByHand {
    /// The function that makes it.
    id: ItemId,
    /// Its offset.
    at: u32,
    /// The member that holds the table: `fops`.
    holder: String,
    /// The struct that has the member, if it is known: `drm_driver`.
    owner: Option<String>,
}

/// The calls by hand of hooks of a struct. The table of a file, `file->f_op`, is called by `vfs_mmap()` and needs nothing.
pub(in crate::fix) fn calls_by_hand(shared: &FixContext, record: &str, member: &str) -> Vec<CallByHand> {
    let context = shared.context;
    let mut found = Vec::new();
    for user in shared.lookup.users(member).iter() {
        for function in &user.functions {
            let scope = Scope::of(function);
            visit::statements(&function.body, &mut |seen| {
                let Seen::Expression(expression) = seen else { return };
                let E::Call { callee, .. } = &expression.kind else { return };
                let E::Field { base, name, .. } = &callee.bare().kind else { return };
                let E::Field { base: owner, name: holder, .. } = &base.bare().kind else { return };
                let tag = |value: &Expression| {
                    let ty = context.types.of(value, &scope, user.id.file);
                    ty.as_ref().and_then(|ty| ty.tag()).map(str::to_owned)
                };
                if name == member && holder != "f_op" && tag(base).as_deref() == Some(record) {
                    let (id, at, holder) = (user.id, expression.span.start, holder.clone());
                    found.push(CallByHand { id, at, holder, owner: tag(owner) });
                }
            });
        }
    }
    found
}

impl HandlerConversion<'_, '_> {
    /// Refuses a table whose hook a function calls by hand that keeps its VMA.
    pub(super) fn check_calls_by_hand(&mut self, registration: &Registration) {
        let index = self.shared.context.index;
        let Some(table) = registration.table.as_ref().filter(|_| !self.shared.is_retyped(&registration.hook)) else {
            return;
        };
        let hook = &registration.hook;
        let calls = self.shared.by_hand(&hook.record, &hook.member);
        let is_left = |call: &&CallByHand| {
            !(self.shared.is_late() && self.converted.contains(&call.id) && self.is_replaced(call.id))
        };
        if let Some(call) = calls.iter().filter(is_left).find(|call| self.is_held(table, registration.file, call)) {
            let place = index.file(call.id.file).at(call.at);
            self.refuse(format!("{place}: calls {} of what {} holds, with a VMA", hook.name(), call.holder));
        }
    }

    /// Whether the file of a table puts its address into a member of this name: `.fops = &table`.
    fn is_held(&self, table: &str, file: u32, call: &CallByHand) -> bool {
        let code = self.shared.lookup.code(file);
        let text = code.as_slice();
        let CallByHand { holder, owner, .. } = call;
        let names = |word: &String| find_word(text, word.as_bytes(), 0).is_some();
        names(holder)
            && owner.as_ref().is_none_or(names)
            && words(text, table.as_bytes()).any(|at| {
                let before = text[..at].trim_ascii_end();
                let before = before.strip_suffix(b"&").unwrap_or(before).trim_ascii_end();
                let Some(before) = before.strip_suffix(b"=").map(<[u8]>::trim_ascii_end) else { return false };
                identifier_before(before, before.len()).is_some_and(|(from, to)| &before[from..to] == holder.as_bytes())
            })
    }
}

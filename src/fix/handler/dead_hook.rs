//! Hooks that nothing implements: the branches that call them go, and then the member, so that code outside the tree that sets it does not
//! compile.

use super::HandlerConversion;
use crate::fix::hooks::by_macro::named_by_macros;
use crate::fix::hooks::retyping::RecordClues;
use crate::fix::lookup::User;
use crate::fix::text::edit::Edit;
use crate::fix::text::mentions::{description_end, last_comment};
use crate::fix::unit::with_units;
use crate::index::{Hook, Scope, SourceFile};
use crate::source::ast::ExpressionKind as E;
use crate::source::visit::{self, Seen};
use crate::source::{Item, Span, find_word, line_start, words};

impl HandlerConversion<'_, '_> {
    /// Deletes the members whose calls the conversion removes, if nothing else names them.
    pub(super) fn delete_dead_hooks(&mut self) {
        let mut hooks: Vec<&Hook> = Vec::new();
        for (file, call, hook) in &self.candidate.dead_calls {
            // A call that is left is an open point.
            if !self.is_removed(*file, *call, &hook.member) {
                return;
            }
            if !hooks.iter().any(|known| known.is_same(hook)) {
                hooks.push(hook);
            }
        }
        for hook in hooks {
            let remark = match self.member(hook).filter(|(file, _)| !self.is_named_elsewhere(hook, *file)) {
                Some((file, edits)) => {
                    self.add(file, edits);
                    format!(
                        "nothing implements {}, so the member and the branch that calls it are removed",
                        hook.name()
                    )
                }
                None => format!("nothing implements {}, so the branch that calls it is removed", hook.name()),
            };
            self.out.remarks.insert(remark);
        }
    }

    /// Whether an edit removes a call of a member.
    fn is_removed(&self, file: u32, call: Span, member: &str) -> bool {
        let edits = with_units(&self.out.edits, &self.out.units).remove(&file).unwrap_or_default();
        let covers = |edit: &&Edit| edit.span.start <= call.start && call.end <= edit.span.end;
        edits.iter().filter(covers).any(|edit| find_word(edit.text.as_bytes(), member.as_bytes(), 0).is_none())
    }

    /// The edits that delete the declaration of a member, with its line of kernel-doc.
    fn member(&self, hook: &Hook) -> Option<(u32, Vec<Edit>)> {
        let index = self.shared.context.index;
        let [record] = index.records(&hook.record)[..] else { return None };
        let source = index.file(record.file);
        let item: &Item = index.item(record);
        let code = self.shared.lookup.code(record.file);
        let body = Span { start: item.body, end: item.span.end };
        let mut places = words(body.of(&code), hook.member.as_bytes());
        let (Some(at), None) = (places.next(), places.next()) else { return None };
        let at = body.start as usize + at;
        let before = code[..at].iter().rposition(|byte| matches!(byte, b';' | b'{' | b'}'))? + 1;
        let start = before + memchr::memchr(b'\n', &source.text[before..at])? + 1;
        let end = at + memchr::memchr(b';', &code[at..])? + 1;
        let is_line = source.text.get(end) == Some(&b'\n') && code[before..start].iter().all(u8::is_ascii_whitespace);
        let mut edits = vec![Edit::new(start, end + 1, "")];
        let head = source.text[..item.span.start as usize].trim_ascii_end();
        if let Some(from) = last_comment(head) {
            let comment = &head[from..];
            if let Some(named) = memchr::memmem::find(comment, format!("@{}:", hook.member).as_bytes()) {
                let line = line_start(comment, named);
                edits.push(Edit::new(from + line, from + description_end(comment, named), ""));
            }
        }
        is_line.then_some((record.file, edits))
    }

    /// Whether a table sets the member, or a function that does not convert may access it. `declared` is the file of the struct.
    fn is_named_elsewhere(&self, hook: &Hook, declared: u32) -> bool {
        let index = self.shared.context.index;
        let is_set = index.registrations().iter().any(|known| known.hook.is_same(hook));
        let clues = RecordClues::new(&hook.record, &index.file(declared).path);
        let listed = |(_, source): (u32, &SourceFile)| find_word(&source.text, hook.record.as_bytes(), 0).is_some();
        is_set
            || named_by_macros(self.shared, hook, &clues).next().is_some()
            || self.shared.bindings().any(listed)
            || self
                .shared
                .lookup
                .users(&hook.member)
                .iter()
                .any(|user| !self.converted.contains(&user.id) && self.may_access(user, hook, &clues))
    }

    fn may_access(&self, user: &User, hook: &Hook, clues: &RecordClues) -> bool {
        let context = self.shared.context;
        // A macro is not parsed.
        let mut found = user.functions.is_empty() && clues.are_in(&context.index.file(user.id.file).text);
        for function in &user.functions {
            let scope = Scope::of(function);
            visit::statements(&function.body, &mut |seen| {
                let Seen::Expression(expression) = seen else { return };
                let E::Field { base, name, .. } = &expression.kind else { return };
                found |= *name == hook.member && clues.may_type(context, base, &scope, user.id.file);
            });
        }
        found
    }
}

//! The tables that register a converted handler.

use super::HandlerConversion;
use crate::fix::change::{HandlerFix, HookCallers};
use crate::fix::hooks::rust::assigned;
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::mentions::{continued, registration};
use crate::fix::unit::{Unit, UnitPart};
use crate::index::{Hook, ItemId, Registration, SourceFile};
use crate::rules::{prepared, prepared_function};
use crate::source::{
    ItemKind, Span, begins_assignment, find_word, identifier_before, line_start, statement_start, words,
};
use crate::verdict::Finding;

impl HandlerConversion<'_, '_> {
    /// Adds the edits that retype a hook for all its implementers.
    pub(super) fn retype(&mut self, hook: &Hook) {
        if !self.shared.is_retyped(hook) {
            return;
        }
        match &*self.members.of(self.shared, hook) {
            _ if self.candidate.twin.is_some() => {
                self.refuse(format!(
                    "{} belongs to another module, and its twin only fits .mmap_prepare",
                    self.candidate.fix.name
                ));
            }
            Ok(retyped) if self.members.is_twin(hook) => {
                let unit = Unit::Hook {
                    record: hook.record.clone(),
                    member: hook.member.clone(),
                    twin: self.shared.rewrite.renamed(&hook.member),
                };
                self.out.hook_callers = HookCallers::WithVma;
                let part = UnitPart { edits: self.still_needed(retyped), ..UnitPart::default() };
                self.out.units.entry(unit).or_default().extend(&part);
            }
            Ok(retyped) => {
                self.out.hook_callers = self.out.hook_callers.max(self.callers(retyped));
                self.retype_whole(retyped);
            }
            Err(reason) => self.refuse(reason.clone()),
        }
    }

    /// Whether a macro that registers the handler for its users names it at a place: `.mmap = handler`.
    pub(super) fn registers(&self, source: &SourceFile, item: usize, at: usize) -> bool {
        source.items[item].kind == ItemKind::Macro && self.entry_in_macro(&source.text, at).is_some()
    }

    /// The entry of a table that ends with the handler's name at a place, and the member that it sets.
    fn entry_in_macro(&self, text: &[u8], at: usize) -> Option<(Span, String)> {
        let before = text[..at].trim_ascii_end().strip_suffix(b"=")?;
        let before = before.trim_ascii_end();
        let (from, to) = identifier_before(before, before.len())?;
        let member = std::str::from_utf8(&before[from..to]).ok()?;
        let is_ours = self.candidate.findings.iter().any(|finding| {
            let registration = &self.shared.findings[*finding].registration;
            registration.macro_name.is_some() && registration.hook.member == member
        });
        let start = from.checked_sub(1).filter(|dot| text[*dot] == b'.' && is_ours)?;
        Some((Span::new(start, at + self.candidate.fix.name.len()), member.to_owned()))
    }

    /// Registers the converted handler in a macro.
    pub(super) fn register_in_macro(&mut self, file: u32, at: usize) {
        let text = &self.shared.context.index.file(file).text;
        if let Some((span, member)) = self.entry_in_macro(text, at) {
            self.register(file, span, &member);
        }
    }

    pub(super) fn register(&mut self, file: u32, span: Span, member: &str) {
        let text = &self.shared.context.index.file(file).text;
        let (old, new) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        if find_word(span.of(text), b"vm_area_struct", 0).is_some() {
            return self.refuse("its registration casts it to the old type".to_owned());
        }
        match registration(text, span, member, &self.new_member(member), old, new) {
            Some(edits) => {
                self.register_second(file, span, member);
                let backslash = continued(text, &edits);
                self.add(file, edits.into_iter().chain(backslash));
            }
            None => self.refuse("its registration could not be parsed".to_owned()),
        }
    }

    /// The hook that the converted handler implements.
    pub(super) fn new_member(&self, member: &str) -> String {
        match self.candidate.fix.retyped {
            Some(_) => self.shared.rewrite.renamed(member),
            None => prepared(member),
        }
    }

    /// Whether the handler is split in two: the file callback is, and what another module converts is not written here.
    pub(super) fn has_second_half(&self) -> bool {
        self.shared.rewrite.finish.is_some() && self.candidate.fix.retyped.is_none() && self.candidate.twin.is_none()
    }

    /// Name of the second half, if the handler is split in two.
    pub(super) fn second_name(&self) -> Option<String> {
        self.has_second_half().then(|| format!("{}{}", self.candidate.fix.name, self.shared.rewrite.suffix()))
    }

    /// Registers the converted handler in Rust code.
    pub(super) fn register_in_rust(&mut self) {
        let HandlerFix { name, new_name, retyped, .. } = &self.candidate.fix;
        let keeps_old = retyped.as_ref().is_some_and(|hook| self.members.is_twin(hook));
        let registration = &self.shared.findings[self.candidate.fix.finding].registration;
        let member = retyped.as_ref().map_or(&registration.hook.member, |hook| &hook.member);
        let mut new = vec![(self.new_member(member), new_name.clone())];
        new.extend(self.second_name().map(|second| (self.shared.rewrite.renamed(member), second)));
        let mut done = Vec::new();
        for (file, source) in self.shared.bindings() {
            done.push((file, assigned(&source.text, member, name, &new, keeps_old).map_err(|at| source.at(at as u32))));
        }
        for (file, edits) in done {
            match edits {
                Ok(edits) if edits.is_empty() => {}
                Ok(edits) => self.add(file, edits),
                Err(place) => self.refuse(format!("{place}: Rust code uses {}", self.candidate.fix.name)),
            }
        }
    }

    /// Registers the second half after the first, on a line of its own.
    fn register_second(&mut self, file: u32, span: Span, member: &str) {
        let text = &self.shared.context.index.file(file).text;
        let Some(second) = self.second_name() else { return };
        let new_member = self.shared.rewrite.renamed(member);
        let edits = registration(text, span, member, &new_member, &self.candidate.fix.name, &second)
            .and_then(|edits| sorted(edits).ok());
        let Some(edits) = edits else { return };
        let entry = String::from_utf8_lossy(&applied(text, span, &edits)).into_owned();
        if !entry.starts_with('.') {
            return self.refuse("is registered by an assignment, which cannot register a second half".to_owned());
        }
        let end = span.end as usize;
        let line = line_start(text, span.start as usize);
        let indent = String::from_utf8_lossy(&text[line..span.start as usize]).into_owned();
        let line_end = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |newline| end + newline);
        let backslash = if text[..line_end].ends_with(b"\\") { " \\" } else { "" };
        // A table on one line stays on one line.
        let indent = if indent.trim().is_empty() { format!("{backslash}\n{indent}") } else { " ".to_owned() };
        let edit = if text.get(end) == Some(&b',') {
            Edit::new(end + 1, end + 1, format!("{indent}{entry},"))
        } else {
            Edit::new(end, end, format!(",{indent}{entry}"))
        };
        self.add(file, [edit]);
    }

    /// Repeats for the second half what declares or exports the first.
    pub(super) fn repeat_for_second(&mut self, file: u32, span: Span, edits: &[Edit]) {
        let text = &self.shared.context.index.file(file).text;
        let first = sorted(edits.to_vec()).map(|edits| applied(text, span, &edits)).unwrap_or_default();
        let name = &self.candidate.fix.name;
        let (from, to) = (prepared_function(name), format!("{name}{}", self.shared.rewrite.suffix()));
        let repeated = String::from_utf8_lossy(&first).trim().replacen(&from, &to, 1);
        let end = span.end as usize;
        self.add(file, [Edit::new(end, end, format!("\n{repeated}"))]);
    }

    /// Refuses a table that already has `.mmap_prepare`, that is copied, or whose hook is read elsewhere.
    pub(super) fn check_table(&mut self, registration: &Registration) {
        let index = self.shared.context.index;
        let source = index.file(registration.file);
        let code = self.shared.lookup.code(registration.file);
        let own = source.item_at(registration.span.start);
        if let Some(item) = own.map(|item| source.items[item as usize]).filter(|item| item.kind == ItemKind::Variable)
            && find_word(item.span.of(&code), b"mmap_prepare", 0).is_some()
        {
            self.refuse("its table already has .mmap_prepare".to_owned());
        }
        if let Some(other) = self.left_in_table(registration) {
            self.refuse(format!(
                "its table, or the driver, also sets {} to {other}, which does not convert",
                registration.hook.name()
            ));
        }
        if own.is_some_and(|item| source.items[item as usize].kind == ItemKind::Function)
            && let Some(at) = copied_before(&code, registration)
        {
            self.refuse(format!("its table is a copy of another one, whose hook stays set ({})", source.at(at as u32)));
        }
        let Some(table) = &registration.table else { return };
        let is_static = own
            .is_none_or(|item| find_word(source.items[item as usize].head().of(&source.text), b"static", 0).is_some());
        // A copy of a struct of a subsystem has the new hook too, and its callers call that.
        let counts_copies = !self.shared.is_retyped(&registration.hook);
        let files = if is_static { vec![registration.file] } else { self.shared.lookup.naming(table).to_vec() };
        for file in files {
            let code = self.shared.lookup.code(file);
            let other = index.file(file);
            if file != registration.file && other.named(ItemKind::Variable, table).next().is_some() {
                continue;
            }
            // Directives are blank in `code`, but a macro may read a table too.
            let macros = other.items.iter().filter(|item| item.kind == ItemKind::Macro);
            let texts = std::iter::once((0, code.as_slice()));
            let texts = texts.chain(macros.map(|item| (item.span.start as usize, item.span.of(&other.text))));
            let read = texts.into_iter().find_map(|(base, text)| {
                Some(base + read_of(text, table.as_bytes(), registration.hook.member.as_bytes(), counts_copies)?)
            });
            if let Some(at) = read {
                return self.refuse(format!("{table} is copied or its hook is read at {}", other.at(at as u32)));
            }
        }
    }
}

impl HandlerConversion<'_, '_> {
    /// Another handler of the same hook and table that keeps the old hook, which callers prefer.
    fn left_in_table(&self, registration: &Registration) -> Option<&str> {
        let index = self.shared.context.index;
        let is_table = |registration: &Registration| {
            let item = index.file(registration.file).item_at(registration.span.start);
            item.is_some_and(|item| index.file(registration.file).items[item as usize].kind != ItemKind::Function)
        };
        // Each use of a macro outside of functions makes a table of its own.
        let is_same_table = |other: &Registration| {
            other.table == registration.table && (other.table.is_some() || !is_table(other) || !is_table(registration))
        };
        let is_same = |other: &Registration| {
            other.file == registration.file
                && other.hook == registration.hook
                // `.mmap = x ? f : g` registers both.
                && (other.span != registration.span
                    || (registration.macro_name.is_none() && other.handler != registration.handler))
                // Two different conditions may exclude each other.
                && (other.condition == registration.condition
                    || other.condition.is_none()
                    || registration.condition.is_none())
                // What is set at run time may meet any table of the file.
                && (is_same_table(other) || !is_table(other) || !is_table(registration))
        };
        let is_left = |finding: &&Finding| {
            let name = finding.handler.as_ref().map(|handler| handler.name.as_str());
            let place = finding.handler.as_ref().and_then(|handler| handler.place);
            let id = place.and_then(|place| {
                Some(ItemId { file: place.file, item: index.file(place.file).item_at(place.span.start)? })
            });
            name != Some(self.candidate.fix.name.as_str()) && !id.is_some_and(|id| self.converted.contains(&id))
        };
        // What stands behind a macro, or is set at run time, counts in the old table too.
        let overrides = |other: &Registration| {
            registration.macro_name.is_some() && (!is_table(other) || other.span.start > registration.span.start)
        };
        let mut others = self
            .shared
            .findings
            .iter()
            .filter(|finding| finding.handler.is_some())
            .filter(|finding| is_same(&finding.registration) && !overrides(&finding.registration));
        others.find(is_left)?.handler.as_ref().map(|handler| handler.name.as_str())
    }
}

/// Offset at which a file copies a whole table into the one that a registration sets at run time: `ops = *base`, `memcpy(&ops, base, ...)`.
fn copied_before(code: &[u8], registration: &Registration) -> Option<usize> {
    let set = registration.span.of(code);
    let member = words(set, registration.hook.member.as_bytes()).next()?;
    let before = set[..member].trim_ascii_end();
    let before = before.strip_suffix(b".").or_else(|| before.strip_suffix(b"->"))?;
    let (start, end) = identifier_before(before, before.len())?;
    let table = &before[start..end];
    words(code, table).find(|at| {
        let behind = code[at + table.len()..].trim_ascii_start();
        let end = memchr::memchr(b';', behind).unwrap_or(behind.len());
        let value = behind[..end].strip_prefix(b"=").unwrap_or_default().trim_ascii_start();
        let is_copy = value.starts_with(b"*") || memchr::memmem::find(value, b"memdup").is_some();
        let before = code[..*at].trim_ascii_end();
        let statement = statement_start(before);
        is_copy || find_word(&before[statement..], b"memcpy", 0).is_some()
    })
}

/// Offset at which a text reads the hook of a table, or copies the whole table if that counts.
fn read_of(text: &[u8], table: &[u8], member: &[u8], counts_copies: bool) -> Option<usize> {
    let is_member = |at: &usize| text[..*at].ends_with(b"->") || text[..*at].ends_with(b".");
    words(text, table).filter(|at| !is_member(at)).find(|at| {
        let behind = text[at + table.len()..].trim_ascii_start();
        let field = behind.strip_prefix(b".").or_else(|| behind.strip_prefix(b"->")).map(<[u8]>::trim_ascii_start);
        let is_set = |field: &[u8]| begins_assignment(&field[member.len()..]);
        let names_hook = |field: &&[u8]| find_word(field, member, 0) == Some(0);
        // `left_in_table` looks at what sets the hook of a subsystem.
        let is_read = field.filter(names_hook).is_some_and(|field| counts_copies || !is_set(field));
        let before = text[..*at].trim_ascii_end();
        let is_assigned = before.ends_with(b"=") && behind.starts_with(b";");
        let statement = statement_start(before);
        let called = |name: &[u8]| find_word(&before[statement..], name, 0).is_some();
        let is_duplicated =
            before.ends_with(b"&") && [b"memcpy".as_slice(), b"kmemdup", b"devm_kmemdup"].into_iter().any(called);
        is_read || counts_copies && (is_assigned || is_duplicated)
    })
}

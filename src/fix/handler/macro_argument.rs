//! A handler that a macro gets as an argument and puts into a table: `#define RESOURCE(name, map) struct attribute name = { .mmap = (map)
//! }`.

use super::HandlerConversion;
use crate::fix::text::edit::Edit;
use crate::fix::text::mentions::continued;
use crate::fix::text::place::argument_place;
use crate::index::ItemId;
use crate::source::macros::{call_arguments, definition};
use crate::source::{Span, find_word, identifier_before, line_start, words};

/// The parameter of a macro that becomes the value of a hook.
pub(super) struct TableParameter {
    /// The macro.
    id: ItemId,
    name: String,
    /// Position among the parameters.
    position: usize,
    /// The name of the hook in the macro.
    member: Span,
}

impl HandlerConversion<'_, '_> {
    /// The macro that gets the handler at a place as an argument, if it sets the hook of the handler.
    pub(super) fn table_parameter(&self, file: u32, at: usize) -> Option<TableParameter> {
        let index = self.shared.context.index;
        let (open, position) = argument_place(&index.file(file).text, at)?;
        let (from, to) = identifier_before(&index.file(file).text, open)?;
        let name = String::from_utf8_lossy(&index.file(file).text[from..to]).into_owned();
        let [id] = index.macros_near(&name, file)[..] else { return None };
        let (text, item) = (&index.file(id.file).text, index.item(id));
        let macro_definition = definition(text, item.span, item.name.end);
        let parameter = macro_definition.parameters?.get(position)?.clone();
        let body = macro_definition.body;
        let mut uses = words(body.of(text), parameter.as_bytes());
        let (Some(used), None) = (uses.next(), uses.next()) else { return None };
        let before = text[..body.start as usize + used].trim_ascii_end();
        let before = before.strip_suffix(b"(").unwrap_or(before).trim_ascii_end().strip_suffix(b"=")?.trim_ascii_end();
        let (from, to) = identifier_before(before, before.len())?;
        let member = std::str::from_utf8(&before[from..to]).ok()?;
        let is_ours = self
            .candidate
            .findings
            .iter()
            .any(|finding| self.shared.findings[*finding].registration.hook.member == member);
        let new_member = self.new_member(member);
        if find_word(body.of(text), new_member.as_bytes(), 0).is_some() {
            return None;
        }
        (is_ours && before[..from].ends_with(b".")).then(|| TableParameter {
            id,
            name,
            position,
            member: Span::new(from, to),
        })
    }

    /// Lets the macro set the new hook, and passes the converted handler to it.
    pub(super) fn pass_to_macro(&mut self, file: u32, at: usize, parameter: &TableParameter) {
        if let Some(other) = self.other_argument(parameter) {
            return self
                .refuse(format!("the macro {} sets the hook to {other}, which does not convert", parameter.name));
        }
        if self.has_second_half() {
            return self.refuse(format!("the macro {} sets one hook, and a second half needs another", parameter.name));
        }
        let index = self.shared.context.index;
        let text = &index.file(parameter.id.file).text;
        let member = String::from_utf8_lossy(parameter.member.of(text)).into_owned();
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        let places = [
            (parameter.id.file, Edit { span: parameter.member, text: self.new_member(&member) }),
            (file, Edit::new(at, at + name.len(), new_name)),
        ];
        for (file, edit) in places {
            let backslash = continued(&index.file(file).text, std::slice::from_ref(&edit));
            self.add(file, std::iter::once(edit).chain(backslash));
        }
    }

    /// What another use of the macro passes, if it does not convert.
    fn other_argument(&self, parameter: &TableParameter) -> Option<String> {
        let index = self.shared.context.index;
        let own = (parameter.id.file, index.item(parameter.id).name.start as usize);
        self.shared.lookup.naming(&parameter.name).iter().find_map(|file| {
            let text = &index.file(*file).text;
            words(text, parameter.name.as_bytes()).find_map(|at| {
                let open = at + parameter.name.len();
                let blanks = text[open..].len() - text[open..].trim_ascii_start().len();
                let is_code =
                    self.shared.lookup.code(*file)[at] != b' ' || index.file(*file).item_at(at as u32).is_some();
                if (*file, at) == own || !is_code || is_undefined(text, at) {
                    return None;
                }
                if text.get(open + blanks) != Some(&b'(') {
                    // It is passed on by its name.
                    return Some(parameter.name.clone());
                }
                let (arguments, _) = call_arguments(text, open + blanks)?;
                let argument = String::from_utf8_lossy(arguments.get(parameter.position)?).replace('\\', " ");
                let argument = argument.trim().to_owned();
                let functions = index.functions(&argument, *file);
                let converts = !functions.is_empty() && functions.iter().all(|id| self.converted.contains(id));
                (!converts && argument != "NULL").then_some(argument)
            })
        })
    }
}

/// Whether a directive undefines the name at a place, or asks for it.
fn is_undefined(text: &[u8], at: usize) -> bool {
    let line = line_start(text, at);
    let directive = text[line..at].trim_ascii_start();
    directive.starts_with(b"#") && !directive.starts_with(b"#define") && !directive.starts_with(b"# define")
}

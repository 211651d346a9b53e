//! A function that keeps users with a VMA: its body moves to a function that takes a desc, and the old one becomes a bridge over it, so
//! that the body does not stand twice. A function that only reads the VMA is doubled instead, because there is nothing to apply to the VMA.

use super::HandlerConversion;
use crate::fix::hooks::twin::named_before;
use crate::fix::rewrite::function::{Conversion, Converted};
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::mentions::{Mention, documented, inserted_above, last_comment, mentions};
use crate::index::{ItemId, SourceFile};
use crate::source::macros::call_arguments;
use crate::source::{Item, Span, identifiers};

/// A function that stays beside its desc twin.
pub(super) struct Kept<'k> {
    pub(super) name: &'k str,
    /// Name of the twin.
    pub(super) new_name: &'k str,
    /// Name of its second half, if it is split in two.
    pub(super) second: Option<&'k str>,
    /// A handler loses its file parameter, a helper keeps it.
    pub(super) is_handler: bool,
    /// Whether the old function becomes a bridge; otherwise it stays as it is.
    pub(super) is_bridged: bool,
}

impl HandlerConversion<'_, '_> {
    /// Whether the handler has to stay: something other than a table uses it, and does not convert.
    pub(super) fn keeps_old(&self) -> bool {
        let index = self.shared.context.index;
        let name = &self.candidate.fix.name;
        let is_used = |file: u32| {
            let source = index.file(file);
            let code = self.shared.lookup.code(file);
            let is_use = |(at, mention): (usize, Mention)| match mention {
                Mention::Code(Some(number)) => {
                    !self.is_registration(file, at)
                        && !self.registers(source, number, at)
                        && !self.is_converted(file, at)
                        && self.table_parameter(file, at).is_none()
                }
                Mention::Code(None) => !self.is_registration(file, at),
                _ => false,
            };
            self.means_handler(file) && mentions(source, &code, name).into_iter().any(is_use)
        };
        self.candidate.across.is_some() && self.files_naming(name, self.is_static()).into_iter().any(is_used)
    }

    /// Adds the twin to one file, at the given mentions of the old function, which stays.
    pub(super) fn add_beside_old(
        &mut self,
        file: u32,
        kept: &Kept,
        all: Vec<(usize, Mention)>,
        conversion: &Conversion,
    ) {
        let source = self.shared.context.index.file(file);
        let Kept { name, new_name, .. } = *kept;
        let export = all.iter().find(|(_, mention)| *mention == Mention::Export);
        let export = export.and_then(|(at, _)| source.item_at(*at as u32));
        let export = export.map(|item| source.items[item as usize].span);
        for (at, mention) in all {
            let is_argument = kept.is_handler && matches!(mention, Mention::Code(_));
            if let Some(parameter) = is_argument.then(|| self.table_parameter(file, at)).flatten() {
                self.pass_to_macro(file, at, &parameter);
                continue;
            }
            match mention {
                _ if kept.is_handler && self.is_registration(file, at) => {}
                Mention::Definition(number) => {
                    self.add_twin(ItemId { file, item: number as u32 }, kept, export, conversion)
                }
                Mention::Prototype => self.add_prototype(file, at, kept, conversion),
                // A stub with arguments has the file among them, which the twin does not take.
                Mention::Alias(number) if is_stub(source, &source.items[number]) && !kept.is_handler => {
                    let span = source.items[number].span;
                    let text = String::from_utf8_lossy(span.of(&source.text)).replacen(name, new_name, 1);
                    let end = span.end as usize;
                    self.add(file, [Edit::new(end, end, format!("\n{text}"))]);
                }
                Mention::Alias(_) => {
                    self.refuse(format!("{name} has other users and a macro of its name in {}", source.path))
                }
                Mention::Code(Some(number)) if kept.is_handler && self.registers(source, number, at) => {
                    self.register_in_macro(file, at)
                }
                _ => {}
            }
        }
    }

    /// Writes the twin of one definition. It takes the place and the documentation of a function that becomes a bridge.
    fn add_twin(&mut self, id: ItemId, kept: &Kept, export: Option<Span>, conversion: &Conversion) {
        let source = self.shared.context.index.file(id.file);
        let item = &source.items[id.item as usize];
        let Kept { name, new_name, second, is_handler, is_bridged } = *kept;
        if !self.converted.contains(&id) {
            return self.refuse(format!("{name} is also defined at {}", source.at(item.name.start)));
        }
        let done = conversion.function(item, name, new_name, is_handler);
        if self.has_no_text(id.file, &done) {
            return;
        }
        self.check_macros(id.file, item, [Some(&done.vma), done.dropped.as_ref()]);
        let exported = export.map(|span| {
            let text = String::from_utf8_lossy(span.of(&source.text)).into_owned();
            let names = std::iter::once(new_name).chain(second);
            names.map(|new| format!("\n{}", text.replacen(name, new, 1))).collect::<String>()
        });
        let exported = exported.unwrap_or_default();
        // Both functions of a header cost nothing.
        if !is_bridged || source.is_header() {
            let follows = |span: &Span| {
                let between = &source.text[item.span.end as usize..(span.start as usize).max(item.span.end as usize)];
                span.start >= item.span.end && between.iter().all(u8::is_ascii_whitespace)
            };
            let at = export.filter(follows).map_or(item.span.end, |span| span.end) as usize;
            self.add(id.file, [Edit::new(at, at, format!("\n\n{}{}{exported}", done.above, done.text))]);
        } else {
            let Some(bridge) = self.bridge_of(id, kept) else {
                return self.refuse(format!("{name} has other users, and no bridge over its twin can be written"));
            };
            self.add(id.file, documented(source, item, &done.vma, done.dropped.as_deref()));
            self.add(id.file, inserted_above(source, item, &done.above));
            self.add(id.file, named_above(source, item, name, new_name));
            self.add(id.file, [Edit { span: item.span, text: format!("{}{exported}\n\n{bridge}", done.text) }]);
            self.out
                .remarks
                .insert(format!("{name}() stays for callers that have a VMA, as a bridge over {new_name}()"));
        }
        let Converted { open_points, remarks, halves, .. } = done;
        self.out.halves.extend(halves.map(|halves| (id.file, halves)));
        self.out.open_points.extend(open_points.into_iter().map(|point| (id.file, point)));
        self.out.remarks.extend(remarks);
    }

    fn add_prototype(&mut self, file: u32, at: usize, kept: &Kept, conversion: &Conversion) {
        let source = self.shared.context.index.file(file);
        let item = source.item_at(at as u32).map(|item| source.items[item as usize].span);
        let written = item.and_then(|span| {
            let declared = |new_name: &str| {
                let edits = sorted(conversion.prototype(at, kept.name, new_name, kept.is_handler)?).ok()?;
                String::from_utf8(applied(&source.text, span, &edits)).ok()
            };
            let second = kept
                .second
                .map_or(Some(String::new()), |second| declared(second).map(|text| format!("\n{}", text.trim_start())));
            Some((span, declared(kept.new_name)? + &second?))
        });
        match written {
            Some((span, text)) => {
                let end = span.end as usize;
                self.add(file, [Edit::new(end, end, format!("\n{}", text.trim_start()))]);
                let code = self.shared.lookup.code(file);
                self.add(file, named_before(source, &code));
            }
            None => self.refuse(format!("the prototype of {} in {} could not be parsed", kept.name, source.path)),
        }
    }
}

/// Whether a macro of the name of a function stands for it where there is no such function: `#define f(a, vma) (-EINVAL)`, `#define f
/// NULL`.
pub(super) fn is_stub(source: &SourceFile, item: &Item) -> bool {
    let text = item.span.of(&source.text);
    let name_end = (item.name.end - item.span.start) as usize;
    if text.get(name_end) != Some(&b'(') {
        return text[name_end..].trim_ascii() == b"NULL";
    }
    let Some((parameters, end)) = call_arguments(text, name_end) else { return false };
    let is_constant =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let mut words = identifiers(&text[end..]);
    words.all(|word| is_constant(word) && parameters.iter().all(|parameter| parameter.trim_ascii() != word.as_bytes()))
}

/// Renames a function in the comment directly above it.
fn named_above(source: &SourceFile, item: &Item, name: &str, new_name: &str) -> Vec<Edit> {
    let head = source.text[..item.span.start as usize].trim_ascii_end();
    let Some(start) = last_comment(head) else { return Vec::new() };
    let named = crate::source::words(&head[start..], name.as_bytes());
    named.map(|at| Edit::new(start + at, start + at + name.len(), new_name)).collect()
}

//! Macros that are given the name of a hook's member: `call_op(table, mmap, vma)`, `SET_OP(new, mmap)`.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::context::FixContext;
use crate::fix::hooks::retyping::{RecordClues, Retyping};
use crate::fix::text::edit::{Edit, Edits, add_all};
use crate::fix::text::place::argument_place;
use crate::index::{Hook, SourceFile, is_macro_argument};
use crate::source::macros::{call_arguments, definition};
use crate::source::{ItemKind, Span, find_word, identifier_before, is_identifier_byte, line_start, words};

/// Maximum number of macros that pass the name on to one another.
const DEPTH: usize = 3;

/// The macro calls that name a hook.
#[derive(Default)]
pub(super) struct MacroCalls {
    /// The edits of those that do not pass the mapping on.
    pub(super) edits: Edits,
    /// The places of the name in those that call the hook with the mapping, by file.
    pub(super) calls: BTreeMap<u32, BTreeSet<Span>>,
}

/// The places where macros may name the member of a hook, by file.
pub(in crate::fix) fn named_by_macros(
    shared: &FixContext,
    hook: &Hook,
    marks: &RecordClues,
) -> impl Iterator<Item = (u32, usize)> {
    let index = shared.context.index;
    shared.lookup.macro_arguments(&hook.member).to_vec().into_iter().flat_map(move |file| {
        let source = index.file(file);
        let code = shared.lookup.code(file);
        let is_named = |at: &usize| {
            let is_local = || {
                // A variable of that name is passed on.
                let item = source.item_at(*at as u32).map(|item| &source.items[item as usize]);
                let body = item.map(|item| Span { start: item.body, end: item.span.end }.of(&code));
                body.is_some_and(|text| words(text, hook.member.as_bytes()).any(|at| is_declared(text, at)))
            };
            is_macro_argument(&code, *at, at + hook.member.len()) && !is_local()
        };
        let named = words(&code, hook.member.as_bytes()).filter(is_named);
        let named: Vec<usize> = named.filter(|_| marks.are_in(&source.text)).collect();
        named.into_iter().map(move |at| (file, at))
    })
}

/// Whether a name is declared: `auto mmap =`, `struct map *mmap;`.
fn is_declared(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    before.last().is_some_and(|byte| *byte == b'*' || byte.is_ascii_alphanumeric() || *byte == b'_')
        && !before.ends_with(b"return")
}

impl Retyping<'_, '_> {
    /// The macro calls that name the hook, if renaming the member there does all.
    ///
    /// # Errors
    /// It does not. The error is the reason.
    pub(super) fn by_macros(&self) -> Result<MacroCalls, String> {
        let index = self.shared.context.index;
        let mut found = MacroCalls::default();
        for (file, at) in named_by_macros(self.shared, self.hook, &self.marks) {
            let source = index.file(file);
            let refuse = || format!("a macro may name {} by its member at {}", self.hook.name(), source.at(at as u32));
            let (open, position) = argument_place(&source.text, at).ok_or_else(refuse)?;
            let mut pasted = BTreeSet::new();
            self.only_member(file, open, position, DEPTH, &mut pasted).ok_or_else(refuse)?;
            let (arguments, end) = call_arguments(&source.text, open).ok_or_else(refuse)?;
            let name = Span::new(at, at + self.hook.member.len());
            if self.passes_mapping(file, at, &arguments) {
                if self.is_twin {
                    return Err(refuse());
                }
                found.calls.entry(file).or_default().insert(name);
            } else if self.is_twin {
                let (line, rest) = (line_start(&source.text, at), &source.text[end..]);
                let statement = &source.text[line..end];
                if !rest.starts_with(b";\n") || statement.contains(&b'\n') {
                    return Err(refuse());
                }
                let mut text = statement.to_vec();
                text.splice(at - line..at - line + name.len(), self.new_name.bytes());
                let text = format!("\n{};", String::from_utf8_lossy(&text));
                found.edits.entry(file).or_default().push(Edit::new(end + 1, end + 1, text));
            } else {
                found.edits.entry(file).or_default().push(Edit { span: name, text: self.new_name.clone() });
            }
            if self.is_twin && !pasted.is_empty() {
                return Err(refuse());
            }
            add_all(&mut found.edits, &self.renamed_everywhere(&pasted));
        }
        Ok(found)
    }

    /// Whether the macros called at a place use a parameter only as the name of a member, in strings, and as the end of longer names, which
    /// go to `pasted`.
    fn only_member(
        &self,
        file: u32,
        open: usize,
        position: usize,
        depth: usize,
        pasted: &mut BTreeSet<String>,
    ) -> Option<()> {
        let source = self.shared.context.index.file(file);
        let (from, to) = identifier_before(&source.text, open)?;
        let definitions = self.definitions(std::str::from_utf8(&source.text[from..to]).ok()?, file);
        if definitions.is_empty() || depth == 0 {
            return None;
        }
        for (file, span, name_end) in definitions {
            let text = &self.shared.context.index.file(file).text;
            let macro_ = definition(text, span, name_end);
            let parameters = macro_.parameters?;
            let parameter = parameters.get(position)?.as_bytes();
            for used in words(macro_.body.of(text), parameter) {
                let at = macro_.body.start as usize + used;
                let before = text[..at].trim_ascii_end();
                if before.ends_with(b"##") {
                    let before = before[..before.len() - 2].trim_ascii_end();
                    let start = before.iter().rposition(|byte| !is_identifier_byte(*byte))? + 1;
                    pasted.insert(String::from_utf8_lossy(&before[start..]).into_owned());
                } else if before.ends_with(b"->") || before.ends_with(b".") || before.ends_with(b"#") {
                    continue;
                } else {
                    let (open, position) = argument_place(text, at)?;
                    self.only_member(file, open, position, depth - 1, pasted)?;
                }
            }
        }
        Some(())
    }

    /// The definitions of a macro as a file means it: its own, also within functions, or those of other files. Each with the end of its
    /// name.
    fn definitions(&self, name: &str, file: u32) -> Vec<(u32, Span, u32)> {
        let index = self.shared.context.index;
        let text = &index.file(file).text;
        let is_defined = |at: &usize| text[..*at].trim_ascii_end().ends_with(b"define") && text[..*at].contains(&b'#');
        let own = words(text, name.as_bytes()).filter(is_defined).map(|at| {
            let mut end = at;
            while let Some(newline) = memchr::memchr(b'\n', &text[end..]) {
                end += newline;
                if !text[..end].ends_with(b"\\") {
                    break;
                }
                end += 1;
            }
            (file, Span::new(at, end), (at + name.len()) as u32)
        });
        let own: Vec<_> = own.collect();
        if !own.is_empty() {
            return own;
        }
        let near = index.macros_near(name, file).into_iter();
        near.map(|id| (id.file, index.item(id).span, index.item(id).name.end)).collect()
    }

    /// Whether the arguments of a call name the VMA of the function around it.
    fn passes_mapping(&self, file: u32, at: usize, arguments: &[&[u8]]) -> bool {
        let source = self.shared.context.index.file(file);
        let Some(item) =
            source.item_at(at as u32).filter(|item| source.items[*item as usize].kind == ItemKind::Function)
        else {
            return false;
        };
        let function = source.function(item);
        let parameters = function.all().flat_map(|function| &function.parameters);
        let mappings: Vec<&str> = parameters
            .filter(|parameter| parameter.ty.points_to("vm_area_struct"))
            .map(|parameter| parameter.name.as_str())
            .collect();
        let names = |argument: &[u8]| mappings.iter().any(|name| find_word(argument, name.as_bytes(), 0).is_some());
        arguments.iter().any(|argument| names(argument))
    }

    /// Renames what a macro makes of a prefix and the member, wherever it stands: `count_mmap` follows `count_ ## op`.
    fn renamed_everywhere(&self, prefixes: &BTreeSet<String>) -> Edits {
        let index = self.shared.context.index;
        let mut edits = Edits::new();
        for prefix in prefixes {
            let (old, new) = (format!("{prefix}{}", self.hook.member), format!("{prefix}{}", self.new_name));
            for file in self.shared.lookup.naming(&old).iter() {
                let source: &SourceFile = index.file(*file);
                let places = words(&source.text, old.as_bytes()).map(|at| Edit::new(at, at + old.len(), &new));
                edits.entry(*file).or_default().extend(places);
            }
        }
        edits
    }
}

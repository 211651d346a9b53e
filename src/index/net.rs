//! Finds lost registrations. If the address of a function with a VMA or desc is taken, the function is registered, a callback of another
//! kind, or reported as trouble. No handler is lost silently.

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::hooks::{Hook, Takes};
use super::matter::VMA;
use super::search::Identifiers;
use super::{Index, ItemId};
use crate::ITEMS_PER_JOB;
use crate::profile::{Phase, measure};
use crate::rules::Rules;
use crate::source::{
    Item, ItemKind, Span, begins_call, blank_non_code, closing, find_word, identifier_before, identifier_end,
    is_identifier_byte, is_keyword_before_parenthesis, opening, parse, previous, skip_blank, statement_start, words,
};

/// A place that may register something and is not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unclear {
    /// Number of the file.
    pub file: u32,
    /// Offset in bytes.
    pub at: u32,
    /// Description of the problem.
    pub text: String,
    /// Parameter type of the hook that may be set there, if the function there shows it.
    pub takes: Option<Takes>,
}

impl Unclear {
    /// Whether a hook may be set there: the file names its member, and the function there takes the same type.
    pub fn may_set(&self, hook: &Hook, index: &Index) -> bool {
        self.takes.is_none_or(|takes| takes == hook.takes)
            && find_word(&index.file(self.file).text, hook.member.as_bytes(), 0).is_some()
    }
}

/// Finds all unclear places in a tree, by file and place, but for those of files that are known.
pub(super) fn catch(rules: &Rules, index: &Index, known: &FxHashSet<u32>) -> Vec<Unclear> {
    let net = Net::new(rules, index);
    let files =
        (0..index.listed as u32).into_par_iter().with_max_len(ITEMS_PER_JOB).filter(|file| !known.contains(file));
    let mut caught: Vec<Unclear> = files.flat_map_iter(|file| measure(Phase::Follow, || net.in_file(file))).collect();
    caught.sort();
    caught.dedup();
    caught
}

struct Net<'i> {
    rules: &'i Rules,
    index: &'i Index,
    /// Functions that other files can name.
    visible: Identifiers,
    /// Names of the other functions, by file.
    local: FxHashMap<u32, Vec<&'i [u8]>>,
    /// Members of structs that point to functions which take a VMA, hooks or not.
    callbacks: FxHashSet<&'i str>,
    /// Registered handlers, by file and item.
    registered: FxHashMap<(u32, u32), Vec<&'i str>>,
}

impl<'i> Net<'i> {
    fn new(rules: &'i Rules, index: &'i Index) -> Net<'i> {
        let sources = index.files[..index.listed].par_iter().enumerate().filter(|(_, source)| !source.is_header());
        let handlers = sources.flat_map_iter(|(file, source)| {
            let ids =
                source.definitions.functions.iter().map(move |(_, item)| ItemId { file: file as u32, item: *item });
            ids.filter(|id| may_handle(index.item(*id).head().of(&source.text))).collect::<Vec<_>>()
        });
        let (visible, own): (Vec<ItemId>, Vec<ItemId>) = handlers.partition(|id| index.is_visible_elsewhere(*id));
        let mut local: FxHashMap<u32, Vec<&[u8]>> = FxHashMap::default();
        for id in own {
            local.entry(id.file).or_default().push(index.item(id).name.of(&index.file(id.file).text));
        }
        let records = index.files[..index.listed].iter().flat_map(|file| &file.definitions.with_hooks);
        let callbacks = records.flat_map(|(_, members)| members);
        let mut registered: FxHashMap<(u32, u32), Vec<&str>> = FxHashMap::default();
        for registration in index.registrations() {
            let item = index.file(registration.file).item_at(registration.span.start).unwrap_or(u32::MAX);
            if let super::Handler::Function(name) = &registration.handler {
                registered.entry((registration.file, item)).or_default().push(name);
            }
        }
        Net {
            rules,
            index,
            visible: Identifiers::new(
                visible.into_iter().map(|id| index.file(id.file).name(index.item(id)).to_owned()).collect(),
            ),
            local,
            callbacks: callbacks
                .filter(|member| member.ty.function.is_some())
                .map(|member| member.name.as_str())
                .collect(),
            registered,
        }
    }

    fn in_file(&self, file: u32) -> Vec<Unclear> {
        let source = self.index.file(file);
        if source.is_header() {
            return Vec::new();
        }
        let text = &source.text;
        let local = self.local.get(&file).into_iter().flatten();
        let local = local.flat_map(|name| words(text, name).map(|at| (at, name.len())));
        let visible = self.visible.places(text).map(|(name, at)| (at, name.len()));
        let mut places: Vec<Span> = local
            .chain(visible)
            .map(|(at, length)| Span::new(at, at + length))
            .filter(|place| is_value(text, *place))
            .collect();
        places.sort_unstable();
        places.dedup();
        let in_one_item = |one: &Span, next: &Span| source.item_at(one.start) == source.item_at(next.start);
        let items = places.chunk_by(in_one_item);
        let mut caught: Vec<Unclear> = items.flat_map(|places| self.in_item(file, places)).collect();
        caught.extend(self.torn_functions(file));
        caught
    }

    /// Unclear places among those of one item, or between items, that take the address of a function.
    fn in_item(&self, file: u32, places: &[Span]) -> Vec<Unclear> {
        let source = self.index.file(file);
        let number = places.first().and_then(|place| source.item_at(place.start));
        let item = number.map(|number| source.items[number as usize]);
        if item.is_some_and(|item| item.kind == ItemKind::Macro) {
            return Vec::new();
        }
        let known = self.registered.get(&(file, number.unwrap_or(u32::MAX))).map_or(&[][..], Vec::as_slice);
        let base = item.map_or(0, |item| item.span.start);
        let code = blank_non_code(item.map_or(source.text.as_slice(), |item| item.span.of(&source.text)));
        let unclear = |place: &Span| {
            let name = std::str::from_utf8(place.of(&source.text)).ok().filter(|name| !known.contains(name))?;
            let at = (place.start - base) as usize;
            if code[at] == b' ' || self.is_understood(file, item, &code, at) {
                return None;
            }
            let takes = self.takes(name, file);
            let what = if takes == Some(Takes::Desc) { "desc" } else { "VMA" };
            let text = format!("{name} takes a {what} and may be a handler; the use of its address is not understood");
            Some(Unclear { file, at: place.start, text, takes })
        };
        places.iter().filter_map(unclear).collect()
    }

    /// Type that a function takes, if all functions of that name agree.
    fn takes(&self, name: &str, file: u32) -> Option<Takes> {
        let functions = self.index.functions(name, file).into_iter();
        let mut taken =
            functions.map(|id| Takes::in_head(self.index.item(id).head().of(&self.index.file(id.file).text)));
        let first = taken.next()?;
        if taken.all(|other| other == first) { first } else { None }
    }

    /// Whether the use of an address cannot register a handler.
    fn is_understood(&self, file: u32, item: Option<Item>, code: &[u8], at: usize) -> bool {
        let mut before = code[..at].trim_ascii_end();
        before = before.strip_suffix(b"&").unwrap_or(before).trim_ascii_end();
        // A cast changes nothing.
        while before.ends_with(b")") {
            let Some(open) = opening(before, before.len() - 1) else { break };
            if !is_cast(&before[open + 1..before.len() - 1]) {
                break;
            }
            before = before[..open].trim_ascii_end();
        }
        match before.last() {
            Some(b'=') if matches!(before.get(before.len().wrapping_sub(2)), Some(b'=' | b'!' | b'<' | b'>')) => true,
            Some(b'=' | b':' | b'?') => self.is_assignment_understood(item, code, before),
            Some(b'(' | b',') => self.is_argument_understood(file, code, before, at),
            _ => false,
        }
    }

    /// Whether an assignment cannot register a handler: `.member = f`, `x->member = f`, `f = x ? a : b`.
    fn is_assignment_understood(&self, item: Option<Item>, code: &[u8], before: &[u8]) -> bool {
        // In `? a :` the operator stands further back.
        let start = statement_start(before);
        let Some(sign) = before[start..]
            .iter()
            .rposition(|byte| *byte == b'=')
            .or_else(|| before[start..].iter().rposition(|byte| *byte == b':'))
        else {
            return false;
        };
        let sign = start + sign;
        let Some((from, to)) = target_before(before, sign) else { return false };
        let target = String::from_utf8_lossy(&before[from..to]).into_owned();
        let is_member = matches!(previous(before, from), Some((_, b'.' | b'>'))) || before[sign] == b':';
        if is_member {
            // An assignment to a hook is a registration that was not found.
            return self.callbacks.contains(target.as_str()) && self.index.hooks.with_member(&target).is_empty();
        }
        // A local function pointer that the function itself calls.
        item.is_some_and(|item| item.kind == ItemKind::Function)
            && words(code, target.as_bytes()).any(|at| begins_call(&code[at + target.len()..]))
    }

    /// Whether an argument cannot register a handler. `callee(f)` is an annotation, or a function that calls its argument.
    fn is_argument_understood(&self, file: u32, code: &[u8], before: &[u8], at: usize) -> bool {
        let Some(open) = opening(&code[..at], before.len()) else { return false };
        let Some((from, to)) = identifier_before(code, open) else { return false };
        let Ok(callee) = std::str::from_utf8(&code[from..to]) else { return false };
        if is_keyword_before_parenthesis(callee.as_bytes()) || self.rules.is_annotation(callee) {
            return callee != "return";
        }
        self.index.functions(callee, file).into_iter().any(|id| {
            let source = self.index.file(id.file);
            let head = [self.index.item(id).head().of(&source.text), b"{}"].concat();
            let functions = parse::in_first_variant(&head, 0).syntax;
            functions.iter().any(|function| function.parameters.iter().any(|parameter| parameter.ty.function.is_some()))
        })
    }

    /// Functions that take a VMA and whose body was not found, because macros hold their braces.
    fn torn_functions(&self, file: u32) -> Vec<Unclear> {
        let source = self.index.file(file);
        let others = source.items.iter().filter(|item| item.kind == ItemKind::Other);
        let torn = others.filter(|item| {
            let text = item.span.of(&source.text);
            memmem::find(text, VMA).is_some() && is_torn(&blank_non_code(text))
        });
        let unclear = |item: &Item| Unclear {
            file,
            at: item.span.start,
            text: "the body of a function that takes a VMA is not found".to_owned(),
            takes: None,
        };
        torn.map(unclear).collect()
    }
}

/// Whether a function with this head can be a handler. It takes a VMA or a desc, and returns an `int`. A function that takes a VMA and then
/// an address works on existing mappings.
fn may_handle(head: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'(', head) else { return false };
    let (returned, mut parameters) = (&head[..open], head[open + 1..].split(|byte| *byte == b','));
    let works_on_pages = parameters.next().is_some_and(|first| Takes::in_head(first) == Some(Takes::Vma))
        && parameters.next().is_some_and(|second| !second.contains(&b'*'));
    let returns_else = [b"void".as_slice(), b"bool", b"unsigned", b"vm_fault_t", b"pgoff_t", b"pgprot_t"];
    Takes::in_head(head).is_some()
        && !works_on_pages
        && !returned.contains(&b'*')
        && !returns_else.into_iter().any(|word| find_word(returned, word, 0).is_some())
}

/// The variable or member before an operator: `x`, `.x`, `(*x)(int)`.
fn target_before(code: &[u8], sign: usize) -> Option<(usize, usize)> {
    match previous(code, sign) {
        Some((close, b')')) => {
            let open = opening(code, close)?;
            let (inner, byte) = previous(code, open)?;
            (byte == b')').then(|| identifier_before(code, inner)).flatten()
        }
        _ => identifier_before(code, sign),
    }
}

/// Whether a name is used as a value: it is neither called, declared nor defined.
fn is_value(text: &[u8], place: Span) -> bool {
    let next = text[place.end as usize..].trim_ascii_start().first();
    let before = text[..place.start as usize].trim_ascii_end();
    let is_value = match before.last() {
        Some(b'=' | b'&' | b'(' | b',' | b':' | b'?' | b'{' | b')') => true,
        Some(byte) if is_identifier_byte(*byte) => before.ends_with(b"return"),
        _ => false,
    };
    is_value && !matches!(next, Some(b'(' | b'.' | b'=' | b'['))
}

/// Whether parentheses hold a type: words, stars, and perhaps the parentheses of a function pointer.
fn is_cast(inside: &[u8]) -> bool {
    let is_word = |byte: &u8| {
        is_identifier_byte(*byte) || byte.is_ascii_whitespace() || matches!(byte, b'*' | b'(' | b')' | b',')
    };
    inside.contains(&b'*') && inside.iter().all(is_word)
}

/// Words that only a function body has.
const STATEMENT: &[&[u8]] = &[
    b"return",
    b"if",
    b"for",
    b"while",
    b"switch",
    b"do",
    b"goto",
    b"int",
    b"unsigned",
    b"long",
    b"struct",
    b"char",
    b"void",
];

/// Whether an item has the head of a function, with neither `;` nor another declarator behind it.
fn is_torn(code: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'(', code) else { return false };
    let Some(close) = closing(code, open) else { return true };
    if memmem::find(&code[open..close], VMA).is_none() {
        return false;
    }
    let mut at = skip_blank(code, close);
    // Attributes may follow, up to the end of the declaration.
    while code.get(at).is_some_and(|byte| is_identifier_byte(*byte)) {
        let end = identifier_end(code, at);
        if code[at].is_ascii_digit() || STATEMENT.contains(&&code[at..end]) {
            return true;
        }
        at = skip_blank(code, end);
        if code.get(at) == Some(&b'(') {
            let Some(close) = closing(code, at) else { return true };
            at = skip_blank(code, close);
        }
    }
    !matches!(code.get(at), None | Some(b';' | b',' | b'=' | b')' | b'('))
}

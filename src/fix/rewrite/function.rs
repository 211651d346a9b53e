//! Converts one function: its head, its body, the comments in it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::marks::FILE;
use crate::fix::rewrite::draft::Draft;
use crate::fix::rewrite::halves::Halves;
use crate::fix::rewrite::locals::Locals;
use crate::fix::rewrite::protection::without_local;
use crate::fix::rewrite::reflow::reflow;
use crate::fix::rewrite::rewriter::{OpenPoint, Populated, Rewriter, Written};
use crate::fix::rewrite::tidy::tidy;
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::layout::{columns, wrapped};
use crate::index::{Scope, SourceFile};
use crate::rules::{Rewrite, Rules, Target};
use crate::source::ast::{Function, StatementKind};
use crate::source::macros::call_arguments;
use crate::source::{Item, Span, find_word, parse, variants, words};
use crate::vma::lower::Context;

/// Inputs of the conversion of a function.
pub(in crate::fix) struct Conversion<'a> {
    pub(in crate::fix) rules: &'a Rules,
    pub(in crate::fix) target: &'a Target,
    pub(in crate::fix) rewrite: &'a Rewrite,
    /// The functions that get the VMA, by old name.
    pub(in crate::fix) helpers: &'a Helpers,
    /// The hooks that get the VMA, by the places that name them.
    pub(in crate::fix) hooks: BTreeMap<Span, DescHook>,
    /// Helpers that populate.
    pub(in crate::fix) populating: Rc<BTreeSet<String>>,
    /// Calls of the mmap hooks of other files, and their helpers.
    pub(in crate::fix) nested: BTreeSet<Span>,
    /// The functions that are split in two, by offset, and whether other functions call them: then the second half is all of it.
    pub(in crate::fix) split: BTreeMap<u32, bool>,
    /// The function whose call moves to `vm_ops->mapped`.
    pub(in crate::fix) moved: Option<&'a str>,
    /// Calls of hooks that nothing implements.
    pub(in crate::fix) dead_calls: BTreeSet<Span>,
    /// Definitions and types.
    pub(in crate::fix) context: Context<'a>,
    /// The file, and its number.
    pub(in crate::fix) file: &'a SourceFile,
    pub(in crate::fix) number: u32,
    /// The text of the file, and the same with comments and literals blanked.
    pub(in crate::fix) source: &'a [u8],
    pub(in crate::fix) code: &'a [u8],
}

/// What replaces the functions that get the VMA, by old name.
pub(in crate::fix) type Helpers = BTreeMap<String, DescHelper>;

/// The function that takes a desc in place of one that takes a VMA.
#[derive(Clone, Debug)]
pub(in crate::fix) struct DescHelper {
    /// Its name.
    pub(in crate::fix) name: String,
    /// The position of the file argument that it does not take. A function that tables register finds the file in the desc.
    pub(in crate::fix) without_file: Option<usize>,
    /// Whether the old function stays, for callers with another VMA.
    pub(in crate::fix) old_stays: bool,
}

/// The hook that takes a desc in place of one that takes a VMA.
#[derive(Clone, Debug)]
pub(in crate::fix) struct DescHook {
    /// The name of the member.
    pub(in crate::fix) name: String,
    /// The position of the file argument that it does not take.
    pub(in crate::fix) without_file: Option<usize>,
    /// Whether an implementer may populate.
    pub(in crate::fix) populates: bool,
    /// The name of the old member, if it stays beside the new one.
    pub(in crate::fix) old: Option<String>,
}

/// A converted function.
#[derive(Debug, Default)]
pub(in crate::fix) struct Converted {
    /// Its text.
    pub(in crate::fix) text: String,
    /// Why it has no text. Even a sketch would delete it.
    pub(in crate::fix) lost: Option<OpenPoint>,
    /// Places left to a person.
    pub(in crate::fix) open_points: Vec<OpenPoint>,
    /// Facts that a reviewer should know.
    pub(in crate::fix) remarks: BTreeSet<String>,
    /// If it is split in two: the halves, as in `text`.
    pub(in crate::fix) halves: Option<Halves>,
    /// Callbacks that stand above it, each with an empty line behind it.
    pub(in crate::fix) above: String,
    /// Name of the dropped file parameter.
    pub(in crate::fix) dropped: Option<String>,
    /// Name of the old VMA parameter.
    pub(in crate::fix) vma: String,
}

/// Result of rewriting a function's body, over all variants.
#[derive(Default)]
struct Rewritten {
    edits: Vec<Edit>,
    /// Uses of the file in any variant, and their number in each variant.
    file_uses: BTreeSet<Span>,
    uses_by_variant: Vec<usize>,
    /// Functions that are now called by another name.
    twins: BTreeMap<String, String>,
    /// The function in the first variant that has it.
    first: Option<Function>,
}

impl Conversion<'_> {
    /// Converts the function of an item, under a new name. A handler takes the file from the desc; a helper keeps its parameter.
    pub(in crate::fix) fn function(&self, item: &Item, name: &str, new_name: &str, is_handler: bool) -> Converted {
        let mut done = Converted::default();
        let split = self.split.get(&item.span.start);
        let second = format!("{name}{}", self.rewrite.suffix());
        let new_name = if split.is_some() { &second } else { new_name };
        let draft = match self.draft(item, (name, new_name), is_handler, &mut done) {
            Ok(draft) => draft,
            Err(point) => return Converted { lost: Some(point), ..done },
        };
        if !draft.parses() {
            let text = "the converted function does not parse".to_owned();
            done.open_points.push(OpenPoint { offset: item.name.start, text });
        }
        match split.map(|is_called| self.halves(item.span.of(self.source), &draft, name, *is_called)) {
            Some(Some(halves)) => {
                done.text.clone_from(&halves.text);
                done.halves = Some(halves);
            }
            Some(None) => {
                let text = "could not be split in two".to_owned();
                done.lost = Some(OpenPoint { offset: item.name.start, text });
            }
            None => done.text = draft.into_text(),
        }
        done.open_points.sort();
        done.open_points.dedup();
        done
    }

    /// The tidied text of the converted function, or the reason why there is none. Records all else in `done`.
    fn draft<'n>(
        &self,
        item: &Item,
        (name, new_name): (&str, &'n str),
        is_handler: bool,
        done: &mut Converted,
    ) -> Result<Draft<'n>, OpenPoint> {
        let Rewritten { edits, file_uses, uses_by_variant, mut twins, first } =
            self.rewritten(item, name, is_handler, done);
        let Some(first) = first else {
            return Err(OpenPoint { offset: item.span.start, text: "could not be parsed".to_owned() });
        };
        twins.insert(name.to_owned(), new_name.to_owned());
        let edits = match sorted(edits.into_iter().chain(self.comments(item, &twins)).collect()) {
            Ok(edits) => edits,
            Err(span) => {
                let text = "the arms of a conditional need different edits here".to_owned();
                return Err(OpenPoint { offset: span.start, text });
            }
        };
        self.check_covered(item, &edits, done);
        let assigned = done.dropped.as_deref().is_some_and(|file| first.changes(file));
        let is_local = assigned || (file_uses.len() > 1 && uses_by_variant.iter().all(|uses| *uses > 0));
        let local = done.dropped.clone().filter(|_| is_local);
        let file = local.as_deref().unwrap_or("desc->file");
        let resolve = |text: &str| text.replace(FILE, file);
        let mut all: Vec<Edit> =
            edits.into_iter().map(|edit| Edit { span: edit.span, text: resolve(&edit.text) }).collect();
        all.extend(self.head(item, new_name, is_handler, done));
        if let Some(file) = local {
            let starts_with_declaration =
                matches!(first.body.first().map(|first| &first.kind), Some(StatementKind::Declaration(_)));
            let blank = if starts_with_declaration { "" } else { "\n" };
            let at = item.body as usize + 1;
            all.push(Edit::new(at, at, format!("\n\tstruct file *{file} = desc->file;{blank}")));
        }
        match sorted(all) {
            Ok(edits) => {
                let text = applied(self.source, item.span, &edits);
                let old = item.span.of(self.source);
                let draft = Draft::new(String::from_utf8_lossy(&text).into_owned(), new_name);
                let (draft, open) = tidy(old, without_local(draft), &BTreeSet::new());
                done.open_points.extend(open.into_iter().map(|text| OpenPoint { offset: item.name.start, text }));
                Ok(reflow(old, draft))
            }
            Err(span) => Err(OpenPoint { offset: span.start, text: "two edits overlap here".to_owned() }),
        }
    }

    /// Rewrites the body in all variants of the function. Records open points and parameter names in `done`.
    fn rewritten(&self, item: &Item, name: &str, is_handler: bool, done: &mut Converted) -> Rewritten {
        let mut whole = Rewritten::default();
        let slice = item.span.of(self.source);
        for masked in variants(slice) {
            let parsed = parse::functions(slice, &masked, item.span.start);
            if let Some((span, reason)) = parsed.trouble {
                done.open_points.push(OpenPoint { offset: span.start, text: reason.to_owned() });
            }
            for function in parsed.syntax.into_iter().filter(|function| function.name == name) {
                let Some(vma) = function.parameters.iter().find(|parameter| parameter.ty.points_to("vm_area_struct"))
                else {
                    continue;
                };
                let file = function.parameters.iter().find(|parameter| parameter.ty.points_to("file"));
                let file = file.filter(|_| is_handler).map(|file| file.name.clone());
                let mut rewriter = self.rewriter(&vma.name, file.as_deref());
                rewriter.run(&function);
                if rewriter.implied_file && file.as_deref().is_some_and(|file| function.changes(file)) {
                    rewriter
                        .open(item.name.start, "sets the file parameter, but a helper uses the file of the mapping");
                }
                whole.uses_by_variant.push(rewriter.out.file_uses.len());
                whole.file_uses.extend(rewriter.out.file_uses);
                whole.edits.extend(rewriter.out.edits);
                whole.twins.extend(rewriter.out.twins);
                rewriter.out.callbacks.iter().for_each(|callback| done.above += &format!("{callback}\n\n"));
                done.open_points.extend(rewriter.out.open_points);
                let remarks = rewriter.out.remarks.into_iter();
                done.remarks.extend(remarks.map(|remark| format!("{name}(): {remark}")));
                (done.vma, done.dropped) = (vma.name.clone(), file);
                whole.first.get_or_insert(function);
            }
        }
        whole
    }

    fn rewriter<'r>(&'r self, vma: &'r str, file: Option<&'r str>) -> Rewriter<'r> {
        Rewriter {
            conversion: self,
            vma,
            file,
            name: String::new(),
            variables: BTreeMap::new(),
            is_kept_apart: false,
            locals: Locals::default(),
            out: Written::default(),
            implied_file: false,
            populated: Populated::Nothing,
            is_in_message: false,
            scope: Scope::default(),
            passed_on: None,
            has_new_file: false,
            pointers: BTreeMap::new(),
            loops: 0,
            message: None,
        }
    }

    /// Renames in comments: the function itself, and helpers whose twins are called.
    fn comments(&self, item: &Item, renamed: &BTreeMap<String, String>) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (name, twin) in renamed.iter().filter(|(name, twin)| name != twin) {
            for at in words(item.span.of(self.source), name.as_bytes()) {
                let at = item.span.start as usize + at;
                if self.code[at] == b' ' && self.file.is_in_comment(at) {
                    edits.push(Edit::new(at, at + name.len(), twin));
                }
            }
        }
        edits
    }

    /// Checks the text, independently of the syntax: an edit or an open point covers each use of the VMA, and the name `desc` is free.
    fn check_covered(&self, item: &Item, edits: &[Edit], done: &mut Converted) {
        let body = Span { start: item.body, end: item.span.end };
        let code = body.of(self.code);
        let is_member = |at: &usize| code[..*at].ends_with(b"->") || code[..*at].ends_with(b".");
        for at in words(code, done.vma.as_bytes()).filter(|at| !is_member(at)) {
            let at = body.start + at as u32;
            let known = edits.iter().any(|edit| edit.span.start <= at && at < edit.span.end)
                || done.open_points.iter().any(|point| point.offset <= at && at < point.offset + 200);
            if !known {
                done.open_points
                    .push(OpenPoint { offset: at, text: "this use of the VMA could not be converted".to_owned() });
            }
        }
        if let Some(at) = find_word(code, b"desc", 0) {
            let text = "the name desc is already used".to_owned();
            done.open_points.push(OpenPoint { offset: body.start + at as u32, text });
        }
    }

    /// Edits of the name and the parameters.
    fn head(&self, item: &Item, new_name: &str, is_handler: bool, done: &mut Converted) -> Vec<Edit> {
        let name = Edit::new(item.name.start as usize, item.name.end as usize, new_name);
        match parameters(self.source, self.code, item.name, new_name, is_handler) {
            Some(parameters) => vec![name, parameters],
            None => {
                let text = "its parameters could not be parsed".to_owned();
                done.open_points.push(OpenPoint { offset: item.name.start, text });
                Vec::new()
            }
        }
    }
}

/// Edit of the parameters after a function's name, in a definition or a prototype.
pub(in crate::fix) fn parameters(
    source: &[u8],
    code: &[u8],
    name: Span,
    new_name: &str,
    is_handler: bool,
) -> Option<Edit> {
    let open = name.end as usize + code[name.end as usize..].iter().position(|byte| *byte == b'(')?;
    let (old, end) = call_arguments(source, open)?;
    if source[open..end].contains(&b'#') {
        return None;
    }
    let vmas = old.iter().filter(|parameter| find_word(parameter, b"vm_area_struct", 0).is_some()).count();
    if vmas != 1 || old.iter().any(|parameter| find_word(parameter, b"desc", 0).is_some()) {
        return None;
    }
    let mut new: Vec<String> = Vec::new();
    for parameter in old {
        let text = String::from_utf8_lossy(parameter.trim_ascii()).into_owned();
        if find_word(parameter, b"vm_area_struct", 0).is_some() {
            let is_named = words(parameter, b"vm_area_struct").any(|at| {
                parameter[at..].split(|byte| *byte == b'*').nth(1).is_some_and(|rest| !rest.trim_ascii().is_empty())
            });
            new.push(format!("struct vm_area_desc *{}", if is_named { "desc" } else { "" }));
        } else if !(is_handler && is_file(parameter)) {
            new.push(text);
        }
    }
    let line = source[..name.start as usize].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = columns(&source[line..name.start as usize]) + new_name.len() + 1;
    Some(Edit::new(open, end, format!("({})", wrapped(&new, column))))
}

/// Whether a parameter is a `struct file *`.
fn is_file(parameter: &[u8]) -> bool {
    find_word(parameter, b"struct", 0).is_some()
        && words(parameter, b"file").any(|at| {
            let behind = parameter[at + 4..].trim_ascii_start().strip_prefix(b"*");
            behind.is_some_and(|rest| !rest.trim_ascii_start().starts_with(b"*"))
        })
}

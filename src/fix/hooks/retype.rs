//! Retypes a hook of an ops table: its declaration and every place that names it. If all implementers convert, the new hook replaces the
//! old one, as upstream did for uio_info and vmbus_channel. Else it stands beside the old one, as `.mmap_prepare` stands beside `.mmap`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fix::context::FixContext;
use crate::fix::hooks::by_macro::MacroCalls;
use crate::fix::hooks::caller::Caller;
use crate::fix::hooks::retyping::{PRIVATE, RecordClues, Retyping};
use crate::fix::hooks::rust::listed;
use crate::fix::hooks::twin;
use crate::fix::lookup::User;
use crate::fix::rewrite::function::parameters;
use crate::fix::text::edit::{Edit, Edits, add_all};
use crate::index::{Handler, Hook, ItemId, SourceFile};
use crate::memo::Memo;
use crate::rules::RequirementKind;
use crate::source::ast::Parameter;
use crate::source::{Item, ItemKind, Span, find_word, parse, words};
use crate::verdict::Finding;
use crate::vma::analysis::{Part, handler_keys};

/// What it takes to retype hooks, by hook name and whether the old hook stays.
#[derive(Default)]
pub(in crate::fix) struct Members {
    known: Memo<(String, bool), Result<Retyped, String>>,
    twins: BTreeSet<String>,
}

/// What it takes to retype a hook, besides its implementers.
#[derive(Default)]
pub(in crate::fix) struct Retyped {
    /// The edits where it is declared, called and tested.
    pub(in crate::fix) edits: Edits,
    /// The places in functions that name the member, by file.
    pub(in crate::fix) named: BTreeMap<u32, BTreeSet<Span>>,
    /// Those of them that call it.
    pub(in crate::fix) called: BTreeMap<u32, BTreeSet<Span>>,
    /// Those of them that only a function that has a desc can make: a macro calls the hook.
    pub(in crate::fix) by_macros: BTreeMap<u32, BTreeSet<Span>>,
    /// The position of the file among its parameters, which the new hook does not take.
    pub(in crate::fix) file: Option<usize>,
}

impl Members {
    /// What it takes to retype a hook. The error is the reason why it cannot be retyped.
    pub(in crate::fix) fn of(&self, shared: &FixContext, hook: &Hook) -> Arc<Result<Retyped, String>> {
        let is_twin = self.is_twin(hook);
        self.known.get((hook.name(), is_twin), || member(shared, hook, is_twin))
    }

    /// Whether the new hook stands beside the old one.
    pub(in crate::fix) fn is_twin(&self, hook: &Hook) -> bool {
        self.twins.contains(&hook.name())
    }

    /// Lets the new hook stand beside the old one. Returns whether this is news.
    pub(in crate::fix) fn keep_old(&mut self, hook: &Hook) -> bool {
        self.twins.insert(hook.name())
    }
}

/// Computes the edits that retype a hook where it is declared, called and tested. The handlers' own conversions change its registrations.
///
/// # Errors
/// The hook cannot be retyped. The error is the reason.
fn member(shared: &FixContext, hook: &Hook, is_twin: bool) -> Result<Retyped, String> {
    let form = shared.rewrite.bridge.as_ref();
    let form =
        form.ok_or_else(|| format!("{} cannot be retyped: the target has no bridge for its callers", hook.name()))?;
    let new_name = shared.rewrite.renamed(&hook.member);
    if new_name == hook.member {
        return Err(format!("{} does not have mmap in its name", hook.name()));
    }
    let is_named = |finding: &Finding| finding.handler.is_some() || finding.registration.handler == Handler::Null;
    let mut registered = shared.findings.iter().filter(|finding| finding.registration.hook == *hook);
    if let Some(empty) = registered.find(|finding| !is_named(finding)).filter(|_| !is_twin) {
        let place = shared.context.index.file(empty.registration.file).at(empty.registration.span.start);
        return Err(format!("{} is set to a value that is not a function name at {place}", hook.name()));
    }
    let (record, parameters) = declaration(shared, hook)?;
    let marks = RecordClues::new(&hook.record, &shared.context.index.file(record.file).path);
    if is_twin && shared.lookup.has_positional_table(hook) {
        return Err(format!("a table of struct {} names no members, and a new member would shift them", hook.record));
    }
    let has_private = reads_private(shared, hook) || sets_private(shared, hook);
    let retyping = Retyping { shared, hook, form, new_name, is_twin, has_private, record, parameters, marks };
    let file = retyping.parameters.iter().position(|parameter| parameter.ty.points_to("file"));
    let mut retyped = Retyped { file, ..Retyped::default() };
    retyped.edits.insert(record.file, retyping.declared()?);
    retyping.emptied(&mut retyped);
    retyping.in_rust(&mut retyped)?;
    for user in shared.lookup.users(&hook.member).iter() {
        retyping.user(user, &mut retyped)?;
    }
    let MacroCalls { edits, calls } = retyping.by_macros()?;
    add_all(&mut retyped.edits, &edits);
    for (file, places) in &calls {
        retyped.named.entry(*file).or_default().extend(places);
        retyped.called.entry(*file).or_default().extend(places);
    }
    retyped.by_macros = calls;
    Ok(retyped)
}

/// Whether an implementer reads the private data of the VMA.
fn reads_private(shared: &FixContext, hook: &Hook) -> bool {
    let mut implementing = shared.findings.iter().filter(|finding| finding.registration.hook == *hook);
    implementing.any(|finding| finding.reads.iter().any(|field| field.as_bytes() == PRIVATE))
}

/// Whether a function on the way to the hook sets the VMA's private data. `Caller` looks at the functions that call the hook.
fn sets_private(shared: &FixContext, hook: &Hook) -> bool {
    let FixContext { context, findings, analysis, .. } = shared;
    let parts = |finding: &Finding| {
        let keys =
            finding.handler.iter().flat_map(|handler| handler_keys(*context, &handler.name, finding.registration.file));
        keys.flat_map(|key| analysis.facts(&key).parts).collect::<Vec<_>>()
    };
    let implementing = findings.iter().filter(|finding| finding.registration.hook == *hook);
    let own: BTreeSet<(u32, String)> =
        implementing.flat_map(parts).map(|part| (part.file, part.lowered.name.clone())).collect();
    let kind = RequirementKind::Hook(hook.name());
    let calls = |finding: &&Finding| finding.judgement.requirements.iter().any(|requirement| requirement.kind == kind);
    findings.iter().filter(calls).flat_map(parts).any(|Part { file, lowered, .. }| {
        let sets = lowered.writes.iter().any(|field| field.name.as_bytes() == PRIVATE);
        sets && !own.contains(&(file, lowered.name.clone()))
    })
}

/// The struct that declares a hook, and the hook's parameters.
fn declaration(shared: &FixContext, hook: &Hook) -> Result<(ItemId, Vec<Parameter>), String> {
    let index = shared.context.index;
    let mut found = Vec::new();
    for id in index.records(&hook.record) {
        let source = index.file(id.file);
        let span = index.item(id).span;
        let members = parse::members(span.of(&source.text), span.start).syntax;
        let member = members.into_iter().find(|member| member.name == hook.member);
        found.extend(member.and_then(|member| Some((id, member.ty.function?))));
    }
    match <[_; 1]>::try_from(found) {
        Ok([one]) => Ok(one),
        Err(_) => Err(format!("{} is not declared in exactly one place", hook.name())),
    }
}

impl Retyping<'_, '_> {
    /// Renames the member where tables set it to NULL.
    fn emptied(&self, retyped: &mut Retyped) {
        let Retyping { shared, hook, .. } = self;
        let is_null = |finding: &&Finding| {
            finding.registration.hook == **hook && finding.registration.handler == Handler::Null && !self.is_twin
        };
        for null in shared.findings.iter().filter(is_null) {
            let (file, span) = (null.registration.file, null.registration.span);
            let text = &shared.context.index.file(file).text;
            let name = find_word(&text[..span.end as usize], hook.member.as_bytes(), span.start as usize);
            let edit = name.map(|at| Edit::new(at, at + hook.member.len(), &self.new_name));
            retyped.edits.entry(file).or_default().extend(edit);
        }
    }

    /// Adds the new member, or renames the old one, where Rust code lists the members of the struct.
    fn in_rust(&self, retyped: &mut Retyped) -> Result<(), String> {
        let Retyping { shared, hook, .. } = self;
        let implements = |finding: &Finding, name: &str| {
            finding.registration.hook == **hook && finding.handler.as_ref().is_some_and(|handler| handler.name == name)
        };
        let renamed = |name: String| {
            let is_known = shared.findings.iter().any(|finding| implements(finding, &name));
            let new = format!("{name}{}", shared.rewrite.suffix());
            is_known.then_some((name, new))
        };
        for (file, source) in shared.bindings() {
            let edits = listed(&source.text, hook, &self.new_name, self.is_twin, renamed);
            let edits = edits.map_err(|why| format!("{}: {} is {why}", source.path, hook.name()))?;
            if !edits.is_empty() {
                retyped.edits.insert(file, edits);
            }
        }
        Ok(())
    }

    /// Renames and retypes the declaration, and renames the hook in comments of the struct.
    fn declared(&self) -> Result<Vec<Edit>, String> {
        let index = self.shared.context.index;
        let source = index.file(self.record.file);
        let item = index.item(self.record);
        let code = self.shared.lookup.code(self.record.file);
        let body = Span { start: item.body, end: item.span.end };
        if find_word(body.of(&code), self.new_name.as_bytes(), 0).is_some() {
            return Err(format!("struct {} already has a member {}", self.hook.record, self.new_name));
        }
        let not_understood = || format!("the declaration of {} could not be parsed", self.hook.name());
        let mut places = words(body.of(&code), self.hook.member.as_bytes());
        let (Some(at), None) = (places.next(), places.next()) else { return Err(not_understood()) };
        let start = body.start as usize + at;
        let name = Span::new(start, start + self.hook.member.len());
        // The `)` after the name in `(*mmap)` also shifts the parameters.
        let parameters = parameters(&source.text, &code, name, &format!("{})", self.new_name), true);
        let mut edits = vec![Edit { span: name, text: self.new_name.clone() }, parameters.ok_or_else(not_understood)?];
        if self.is_twin {
            return twin::declared(self, source, &code, name, edits).ok_or_else(not_understood);
        }
        edits.extend(self.comments(source, item, &code));
        edits.extend(twin::named_before(source, &code));
        Ok(edits)
    }

    /// Renames `@member` in and above the struct, and `struct.member` in all comments of the file.
    fn comments(&self, source: &SourceFile, item: &Item, code: &[u8]) -> Vec<Edit> {
        let above = source.items.iter().map(|other| other.span.end).filter(|end| *end <= item.span.start).max();
        let own = Span { start: above.unwrap_or(0), end: item.span.end };
        let comments = words(&source.text, self.hook.member.as_bytes()).filter(|at| code[*at] == b' ');
        let named = comments.filter(|at| {
            let before = &source.text[..*at];
            (before.ends_with(b"@") && own.contains(*at as u32))
                || before.ends_with(format!("{}.", self.hook.record).as_bytes())
        });
        named.map(|at| Edit::new(at, at + self.hook.member.len(), &self.new_name)).collect()
    }

    /// Adds the edits of one function that calls or tests the member.
    fn user(&self, user: &User, retyped: &mut Retyped) -> Result<(), String> {
        let source = self.shared.context.index.file(user.id.file);
        let is_macro = source.items[user.id.item as usize].kind == ItemKind::Macro;
        if is_macro && self.marks.are_in(&source.text) {
            return Err(format!("{} is used by a macro at {}", self.hook.name(), source.at(user.at as u32)));
        }
        let code = self.shared.lookup.code(user.id.file);
        let mut edits = BTreeSet::new();
        for function in &user.functions {
            let mut caller = Caller::new(self, source, &code, user.id, function);
            caller.statements(&function.body)?;
            let named = caller.others()?;
            retyped.named.entry(user.id.file).or_default().extend(named);
            retyped.called.entry(user.id.file).or_default().extend(caller.bridged);
            edits.extend(caller.edits);
        }
        if !edits.is_empty() {
            retyped.edits.entry(user.id.file).or_default().extend(edits);
        }
        Ok(())
    }
}

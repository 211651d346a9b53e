//! The conversion of one handler: its definitions, the driver's own functions that get the VMA, its registrations, and every other
//! place that names it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::candidate::Candidate;
use super::edit::{Edit, applied, sorted};
use super::function::Conversion;
use super::ground::Ground;
use super::member::{Members, renamed};
use super::names::{Mention, documented, is_taken, mentions, registration};
use super::rewriter::OpenPoint;
use crate::index::{Hook, Index, ItemId, Registration};
use crate::rules::{Does, NoteKind};
use crate::source::{Item, ItemKind, Span, blank_non_code, find_word, identifiers, parse, words};
use crate::verdict::Note;

/// The conversion of one handler.
pub(super) struct Work<'w, 'a> {
    ground: &'w Ground<'a>,
    members: &'w Members,
    candidate: &'w Candidate,
    /// The functions that are converted in this run.
    converted: BTreeSet<ItemId>,
    pub(super) edits: BTreeMap<u32, Vec<Edit>>,
    pub(super) open_points: Vec<(u32, OpenPoint)>,
    pub(super) remarks: BTreeSet<String>,
    pub(super) reason: Option<String>,
    /// Whether the handler populates in a hook of its own.
    has_second_half: bool,
    populating: Rc<BTreeSet<String>>,
}

impl<'w, 'a> Work<'w, 'a> {
    pub(super) fn new(
        ground: &'w Ground<'a>,
        members: &'w Members,
        candidate: &'w Candidate,
        converted: BTreeSet<ItemId>,
    ) -> Work<'w, 'a> {
        Work {
            ground,
            members,
            candidate,
            converted,
            edits: BTreeMap::new(),
            open_points: Vec::new(),
            remarks: BTreeSet::new(),
            reason: None,
            has_second_half: false,
            populating: Rc::default(),
        }
    }

    /// Converts the handler: its functions, its registrations, whatever names it.
    pub(super) fn run(&mut self) {
        let index = self.ground.context.index;
        let helpers = self.helper_names();
        self.populating = Rc::new(self.populating());
        if self.candidate.twin.is_none() {
            for file in self.files_naming(&self.candidate.fix.name, self.is_static()) {
                self.name_in(file, &helpers);
            }
            for id in self.candidate.helpers.clone() {
                self.helper(id, &helpers);
            }
            if let Some(mapped) = &self.candidate.mapped {
                self.add(mapped.open.file, mapped.edits.iter().cloned());
                let remark = format!("what {} takes for the first mapping moves to vm_ops->mapped", mapped.name);
                self.remarks.insert(remark);
            }
        }
        for finding in &self.candidate.findings {
            let finding = &self.ground.findings[*finding];
            self.remarks.extend(finding.judgement.notes.iter().filter_map(|note| remark(index, note)));
            let registration = &finding.registration;
            self.check_table(registration);
            self.retype(&registration.hook);
            self.register(registration.file, registration.span, &registration.hook.member);
        }
        let clash = self.edits.iter().find(|(_, edits)| sorted((*edits).clone()).is_err());
        if let Some((file, _)) = clash {
            self.reason = Some(format!("changes {} in two ways", index.file(*file).path));
        }
    }

    fn is_static(&self) -> bool {
        let index = self.ground.context.index;
        !self.candidate.definitions.iter().any(|id| index.is_visible_elsewhere(*id))
    }

    /// The files in which a name can mean a function of this driver.
    fn files_naming(&self, name: &str, is_static: bool) -> Vec<u32> {
        if !is_static {
            return self.ground.lookup.naming(name).to_vec();
        }
        let index = self.ground.context.index;
        let own: BTreeSet<u32> =
            self.candidate.definitions.iter().chain(&self.candidate.helpers).map(|id| id.file).collect();
        own.into_iter().filter(|file| find_word(&index.file(*file).text, name.as_bytes(), 0).is_some()).collect()
    }

    fn refuse(&mut self, reason: String) {
        self.reason.get_or_insert(reason);
    }

    fn add(&mut self, file: u32, edits: impl IntoIterator<Item = Edit>) {
        self.edits.entry(file).or_default().extend(edits);
    }

    /// Takes in what retyping a hook changes for all that implement it.
    fn retype(&mut self, hook: &Hook) {
        if !self.ground.is_retyped(hook) {
            return;
        }
        match &*self.members.of(self.ground, hook) {
            _ if self.candidate.twin.is_some() => {
                self.refuse(format!(
                    "{} is another module's, and its twin is for .mmap_prepare",
                    self.candidate.fix.name
                ));
            }
            Ok(edits) => edits.iter().for_each(|(file, edits)| self.add(*file, edits.iter().cloned())),
            Err(reason) => self.refuse(reason.clone()),
        }
    }

    fn register(&mut self, file: u32, span: Span, member: &str) {
        let text = &self.ground.context.index.file(file).text;
        let (old, new) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        match registration(text, span, member, &renamed(member), old, new) {
            Some(edits) => {
                if let (true, Some(form)) = (self.has_second_half, &self.ground.rewrite.finish) {
                    self.register_second(file, span, member, &form.member.clone(), &form.suffix.clone());
                }
                self.add(file, edits);
            }
            None => self.refuse("its registration is not understood".to_owned()),
        }
    }

    /// Registers the second half on a line of its own behind the first.
    fn register_second(&mut self, file: u32, span: Span, member: &str, hook: &str, suffix: &str) {
        let text = &self.ground.context.index.file(file).text;
        let second = format!("{}{suffix}", self.candidate.fix.name);
        let edits = registration(text, span, member, hook, &self.candidate.fix.name, &second)
            .and_then(|edits| sorted(edits).ok());
        let Some(edits) = edits else { return };
        let entry = String::from_utf8_lossy(&applied(text, span, &edits)).into_owned();
        if !entry.starts_with('.') {
            return self.refuse("is registered by an assignment, and the second half would be by another".to_owned());
        }
        let end = span.end as usize;
        let line = memchr::memrchr(b'\n', &text[..span.start as usize]).map_or(0, |newline| newline + 1);
        let indent = String::from_utf8_lossy(&text[line..span.start as usize]).into_owned();
        // A table on one line stays there.
        let indent = if indent.trim().is_empty() { format!("\n{indent}") } else { " ".to_owned() };
        let edit = if text.get(end) == Some(&b',') {
            Edit::new(end + 1, end + 1, format!("{indent}{entry},"))
        } else {
            Edit::new(end, end, format!(",{indent}{entry}"))
        };
        self.add(file, [edit]);
    }

    /// Every mention of the handler in one file.
    fn name_in(&mut self, file: u32, helpers: &BTreeMap<String, String>) {
        let index = self.ground.context.index;
        let source = index.file(file);
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        // A file with a function of that name of its own means that one.
        let mut own = source.named(ItemKind::Function, name).map(|item| ItemId { file, item }).peekable();
        if own.peek().is_some() && !own.any(|id| self.candidate.definitions.contains(&id)) {
            return;
        }
        if is_taken(source, new_name) {
            return self.refuse(format!("{} has a {new_name} already", source.path));
        }
        let code = self.ground.lookup.code(file);
        let conversion = self.conversion(file, &code, helpers);
        let at_registration = |at: usize| {
            self.candidate
                .findings
                .iter()
                .map(|finding| &self.ground.findings[*finding].registration)
                .any(|registration| registration.file == file && registration.span.contains(at as u32))
        };
        let mut prototypes = Vec::new();
        for (at, mention) in mentions(source, &code, name) {
            match mention {
                _ if at_registration(at) => {}
                Mention::Literal | Mention::Other => {}
                // A function that is written anew says so itself.
                Mention::Comment if self.is_converted(file, at) => {}
                Mention::Definition(number) => {
                    let item = &source.items[number];
                    let done = conversion.function(item, name, new_name, true);
                    self.check(file, &done.text, new_name, item.name.start);
                    self.check_macros(file, item, [Some(&done.vma), done.dropped.as_ref()]);
                    self.open_points.extend(done.open_points.into_iter().map(|point| (file, point)));
                    self.remarks.extend(done.remarks);
                    self.add(file, documented(source, item, &done.vma, done.dropped.as_deref()));
                    let text = match &done.finish {
                        Some(second) => format!("{}\n\n{second}", done.text),
                        None => done.text,
                    };
                    self.has_second_half |= done.finish.is_some();
                    self.add(file, [Edit { span: item.span, text }]);
                }
                Mention::Prototype => match conversion.prototype(at, name, new_name, true) {
                    Some(edits) => {
                        self.add(file, edits);
                        prototypes.extend(source.item_at(at as u32));
                    }
                    None => self.refuse(format!("its prototype in {} is not understood", source.path)),
                },
                Mention::Export | Mention::Comment => self.add(file, [Edit::new(at, at + name.len(), new_name)]),
                Mention::Alias(number) => self.alias(file, number, at),
                Mention::Code(_) => {
                    let place = source.at(at as u32);
                    return self.refuse(format!("{name} is used at {place} for something else than its registration"));
                }
            }
        }
        self.declare_second(file, &prototypes);
    }

    /// Declares the second half where the first is declared.
    fn declare_second(&mut self, file: u32, prototypes: &[u32]) {
        let Some(form) = self.ground.rewrite.finish.as_ref().filter(|_| self.has_second_half) else { return };
        for prototype in prototypes {
            let item = &self.ground.context.index.file(file).items[*prototype as usize];
            let end = item.span.end as usize;
            let name = &self.candidate.fix.name;
            let text = format!("\nstatic int {name}{}(struct vm_area_desc *desc);", form.suffix);
            self.add(file, [Edit::new(end, end, text)]);
        }
    }

    /// Whether a place lies in a function that is converted in this run.
    fn is_converted(&self, file: u32, at: usize) -> bool {
        let item = self.ground.context.index.file(file).item_at(at as u32);
        item.is_some_and(|item| self.converted.contains(&ItemId { file, item }))
    }

    /// `#define f_mmap generic_file_mmap`.
    fn alias(&mut self, file: u32, number: usize, at: usize) {
        let source = self.ground.context.index.file(file);
        let item = &source.items[number];
        let body = &source.text[item.body as usize..item.span.end as usize];
        let other = String::from_utf8_lossy(body.trim_ascii()).into_owned();
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        let renamed = match self.ground.context.rules.twin(&self.ground.chosen.target, &other) {
            Some(twin) => twin.to_owned(),
            None if other == "NULL" => other.clone(),
            None => return self.refuse(format!("{name} is a macro for {other}, which has no desc twin")),
        };
        let start = item.body as usize + body.len() - body.trim_ascii_start().len();
        let edits = [Edit::new(at, at + name.len(), new_name), Edit::new(start, start + other.len(), renamed)];
        self.add(file, edits);
    }

    /// What the driver's own functions are called when converted.
    fn helper_names(&mut self) -> BTreeMap<String, String> {
        let index = self.ground.context.index;
        let mut names = BTreeMap::new();
        for id in self.candidate.helpers.clone() {
            let file = index.file(id.file);
            let name = file.name(index.item(id));
            let renamed = match (name.contains("mmap") && !name.contains("mmap_prepare"), self.is_only_ours(id, &name))
            {
                (true, _) => name.replacen("mmap", "mmap_prepare", 1),
                (false, true) => name.clone(),
                (false, false) => format!("{name}_desc"),
            };
            if renamed != name && is_taken(file, &renamed) {
                self.refuse(format!("{} has a {renamed} already", file.path));
            }
            names.insert(name, renamed);
        }
        names
    }

    /// Whether only functions that are converted use a helper.
    fn is_only_ours(&self, id: ItemId, name: &str) -> bool {
        let index = self.ground.context.index;
        let files = self.files_naming(name, !index.is_visible_elsewhere(id));
        files.into_iter().all(|file| {
            let code = self.ground.lookup.code(file);
            mentions(index.file(file), &code, name).into_iter().all(|(_, mention)| match mention {
                Mention::Code(Some(item)) => self.converted.contains(&ItemId { file, item: item as u32 }),
                Mention::Code(None) | Mention::Alias(_) | Mention::Export => false,
                Mention::Definition(_) | Mention::Prototype | Mention::Comment | Mention::Literal | Mention::Other => {
                    true
                }
            })
        })
    }

    /// Converts one of the driver's own functions: in its place where all who use it are converted, else beside it.
    fn helper(&mut self, id: ItemId, helpers: &BTreeMap<String, String>) {
        let index = self.ground.context.index;
        let source = index.file(id.file);
        let item = index.item(id);
        let name = source.name(item);
        let Some(new_name) = helpers.get(&name).cloned() else { return };
        let code = self.ground.lookup.code(id.file);
        let conversion = self.conversion(id.file, &code, helpers);
        let is_ours = self.is_only_ours(id, &name);
        let done = conversion.function(item, &name, &new_name, false);
        self.check(id.file, &done.text, &new_name, item.name.start);
        self.check_macros(id.file, item, [Some(&done.vma), None]);
        self.open_points.extend(done.open_points.into_iter().map(|point| (id.file, point)));
        self.remarks.extend(done.remarks);
        let body = Span { start: item.body, end: item.span.end };
        if !is_ours && find_word(body.of(&code), b"static", 0).is_some() {
            return self.refuse(format!("{name} is used by others too, and keeps something of its own between calls"));
        }
        if !is_ours {
            let at = item.span.end as usize;
            self.add(id.file, [Edit::new(at, at, format!("\n\n{}", done.text))]);
        } else {
            self.add(id.file, documented(source, item, &done.vma, None));
            self.add(id.file, [Edit { span: item.span, text: done.text }]);
        }
        for file in self.files_naming(&name, !index.is_visible_elsewhere(id)) {
            let code = self.ground.lookup.code(file);
            let conversion = self.conversion(file, &code, helpers);
            let other = index.file(file);
            for (at, mention) in mentions(other, &code, &name) {
                match mention {
                    Mention::Prototype if is_ours => match conversion.prototype(at, &name, &new_name, false) {
                        Some(edits) => self.add(file, edits),
                        None => self.refuse(format!("the prototype of {name} in {} is not understood", other.path)),
                    },
                    Mention::Prototype => {
                        self.refuse(format!("{name} is used by others too, and declared in {}", other.path))
                    }
                    Mention::Comment if is_ours && new_name != name && !self.is_converted(file, at) => {
                        self.add(file, [Edit::new(at, at + name.len(), &new_name)]);
                    }
                    Mention::Export => self.refuse(format!("{name} is exported, and others may use it")),
                    _ => {}
                }
            }
        }
    }

    /// A function that was written anew has to be understood as well as the old one.
    fn check(&mut self, file: u32, text: &str, name: &str, offset: u32) {
        let parsed = parse::in_first_variant(text.as_bytes(), 0);
        if parsed.trouble.is_some() || !parsed.syntax.iter().any(|function| function.name == name) {
            let text = "what was written of it does not parse".to_owned();
            self.open_points.push((file, OpenPoint { offset, text }));
        }
    }

    /// A macro may use what the function calls its VMA, or its file, without being handed it.
    fn check_macros(&mut self, file: u32, item: &Item, names: [Option<&String>; 2]) {
        let index = self.ground.context.index;
        let code = self.ground.lookup.code(file);
        let body = Span { start: item.body, end: item.span.end }.of(&code);
        let used: BTreeSet<&str> = identifiers(body).collect();
        for called in used {
            let mut texts = index.expanded_call(called, file, &[]);
            texts.extend(index.constant(called, file).map(<[u8]>::to_vec));
            let captured = names
                .into_iter()
                .flatten()
                .find(|name| texts.iter().any(|text| find_word(&blank_non_code(text), name.as_bytes(), 0).is_some()));
            if let Some(name) = captured {
                let text = format!("the macro {called} uses {name}, which it is not handed");
                self.open_points.push((file, OpenPoint { offset: item.name.start, text }));
            }
        }
    }

    /// Those of the helpers that populate, themselves or by way of others.
    fn populating(&self) -> BTreeSet<String> {
        let index = self.ground.context.index;
        let mut found: BTreeSet<String> = BTreeSet::new();
        // One round for each helper is enough for the longest chain.
        for _ in 0..=self.candidate.helpers.len() {
            for id in &self.candidate.helpers {
                let (file, item) = (index.file(id.file), index.item(*id));
                let code = self.ground.lookup.code(id.file);
                let body = Span { start: item.body, end: item.span.end };
                let mut called = identifiers(body.of(&code));
                let rules = self.ground.context.rules;
                let populates = |name: &str| rules.call(name).is_some_and(|rule| rule.does == Does::Populate);
                if called.any(|name| populates(name) || found.contains(name)) {
                    found.insert(file.name(item));
                }
            }
        }
        found
    }

    /// A table whose member is read elsewhere, that is copied, or that has the other hook too.
    fn check_table(&mut self, registration: &Registration) {
        let index = self.ground.context.index;
        let source = index.file(registration.file);
        let code = self.ground.lookup.code(registration.file);
        let own = source.item_at(registration.span.start);
        if let Some(item) = own.map(|item| source.items[item as usize]).filter(|item| item.kind == ItemKind::Variable)
            && find_word(item.span.of(&code), b"mmap_prepare", 0).is_some()
        {
            self.refuse("its table has an .mmap_prepare already".to_owned());
        }
        let Some(table) = &registration.table else { return };
        let is_static = own
            .is_none_or(|item| find_word(source.items[item as usize].head().of(&source.text), b"static", 0).is_some());
        let files = if is_static { vec![registration.file] } else { self.ground.lookup.naming(table).to_vec() };
        for file in files {
            let code = self.ground.lookup.code(file);
            let other = index.file(file);
            if file != registration.file && other.named(ItemKind::Variable, table).next().is_some() {
                continue;
            }
            // Directives are blank in the code, and a macro may read a table as well.
            let macros = other.items.iter().filter(|item| item.kind == ItemKind::Macro);
            let texts = std::iter::once((0, code.as_slice()));
            let texts = texts.chain(macros.map(|item| (item.span.start as usize, item.span.of(&other.text))));
            let read = texts.into_iter().find_map(|(base, text)| {
                Some(base + read_of(text, table.as_bytes(), registration.hook.member.as_bytes())?)
            });
            if let Some(at) = read {
                return self.refuse(format!("{table} is copied, or its hook read, at {}", other.at(at as u32)));
            }
        }
    }

    fn conversion<'c>(&self, file: u32, code: &'c [u8], helpers: &'c BTreeMap<String, String>) -> Conversion<'c>
    where
        'a: 'c,
        'w: 'c,
    {
        let Ground { context, chosen, rewrite, .. } = self.ground;
        Conversion {
            rules: context.rules,
            target: &chosen.target,
            rewrite,
            helpers,
            populating: self.populating.clone(),
            moved: self.candidate.mapped.as_ref().map(|mapped| mapped.name.as_str()),
            source: &context.index.file(file).text,
            code,
        }
    }
}

/// Where a text reads the hook of a table, or copies the whole table.
fn read_of(text: &[u8], table: &[u8], member: &[u8]) -> Option<usize> {
    words(text, table).find(|at| {
        let behind = text[at + table.len()..].trim_ascii_start();
        let field = behind.strip_prefix(b".").or_else(|| behind.strip_prefix(b"->")).map(<[u8]>::trim_ascii_start);
        let is_read = field.is_some_and(|field| find_word(field, member, 0) == Some(0));
        let before = text[..*at].trim_ascii_end();
        let is_assigned = before.ends_with(b"=") && behind.starts_with(b";");
        let statement = before.iter().rposition(|byte| matches!(byte, b';' | b'{' | b'}')).map_or(0, |end| end + 1);
        let called = |name: &[u8]| find_word(&before[statement..], name, 0).is_some();
        let is_duplicated =
            before.ends_with(b"&") && [b"memcpy".as_slice(), b"kmemdup", b"devm_kmemdup"].into_iter().any(called);
        is_read || is_assigned || is_duplicated
    })
}

/// What the reader of a patch should know of what a verdict notes.
fn remark(index: &Index, note: &Note) -> Option<String> {
    (note.kind == NoteKind::FileState).then(|| format!("{} {}", index.file(note.file).at(note.span.start), note.text))
}

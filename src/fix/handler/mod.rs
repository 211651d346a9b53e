//! Conversion of one handler: its definitions, the driver's own functions that get the VMA, its registrations, and all other places that
//! name it.

mod bridged;
pub(in crate::fix) mod by_hand;
mod dead_hook;
mod dispatch;
mod forwarders;
pub(in crate::fix) mod helpers;
mod homes;
mod macro_argument;
mod outcome;
mod over_new;
mod registration;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::fix::candidate::Candidate;
use crate::fix::change::HandlerFix;
use crate::fix::context::FixContext;
use crate::fix::hooks::retype::Members;
use crate::fix::rewrite::function::{Conversion, Converted, Helpers};
use crate::fix::rewrite::rewriter::OpenPoint;
use crate::fix::text::edit::{Edit, sorted};
use crate::fix::text::mentions::{Mention, documented, inserted_above, mentions};
use crate::fix::unit::with_units;
use crate::index::{Index, ItemId};
use crate::lint::tests_of_old_hook;
use crate::rules::NoteKind;
use crate::source::{Item, ItemKind, Span, blank_non_code, find_word, identifiers};
use crate::verdict::Note;
use forwarders::Forwarder;
pub(in crate::fix) use outcome::Outcome;
use over_new::Kept;

/// What converts in one round of the planner.
pub(in crate::fix) struct Round {
    pub(in crate::fix) converted: BTreeSet<ItemId>,
    /// The handlers among them, which convert with all tables that register them.
    pub(in crate::fix) handlers: BTreeSet<ItemId>,
    /// The functions among them that call hooks with the desc.
    pub(in crate::fix) dispatchers: BTreeSet<ItemId>,
    /// Helpers of any handler that only read the VMA.
    pub(in crate::fix) readers: BTreeSet<ItemId>,
    /// The functions that get the VMA from any handler.
    pub(in crate::fix) called: BTreeSet<ItemId>,
}

/// Conversion of one handler.
pub(in crate::fix) struct HandlerConversion<'w, 'a> {
    shared: &'w FixContext<'a>,
    members: &'w Members,
    candidate: &'w Candidate,
    round: &'w Round,
    /// The functions that convert in the round, with those of this handler.
    converted: BTreeSet<ItemId>,
    /// The handler's helpers whose old functions stay, for users that do not convert.
    staying: BTreeSet<ItemId>,
    /// Macros that pass the VMA on to one of those helpers.
    forwarders: Vec<Forwarder>,
    out: Outcome,
    populating: Rc<BTreeSet<String>>,
}

impl<'w, 'a> HandlerConversion<'w, 'a> {
    pub(in crate::fix) fn new(
        shared: &'w FixContext<'a>,
        members: &'w Members,
        candidate: &'w Candidate,
        round: &'w Round,
    ) -> HandlerConversion<'w, 'a> {
        let own = candidate.definitions.iter().chain(&candidate.helpers);
        HandlerConversion {
            shared,
            members,
            candidate,
            round,
            converted: round.converted.iter().chain(own).copied().collect(),
            staying: BTreeSet::new(),
            forwarders: Vec::new(),
            out: Outcome::default(),
            populating: Rc::default(),
        }
    }

    /// Converts the handler: its functions, its registrations, and everything else that names it.
    pub(in crate::fix) fn run(mut self) -> Outcome {
        let index = self.shared.context.index;
        self.check_arms();
        let helpers = self.helper_names();
        self.populating = Rc::new(self.populating());
        self.out.second = self.second_name();
        if self.candidate.twin.is_none() {
            let keeps_old = self.keeps_old();
            for file in self.files_naming(&self.candidate.fix.name, self.is_static()) {
                match keeps_old {
                    true => self.beside_old(file, &helpers),
                    false => self.name_in(file, &helpers),
                }
            }
            for id in self.candidate.helpers.clone() {
                self.helper_in_its_unit(id, &helpers);
            }
            if let Some(mapped) = &self.candidate.mapped {
                self.add(mapped.open.file, mapped.edits.iter().cloned());
                let remark = format!("state that {} takes for the first mapping moves to vm_ops->mapped", mapped.name);
                self.out.remarks.insert(remark);
            }
        }
        self.remark_tests_of_old_hook();
        self.register_in_rust();
        self.retype_called();
        self.delete_dead_hooks();
        if let Some(across) = &self.candidate.across {
            self.out.remarks.extend(remarks(index, &across.notes));
        }
        for finding in &self.candidate.findings {
            let finding = &self.shared.findings[*finding];
            self.out.remarks.extend(remarks(index, &finding.judgement.notes));
            let registration = &finding.registration;
            self.check_table(registration);
            self.check_calls_by_hand(registration);
            self.retype(&registration.hook);
            if registration.macro_name.is_none() {
                self.register(registration.file, registration.span, &registration.hook.member);
            }
        }
        let overlaps = |(_, edits): &(u32, Vec<Edit>)| sorted(edits.clone()).is_err();
        if let Some((file, _)) = with_units(&self.out.edits, &self.out.units).into_iter().find(overlaps) {
            self.out.reason = Some(format!("its edits of {} overlap", index.file(file).path));
        }
        self.out
    }

    /// Refuses a function that could not be written at all.
    fn has_no_text(&mut self, file: u32, done: &Converted) -> bool {
        if let Some(point) = &done.lost {
            self.refuse(format!("{}: {}", self.shared.context.index.file(file).at(point.offset), point.text));
        }
        done.lost.is_some()
    }

    /// Names the places of the driver's own files that test `f_op->mmap`, which is NULL after the conversion of a file callback.
    fn remark_tests_of_old_hook(&mut self) {
        if self.candidate.fix.retyped.is_some() {
            return;
        }
        let context = self.shared.context;
        let files: BTreeSet<u32> = self.candidate.definitions.iter().map(|id| id.file).collect();
        for source in files.into_iter().map(|file| context.index.file(file)) {
            for place in tests_of_old_hook(context.rules, source) {
                let text = "tests f_op->mmap, which is NULL for a file whose handler is converted: use can_mmap_file()";
                self.out.remarks.insert(format!("{} {text}", source.at(place.start)));
            }
        }
    }

    /// Refuses a function of which an old kernel leaves out some code: kernels that have the new hook may compile just that.
    fn check_arms(&mut self) {
        let index = self.shared.context.index;
        let own = self.candidate.definitions.iter().chain(&self.candidate.helpers);
        let cut = own.clone().find(|id| index.file(id.file).has_dead(index.item(**id).span)).copied();
        if let Some(id) = cut.filter(|_| self.shared.has_old_kernel) {
            let place = index.file(id.file).at(index.item(id).name.start);
            self.refuse(format!(
                "{place}: a kernel with .mmap_prepare may compile other arms of the conditionals; --kernel names such a kernel"
            ));
        }
    }

    fn is_static(&self) -> bool {
        let index = self.shared.context.index;
        !self.candidate.definitions.iter().any(|id| index.is_visible_elsewhere(*id))
    }

    /// Files in which a name can mean a function of this driver.
    fn files_naming(&self, name: &str, is_static: bool) -> Vec<u32> {
        if !is_static {
            return self.shared.lookup.naming(name).to_vec();
        }
        let index = self.shared.context.index;
        let own: BTreeSet<u32> =
            self.candidate.definitions.iter().chain(&self.candidate.helpers).map(|id| id.file).collect();
        own.into_iter().filter(|file| find_word(&index.file(*file).text, name.as_bytes(), 0).is_some()).collect()
    }

    fn refuse(&mut self, reason: String) {
        self.out.reason.get_or_insert(reason);
    }

    fn add(&mut self, file: u32, edits: impl IntoIterator<Item = Edit>) {
        self.out.edits.entry(file).or_default().extend(edits);
    }

    /// Whether the handler's name means the handler in a file, and not a function of the file's own.
    fn means_handler(&self, file: u32) -> bool {
        let source = self.shared.context.index.file(file);
        let mut own =
            source.named(ItemKind::Function, &self.candidate.fix.name).map(|item| ItemId { file, item }).peekable();
        own.peek().is_none() || own.any(|id| self.candidate.definitions.contains(&id))
    }

    /// Whether a place lies in a registration of the handler.
    fn is_registration(&self, file: u32, at: usize) -> bool {
        let mut registrations =
            self.candidate.findings.iter().map(|finding| &self.shared.findings[*finding].registration);
        registrations.any(|registration| registration.file == file && registration.span.contains(at as u32))
    }

    /// The mentions of the handler in a file. There are none if its name means another function there. Refuses if the new name is taken.
    fn mentions_in(&mut self, file: u32) -> Vec<(usize, Mention)> {
        let source = self.shared.context.index.file(file);
        let Candidate { fix: HandlerFix { name, new_name, .. }, .. } = self.candidate;
        if !self.means_handler(file) {
            return Vec::new();
        }
        if let Some(taken) = self.shared.file_with(new_name, source) {
            self.refuse(format!("{} already has a {new_name}", taken.path));
            return Vec::new();
        }
        mentions(source, &self.shared.lookup.code(file), name)
    }

    /// Adds the converted handler to one file, in which the old one stays.
    fn beside_old(&mut self, file: u32, helpers: &Helpers) {
        let code = self.shared.lookup.code(file);
        let conversion = self.conversion(file, &code, helpers);
        let HandlerFix { name, new_name, .. } = &self.candidate.fix;
        let second = self.second_name();
        let kept = Kept { name, new_name, second: second.as_deref(), is_handler: true, is_bridged: true };
        let all = self.mentions_in(file);
        self.add_beside_old(file, &kept, all, &conversion);
    }

    /// Converts every mention of the handler in one file.
    fn name_in(&mut self, file: u32, helpers: &Helpers) {
        let index = self.shared.context.index;
        let source = index.file(file);
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        let code = self.shared.lookup.code(file);
        let conversion = self.conversion(file, &code, helpers);
        for (at, mention) in self.mentions_in(file) {
            let is_code = matches!(mention, Mention::Code(_));
            if let Some(parameter) = is_code.then(|| self.table_parameter(file, at)).flatten() {
                self.pass_to_macro(file, at, &parameter);
                continue;
            }
            match mention {
                _ if self.is_registration(file, at) => {}
                Mention::Literal | Mention::Other => {}
                // The conversion of a function also updates its comments.
                Mention::Comment if self.is_converted(file, at) => {}
                Mention::Definition(number) => {
                    let item = &source.items[number];
                    let done = conversion.function(item, name, new_name, true);
                    if self.has_no_text(file, &done) {
                        continue;
                    }
                    self.check_macros(file, item, [Some(&done.vma), done.dropped.as_ref()]);
                    self.out.open_points.extend(done.open_points.into_iter().map(|point| (file, point)));
                    self.out.remarks.extend(done.remarks);
                    self.add(file, documented(source, item, &done.vma, done.dropped.as_deref()));
                    self.add(file, inserted_above(source, item, &done.above));
                    self.out.halves.extend(done.halves.map(|halves| (file, halves)));
                    self.add(file, [Edit { span: item.span, text: done.text }]);
                }
                Mention::Prototype => match conversion.prototype(at, name, new_name, true) {
                    Some(edits) => {
                        if let Some(item) = source.item_at(at as u32).filter(|_| self.has_second_half()) {
                            self.repeat_for_second(file, source.items[item as usize].span, &edits);
                        }
                        self.add(file, edits);
                    }
                    None => self.refuse(format!("its prototype in {} could not be parsed", source.path)),
                },
                Mention::Comment => self.add(file, [Edit::new(at, at + name.len(), new_name)]),
                Mention::Export => {
                    let edit = Edit::new(at, at + name.len(), new_name);
                    if let Some(item) = source.item_at(at as u32).filter(|_| self.has_second_half()) {
                        let span = source.items[item as usize].span;
                        self.repeat_for_second(file, span, std::slice::from_ref(&edit));
                    }
                    self.add(file, [edit]);
                    self.out.remarks.insert(format!(
                        "{name}() was exported: modules outside the tree that register it have to register {new_name}() as the new hook"
                    ));
                }
                Mention::Alias(number) => self.alias(file, number, at),
                // A converted caller calls the converted function.
                Mention::Code(_) if self.candidate.across.is_some() && self.is_converted(file, at) => {}
                Mention::Code(Some(number)) if self.registers(source, number, at) => self.register_in_macro(file, at),
                Mention::Code(_) => {
                    let place = source.at(at as u32);
                    return self.refuse(format!("{name} is used at {place} outside its registration"));
                }
            }
        }
    }

    /// Whether a place lies in a function that this run converts.
    fn is_converted(&self, file: u32, at: usize) -> bool {
        let item = self.shared.context.index.file(file).item_at(at as u32);
        item.is_some_and(|item| self.converted.contains(&ItemId { file, item }))
    }

    /// Converts an alias: `#define f_mmap generic_file_mmap`.
    fn alias(&mut self, file: u32, number: usize, at: usize) {
        let source = self.shared.context.index.file(file);
        let item = &source.items[number];
        let body = &source.text[item.body as usize..item.span.end as usize];
        let other = String::from_utf8_lossy(body.trim_ascii()).into_owned();
        let (name, new_name) = (&self.candidate.fix.name, &self.candidate.fix.new_name);
        let renamed = match self.shared.context.rules.twin(&self.shared.chosen.target, &other) {
            Some(twin) => twin.to_owned(),
            None if other == "NULL" => other.clone(),
            None => return self.refuse(format!("{name} is a macro for {other}, which has no desc twin")),
        };
        let start = item.body as usize + body.len() - body.trim_ascii_start().len();
        let edits = [Edit::new(at, at + name.len(), new_name), Edit::new(start, start + other.len(), renamed)];
        self.add(file, edits);
    }

    /// Adds an open point if a macro uses the function's VMA or file by name, without getting it as an argument.
    fn check_macros(&mut self, file: u32, item: &Item, names: [Option<&String>; 2]) {
        let index = self.shared.context.index;
        let code = self.shared.lookup.code(file);
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
                let text = format!("the macro {called} uses {name} without taking it as an argument");
                self.out.open_points.push((file, OpenPoint { offset: item.name.start, text }));
            }
        }
    }

    /// The functions of a file that are split in two, by offset, and whether other functions call them.
    fn split_in(&self, file: u32) -> BTreeMap<u32, bool> {
        let index = self.shared.context.index;
        let own = self.candidate.definitions.iter().chain(&self.candidate.helpers);
        let split = own.filter(|id| self.shared.is_late() && id.file == file && self.shared.is_file_callback(**id));
        let split: Vec<ItemId> = split.copied().collect();
        // Another arm of a conditional may define the callback again.
        let arms = split.iter().flat_map(|id| {
            let source = index.file(id.file);
            let name = source.name(index.item(*id));
            let arms: Vec<u32> = source.named(ItemKind::Function, &name).collect();
            let is_called = self.round.called.contains(id);
            arms.into_iter().map(move |item| (source.items[item as usize].span.start, is_called))
        });
        arms.collect()
    }

    fn conversion<'c>(&self, file: u32, code: &'c [u8], helpers: &'c Helpers) -> Conversion<'c>
    where
        'a: 'c,
        'w: 'c,
    {
        let FixContext { context, chosen, rewrite, .. } = self.shared;
        Conversion {
            rules: context.rules,
            target: &chosen.target,
            rewrite,
            helpers,
            populating: self.populating.clone(),
            hooks: self.hooks_in(file),
            nested: self.candidate.nested.iter().filter(|call| call.0 == file).map(|call| call.1).collect(),
            split: self.split_in(file),
            moved: self.candidate.mapped.as_ref().map(|mapped| mapped.name.as_str()),
            dead_calls: self.candidate.dead_calls.iter().filter(|call| call.0 == file).map(|call| call.1).collect(),
            context: *context,
            file: context.index.file(file),
            number: file,
            source: &context.index.file(file).text,
            code,
        }
    }
}

/// Remarks for the reader of a patch, where a verdict's notes need some. Of notes that say the same of several functions, that of the
/// outermost is enough.
fn remarks(index: &Index, notes: &[Note]) -> Vec<String> {
    let is_outermost = |note: &&Note| {
        let is_same = |other: &&Note| other.kind == note.kind && other.text == note.text;
        notes.iter().filter(is_same).all(|other| note.via.len() <= other.via.len())
    };
    notes.iter().filter(is_outermost).filter_map(|note| remark(index, note)).collect()
}

/// Remark for the reader of a patch, if a verdict's note needs one. It names the function: lines move with the patch.
fn remark(index: &Index, note: &Note) -> Option<String> {
    if note.kind != NoteKind::FileState {
        return None;
    }
    let file = index.file(note.file);
    let item = file.item_at(note.span.start)?;
    Some(format!("{}: {}() {}", file.path, file.name(&file.items[item as usize]), note.text))
}

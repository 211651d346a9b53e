//! Differences between two trees, or between two targets for one tree.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::index::{Index, ItemId, Registration, Takes};
use crate::likeness::{likeness, sorted_names};
use crate::rules::{prepared, stem};
use crate::source::find_word;
use crate::verdict::{Finding, Scan, Verdict};
use crate::vma::{Key, VmaAccess};

/// Kind of change of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It takes a desc now.
    Converted,
    /// It is new.
    Added,
    /// It is gone.
    Vanished,
    /// It is in another file, or its table has another name.
    Moved,
    /// Its verdict changed, and so did its code.
    CodeChanged,
    /// Its verdict changed, but not its code: the API or a callee changed.
    ApiChanged,
    /// Nothing that matters changed.
    Same,
}

impl Fate {
    /// All values, in report order.
    pub const ALL: [Fate; 7] =
        [Fate::Converted, Fate::Added, Fate::Vanished, Fate::Moved, Fate::CodeChanged, Fate::ApiChanged, Fate::Same];

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Converted => "converted",
            Fate::Added => "added",
            Fate::Vanished => "vanished",
            Fate::Moved => "moved",
            Fate::CodeChanged => "code-changed",
            Fate::ApiChanged => "api-changed",
            Fate::Same => "same",
        }
    }
}

/// A registration on one side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side {
    /// File that registers.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// The table.
    pub table: Option<String>,
    /// `struct.member`.
    pub hook: String,
    /// The handler; `NULL` if there is none.
    pub handler: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// A registration before and after, with the kind of its change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Kind of its change.
    pub fate: Fate,
    /// Before; `None` if it is new.
    pub old: Option<Side>,
    /// After; `None` if it is gone.
    pub new: Option<Side>,
}

/// Compares the registrations of two scans. The result contains each registration once, by fate and place.
pub fn compare(old: &Scan, new: &Scan) -> Vec<Change> {
    let (old, new) = (entries(old.index, &old.findings), entries(new.index, &new.findings));
    let found = matched(&old, &new);
    let mut changes: Vec<Change> = Vec::new();
    for (entry, old) in new.iter().zip(&found) {
        let fate = old.map_or(Fate::Added, |old| fate(old, entry));
        changes.push(Change { fate, old: old.map(|old| old.side.clone()), new: Some(entry.side.clone()) });
    }
    let is_left = |entry: &&Entry| !found.iter().flatten().any(|found| std::ptr::eq(*found, *entry));
    let gone = old.iter().filter(is_left);
    changes.extend(gone.map(|old| Change { fate: Fate::Vanished, old: Some(old.side.clone()), new: None }));
    changes.sort_by(|left, right| {
        let key = |change: &Change| (change.fate, change.new.clone().or_else(|| change.old.clone()));
        key(left).cmp(&key(right))
    });
    changes
}

/// The handlers that a new tree has converted, each old one with its conversion, once. The arms of an `#if` may define a handler more than
/// once; each definition has its pair.
pub fn converted(old: (&Index, &[Finding]), new: (&Index, &[Finding])) -> Vec<(Key, Key)> {
    let (old_index, new_index) = (old.0, new.0);
    let (old, new) = (entries(old.0, old.1), entries(new.0, new.1));
    let mut seen: BTreeSet<(Key, Key)> = BTreeSet::new();
    converted_entries(&old, &new)
        .into_iter()
        .filter_map(|(old, new)| Some((old.function.clone()?, new.function.clone()?)))
        .flat_map(|pair| {
            by_arm((old_index, &pair.0), (new_index, &pair.1)).into_iter().chain([pair]).collect::<Vec<_>>()
        })
        .filter(|pair| seen.insert(pair.clone()))
        .collect()
}

/// The registrations that a new tree has converted, before and after.
pub fn converted_registrations(old: (&Index, &[Finding]), new: (&Index, &[Finding])) -> Vec<(Side, Side)> {
    let (old, new) = (entries(old.0, old.1), entries(new.0, new.1));
    let pairs = converted_entries(&old, &new).into_iter();
    pairs.map(|(old, new)| (old.side.clone(), new.side.clone())).collect()
}

fn converted_entries<'e, 'i>(old: &'e [Entry<'i>], new: &'e [Entry<'i>]) -> Vec<(&'e Entry<'i>, &'e Entry<'i>)> {
    let pairs = new.iter().zip(matched(old, new)).filter_map(|(new, old)| Some((old?, new)));
    pairs.filter(|(old, new)| fate(old, new) == Fate::Converted).collect()
}

/// The other definitions of a handler, in arms of an `#if`, each with that of its conversion: under the same condition, or the only one.
fn by_arm((old_index, old): (&Index, &Key), (new_index, new): (&Index, &Key)) -> Vec<(Key, Key)> {
    let definitions = |index: &Index, key: &Key| {
        let name = index.file(key.id.file).name(index.item(key.id));
        let all = index.vma_functions_named(&name).into_iter().filter(|id| id.file == key.id.file);
        all.collect::<Vec<ItemId>>()
    };
    let (of_old, of_new) = (definitions(old_index, old), definitions(new_index, new));
    let condition = |index: &Index, id: ItemId| index.file(id.file).condition_at(index.item(id).name.start);
    let pairs = of_old.into_iter().filter(|id| *id != old.id).filter_map(|id| {
        let same = of_new.iter().find(|new| condition(new_index, **new) == condition(old_index, id));
        let only = of_new.first().filter(|_| of_new.len() == 1);
        Some((Key::new(id, old.root.clone()), Key::new(*same.or(only)?, new.root.clone())))
    });
    pairs.collect()
}

/// The functions that take a desc in a new tree where one took a VMA before: its desc twin, or the function itself, which is retyped.
/// Handlers are among them.
pub fn twins(old: &Index, new: &Index) -> Vec<(Key, Key)> {
    let takes = |index: &Index, id: ItemId| Takes::in_head(index.item(id).head().of(&index.file(id.file).text));
    let twin = |id: ItemId| {
        let file = new.file(id.file);
        let name = file.name(new.item(id));
        let before = |name: &str, wanted: Takes| {
            let mut all = old.vma_functions_named(name).into_iter();
            all.find(|id| old.file(id.file).path == file.path && takes(old, *id) == Some(wanted))
        };
        let helper = before(&stem(&name), Takes::Vma).filter(|_| before(&name, Takes::Desc).is_none())?;
        Some((Key::new(helper, VmaAccess::None), Key::new(id, VmaAccess::None)))
    };
    new.vma_functions().filter(|id| takes(new, *id) == Some(Takes::Desc)).filter_map(twin).collect()
}

/// A registration that the new tree has lost.
pub enum Lost<'f> {
    /// The table is still there, and sets the hook no more.
    Hook {
        /// The registration before.
        old: &'f Finding,
        /// The table.
        table: ItemId,
        /// Whether the handler, or its conversion, is still there.
        has_handler: bool,
        /// Whether another arm of an `#if` still sets the hook.
        is_arm: bool,
    },
    /// The table still names the handler, which is gone.
    Handler {
        /// The registration after.
        new: &'f Finding,
    },
    /// The table sets the hook to a function that takes a VMA where the hook passes a desc, or the other way round.
    OtherType {
        /// The registration after.
        new: &'f Finding,
    },
}

/// The registrations that a new tree has lost. `pairs` has the converted handlers ([`converted`]).
pub fn lost<'f>(old: (&Index, &'f [Finding]), new: (&Index, &'f [Finding]), pairs: &[(Key, Key)]) -> Vec<Lost<'f>> {
    let new_index = new.0;
    let is_at = |finding: &Finding, path: &str, other: &Registration| {
        let registration = &finding.registration;
        (&registration.table, &registration.hook.record) == (&other.table, &other.hook.record)
            && new_index.file(registration.file).path == path
    };
    let mut found = Vec::new();
    let is_set = |finding: &&Finding| finding.verdict != Verdict::None;
    for finding in old.1.iter().filter(is_set) {
        let registration = &finding.registration;
        let Some(name) = &registration.table else { continue };
        let key = finding.function(old.0);
        let path = &old.0.file(registration.file).path;
        let at_table: Vec<&Finding> = new.1.iter().filter(|new| is_at(new, path, registration)).collect();
        let has_hook = at_table.iter().any(is_set);
        if has_hook {
            // The only table of a handler may be the one that was forgotten.
            let has_new = |file: u32| !new_index.functions(&prepared(finding.handler_name()), file).is_empty();
            let is_converted = pairs.iter().any(|(was, _)| Some(was) == key.as_ref())
                || key.is_some() && at_table.iter().any(|new| has_new(new.registration.file));
            let is_gone =
                |new: &&&Finding| new.function(new_index).is_none() && new.handler_name() == finding.handler_name();
            found.extend(at_table.iter().filter(|new| new.is_of_other_type).map(|new| Lost::OtherType { new }));
            found.extend(at_table.iter().find(is_gone).filter(|_| is_converted).map(|new| Lost::Handler { new }));
        }
        let of_old = old.1.iter().filter(is_set).filter(|other| {
            let other = &other.registration;
            (other.file, &other.table, &other.hook.record)
                == (registration.file, &registration.table, &registration.hook.record)
        });
        let has_arm = |new: &&&Finding| {
            let condition = &new.registration.condition;
            condition.is_none() || *condition == registration.condition
        };
        let arms = at_table.iter().filter(|new| is_set(new));
        let is_lost_arm = of_old.count() > arms.clone().count() || registration.condition.is_some();
        let is_arm = has_hook && is_lost_arm && !arms.clone().any(|new| has_arm(&new));
        let Some(table) = new_index.variable(path, name) else { continue };
        // An `#if` inside the table that was not there.
        let of_table = new_index.file(table.file).condition_at(new_index.item(table).name.start);
        let is_new_arm = registration.condition.is_none()
            && arms.clone().count() == 1
            && arms.clone().all(|new| new.registration.condition.is_some() && new.registration.condition != of_table);
        let is_arm = is_arm || is_new_arm;
        if is_arm || !has_hook {
            if may_be_filled(new_index, table) {
                continue;
            }
            let handler = finding.handler_name();
            let names = [handler.to_owned(), prepared(handler)];
            let has_handler = names.iter().any(|name| !new_index.functions(name, table.file).is_empty());
            found.push(Lost::Hook { old: finding, table, has_handler, is_arm });
        }
    }
    found
}

/// Whether a table may get its hook at run time: it is not constant.
fn may_be_filled(index: &Index, table: ItemId) -> bool {
    let source = index.file(table.file);
    find_word(index.item(table).head().of(&source.text), b"const", 0).is_none()
}

/// For each new registration the old one that it was.
fn matched<'e, 'i>(old: &'e [Entry<'i>], new: &[Entry]) -> Vec<Option<&'e Entry<'i>>> {
    let mut left: Vec<Option<&Entry>> = old.iter().map(Some).collect();
    let mut found: Vec<Option<&Entry>> = vec![None; new.len()];
    // Keys in order of priority: the same place; the same handler in the same file; the same code there under another name; the same table
    // and handler in a file of the same name, or beside it; for the driver's own handlers, the same table and handler in any file; for them,
    // the same handler and struct. A helper that many drivers register identifies none of them.
    let keys: [fn(&Entry) -> Option<String>; 7] = [
        |entry| Some(format!("{} {:?} {}", entry.side.file, entry.side.table, entry.record)),
        |entry| Some(format!("{} {} {}", entry.side.file, entry.stem, entry.record)),
        |entry| Some(format!("{} {} {}", entry.side.file, entry.record, entry.own_body()?)),
        |entry| Some(format!("{} {} {} {}", entry.file_name(), entry.side.table.as_ref()?, entry.stem, entry.record)),
        |entry| Some(format!("{} {} {} {}", entry.folder(), entry.side.table.as_ref()?, entry.stem, entry.record)),
        |entry| {
            let table = entry.side.table.as_ref().filter(|_| entry.is_own)?;
            Some(format!("{table} {} {}", entry.stem, entry.record))
        },
        |entry| entry.is_own.then(|| format!("{} {}", entry.stem, entry.record)),
    ];
    for key in keys {
        let mut known: BTreeMap<String, [Vec<usize>; 2]> = BTreeMap::new();
        for (number, entry) in left.iter().enumerate() {
            if let Some(key) = entry.and_then(key) {
                known.entry(key).or_default()[0].push(number);
            }
        }
        for (number, entry) in new.iter().enumerate().filter(|(number, _)| found[*number].is_none()) {
            if let Some(same) = key(entry).and_then(|key| known.get_mut(&key)) {
                same[1].push(number);
            }
        }
        for [olds, news] in known.values() {
            // Among several, those that are most alike.
            let mut pairs: Vec<(usize, usize)> =
                olds.iter().flat_map(|old| news.iter().map(move |now| (*old, *now))).collect();
            pairs.sort_by_cached_key(|(old, now)| Reverse(left[*old].map(|old| old.likeness(&new[*now]))));
            for (old, now) in pairs {
                if found[now].is_none() && left[old].is_some() {
                    found[now] = left[old].take();
                }
            }
        }
    }
    only_ones(&mut left, new, &mut found);
    found
}

/// Pairs the only registration that a folder has lost with the only one that it has got, if that converts the other: file, table and
/// handler may all have new names.
fn only_ones<'e, 'i>(left: &mut [Option<&'e Entry<'i>>], new: &[Entry], found: &mut [Option<&'e Entry<'i>>]) {
    let mut by_folder: BTreeMap<(String, String), [Vec<usize>; 2]> = BTreeMap::new();
    let place = |entry: &Entry| (entry.folder().to_owned(), entry.record.clone());
    for (number, entry) in left.iter().enumerate() {
        if let Some(entry) = entry.filter(|entry| entry.is_own && entry.takes == Takes::Vma) {
            by_folder.entry(place(entry)).or_default()[0].push(number);
        }
    }
    for (number, entry) in new.iter().enumerate().filter(|(number, _)| found[*number].is_none()) {
        if entry.is_own && entry.takes == Takes::Desc {
            by_folder.entry(place(entry)).or_default()[1].push(number);
        }
    }
    for lists in by_folder.values() {
        if let ([old], [now]) = (lists[0].as_slice(), lists[1].as_slice())
            && left[*old].is_some_and(|old| old.is_rewritten_to(&new[*now]))
        {
            found[*now] = left[*old].take();
        }
    }
}

fn fate(old: &Entry, new: &Entry) -> Fate {
    // A sketch is not converted.
    let is_converted = |entry: &Entry| entry.takes == Takes::Desc && entry.side.verdict == Verdict::Converted;
    let has_handler = |entry: &Entry| entry.side.handler != "NULL";
    if is_converted(new) && !is_converted(old) && has_handler(old) && has_handler(new) {
        Fate::Converted
    } else if old.side.verdict != new.side.verdict {
        if old.code == new.code { Fate::ApiChanged } else { Fate::CodeChanged }
    } else if old.side.file != new.side.file || old.side.table != new.side.table {
        Fate::Moved
    } else {
        Fate::Same
    }
}

/// A registration, prepared for the comparison.
struct Entry<'i> {
    side: Side,
    takes: Takes,
    /// The handler's function, if it was found.
    function: Option<Key>,
    /// The struct.
    record: String,
    /// The handler's name without `_prepare`.
    stem: String,
    /// Whether the handler is the driver's own.
    is_own: bool,
    /// The handler's own code, without whitespace.
    code: Vec<u8>,
    /// The text of the handler; empty if it was not found.
    text: &'i [u8],
}

impl Entry<'_> {
    /// The code of the driver's own handler, without its name and parameters.
    fn own_body(&self) -> Option<String> {
        let start = self.code.iter().position(|byte| *byte == b'{').filter(|_| self.is_own)?;
        Some(String::from_utf8_lossy(&self.code[start..]).into_owned())
    }

    fn file_name(&self) -> &str {
        self.side.file.rsplit('/').next().unwrap_or_default()
    }

    fn folder(&self) -> &str {
        self.side.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether another entry's code may be what became of this one's: it keeps about half of the words.
    fn is_rewritten_to(&self, other: &Entry) -> bool {
        const ALIKE: f64 = 0.5;
        likeness(&sorted_names(self.text), &sorted_names(other.text)) >= ALIKE
    }

    /// How alike two entries are: the same handler, then the beginnings of their tables' names, in bytes.
    fn likeness(&self, other: &Entry) -> (bool, usize) {
        let [one, two] = [self, other].map(|entry| entry.side.table.as_deref().unwrap_or_default().bytes());
        (self.stem == other.stem, one.zip(two).take_while(|(one, two)| one == two).count())
    }
}

fn entries<'i>(index: &'i Index, findings: &[Finding]) -> Vec<Entry<'i>> {
    findings.iter().map(|finding| entry(index, finding)).collect()
}

fn entry<'i>(index: &'i Index, finding: &Finding) -> Entry<'i> {
    let registration = &finding.registration;
    let file = index.file(registration.file);
    let handler = finding.handler_name();
    let function = finding.function(index);
    let text = function.as_ref().map_or(&[][..], |key| index.item(key.id).span.of(&index.file(key.id.file).text));
    let code = text.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    Entry {
        is_own: function.as_ref().is_some_and(|key| index.same_driver(registration.file, key.id)),
        function,
        side: Side {
            file: file.path.clone(),
            line: file.position(registration.span.start).line,
            table: registration.table.clone(),
            hook: registration.hook.name(),
            handler: handler.to_owned(),
            verdict: finding.verdict,
        },
        takes: registration.hook.takes,
        record: registration.hook.record.clone(),
        stem: stem(handler),
        code,
        text,
    }
}

//! Judges the paths of one handler against a target.

use std::collections::BTreeSet;

use super::Verdict;
use crate::rules::{Rules, StateKind, Target};
use crate::source::Span;
use crate::vma::event::{EventKind, Populate};
use crate::vma::{Analysis, HandlerFacts, Path, PathItem};

/// Something that the conversion of a handler has to deal with, and the lines that show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// The file, as its place in the index.
    pub file: u32,
    /// The evidence.
    pub span: Span,
    /// Its kind: `action:remap_pfn`, `state:ref`, `helper:NAME`.
    pub kind: String,
    /// The verdict that it alone would give.
    pub verdict: Verdict,
    /// What has to be converted first, where something has.
    pub blocker: Option<String>,
    /// One sentence for the reader.
    pub text: String,
    /// The functions called on the way to it, outermost first.
    pub via: Vec<String>,
}

/// What converting a handler takes.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What decides, in the order of the source.
    pub requirements: Vec<Requirement>,
    /// What a conversion has to keep in mind and what decides nothing.
    pub notes: Vec<Requirement>,
    /// The verdict of each sort of path, with a place that shows it.
    pub paths: Vec<(Verdict, u32, Span)>,
}

impl Judgement {
    /// The hardest path.
    pub fn verdict(&self) -> Verdict {
        self.paths.iter().map(|(verdict, _, _)| *verdict).max().unwrap_or(Verdict::Mechanical)
    }

    /// The verdict once all blockers are converted; `None` where nothing blocks.
    pub fn after(&self) -> Option<Verdict> {
        let blocked = self.requirements.iter().any(|requirement| requirement.blocker.is_some());
        let rest = self
            .requirements
            .iter()
            .filter(|requirement| requirement.blocker.is_none())
            .map(|requirement| requirement.verdict);
        blocked.then(|| rest.max().unwrap_or(Verdict::Mechanical).max(Verdict::Mechanical))
    }

    /// What has to be converted first, each once, in the order of the source.
    pub fn depends_on(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.requirements
            .iter()
            .filter_map(|requirement| requirement.blocker.clone())
            .filter(|blocker| seen.insert(blocker.clone()))
            .collect()
    }
}

/// How the text of a use of the VMA that is not understood starts.
pub(super) const NOT_UNDERSTOOD: &str = "not understood: ";

/// Judges a handler by its facts.
pub fn judge(
    rules: &Rules,
    target: &Target,
    analysis: &Analysis,
    facts: &HandlerFacts,
    place: (u32, Span),
) -> Judgement {
    let judge = Judge { rules, target, analysis };
    let mut judgement = Judgement::default();
    let always = judge.whatever_the_path(facts);
    let floor = always.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical);
    let mut requirements: BTreeSet<Requirement> = always.into_iter().collect();
    let mut notes = BTreeSet::new();
    for path in facts.paths.iter() {
        if let Some(item) = &path.rewritten {
            notes.extend(judge.note(
                item,
                "error-override",
                "its error is replaced by another; an action has error_override for that",
            ));
        }
        if path.fails {
            continue;
        }
        let found = judge.path(path, &mut notes);
        let verdict =
            found.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical).max(floor);
        let shown = found
            .iter()
            .filter(|requirement| requirement.verdict == verdict)
            .map(|requirement| (requirement.file, requirement.span))
            .next();
        let (file, span) = shown.unwrap_or((place.0, path.returns.unwrap_or(place.1)));
        if !judgement.paths.iter().any(|(known, _, _)| *known == verdict) {
            judgement.paths.push((verdict, file, span));
        }
        requirements.extend(found);
    }
    if judgement.paths.is_empty() {
        judgement.paths.push((floor, place.0, place.1));
    }
    judgement.paths.sort();
    judgement.requirements = requirements.into_iter().collect();
    judgement
        .requirements
        .dedup_by(|left, right| left.kind == right.kind && left.file == right.file && left.span == right.span);
    judgement.notes = notes.into_iter().collect();
    judgement
}

struct Judge<'a> {
    rules: &'a Rules,
    target: &'a Target,
    analysis: &'a Analysis<'a>,
}

impl Judge<'_> {
    /// Requirements that do not depend on paths: fields that a desc does not have, and what was not understood.
    fn whatever_the_path(&self, facts: &HandlerFacts) -> Vec<Requirement> {
        let mut found = Vec::new();
        let mut add = |file, span, kind: String, verdict, text| {
            found.push(Requirement { file, span, kind, verdict, blocker: None, text, via: Vec::new() })
        };
        for (file, lowered) in &facts.parts {
            for read in lowered.reads.iter().filter(|read| !self.target.reads_field(&read.name)) {
                add(
                    *file,
                    read.span,
                    format!("finish:{}", read.name),
                    Verdict::Finish,
                    format!("reads {}, which a desc does not have", read.name),
                );
            }
            for write in
                lowered.writes.iter().filter(|write| !self.target.writes_field(&write.name) && write.name != "vm_file")
            {
                add(
                    *file,
                    write.span,
                    format!("edit:{}", write.name),
                    Verdict::Manual,
                    format!("changes {}, which a desc does not allow", write.name),
                );
            }
        }
        for (file, span, text) in &facts.trouble {
            add(*file, *span, "unknown".to_owned(), Verdict::Unknown, format!("does not parse: {text}"));
        }
        found
    }

    fn kind(&self, item: &PathItem) -> Option<&EventKind> {
        self.analysis
            .lowered(&item.function)
            .and_then(|lowered| lowered.events.get(item.event))
            .map(|event| &event.kind)
    }

    fn requirement(
        &self,
        item: &PathItem,
        kind: impl Into<String>,
        verdict: Verdict,
        text: impl Into<String>,
    ) -> Option<Requirement> {
        let span = self.analysis.lowered(&item.function)?.events.get(item.event)?.span;
        Some(Requirement {
            file: item.function.id.file,
            span,
            kind: kind.into(),
            verdict,
            blocker: None,
            text: text.into(),
            via: item.via.to_vec(),
        })
    }

    fn note(&self, item: &PathItem, kind: &str, text: &str) -> Option<Requirement> {
        self.requirement(item, kind, Verdict::Mechanical, text)
    }

    /// The verdict of work that moves to `vm_ops->mapped`.
    fn mapped(&self) -> Verdict {
        if self.target.mapped { Verdict::Mapped } else { Verdict::Finish }
    }

    /// The requirements of one path.
    fn path(&self, path: &Path, notes: &mut BTreeSet<Requirement>) -> Vec<Requirement> {
        let mut found = Vec::new();
        let populates: Vec<usize> = path
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| matches!(self.kind(item), Some(EventKind::Populate(_))))
            .map(|(at, _)| at)
            .collect();
        let last_populate = path
            .items
            .iter()
            .rposition(|item| matches!(self.kind(item), Some(EventKind::Populate(_) | EventKind::Finish { .. })));
        for (at, item) in path.items.iter().enumerate() {
            let Some(kind) = self.kind(item) else { continue };
            match kind {
                EventKind::Populate(populate) => {
                    let several = item.looped || (populates.len() > 1 && !path.is_merged);
                    let locked = self.held_locks(&path.items[..at]).next().is_some();
                    let fits = !several && !(path.is_merged && populates.len() > 1);
                    // The action keeps a pointer to the pages, which the lock protects only until the handler returns.
                    let fits = fits && !(locked && populate.action.as_deref() == Some("map_pages"));
                    found.extend(self.populate(item, populate, fits, several));
                    self.populate_notes(path, at, item, populate, notes);
                }
                EventKind::Take { kind, object, .. } => {
                    found.extend(self.taken(path, at, *kind, object, last_populate))
                }
                EventKind::Undo { kind, object } => {
                    found.extend(self.undone(path, at, item, *kind, object, last_populate, notes))
                }
                EventKind::SharedWrite { object } if !item.once => {
                    found.extend(self.requirement(
                        item,
                        "state:counter",
                        self.mapped(),
                        format!("changes {object} under a lock, for this mapping"),
                    ));
                }
                EventKind::Work { text } if last_populate.is_some_and(|populate| populate < at) => {
                    found.extend(self.requirement(
                        item,
                        "post-populate",
                        Verdict::Finish,
                        format!("calls {text} once the mapping is populated"),
                    ));
                }
                EventKind::WriteField { field } => {
                    found.extend(self.written(path, at, item, field, last_populate, notes))
                }
                EventKind::Hook { .. } | EventKind::Helper { .. } => found.extend(self.handed_on(item, kind)),
                _ => found.extend(self.plain(item, kind)),
            }
            if matches!(kind, EventKind::Escape { .. }) && last_populate.is_some_and(|populate| populate < at) {
                let text = "keeps the VMA once the mapping is populated";
                found.extend(self.requirement(item, "post-populate", Verdict::Finish, text));
            }
        }
        found.extend(self.locks(path));
        found
    }

    /// Events whose requirement depends on nothing else on the path.
    fn plain(&self, item: &PathItem, kind: &EventKind) -> Vec<Requirement> {
        let one =
            |kind: String, verdict, text: String| self.requirement(item, kind, verdict, text).into_iter().collect();
        match kind {
            EventKind::Finish { name } => {
                one(format!("finish:{name}"), Verdict::Finish, format!("{name} needs the finished mapping"))
            }
            EventKind::Escape { into } => {
                one(format!("escape:{into}"), Verdict::Manual, format!("keeps the VMA pointer in {into}"))
            }
            EventKind::SwapFile => {
                let text = "puts another file in the place of vm_file; who holds the reference has to be settled anew";
                one("file-swap".to_owned(), self.mapped(), text.to_owned())
            }
            EventKind::Redispatch { text } => {
                let mut both: Vec<Requirement> = one(
                    "redispatch".to_owned(),
                    Verdict::Manual,
                    format!("{text} hands the VMA to the mmap hook of another file"),
                );
                both.extend(self.requirement(
                    item,
                    "nested-fs",
                    Verdict::Manual,
                    "the other file's own mmap hook has a say on this VMA",
                ));
                both
            }
            EventKind::OpenCall { name } => {
                one("open-call".to_owned(), self.mapped(), format!("calls its own vm_ops->open, {name}"))
            }
            EventKind::Also { kind } => {
                one(kind.clone(), Verdict::Mechanical, format!("{kind}, for which the desc twin cares"))
            }
            EventKind::Unknown { why } => one("unknown".to_owned(), Verdict::Unknown, format!("{NOT_UNDERSTOOD}{why}")),
            _ => Vec::new(),
        }
    }

    fn populate(&self, item: &PathItem, populate: &Populate, fits: bool, several: bool) -> Vec<Requirement> {
        let name = &populate.name;
        let action = populate.action.as_deref().filter(|action| self.target.has_action(action));
        let mut found = Vec::new();
        match action {
            Some(action) if fits => {
                found.extend(self.requirement(
                    item,
                    format!("action:{action}"),
                    Verdict::Action,
                    format!("{name} populates; the {action} action takes its place"),
                ));
            }
            _ => {
                if several && populate.action.as_deref().is_some_and(|action| action != "map_pages") {
                    let text = format!("{name} populates more than once on this path; an action does so once");
                    found.extend(self.requirement(item, "multi-remap", Verdict::Finish, text));
                }
                let why = if action.is_some() { "as it is used here" } else { "at all" };
                found.extend(self.requirement(
                    item,
                    format!("finish:{name}"),
                    Verdict::Finish,
                    format!("{name} populates, and no action of {} covers it {why}", self.target.name),
                ));
            }
        }
        found
    }

    fn populate_notes(
        &self,
        path: &Path,
        at: usize,
        item: &PathItem,
        populate: &Populate,
        notes: &mut BTreeSet<Requirement>,
    ) {
        if populate.overrides_prot {
            notes.extend(self.note(
                item,
                "prot-override",
                "its protection is not vm_page_prot; an action takes desc->page_prot",
            ));
        }
        if self.held_locks(&path.items[..at]).next().is_some() {
            notes.extend(self.note(
                item,
                "lock-across-populate",
                "a lock is held across it; an action runs after the lock is dropped",
            ));
        }
    }

    fn taken(
        &self,
        path: &Path,
        at: usize,
        kind: StateKind,
        object: &str,
        last_populate: Option<usize>,
    ) -> Vec<Requirement> {
        let item = &path.items[at];
        if kind == StateKind::Lock || item.once || self.given_back(path, at, kind, object).is_some() {
            return Vec::new();
        }
        let what = match kind {
            StateKind::Ref => "takes a reference",
            StateKind::Alloc => "allocates",
            StateKind::Counter => "counts",
            StateKind::List => "links into a list",
            StateKind::Lock => "locks",
        };
        let name = if object.is_empty() { String::new() } else { format!(" ({object})") };
        let mut found: Vec<Requirement> = self
            .requirement(
                item,
                format!("state:{}", kind.name()),
                self.mapped(),
                format!("{what} for this mapping{name}"),
            )
            .into_iter()
            .collect();
        let maps_it = last_populate.filter(|populate| *populate > at).and_then(|populate| self.kind(&path.items[populate])).is_some_and(
            |event| matches!(event, EventKind::Populate(populate) if populate.source.iter().any(|source| object.split(['-', '.']).next() == Some(source))),
        );
        if kind == StateKind::Alloc && maps_it {
            found.extend(self.requirement(
                item,
                "alloc-before-populate",
                Verdict::Finish,
                format!("allocates what it then maps{name}"),
            ));
        }
        found
    }

    /// Where what was taken at `at` is given back.
    fn given_back(&self, path: &Path, at: usize, kind: StateKind, object: &str) -> Option<usize> {
        let behind = path.items[at + 1..].iter().position(|item| match self.kind(item) {
            Some(EventKind::Undo { kind: given, object: name }) => {
                crate::vma::paths::gives_back(*given, name, kind, object)
            }
            _ => false,
        })?;
        Some(at + 1 + behind)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event and of its place on the path")]
    fn undone(
        &self,
        path: &Path,
        at: usize,
        item: &PathItem,
        kind: StateKind,
        object: &str,
        last_populate: Option<usize>,
        notes: &mut BTreeSet<Requirement>,
    ) -> Option<Requirement> {
        if kind == StateKind::Lock {
            return None;
        }
        let taken = path.items[..at].iter().rposition(|item| match self.kind(item) {
            Some(EventKind::Take { kind: taken, object: name, .. }) => {
                crate::vma::paths::gives_back(kind, object, *taken, name)
            }
            _ => false,
        });
        let behind = last_populate.is_some_and(|populate| populate < at);
        match (taken, kind) {
            (None, StateKind::List) => {
                let text = format!("takes {object} off a list, which a failure afterwards does not undo");
                self.requirement(item, "state:list", self.mapped(), text)
            }
            _ if !behind => None,
            (Some(taken), StateKind::Ref | StateKind::Counter) => {
                notes.extend(self.note(
                    &path.items[taken],
                    "ref-lookup",
                    "pinned only until the mapping is populated; an action runs after it was put",
                ));
                None
            }
            _ => self.requirement(
                item,
                "post-populate",
                Verdict::Finish,
                format!("gives {object} back once the mapping is populated"),
            ),
        }
    }

    fn written(
        &self,
        path: &Path,
        at: usize,
        item: &PathItem,
        field: &str,
        last_populate: Option<usize>,
        notes: &mut BTreeSet<Requirement>,
    ) -> Option<Requirement> {
        if matches!(field, "vm_ops" | "vm_private_data") {
            let wraps = field == "vm_ops"
                && path.items[..at]
                    .iter()
                    .any(|item| matches!(self.kind(item), Some(EventKind::Hook { .. } | EventKind::Redispatch { .. })));
            if wraps {
                notes.extend(self.note(item, "vmops-wrap", "puts its own vm_ops around those that a nested call set"));
            }
            return None;
        }
        let behind = last_populate.is_some_and(|populate| populate < at)
            || (field == "vm_pgoff" && path.items[..at].iter().any(|item| self.is_handed_on(item)));
        let text = format!("changes {field} once the mapping is populated");
        if field == "vm_flags" {
            // The flags may as well be set before: nothing that populates reads those that drivers set.
            return None;
        }
        if behind { self.requirement(item, "post-populate", Verdict::Finish, text) } else { None }
    }

    fn is_handed_on(&self, item: &PathItem) -> bool {
        matches!(self.kind(item), Some(EventKind::Hook { .. } | EventKind::Helper { .. }))
    }

    fn handed_on(&self, item: &PathItem, kind: &EventKind) -> Option<Requirement> {
        match kind {
            EventKind::Helper { name } => {
                let rule = self.rules.call(name);
                let twin = rule.and_then(|rule| {
                    rule.twin.as_deref().filter(|_| self.rules.has_since(self.target, rule.since.as_deref()))
                });
                match twin {
                    Some(twin) => self.requirement(
                        item,
                        format!("helper:{name}"),
                        Verdict::Mechanical,
                        format!("{name} has the desc twin {twin}"),
                    ),
                    None => {
                        let found = self.requirement(
                            item,
                            format!("helper:{name}"),
                            Verdict::Blocked,
                            format!("hands the VMA to {name}, which has no desc twin"),
                        )?;
                        Some(Requirement { blocker: Some(name.clone()), ..found })
                    }
                }
            }
            EventKind::Hook { hook: Some(hook), text } => {
                let name = format!("{}.{}", hook.record, hook.member);
                if hook.is_private {
                    return self.requirement(
                        item,
                        format!("hook:{name}"),
                        Verdict::Mechanical,
                        format!("{text} is a hook of the driver's own, and converted with it"),
                    );
                }
                let found = self.requirement(
                    item,
                    format!("hook:{name}"),
                    Verdict::Blocked,
                    format!("{text} hands the VMA to {name}, which takes no desc"),
                )?;
                Some(Requirement { blocker: Some(name), ..found })
            }
            EventKind::Hook { hook: None, text } => {
                let found = self.requirement(
                    item,
                    format!("hook:{text}"),
                    Verdict::Blocked,
                    format!("{text} hands the VMA to a hook whose table is not known"),
                )?;
                Some(Requirement { blocker: Some(text.clone()), ..found })
            }
            _ => None,
        }
    }

    /// The locks of a path that are held over something that decides.
    fn locks(&self, path: &Path) -> Vec<Requirement> {
        let decides = |item: &PathItem| {
            matches!(
                self.kind(item),
                Some(
                    EventKind::Populate(_)
                        | EventKind::Finish { .. }
                        | EventKind::Hook { .. }
                        | EventKind::Helper { .. }
                        | EventKind::SharedWrite { .. }
                        | EventKind::Redispatch { .. }
                        | EventKind::Escape { .. }
                )
            ) || matches!(self.kind(item), Some(EventKind::Take { kind, .. }) if *kind != StateKind::Lock && !item.once)
        };
        let mut found = Vec::new();
        for (at, item) in path.items.iter().enumerate().filter(|(_, item)| decides(item)) {
            if let Some(EventKind::Take { kind, object, .. }) = self.kind(item)
                && self.given_back(path, at, *kind, object).is_some()
            {
                continue;
            }
            for lock in self.held_locks(&path.items[..at]) {
                found.extend(self.requirement(lock, "state:lock", Verdict::Mechanical, "held over what follows"));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The locks taken on a stretch of a path and not dropped on it.
    fn held_locks<'i>(&self, items: &'i [PathItem]) -> impl Iterator<Item = &'i PathItem> {
        let mut held: Vec<&PathItem> = Vec::new();
        for item in items {
            match self.kind(item) {
                Some(EventKind::Take { kind: StateKind::Lock, .. }) => held.push(item),
                Some(EventKind::Undo { kind: StateKind::Lock, .. }) => drop(held.pop()),
                _ => {}
            }
        }
        held.into_iter()
    }
}

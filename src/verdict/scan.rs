//! A whole scan: every registration of a tree with its facts and its verdict.

use std::time::{Duration, Instant};

use super::judge::NOT_UNDERSTOOD;
use super::{Chosen, Judgement, Requirement, Verdict, judge};
use crate::index::{Built, Handler, Index, Registration, Takes, Types, build};
use crate::kernel::{FileTrouble, Tree};
use crate::rules::Rules;
use crate::source::Span;
use crate::vma::analysis::{gathered, handler_keys};
use crate::vma::flow::{Key, Lowered, Named};
use crate::vma::lower::Context;
use crate::vma::{Analysis, HandlerFacts};

/// A place in a file of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as its place in the index.
    pub file: u32,
    /// The bytes.
    pub span: Span,
}

/// The function that handles an mmap.
#[derive(Clone, Debug)]
pub struct HandlerPlace {
    /// Its name.
    pub name: String,
    /// Where it is defined; `None` where it was not found.
    pub place: Option<Place>,
}

/// One registration with what is known of it.
#[derive(Debug)]
pub struct Finding {
    /// Where and as what it is registered.
    pub registration: Registration,
    /// The handler; `None` for `NULL`.
    pub handler: Option<HandlerPlace>,
    /// What its conversion takes.
    pub verdict: Verdict,
    /// The verdict once its blockers are converted.
    pub after: Option<Verdict>,
    /// The evidence.
    pub judgement: Judgement,
    /// Fields read, each once, in order of appearance; likewise the lists below.
    pub reads: Vec<String>,
    /// Fields written.
    pub writes: Vec<String>,
    /// Flags set.
    pub sets: Vec<String>,
    /// Flags cleared.
    pub clears: Vec<String>,
    /// Flags tested.
    pub tests: Vec<String>,
    /// What the handler's own body passes the VMA to.
    pub calls: Vec<String>,
}

/// What a scan of a tree found.
#[derive(Debug)]
pub struct Scan {
    /// Who defines what.
    pub index: Index,
    /// The findings, by file and place.
    pub findings: Vec<Finding>,
    /// What could not be read or understood.
    pub trouble: Vec<FileTrouble>,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Functions that were parsed.
    pub slices: usize,
    /// Wall time of each phase, in order.
    pub phases: Vec<(&'static str, Duration)>,
}

/// Scans a tree.
pub fn scan(tree: &Tree, rules: &Rules, chosen: &Chosen) -> Scan {
    let Built { index, files, bytes, mut trouble, mut phases } = build(tree, rules);
    let missing = tree.missing_landmarks();
    if !missing.is_empty() {
        let text = format!("does not look like a kernel tree: no {}; scanned all the same", missing.join(", "));
        trouble.push(FileTrouble { file: String::new(), line: None, kind: "no-kernel-tree", text });
    }
    let clock = Instant::now();
    let (findings, slices, not_understood) = {
        let types = Types::new(&index, tree.root());
        let context = Context { index: &index, types: &types, rules };
        let roots =
            index.registrations().iter().flat_map(|registration| registered(context, registration).keys).collect();
        let analysis = Analysis::run(context, roots);
        let findings: Vec<Finding> = index
            .registrations()
            .iter()
            .map(|registration| finding(context, &analysis, chosen, registration))
            .collect();
        (findings, analysis.functions(), analysis.trouble())
    };
    phases.push(("follow", clock.elapsed()));
    trouble.extend(not_understood.into_iter().map(|(file, span, text)| {
        let file = index.file(file);
        FileTrouble { file: file.path.clone(), line: Some(file.position(span.start).line), kind: "parse", text }
    }));
    trouble.extend(findings.iter().filter(|finding| is_lost(finding)).map(|finding| {
        let file = index.file(finding.registration.file);
        let line = Some(file.position(finding.registration.span.start).line);
        let name = finding.handler.as_ref().map_or("", |handler| handler.name.as_str());
        FileTrouble {
            file: file.path.clone(),
            line,
            kind: "handler-not-found",
            text: format!("{name} is not found in the tree"),
        }
    }));
    trouble.extend(findings.iter().flat_map(|finding| &finding.judgement.requirements).filter_map(|requirement| {
        let text = requirement.text.strip_prefix(NOT_UNDERSTOOD).filter(|_| requirement.verdict == Verdict::Unknown)?;
        let file = index.file(requirement.file);
        let line = Some(file.position(requirement.span.start).line);
        Some(FileTrouble { file: file.path.clone(), line, kind: "not-understood", text: format!("the VMA is {text}") })
    }));
    trouble.sort();
    trouble.dedup();
    Scan { index, findings, trouble, files, bytes, slices, phases }
}

fn is_lost(finding: &Finding) -> bool {
    finding.verdict == Verdict::Unknown && finding.handler.as_ref().is_some_and(|handler| handler.place.is_none())
}

/// What the name in a registration means.
struct Registered {
    name: String,
    keys: Vec<Key>,
    /// Whether a definition of the name is `NULL`.
    is_null: bool,
}

/// Macros that rename a handler to the name of another macro are followed so far.
const ALIAS_LIMIT: usize = 4;

fn registered(context: Context<'_>, registration: &Registration) -> Registered {
    let mut name = match &registration.handler {
        Handler::Function(name) => name.clone(),
        Handler::Null => return Registered { name: String::new(), keys: Vec::new(), is_null: true },
        Handler::Other(text) => return Registered { name: text.clone(), keys: Vec::new(), is_null: false },
    };
    let (mut keys, mut is_null) = (Vec::new(), false);
    for _ in 0..ALIAS_LIMIT {
        keys.extend(handler_keys(context, &name, registration.file));
        match context.index.renamed(&name, registration.file) {
            Some(other) if other == "NULL" => {
                is_null = true;
                break;
            }
            Some(other) if keys.is_empty() => name = other,
            _ => break,
        }
    }
    Registered { name, keys, is_null }
}

fn finding(context: Context<'_>, analysis: &Analysis, chosen: &Chosen, registration: &Registration) -> Finding {
    let index = context.index;
    let Registered { name, keys, is_null } = registered(context, registration);
    let mut judgement = Judgement::default();
    let mut all: Vec<HandlerFacts> = Vec::new();
    for key in &keys {
        let facts = analysis.facts(key);
        let place = (key.id.file, index.item(key.id).name);
        let mut one = judge(context.rules, &chosen.target, analysis, &facts, place);
        let is_foreign = !index.file(key.id.file).is_header() && !index.same_driver(registration.file, key.id);
        if is_foreign && registration.hook.takes == Takes::Vma {
            foreign(context.rules, chosen, registration, &name, &mut one);
        }
        judgement.requirements.append(&mut one.requirements);
        judgement.notes.append(&mut one.notes);
        for path in one.paths {
            if !judgement.paths.iter().any(|(known, _, _)| *known == path.0) {
                judgement.paths.push(path);
            }
        }
        all.push(facts);
    }
    judgement.paths.sort();
    judgement.requirements.sort();
    judgement.requirements.dedup();
    let verdict = match (registration.hook.takes, keys.is_empty()) {
        _ if is_null && keys.is_empty() => Verdict::None,
        (Takes::Desc, _) => Verdict::Converted,
        (Takes::Vma, true) => Verdict::Unknown,
        (Takes::Vma, false) => judgement.verdict(),
    };
    let place = keys.first().map(|key| Place { file: key.id.file, span: index.item(key.id).name });
    let unique = |list: fn(&Lowered) -> &[Named]| {
        distinct(all.iter().flat_map(|facts| gathered(facts, list)).map(|(_, named)| named))
    };
    Finding {
        handler: (!name.is_empty()).then_some(HandlerPlace { name, place }),
        verdict,
        after: if verdict >= Verdict::Blocked { judgement.after() } else { None },
        reads: unique(|lowered| &lowered.reads),
        writes: unique(|lowered| &lowered.writes),
        sets: unique(|lowered| &lowered.sets),
        clears: unique(|lowered| &lowered.clears),
        tests: unique(|lowered| &lowered.tests),
        calls: all
            .iter()
            .filter_map(|facts| facts.parts.first())
            .flat_map(|(_, lowered)| lowered.calls.iter().map(|call| call.name.clone()))
            .collect(),
        registration: registration.clone(),
        judgement,
    }
}

/// A handler that another module exports: that has to be converted first, unless it has a desc twin.
fn foreign(rules: &Rules, chosen: &Chosen, registration: &Registration, name: &str, judgement: &mut Judgement) {
    let twin = rules
        .call(name)
        .and_then(|rule| rule.twin.as_deref().filter(|_| rules.has_since(&chosen.target, rule.since.as_deref())));
    let (verdict, text) = match twin {
        Some(twin) => (Verdict::Mechanical, format!("{name} has the desc twin {twin}")),
        None => (Verdict::Blocked, format!("registers {name} of another module, which has no desc twin")),
    };
    let blocker = twin.is_none().then(|| name.to_owned());
    if twin.is_some() {
        judgement.requirements.clear();
    }
    // What lies inside the helper is the helper's to convert.
    for requirement in &mut judgement.requirements {
        requirement.verdict = Verdict::Mechanical;
        requirement.blocker = None;
    }
    judgement.paths = vec![(verdict, registration.file, registration.span)];
    let kind = format!("helper:{name}");
    judgement.requirements.push(Requirement {
        file: registration.file,
        span: registration.span,
        kind,
        verdict,
        blocker,
        text,
        via: Vec::new(),
    });
}

fn distinct<'n>(named: impl Iterator<Item = &'n Named>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for named in named {
        if !names.contains(&named.name) {
            names.push(named.name.clone());
        }
    }
    names
}

//! A whole scan: every registration of a tree with its facts and its verdict.

use rayon::prelude::*;

use super::blockers::{Blocker, blockers};
use super::finding::{Finding, finding, registered};
use super::judge::NOT_UNDERSTOOD;
use super::{Chosen, Verdict};
use crate::SHARE;
use crate::index::{Built, Index, Registration, Types, build, rebuild};
use crate::kernel::{FileTrouble, Tree};
use crate::meter::{Phase, measure};
use crate::rules::Rules;
use crate::vma::analysis::every_key;
use crate::vma::lower::Context;
use crate::vma::{Analysis, Key};

/// What a scan of a tree found.
#[derive(Debug)]
pub struct Scan {
    /// Who defines what.
    pub index: Index,
    /// The findings, by file and place.
    pub findings: Vec<Finding>,
    /// What has to be converted before handlers can be, by name, where it was asked for.
    pub blockers: Vec<Blocker>,
    /// What could not be read or understood.
    pub trouble: Vec<FileTrouble>,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Functions that were parsed.
    pub slices: usize,
}

/// What a scan is to do beside judging handlers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    /// Read all functions that take a VMA, not only those that handlers reach: for finding out what is not understood.
    pub every_function: bool,
    /// Find out what stands in the way of the blockers themselves.
    pub blockers: bool,
}

/// What a scan has at hand while it runs, for those who look closer than a verdict does.
pub struct Inside<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Who defines what, of which type, and what calls do.
    pub context: Context<'a>,
    /// What the handlers do.
    pub analysis: &'a Analysis<'a>,
    /// The API they are judged against.
    pub chosen: &'a Chosen,
    /// The findings, by file and place.
    pub findings: &'a [Finding],
}

impl Inside<'_> {
    /// The functions that a registration can mean.
    pub fn handlers(&self, registration: &Registration) -> Vec<Key> {
        registered(self.context, registration).keys
    }
}

/// Scans a tree.
pub fn scan(tree: &Tree, rules: &Rules, chosen: &Chosen, extent: Extent) -> Scan {
    scan_and(tree, rules, chosen, extent, |_| ()).0
}

/// Scans a tree, and has `look` look at what the scan has at hand.
pub fn scan_and<T: Send>(
    tree: &Tree,
    rules: &Rules,
    chosen: &Chosen,
    extent: Extent,
    look: impl FnOnce(&Inside<'_>) -> T + Send,
) -> (Scan, T) {
    scan_built(tree, rules, chosen, extent, build(tree, rules), look)
}

/// Scans the same directory with another change laid over it, while the scan of the first is at hand, and has `look` look at it.
pub fn scan_beside<T: Send>(
    inside: &Inside<'_>,
    tree: &Tree,
    chosen: &Chosen,
    look: impl FnOnce(&Inside<'_>) -> T + Send,
) -> (Scan, T) {
    let rules = inside.context.rules;
    let built = rebuild(tree, rules, inside.tree, inside.context.index).unwrap_or_else(|| build(tree, rules));
    scan_built(tree, rules, chosen, Extent::default(), built, look)
}

fn scan_built<T: Send>(
    tree: &Tree,
    rules: &Rules,
    chosen: &Chosen,
    extent: Extent,
    built: Built,
    look: impl FnOnce(&Inside<'_>) -> T + Send,
) -> (Scan, T) {
    let Built { index, files, bytes, mut trouble } = built;
    let missing = tree.missing_landmarks();
    if !missing.is_empty() {
        let text = format!("does not look like a kernel tree: no {}; scanned all the same", missing.join(", "));
        trouble.push(FileTrouble { file: String::new(), line: None, kind: "no-kernel-tree", text });
    }
    let (findings, blockers, slices, not_understood, seen) = {
        let types = Types::new(&index, tree);
        let context = Context { index: &index, types: &types, rules };
        let registrations = index.registrations().par_iter().with_max_len(SHARE);
        let handlers: Vec<Key> =
            registrations.flat_map_iter(|registration| registered(context, registration).keys).collect();
        let mut analysis = Analysis::new(context);
        analysis.add(handlers);
        if extent.every_function {
            analysis.add(every_key(context));
        }
        let registrations = index.registrations().par_iter().with_max_len(SHARE);
        let findings: Vec<Finding> = registrations
            .map(|registration| measure(Phase::Follow, || finding(context, &analysis, chosen, registration)))
            .collect();
        let inside = Inside { tree, context, analysis: &analysis, chosen, findings: &findings };
        // A blocker may take long to follow, all of it in one thread.
        let ((blockers, slices, not_understood), seen) = rayon::join(
            || {
                if !extent.blockers {
                    return (Vec::new(), analysis.functions(), analysis.trouble());
                }
                let mut further = analysis.clone();
                let blockers = blockers(context, &mut further, chosen, &findings);
                (blockers, further.functions(), further.trouble())
            },
            || look(&inside),
        );
        analysis.give_back();
        (findings, blockers, slices, not_understood, seen)
    };
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
    trouble.extend(tree.unread());
    trouble.sort();
    trouble.dedup();
    (Scan { index, findings, blockers, trouble, files, bytes, slices }, seen)
}

fn is_lost(finding: &Finding) -> bool {
    finding.verdict == Verdict::Unknown && finding.handler.as_ref().is_some_and(|handler| handler.place.is_none())
}

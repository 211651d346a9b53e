//! Session: a tree judged against a target, with the facts and verdict of each registration, for lints and fixes.

use rayon::prelude::*;

use super::blockers::{Blocker, blockers};
use super::finding::{Finding, finding, registered};
use super::{ResolvedTarget, Verdict, Workspace};
use crate::ITEMS_PER_JOB;
use crate::index::{Index, Registration};
use crate::kernel::{FileTrouble, Layer, Tree, TroubleKind};
use crate::profile::{Phase, measure};
use crate::rules::RequirementKind;
use crate::vma::analysis::every_key;
use crate::vma::lower::Context;
use crate::vma::{Analysis, Key};

/// Set of functions to analyse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Functions reachable from handlers.
    Handlers,
    /// All functions that take a VMA, to find code that is not understood.
    EveryFunction,
}

/// A tree judged against a target.
pub struct Session<'w> {
    /// The tree and its index.
    pub workspace: &'w Workspace<'w>,
    /// API that handlers are judged against.
    pub chosen: ResolvedTarget,
    /// Index, types and rules.
    pub context: Context<'w>,
    /// Facts of the analysed functions.
    pub analysis: Analysis<'w>,
    /// Results.
    pub scan: Scan<'w>,
}

/// Results of scanning a tree.
#[derive(Debug)]
pub struct Scan<'w> {
    /// Index of the tree.
    pub index: &'w Index,
    /// Findings, sorted by file and location.
    pub findings: Vec<Finding>,
    /// Blockers, sorted by name; empty unless requested.
    pub blockers: Vec<Blocker>,
    /// Places that could not be read or understood.
    pub trouble: Vec<FileTrouble>,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Functions parsed.
    pub slices: usize,
}

/// Blockers of the handlers, and the blockers of those.
pub struct FoundBlockers<'w> {
    blockers: Vec<Blocker>,
    /// Analysis that includes the functions of the blockers.
    analysis: Analysis<'w>,
}

impl<'w> Session<'w> {
    /// Judges all registrations of a tree.
    pub fn new(workspace: &'w Workspace<'w>, chosen: &ResolvedTarget, extent: Extent) -> Session<'w> {
        let context = workspace.context();
        // Those of the kernel that a module is built against are not the module's.
        let is_own = |registration: &&Registration| context.index.file(registration.file).layer != Layer::Kernel;
        let registrations = || context.index.registrations().par_iter().with_max_len(ITEMS_PER_JOB).filter(is_own);
        let handlers: Vec<Key> =
            registrations().flat_map_iter(|registration| registered(context, registration).keys).collect();
        let mut analysis = Analysis::new(context);
        analysis.add(handlers);
        if extent == Extent::EveryFunction {
            analysis.add(every_key(context));
        }
        let findings: Vec<Finding> = registrations()
            .map(|registration| measure(Phase::Follow, || finding(context, &analysis, chosen, registration)))
            .collect();
        let scan = Scan {
            index: context.index,
            findings,
            blockers: Vec::new(),
            trouble: Vec::new(),
            files: workspace.files(),
            bytes: workspace.bytes(),
            slices: analysis.functions(),
        };
        let mut session = Session { workspace, chosen: chosen.clone(), context, analysis, scan };
        session.scan.trouble = session.trouble(&session.analysis);
        session
    }

    /// The tree.
    pub fn tree(&self) -> &'w Tree {
        self.workspace.tree()
    }

    /// Findings, sorted by file and location.
    pub fn findings(&self) -> &[Finding] {
        &self.scan.findings
    }

    /// Functions that a registration can refer to.
    pub fn handlers(&self, registration: &Registration) -> Vec<Key> {
        registered(self.context, registration).keys
    }

    /// Finds the blockers, and the blockers of those. It may take long, mostly in one thread. It only reads the session, so that other work
    /// can use it meanwhile.
    pub fn find_blockers(&self) -> FoundBlockers<'w> {
        let mut analysis = self.analysis.clone();
        let blockers = blockers(self.context, &mut analysis, &self.chosen, &self.scan.findings);
        FoundBlockers { blockers, analysis }
    }

    /// Stores the result of [`Session::find_blockers`].
    pub fn add(&mut self, found: FoundBlockers<'w>) {
        self.scan.trouble = self.trouble(&found.analysis);
        self.scan.slices = found.analysis.functions();
        self.scan.blockers = found.blockers;
        self.analysis = found.analysis;
    }

    /// Drops the facts of functions. The results stay.
    pub fn forget_functions(&mut self) {
        std::mem::replace(&mut self.analysis, Analysis::new(self.context)).drop_in_parallel();
        self.context.index.forget_functions();
    }

    /// Places that could not be read, found or understood, sorted.
    fn trouble(&self, analysis: &Analysis) -> Vec<FileTrouble> {
        let index = self.context.index;
        let mut trouble = self.workspace.trouble();
        trouble.extend(analysis.trouble().into_iter().map(|(file, span, text)| {
            let file = index.file(file);
            FileTrouble::at(&file.path, file.position(span.start).line, TroubleKind::Parse, text)
        }));
        let findings = &self.scan.findings;
        trouble.extend(findings.iter().filter(|finding| is_lost(finding)).map(|finding| {
            let file = index.file(finding.registration.file);
            let line = file.position(finding.registration.span.start).line;
            let name = finding.handler.as_ref().map_or("", |handler| handler.name.as_str());
            let text = format!("{name} is not found in the tree");
            FileTrouble::at(&file.path, line, TroubleKind::HandlerNotFound, text)
        }));
        let requirements = findings.iter().flat_map(|finding| &finding.judgement.requirements);
        trouble.extend(requirements.filter_map(|requirement| {
            let RequirementKind::Unknown(Some(why)) = &requirement.kind else { return None };
            let file = index.file(requirement.file);
            let line = file.position(requirement.span.start).line;
            Some(FileTrouble::at(&file.path, line, TroubleKind::NotUnderstood, format!("the VMA is {why}")))
        }));
        trouble.extend(self.tree().unread());
        // What the kernel of a module has is no trouble of the module.
        let is_own =
            |trouble: &FileTrouble| trouble.file.is_empty() || self.tree().layer(&trouble.file) != Layer::Kernel;
        trouble.retain(is_own);
        trouble.sort();
        trouble.dedup();
        trouble
    }
}

fn is_lost(finding: &Finding) -> bool {
    finding.verdict == Verdict::Unknown && finding.handler.as_ref().is_some_and(|handler| handler.place.is_none())
}

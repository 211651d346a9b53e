//! `mmaplint explain`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::conversions::{conversions_of, lacking};
use super::place::Place;
use super::worklist::Prepared;
use super::{CLEAN, Common, names, output};
use crate::behaviour::{Functions, Reading};
use crate::handler_report::{Conversion, HandlerReport, handler_reports, is_foreign, whole};
use crate::index::{Hook, Takes};
use crate::lint::{self, ALL, Lint};
use crate::near::did_you_mean;
use crate::report::behaviour;
use crate::report::escape::printable;
use crate::report::guard::Syntax;
use crate::report::handler_report;
use crate::rules::{Call, CallEffect, Rules, Target};
use crate::verdict::{Extent, Finding, Session, Verdict, choose};
use crate::worklist::{Effort, Sources};

#[derive(Args, Debug)]
pub struct Options {
    /// Name of a lint, verdict, target, requirement, note, effort, kernel call, hook (STRUCT.MEMBER) or handler (or FILE:HANDLER)
    #[arg(value_parser = names::EXPLAINED, hide_possible_values = true)]
    name: String,
    /// The kernel tree to search for the handler
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Show all steps of a long behaviour
    #[arg(long)]
    details: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Explains a name that the other commands print.
///
/// # Errors
/// The name is unknown. The text suggests similar names.
pub fn run(options: &Options) -> Result<u8, String> {
    let rules = options.common.rules()?;
    let (name, tree) = options.in_order();
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name);
    let known: &dyn Fn(&mut dyn Write) -> io::Result<()> =
        match (lint::find(name), verdict, rules.target_meant(name), rules.call(name)) {
            (Some(lint), ..) => &|out| of_lint(lint, out),
            (_, Some(verdict), ..) => &move |out| writeln!(out, "{}: {}", verdict.name(), verdict.meaning()),
            (_, _, Some(target), _) => &|out| of_target(target, out),
            (.., Some(call)) => &|out| of_call(name, call, &rules, out),
            _ => match rules.requirements().iter().chain(rules.notes()).find(|known| is_kind(name, &known.kind)) {
                _ if effort(name).is_some() => &move |out| {
                    writeln!(out, "{name}, the effort of a task: {}.", effort(name).map_or("", Effort::meaning))
                },
                Some(known) => &move |out| writeln!(out, "{name}: {}.\nWhat to do: {}.", known.means, known.advice),
                None => return of_handler(name, &tree, options, &rules),
            },
        };
    output::write(options.common.output.as_deref(), Syntax::Text, known)?;
    let is_helper = rules.call(name).is_some_and(|call| call.does == CallEffect::Helper);
    match is_helper && tree.exists() && options.common.against.may_open(&Place::of(&tree, &[]).root) {
        true => of_handler(name, &tree, options, &rules).or(Ok(CLEAN)),
        false => Ok(CLEAN),
    }
}

impl Options {
    /// The name and the tree, in whichever order they stand.
    fn in_order(&self) -> (&str, PathBuf) {
        match self.tree.to_str() {
            Some(name) if !self.tree.is_dir() && Path::new(&self.name).is_dir() => (name, PathBuf::from(&self.name)),
            _ => (&self.name, self.tree.clone()),
        }
    }
}

/// Whether a name is a kind of requirement, with or without the part after the colon.
fn is_kind(name: &str, kind: &str) -> bool {
    name == kind || kind.strip_suffix(':').is_some_and(|stem| name == stem || name.starts_with(kind))
}

fn effort(name: &str) -> Option<Effort> {
    Effort::ALL.into_iter().find(|effort| effort.name() == name)
}

/// Writes a hook of the tree, how far its implementers are, and the handlers that wait for it.
fn of_hook(sources: &Sources, hook: &Hook, out: &mut dyn Write) -> io::Result<()> {
    let (scan, name) = (sources.scan, hook.name());
    let takes = if hook.takes == Takes::Desc { "a vm_area_desc" } else { "a vm_area_struct" };
    let whose = if hook.is_private { "one driver's own" } else { "shared by drivers" };
    writeln!(out, "{name} is an mmap hook that takes {takes}; its struct is {whose}.")?;
    let state = sources.hook_state(&name);
    if state.implementers > 0 {
        writeln!(out, "{}.", printable(&state.sentence(&name)))?;
    }
    let is_it = |finding: &&Finding| finding.registration.hook.name() == name;
    for verdict in Verdict::ALL {
        let count = scan.findings.iter().filter(is_it).filter(|finding| finding.verdict == verdict).count();
        if count > 0 {
            writeln!(out, "{count:5} registered: {}", verdict.name())?;
        }
    }
    let waits = scan.findings.iter().filter(|finding| finding.judgement.depends_on().contains(&name));
    for finding in waits {
        let place = scan.index.file(finding.registration.file).at(finding.registration.span.start);
        let handler = finding.handler_name();
        writeln!(out, "  {} waits for it ({})", printable(&format!("{handler} at {place}")), finding.verdict)?;
    }
    if !sources.rules.is_migrating(&hook.record) && !scan.index.is_called(hook) {
        writeln!(out, "Nothing in the tree calls it.")?;
    }
    Ok(())
}

/// Writes the whole chain of evidence of a handler, a helper or a hook of the tree.
fn of_handler(name: &str, tree: &Path, options: &Options, rules: &Rules) -> Result<u8, String> {
    let (file, handler) = name.rsplit_once(':').map_or((None, name), |(file, handler)| (Some(file), handler));
    let root = Place::of(tree, &[]).root;
    let common = &options.common;
    if file.is_none() && !common.against.may_open(&root) {
        return Err(if root.exists() {
            let place = if tree == Path::new(".") { "this directory".to_owned() } else { tree.display().to_string() };
            format!(
                "{}. Handlers are looked for in a kernel tree, and {place} is none: mmaplint explain {name} TREE",
                unknown(name, &[], rules)
            )
        } else {
            format!("{}: no such tree", tree.display())
        });
    }
    let session = common.session(&root, Extent::Handlers)?;
    let prepared = Prepared::with_blockers(session, true);
    let (session, scan) = (&*session, &session.scan);
    let sources = prepared.sources(session);
    let handler_reports = handler_reports(scan.index, &scan.findings, &prepared.fixes);
    let is_in = |report: &&HandlerReport| {
        let registered = report.findings.iter().map(|finding| scan.findings[*finding].registration.file);
        let mut files = registered.map(|file| scan.index.file(file).path.as_str());
        report.name == handler
            && file.is_none_or(|wanted| {
                let wanted = wanted.trim_start_matches("./");
                report.place.as_ref().is_some_and(|(file, _)| file == wanted) || files.any(|file| file == wanted)
            })
    };
    let found: Vec<&HandlerReport> = handler_reports.iter().filter(is_in).collect();
    let hook = name.split_once('.').and_then(|(record, member)| scan.index.hooks().find(record, member));
    let blocker = sources.blocker_of(handler).filter(|blocker| {
        let path = blocker.place.map(|place| scan.index.file(place.file).path.as_str());
        file.is_none_or(|wanted| path == Some(wanted.trim_start_matches("./")))
    });
    if found.is_empty() && hook.is_none() && blocker.is_none() {
        let handlers = handler_reports.iter().map(|report| report.name.as_str());
        let blockers = scan.blockers.iter().map(|blocker| blocker.name.as_str());
        let hooks: Vec<String> = scan.findings.iter().map(|finding| finding.registration.hook.name()).collect();
        let names = handlers.chain(blockers).chain(hooks.iter().map(String::as_str));
        return Err(unknown(name, &names.collect::<Vec<_>>(), rules));
    }
    let own = |report: &&HandlerReport| !is_foreign(&scan.findings[report.findings[0]], handler);
    let own: Vec<&HandlerReport> = found.iter().copied().filter(own).collect();
    output::write(common.output.as_deref(), output::diff_syntax(common), |out| {
        if let Some(blocker) = blocker.filter(|_| own.is_empty()) {
            handler_report::blocker(scan, blocker, &sources.of_blocker(blocker), out)?;
        }
        if let Some(hook) = hook.filter(|_| found.is_empty()) {
            return of_hook(&sources, hook, out);
        }
        let functions = Functions::new(session.context);
        for report in if own.is_empty() && blocker.is_none() { &found } else { &own } {
            of_report(&sources, session, &functions, report, options.details, out)?;
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

/// Writes what is known of one handler: evidence, behaviour, and the patch that `fix` writes for it.
fn of_report(
    sources: &Sources,
    session: &Session,
    functions: &Functions,
    report: &HandlerReport,
    has_all_steps: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let scan = sources.scan;
    let finding = &scan.findings[report.findings[0]];
    let hook = finding.registration.hook.name();
    let is_shared = !sources.rules.is_migrating(&finding.registration.hook.record);
    // A hook of the kernel has implementers that a module does not show.
    let state = Some(sources.hook_state(&hook))
        .filter(|state| is_shared && !session.tree().is_module() && state.implementers > 1)
        .map(|state| state.sentence(&hook));
    let is_own = |finding: &Finding| report.findings.iter().any(|own| std::ptr::eq(&scan.findings[*own], finding));
    // With sketches, a safe conversion may take in others that are none.
    let written = |sketches| whole(scan.index, report, &conversions_of(session, &is_own, sketches));
    let is_written = |conversion: &Conversion| !conversion.diff.is_empty();
    let conversion = written(false).filter(is_written).or_else(|| written(true));
    let task = sources.of_finding(report.findings[0]);
    handler_report::text(scan, report, conversion.as_ref(), &task, state.as_deref(), out)?;
    for key in session.handlers(&finding.registration) {
        let definition = scan.index.file(key.id.file);
        let condition = definition.condition_at(scan.index.item(key.id).name.start);
        let behaviours = functions.behaviours(&key, &Reading::as_written());
        behaviour::write(scan.index, &behaviours, condition.as_ref(), has_all_steps, out)?;
    }
    let Some(conversion) = conversion else { return Ok(()) };
    handler_report::patch(&conversion, out)?;
    let headers = choose(sources.rules, session.tree(), "auto").map_err(io::Error::other)?;
    match lacking(&headers, &session.chosen).filter(|_| is_written(&conversion)) {
        Some(lacks) => writeln!(out, "\n{}.", printable(&lacks)),
        None => Ok(()),
    }
}

fn of_lint(lint: &Lint, out: &mut dyn Write) -> io::Result<()> {
    let text = lint.text().map_err(io::Error::other)?;
    writeln!(out, "{}: {} ({}, confidence {})\n", lint.id, text.title, text.level.name(), text.confidence.name())?;
    writeln!(
        out,
        "{}\n\nInstead of\n\n{}\nwrite\n\n{}",
        text.why.trim(),
        indented(&text.before),
        indented(&text.after)
    )?;
    writeln!(out, "From: {}.", text.sources.join("; "))?;
    writeln!(out, "False positives: {}", text.false_positives.split_whitespace().collect::<Vec<_>>().join(" "))?;
    let read = format!(
        "Linux {}: findings: {}, right: {}. {}",
        text.read.tree, text.read.findings, text.read.right, text.read.wrong
    );
    writeln!(out, "{}", read.trim())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn of_target(target: &Target, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", target.name, target.why)?;
    writeln!(out, "fields that a hook may read: {}", target.reads.join(", "))?;
    writeln!(out, "fields that it may write: {}", target.writes.join(", "))?;
    writeln!(
        out,
        "actions: {}",
        if target.actions.is_empty() {
            "none".to_owned()
        } else {
            target.actions.iter().map(|action| action.name.as_str()).collect::<Vec<_>>().join(", ")
        }
    )?;
    writeln!(out, "vm_ops->mapped: {}", if target.mapped { "yes" } else { "no" })
}

fn of_call(name: &str, call: &Call, rules: &Rules, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name} {}.", call.does.meaning())?;
    for (what, list) in
        [("reads", &call.reads), ("writes", &call.writes), ("sets", &call.implies), ("tests", &call.tests)]
    {
        if !list.is_empty() {
            writeln!(out, "It {what} {}.", list.join(", "))?;
        }
    }
    for target in rules.targets() {
        let instead = match (&call.action, rules.twin(target, name)) {
            (Some(action), _) if target.has_action(action) => format!("the action {action} replaces it"),
            (_, Some(twin)) => format!("write {twin}"),
            _ if call.action_by_page.as_deref().is_some_and(|action| target.has_action(action)) => {
                format!("the action {} replaces it, page by page", call.action_by_page.as_deref().unwrap_or_default())
            }
            _ if matches!(
                call.does,
                CallEffect::Access | CallEffect::Silent | CallEffect::Bridge | CallEffect::Action
            ) =>
            {
                continue;
            }
            _ => "nothing replaces it".to_owned(),
        };
        writeln!(out, "{}: {instead}", target.name)?;
    }
    match &call.decided {
        Some(decided) => writeln!(out, "Upstream: {decided}."),
        None => Ok(()),
    }
}

/// Error text for an unknown name.
fn unknown(name: &str, handlers: &[&str], rules: &Rules) -> String {
    let lints = ALL.iter().map(|lint| lint.id);
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict.name());
    let targets = rules.targets().iter().map(|target| target.name.as_str());
    let kinds = rules.requirements().iter().chain(rules.notes()).map(|known| known.kind.trim_end_matches(':'));
    let efforts = Effort::ALL.iter().map(|effort| effort.name());
    let known = lints.chain(verdicts).chain(targets).chain(kinds).chain(efforts);
    let all = known.chain(rules.call_names()).chain(handlers.iter().copied());
    let hint = did_you_mean(name, all);
    format!("unknown name: {name}{hint} (mmaplint rules lists the names)")
}

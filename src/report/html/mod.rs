//! Report as one HTML file that needs no network: an SVG overview, a searchable table, and one page per handler.
//!
//! Everything is readable without JavaScript, which only filters and sorts. A handler's page is an element shown while it is the target of
//! the address. All text from the tree goes through [`Html`].

mod bars;
mod behaviour;
mod blockers;
mod drawing;
mod handler;
mod overview;
mod progress;
mod series;
mod table;
mod treemap;

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::compare::Comparison;
use super::escape::Html;
use super::summary::amount;
use crate::behaviour::Functions;
use crate::fix_plan::FixPlan;
use crate::handler_report::HandlerReport;
use crate::verdict::{ResolvedTarget, Scan, Verdict};
use crate::worklist::{Statistics, Task};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Content of the page.
pub struct Page<'a> {
    /// Scan, with its blockers.
    pub scan: &'a Scan<'a>,
    /// Target that it was judged against.
    pub chosen: &'a ResolvedTarget,
    /// The kernel or module in words ([`crate::kernel::Tree::title`]).
    pub title: Option<String>,
    /// One task per finding, in the same order.
    pub tasks: &'a [Task],
    /// Reports of the handlers.
    pub handler_reports: &'a [HandlerReport],
    /// Behaviours of the handlers' functions.
    pub functions: &'a Functions<'a>,
    /// The series that `fix` writes.
    pub plan: &'a FixPlan,
    /// Statistics of the handlers.
    pub statistics: &'a Statistics,
    /// Changes since an older tree.
    pub progress: Option<&'a Comparison<'a>>,
}

/// Writes the page.
///
/// # Errors
/// `out` cannot be written.
pub fn html(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let title = page.title.as_deref().unwrap_or("a kernel without a version");
    let title = format!("The move to .mmap_prepare in {title}");
    let left = amount(page.scan.findings.iter().filter(|finding| finding.takes_vma()));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{0}</h1>\n<p>{1} still take a VMA, judged against the <strong>{2}</strong> API by mmaplint {3}.</p>\n\
         <nav aria-label=\"Parts of the report\"><a href=\"#overview\">Overview</a> <a href=\"#blockers\">Blockers</a> {4}<a href=\"#handlers\">Handlers</a>\
         <button type=\"button\" id=\"theme\" hidden>Dark or light</button></nav></header>\n<main>\n<div class=\"front\">\n",
        Html(&title),
        left,
        Html(&page.chosen.target.name),
        env!("CARGO_PKG_VERSION"),
        if series::needed(page).is_empty() { "" } else { "<a href=\"#series\">Series</a> " },
    )?;
    overview::write(page, out)?;
    if let Some(comparison) = page.progress {
        progress::write(comparison, out)?;
    }
    blockers::write(page, out)?;
    series::write(page, out)?;
    table::write(page, out)?;
    writeln!(out, "</div>")?;
    let addresses = page.addresses();
    for (report, address) in page.handler_reports.iter().zip(&addresses) {
        handler::write(page, address, report, out)?;
    }
    writeln!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

impl Page<'_> {
    /// The address of each handler's page within the document: `drivers/char/lamp/lamp.c:lamp_mmap`. It stays when other handlers come and
    /// go.
    fn addresses(&self) -> Vec<String> {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let address = |report: &HandlerReport| {
            let file = match &report.place {
                Some((file, _)) => file.clone(),
                None => {
                    let registration = &self.scan.findings[report.findings[0]].registration;
                    self.scan.index.file(registration.file).path.clone()
                }
            };
            let plain =
                format!("{file}:{}", report.name).replace(|byte: char| byte.is_whitespace() || byte == '%', "_");
            // The arms of a conditional may define a handler more than once.
            let mut numbered = (2..).map(|number| format!("{plain}-{number}"));
            match seen.insert(plain.clone()) {
                true => plain,
                false => numbered.find(|other| seen.insert(other.clone())).unwrap_or(plain),
            }
        };
        self.handler_reports.iter().map(address).collect()
    }
}

/// Coloured mark of a verdict, with its meaning as tooltip.
fn badge(verdict: Verdict) -> String {
    format!("<span class=\"badge v-{0}\" title=\"{1}\">{0}</span>", verdict.name(), Html(verdict.meaning()))
}

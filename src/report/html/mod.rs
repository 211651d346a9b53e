//! One HTML file that needs no network: an overview drawn as SVG, a table that can be searched, and a page for each handler.
//!
//! Everything is there without JavaScript, which only filters and sorts. A page of a handler is an element that is shown while it
//! is the target of the address. Whatever comes from the tree goes through [`Html`].

mod bars;
mod blockers;
mod handler;
mod overview;
mod progress;
mod table;
mod treemap;

use std::io::{self, Write};

use super::compare::Comparison;
use super::escape::Html;
use crate::handler_report::HandlerReport;
use crate::verdict::{ResolvedTarget, Scan, Verdict};
use crate::worklist::{Statistics, Task};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page shows.
pub struct Page<'a> {
    /// The scan, with its blockers.
    pub scan: &'a Scan<'a>,
    /// The target it was judged against.
    pub chosen: &'a ResolvedTarget,
    /// The kernel version of the tree, where it states one.
    pub version: Option<String>,
    /// A task for each finding, in their order.
    pub tasks: &'a [Task],
    /// The handlers.
    pub dossiers: &'a [HandlerReport],
    /// What handlers do, counted.
    pub statistics: &'a Statistics,
    /// What moved since an older tree.
    pub progress: Option<&'a Comparison<'a>>,
}

/// Writes the page.
///
/// # Errors
/// Where `out` cannot be written.
pub fn html(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let version = page.version.as_deref().unwrap_or("a tree without a version");
    let title = format!("The move to .mmap_prepare in Linux {version}");
    let left = page.statistics.left;
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{0}</h1>\n<p>{1} handlers that take a VMA are left, judged against the API of <strong>{2}</strong> by mmaplint {3}.</p>\n\
         <nav aria-label=\"Parts of the report\"><a href=\"#overview\">Overview</a> <a href=\"#blockers\">Blockers</a> <a href=\"#handlers\">Handlers</a>\
         <button type=\"button\" id=\"theme\" hidden>Dark or light</button></nav></header>\n<main>\n<div class=\"front\">\n",
        Html(&title),
        left,
        Html(&page.chosen.target.name),
        env!("CARGO_PKG_VERSION"),
    )?;
    overview::write(page, out)?;
    if let Some(comparison) = page.progress {
        progress::write(comparison, out)?;
    }
    blockers::write(page, out)?;
    table::write(page, out)?;
    writeln!(out, "</div>")?;
    for (number, dossier) in page.dossiers.iter().enumerate() {
        handler::write(page, number, dossier, out)?;
    }
    writeln!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

/// A verdict as a mark with its colour; what it means is told to who points at it.
fn badge(verdict: Verdict) -> String {
    format!("<span class=\"badge v-{0}\" title=\"{1}\">{0}</span>", verdict.name(), Html(verdict.meaning()))
}

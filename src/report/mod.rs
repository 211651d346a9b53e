//! Output formats of findings, one file per format. They know no rules and judge nothing.

pub mod behaviour;
pub mod check;
pub mod compare;
pub mod documents;
pub mod escape;
pub mod fix_plan;
mod graph;
pub mod guard;
pub mod handler_report;
pub mod history;
pub mod html;
mod json;
pub mod layout;
mod lines;
mod overview;
mod paint;
pub mod review;
mod sources;
mod summary;
mod text;
pub mod worklist;

pub use graph::{dot, graph_json, graph_lines};
pub use json::{json, schema as json_schema};
pub use lines::lines;
pub use overview::overview;
pub use summary::{amount, stats, summary};
pub use text::text;

use crate::behaviour::Functions;
use crate::index::Registration;
use crate::kernel::{FileTrouble, Tree};
use crate::verdict::{Finding, ResolvedTarget, Scan};

/// Input of a report.
pub struct Report<'a> {
    /// The scan.
    pub scan: &'a Scan<'a>,
    /// Findings to show.
    pub findings: Vec<&'a Finding>,
    /// Target that they were judged against.
    pub chosen: &'a ResolvedTarget,
    /// Kernel version of the tree, if it states one.
    pub version: Option<String>,
    /// The kernel or module in words ([`Tree::title`]).
    pub title: Option<String>,
    /// Trouble that concerns the findings to show.
    pub trouble: Vec<&'a FileTrouble>,
    /// Functions of the tree, if the behaviour of handlers is to be shown.
    pub functions: Option<&'a Functions<'a>>,
}

impl<'a> Report<'a> {
    /// Creates a report of all findings of a scan.
    pub fn of(scan: &'a Scan<'a>, chosen: &'a ResolvedTarget, tree: &Tree) -> Report<'a> {
        Report {
            scan,
            findings: scan.findings.iter().collect(),
            chosen,
            version: tree.version(),
            title: tree.title(),
            trouble: scan.trouble.iter().collect(),
            functions: None,
        }
    }

    /// A location as `path:line`.
    fn at(&self, file: u32, offset: u32) -> String {
        self.scan.index.file(file).at(offset)
    }
}

/// Handler and registration of a finding: `hpet_mmap, file_operations.mmap of hpet_fops`.
fn subject(finding: &Finding) -> String {
    let registration = &finding.registration;
    let handler = finding.handler_name();
    format!("{handler}, {}", registered_as(registration))
}

/// Hook and table of a registration: `file_operations.mmap of hpet_fops`.
fn registered_as(registration: &Registration) -> String {
    let hook = registration.hook.name();
    let dead = if registration.is_dead { " (not compiled for this kernel)" } else { "" };
    match &registration.table {
        Some(table) => format!("{hook} of {table}{dead}"),
        None => format!("{hook}{dead}"),
    }
}

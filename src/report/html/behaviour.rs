//! What a handler does on each path, as a table.

use std::io::{self, Write};

use super::Page;
use crate::behaviour::Reading;
use crate::handler_report::HandlerReport;
use crate::report::behaviour::{BehaviourEntry, OutcomeEntry, condition};
use crate::report::escape::Html;

/// Maximum number of outcomes in a table. `mmaplint explain` shows what they have in common once.
const SHOWN: usize = 8;

pub(super) fn write(page: &Page, report: &HandlerReport, out: &mut dyn Write) -> io::Result<()> {
    let index = page.scan.index;
    let Some(key) = page.scan.findings[report.findings[0]].function(index) else { return Ok(()) };
    let behaviours = page.functions.behaviours(&key, &Reading::as_written());
    for behaviour in behaviours.iter() {
        let variant = condition(behaviour, None).map(|condition| format!(", if {condition}")).unwrap_or_default();
        let BehaviourEntry { outcomes, incomplete } = BehaviourEntry::new(index, behaviour);
        if outcomes.is_empty() {
            continue;
        }
        writeln!(
            out,
            "<details class=\"behaviour\"><summary>What it does ({}{})</summary>\n<table class=\"list\"><thead><tr>\
             <th scope=\"col\">If</th><th scope=\"col\">returns</th><th scope=\"col\">after</th></tr></thead><tbody>",
            crate::words::counted(outcomes.len(), "outcome"),
            Html(&variant)
        )?;
        outcomes.iter().take(SHOWN).try_for_each(|outcome| row(outcome, out))?;
        writeln!(out, "</tbody></table>")?;
        if outcomes.len() > SHOWN {
            writeln!(out, "<p>The first {SHOWN}; <code>mmaplint explain</code> shows them step by step.</p>")?;
        }
        if let Some(reason) = incomplete {
            writeln!(out, "<p>Incomplete: {}</p>", Html(&reason))?;
        }
        writeln!(out, "</details>")?;
    }
    Ok(())
}

fn row(outcome: &OutcomeEntry, out: &mut dyn Write) -> io::Result<()> {
    let lines = |parts: &[String], none: &str| match parts {
        [] => none.to_owned(),
        parts => parts.iter().map(|part| format!("<code>{}</code>", Html(part))).collect::<Vec<_>>().join("<br>"),
    };
    writeln!(
        out,
        "<tr><td data-label=\"If\">{}</td><td data-label=\"returns\"><code>{}</code> <small>(line {})</small></td>\
         <td data-label=\"after\">{}</td></tr>",
        lines(&outcome.when, "always"),
        Html(&outcome.returns),
        outcome.line,
        lines(&outcome.then, "nothing")
    )
}

//! Page of one handler: verdict, lines that prove it, patch if there is one, maintainers.

use std::io::{self, Write};

use super::{Page, badge, behaviour};
use crate::fix::Applicability;
use crate::handler_report::{Conversion, Excerpt, HandlerReport, Line};
use crate::report::escape::Html;
use crate::report::registered_as;
use crate::words::counted;

/// Maximum number of registrations on a page. The table has all of them.
const LISTED: usize = 12;

pub(super) fn write(page: &Page, address: &str, report: &HandlerReport, out: &mut dyn Write) -> io::Result<()> {
    let first = &page.scan.findings[report.findings[0]];
    let task = &page.tasks[report.findings[0]];
    writeln!(
        out,
        "<article class=\"handler\" id=\"{}\"><p class=\"back\"><a href=\"#handlers\">Back to all handlers</a></p>\n\
         <h2><code>{}</code> {}</h2>\n<dl>",
        Html(address),
        Html(&report.name),
        badge(first.verdict)
    )?;
    let mut entry = |name: &str, value: &str| match value {
        "" => Ok(()),
        value => writeln!(out, "<dt>{name}</dt><dd>{}</dd>", Html(value)),
    };
    let place =
        report.place.as_ref().map_or("not found in the tree".to_owned(), |(file, line)| format!("{file}:{line}"));
    entry("Defined at", &place)?;
    entry("Registered", &registrations(page, report))?;
    entry("What to do", &task.advice)?;
    entry("After its blockers", &first.after.map_or(String::new(), |after| format!("{after}: {}", after.meaning())))?;
    entry("Reads", &first.reads.join(", "))?;
    entry("Writes", &first.writes.join(", "))?;
    entry("Flags set", &first.sets.join(", "))?;
    entry("Flags cleared", &first.clears.join(", "))?;
    entry("Flags tested", &first.tests.join(", "))?;
    entry("Upstream", &task.notes.join("; "))?;
    entry("Subsystem", [task.subsystem.as_str(), task.status.as_str()].join(", ").trim_matches([',', ' ']))?;
    writeln!(out, "</dl>")?;
    let people = task.maintainers.iter().chain(&task.lists);
    let people: Vec<String> = people.map(|person| format!("<li>{}</li>", Html(person))).collect();
    if !people.is_empty() {
        writeln!(
            out,
            "<details><summary>Whom to write to ({})</summary><ul>{}</ul></details>",
            people.len(),
            people.join("")
        )?;
    }
    for part in &report.excerpts {
        excerpt(part, out)?;
    }
    if let Some(conversion) = &report.conversion {
        patch(conversion, out)?;
    }
    behaviour::write(page, report, out)?;
    writeln!(out, "</article>")
}

/// The first registrations, as `file_operations.mmap of hpet_fops (drivers/char/hpet.c:704)`.
fn registrations(page: &Page, report: &HandlerReport) -> String {
    let listed = report.findings.iter().take(LISTED).map(|finding| {
        let registration = &page.scan.findings[*finding].registration;
        let place = page.scan.index.file(registration.file).at(registration.span.start);
        format!("{} ({place})", registered_as(registration))
    });
    let mut all: Vec<String> = listed.collect();
    if report.findings.len() > LISTED {
        all.push(format!("and {} more", report.findings.len() - LISTED));
    }
    all.join(", ")
}

/// Writes source lines, each followed by its marks.
fn excerpt(excerpt: &Excerpt, out: &mut dyn Write) -> io::Result<()> {
    let way = if excerpt.via.is_empty() { String::new() } else { format!(" via {}", excerpt.via.join(", ")) };
    writeln!(out, "<h3><code>{}</code>{}</h3>\n<pre class=\"source\">", Html(&excerpt.file), Html(&way))?;
    for (number, run) in excerpt.runs().enumerate() {
        if number > 0 {
            writeln!(out, "<i>      …</i>")?;
        }
        run.iter().try_for_each(|part| line(part, out))?;
    }
    writeln!(out, "</pre>")
}

fn line(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let hardest = line.marks.iter().map(|mark| mark.verdict).max();
    match hardest {
        None => writeln!(out, "<i>{:7}</i> {}", line.number, Html(&line.text))?,
        Some(verdict) => {
            let class = verdict.name();
            writeln!(out, "<i>{:7}</i> <mark class=\"v-{class}\">{}</mark>", line.number, Html(&line.text))?;
        }
    }
    for mark in &line.marks {
        writeln!(out, "<i>       </i> <em><b>{}</b> {}</em>", Html(&mark.kind), Html(&mark.text))?;
    }
    Ok(())
}

fn patch(conversion: &Conversion, out: &mut dyn Write) -> io::Result<()> {
    let heading = match conversion.applicability {
        Applicability::Safe => "The conversion",
        Applicability::Sketch => "A sketch of the conversion",
        Applicability::None => "Why no conversion is written",
    };
    writeln!(out, "<h3>{heading}</h3>")?;
    let notes: Vec<&String> = conversion.open.iter().chain(&conversion.remarks).collect();
    if !notes.is_empty() {
        writeln!(out, "<ul>")?;
        for note in notes {
            writeln!(out, "<li>{}</li>", Html(note))?;
        }
        writeln!(out, "</ul>")?;
    }
    if conversion.diff.is_empty() {
        return Ok(());
    }
    if conversion.others > 0 {
        let others = counted(conversion.others, "other handler");
        writeln!(out, "<p>The patch converts {others} too. These are the hunks for this one.</p>")?;
    }
    writeln!(out, "<pre class=\"diff\">")?;
    for line in conversion.diff.lines() {
        match line.as_bytes().first() {
            Some(b'+') => writeln!(out, "<ins>{}</ins>", Html(line))?,
            Some(b'-') => writeln!(out, "<del>{}</del>", Html(line))?,
            Some(b'@') => writeln!(out, "<b>{}</b>", Html(line))?,
            _ => writeln!(out, "{}", Html(line))?,
        }
    }
    writeln!(out, "</pre>")
}

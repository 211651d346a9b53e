//! Table with one row per registration. The script filters by the attributes and the text of the rows.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Page, badge};
use crate::report::escape::Html;
use crate::verdict::Verdict;
use crate::worklist::Task;

/// Column headings.
const COLUMNS: [&str; 8] =
    ["Handler", "Registered at", "Hook", "Verdict", "Effort", "Waits for", "Subsystem", "Maintainers"];

pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"handlers\"><h2>Handlers</h2>\n<form id=\"filters\" role=\"search\" hidden>\n\
         <label>Search <input type=\"search\" id=\"query\" placeholder=\"name, path, maintainer: all words must match\" \
         autocomplete=\"off\" spellcheck=\"false\"></label> <kbd title=\"keyboard shortcut\">/</kbd>\n\
         <fieldset><legend>Verdict</legend>"
    )?;
    for verdict in Verdict::ALL {
        if page.tasks.iter().any(|task| task.verdict == verdict) {
            writeln!(
                out,
                "<label><input type=\"checkbox\" name=\"verdict\" value=\"{0}\"> {1}</label>",
                verdict.name(),
                badge(verdict)
            )?;
        }
    }
    writeln!(out, "</fieldset>")?;
    select("subsystem", "Subsystem", page.tasks.iter().map(|task| task.subsystem.as_str()), out)?;
    select("hook", "Hook", page.tasks.iter().map(|task| task.what.as_str()), out)?;
    writeln!(
        out,
        "<button type=\"reset\">Show all</button> <output id=\"count\" aria-live=\"polite\"></output>\n</form>\n\
         <table class=\"list\" id=\"rows\"><thead><tr>"
    )?;
    for heading in COLUMNS {
        write!(out, "<th scope=\"col\">{heading}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    let mut pages: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, report) in page.handler_reports.iter().enumerate() {
        pages.extend(report.findings.iter().map(|finding| (*finding, number)));
    }
    for (number, task) in page.tasks.iter().enumerate() {
        row(page, number, task, pages.get(&number).copied(), out)?;
    }
    writeln!(out, "</tbody></table></section>")
}

fn select<'a>(name: &str, label: &str, values: impl Iterator<Item = &'a str>, out: &mut dyn Write) -> io::Result<()> {
    let mut values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
    values.sort_unstable();
    values.dedup();
    write!(out, "<label>{label} <select name=\"{name}\"><option value=\"\">all</option>")?;
    for value in values {
        write!(out, "<option>{}</option>", Html(value))?;
    }
    writeln!(out, "</select></label>")
}

fn row(page: &Page, number: usize, task: &Task, shown: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let registration = &page.scan.findings[number].registration;
    let file = page.scan.index.file(registration.file);
    let place = file.at(registration.span.start);
    let handler = match shown {
        Some(shown) => format!("<a href=\"#handler-{shown}\"><code>{}</code></a>", Html(&task.name)),
        None => format!("<code>{}</code>", Html(&task.name)),
    };
    writeln!(
        out,
        "<tr data-verdict=\"{0}\" data-subsystem=\"{1}\" data-hook=\"{2}\" data-waits=\"{3}\" data-folder=\"{4}\">\
         <th scope=\"row\">{handler}</th><td><code>{5}</code></td><td><code>{2}</code></td><td>{6}</td><td>{7}</td>\
         <td><code>{3}</code></td><td>{1}</td><td>{8}</td></tr>",
        task.verdict.name(),
        Html(&task.subsystem),
        Html(&task.what),
        Html(&task.waits_for.join(" ")),
        Html(&file.path),
        Html(&place),
        badge(task.verdict),
        task.effort.name(),
        Html(&names(&task.maintainers))
    )
}

/// Names of people. Their addresses are on the pages of the handlers.
fn names(people: &[String]) -> String {
    let names = people.iter().map(|person| person.split(" <").next().unwrap_or(person).trim_matches('"'));
    names.collect::<Vec<_>>().join(", ")
}

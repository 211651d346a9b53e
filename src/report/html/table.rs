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
    let addresses = page.addresses();
    let mut pages: BTreeMap<usize, &str> = BTreeMap::new();
    for (report, address) in page.handler_reports.iter().zip(&addresses) {
        pages.extend(report.findings.iter().map(|finding| (*finding, address.as_str())));
    }
    // The easiest that are left come first, then the harder ones; what is done comes last.
    let mut order: Vec<usize> = (0..page.tasks.len()).collect();
    let is_done = |verdict: Verdict| matches!(verdict, Verdict::None | Verdict::Converted);
    order.sort_by_key(|number| {
        let task = &page.tasks[*number];
        (is_done(task.verdict), task.verdict, task.effort)
    });
    for number in order {
        row(page, number, &page.tasks[number], pages.get(&number).copied(), out)?;
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

fn row(page: &Page, number: usize, task: &Task, shown: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let registration = &page.scan.findings[number].registration;
    let file = page.scan.index.file(registration.file);
    let place = file.at(registration.span.start);
    let handler = match shown {
        Some(shown) => format!("<a href=\"#{}\"><code>{}</code></a>", Html(shown), Html(&task.name)),
        None => format!("<code>{}</code>", Html(&task.name)),
    };
    writeln!(
        out,
        "<tr data-verdict=\"{0}\" data-subsystem=\"{1}\" data-hook=\"{2}\" data-waits=\"{3}\" data-folder=\"{4}\">\
         <th scope=\"row\">{handler}</th><td data-label=\"Registered at\"><code>{5}</code></td>\
         <td data-label=\"Hook\"><code>{2}</code></td><td data-label=\"Verdict\" data-rank=\"{9}\">{6}</td>\
         <td data-label=\"Effort\" data-rank=\"{10}\">{7}</td><td data-label=\"Waits for\"><code>{3}</code></td>\
         <td data-label=\"Subsystem\">{1}</td><td data-label=\"Maintainers\">{8}</td></tr>",
        task.verdict.name(),
        Html(&task.subsystem),
        Html(&task.what),
        Html(&task.waits_for.join(" ")),
        Html(&file.path),
        Html(&place),
        badge(task.verdict),
        task.effort.name(),
        names(&task.maintainers),
        task.verdict as usize,
        task.effort as usize,
    )
}

/// Names of people: the first, and the others folded. Their addresses are on the pages of the handlers.
fn names(people: &[String]) -> String {
    let name = |person: &String| Html(person.split(" <").next().unwrap_or(person).trim_matches('"')).to_string();
    match people {
        [] => String::new(),
        [only] => name(only),
        [first, others @ ..] => {
            let others: Vec<String> = others.iter().map(name).collect();
            format!("<details><summary>{} +{}</summary>{}</details>", name(first), others.len(), others.join(", "))
        }
    }
}

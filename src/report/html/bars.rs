//! Stacked bars: number of registrations by verdict.

use std::io::{self, Write};

use crate::report::escape::Html;
use crate::verdict::Verdict;

/// Number of registrations by verdict, in the order of [`Verdict::ALL`].
pub(super) type Counts = [usize; Verdict::ALL.len()];

/// Index of a verdict in [`Counts`].
pub(super) fn place(verdict: Verdict) -> usize {
    Verdict::ALL.iter().position(|known| *known == verdict).unwrap_or_default()
}

/// Width of the drawing, in its own units.
const WIDTH: f64 = 900.0;
/// Height of a bar and the space below it.
const ROW: f64 = 24.0;
/// Left edge of the bars, after their labels.
const LABEL: f64 = 300.0;

/// Draws one bar per label; the longest fills the width. `filter` is the table field that a click on a label filters by.
pub(super) fn bars(caption: &str, filter: &str, rows: &[(String, Counts)], out: &mut dyn Write) -> io::Result<()> {
    let total = |counts: &Counts| counts.iter().sum::<usize>();
    let most = rows.iter().map(|(_, counts)| total(counts)).max().unwrap_or(0).max(1);
    let height = ROW * rows.len() as f64;
    write!(
        out,
        "<figure><figcaption>{}</figcaption>\n<svg class=\"bars\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        Html(caption),
        Html(caption)
    )?;
    for (number, (label, counts)) in rows.iter().enumerate() {
        let top = ROW * number as f64;
        write!(
            out,
            "<a href=\"#handlers\" data-filter=\"{filter}\" data-value=\"{0}\"><title>{0}: {1}</title>\
             <text class=\"label\" x=\"{2}\" y=\"{3}\">{4}</text>",
            Html(label),
            told(counts),
            LABEL - 8.0,
            top + 15.0,
            Html(&shortened(label, 34)),
        )?;
        let mut left = LABEL;
        for (verdict, count) in Verdict::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
            let width = (WIDTH - LABEL - 40.0) * *count as f64 / most as f64;
            write!(
                out,
                "<rect class=\"v-{}\" x=\"{left:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"/>",
                verdict.name(),
                top + 2.0,
                ROW - 6.0
            )?;
            left += width;
        }
        writeln!(out, "<text x=\"{:.1}\" y=\"{}\">{}</text></a>", left + 5.0, top + 15.0, total(counts))?;
    }
    writeln!(out, "</svg></figure>")
}

/// The counts in words: `3 action, 1 mapped`.
pub(super) fn told(counts: &Counts) -> String {
    let named = Verdict::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0);
    named.map(|(verdict, count)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
}

/// Text cut to `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

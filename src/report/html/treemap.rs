//! Treemap of the folders: sized by number of handlers, striped by verdict.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Page;
use super::bars::{Counts, place, shortened, told};
use crate::report::escape::Html;
use crate::verdict::Verdict;

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 520.0;
/// Height of the heading of a top-level folder.
const HEADING: f64 = 16.0;

/// Rectangle of the drawing.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// A top-level folder.
struct Folder {
    name: String,
    /// Counts by folder below it, the largest first.
    parts: Vec<(String, Counts)>,
    /// Number of handlers.
    weight: f64,
}

pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let caption = "Registrations by folder, coloured by verdict";
    write!(
        out,
        "<figure><figcaption>{caption}</figcaption>\n\
         <svg class=\"treemap\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{caption}\">\n"
    )?;
    let folders = folders(page);
    let whole = Area { left: 0.0, top: 0.0, width: WIDTH, height: HEIGHT };
    let weights: Vec<f64> = folders.iter().map(|folder| folder.weight).collect();
    for (folder, area) in folders.iter().zip(squarified(&weights, whole)) {
        writeln!(out, "{}", text("heading", &area, 12.0, &folder.name))?;
        let inner = Area { top: area.top + HEADING, height: (area.height - HEADING).max(1.0), ..area };
        let weights: Vec<f64> = folder.parts.iter().map(|(_, counts)| weight(counts)).collect();
        for ((part, counts), area) in folder.parts.iter().zip(squarified(&weights, inner)) {
            cell(part, counts, &area, out)?;
        }
    }
    writeln!(out, "</svg></figure>")
}

/// Top-level folders with handlers, the largest first.
fn folders(page: &Page) -> Vec<Folder> {
    let mut found: BTreeMap<String, BTreeMap<String, Counts>> = BTreeMap::new();
    for finding in &page.scan.findings {
        let path = &page.scan.index.file(finding.registration.file).path;
        let parts: Vec<&str> = path.split('/').collect();
        let below = parts[..parts.len().saturating_sub(1).min(2)].join("/");
        found.entry(parts[0].to_owned()).or_default().entry(below).or_default()[place(finding.verdict)] += 1;
    }
    let largest_first = |left: f64, right: f64| right.total_cmp(&left);
    let folder = |(name, parts): (String, BTreeMap<String, Counts>)| {
        let mut parts: Vec<(String, Counts)> = parts.into_iter().collect();
        parts.sort_by(|left, right| largest_first(weight(&left.1), weight(&right.1)));
        Folder { name, weight: parts.iter().map(|(_, counts)| weight(counts)).sum(), parts }
    };
    let mut folders: Vec<Folder> = found.into_iter().map(folder).collect();
    folders.sort_by(|left, right| largest_first(left.weight, right.weight));
    folders
}

fn weight(counts: &Counts) -> f64 {
    counts.iter().sum::<usize>() as f64
}

/// Draws one folder, with one stripe per verdict.
fn cell(folder: &str, counts: &Counts, area: &Area, out: &mut dyn Write) -> io::Result<()> {
    let total = weight(counts).max(1.0);
    write!(
        out,
        "<a href=\"#handlers\" data-filter=\"folder\" data-value=\"{0}/\"><title>{0}: {1}</title>",
        Html(folder),
        told(counts)
    )?;
    let mut left = area.left;
    for (verdict, count) in Verdict::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
        let width = area.width * *count as f64 / total;
        write!(
            out,
            "<rect class=\"v-{}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
            verdict.name(),
            area.top,
            area.height
        )?;
        left += width;
    }
    writeln!(
        out,
        "<rect class=\"frame\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>{}</a>",
        area.left,
        area.top,
        area.width,
        area.height,
        text("name", area, 14.0, folder.rsplit('/').next().unwrap_or_default())
    )
}

/// Text in an area; empty if the area is too small.
fn text(class: &str, area: &Area, down: f64, content: &str) -> String {
    let room = ((area.width - 6.0) / 6.5) as usize;
    if room < 3 || area.height < down {
        return String::new();
    }
    let content = shortened(content, room);
    format!(
        "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        area.left + 4.0,
        area.top + down,
        Html(&content)
    )
}

/// Divides an area by weights in falling order. The parts are as close to squares as possible (Bruls, Huizing, van Wijk 2000).
fn squarified(weights: &[f64], area: Area) -> Vec<Area> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let scale = area.width * area.height / total;
    let sizes: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
    let mut rest = area;
    let mut areas = Vec::new();
    let mut begin = 0;
    while begin < sizes.len() {
        let side = rest.width.min(rest.height);
        let mut end = begin + 1;
        while end < sizes.len() && worst(&sizes[begin..=end], side) <= worst(&sizes[begin..end], side) {
            end += 1;
        }
        rest = row(&sizes[begin..end], rest, &mut areas);
        begin = end;
    }
    areas
}

/// Largest ratio of the sides of a part, if sizes are laid along a side.
fn worst(sizes: &[f64], side: f64) -> f64 {
    let sum: f64 = sizes.iter().sum();
    let ratio = |size: &f64| (side * side * size / (sum * sum)).max(sum * sum / (side * side * size));
    sizes.iter().map(ratio).fold(0.0, f64::max)
}

/// Lays sizes along the shorter side. Returns the rest of the area.
fn row(sizes: &[f64], area: Area, areas: &mut Vec<Area>) -> Area {
    let sum: f64 = sizes.iter().sum();
    let is_wide = area.width >= area.height;
    let depth = sum / if is_wide { area.height } else { area.width }.max(f64::EPSILON);
    let mut at = 0.0;
    for size in sizes {
        let length = size / depth.max(f64::EPSILON);
        areas.push(if is_wide {
            Area { left: area.left, top: area.top + at, width: depth, height: length }
        } else {
            Area { left: area.left + at, top: area.top, width: length, height: depth }
        });
        at += length;
    }
    if is_wide {
        Area { left: area.left + depth, width: (area.width - depth).max(0.0), ..area }
    } else {
        Area { top: area.top + depth, height: (area.height - depth).max(0.0), ..area }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_whole_and_keep_their_weights() {
        let area = Area { left: 0.0, top: 0.0, width: 600.0, height: 400.0 };
        let parts = squarified(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], area);
        let sizes: Vec<f64> = parts.iter().map(|part| part.width * part.height).collect();
        assert!((sizes.iter().sum::<f64>() - 240_000.0).abs() < 1.0);
        assert!((sizes[0] / sizes[6] - 6.0).abs() < 0.01);
        assert!(parts.iter().all(|part| part.left + part.width < 600.1 && part.top + part.height < 400.1));
    }
}

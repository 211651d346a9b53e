//! A drawing of things that wait for one another: each is left of those that it waits for.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::bars::shortened;
use crate::report::escape::Html;
use crate::verdict::Verdict;

/// Width of a node, and of the gap between two columns.
const NODE: f64 = 240.0;
const GAP: f64 = 70.0;
/// Height of a node, and distance between the tops of two nodes.
const TALL: f64 = 34.0;
const STEP: f64 = 46.0;
/// Number of passes that move nodes towards their neighbours.
const ROUNDS: usize = 8;

/// A node of the drawing.
pub(super) struct Node {
    pub(super) name: String,
    /// The line below the name.
    pub(super) note: String,
    /// The verdict whose colour it has.
    pub(super) verdict: Verdict,
    /// The table field that a click filters by, and its value.
    pub(super) filter: Option<(&'static str, String)>,
}

/// Left and top of each node, by number.
fn placed(columns: &[Vec<usize>], height: f64) -> BTreeMap<usize, (f64, f64)> {
    let across = columns.len() as f64;
    let mut places: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (column, nodes) in columns.iter().enumerate() {
        // The longest chains start at the left.
        let left = (across - 1.0 - column as f64) * (NODE + GAP);
        let first = (height - nodes.len() as f64 * STEP) / 2.0;
        for (row, node) in nodes.iter().enumerate() {
            places.insert(*node, (left, first + row as f64 * STEP));
        }
    }
    places
}

/// An arrow from one node of a drawing to another, which lies to its right.
fn edge(name: &str, (left, top): (f64, f64), (right, bottom): (f64, f64), out: &mut dyn Write) -> io::Result<()> {
    let (start, end) = ((left + NODE, top + TALL / 2.0), (right, bottom + TALL / 2.0));
    let middle = (start.0 + end.0) / 2.0;
    writeln!(
        out,
        "<path class=\"edge\" marker-end=\"url(#tip-of-{name})\" d=\"M{:.0} {:.0}C{middle:.0} {:.0} {middle:.0} {:.0} {:.0} {:.0}\"/>",
        start.0, start.1, start.1, end.1, end.0, end.1
    )
}

impl Node {
    fn write(&self, (left, top): (f64, f64), out: &mut dyn Write) -> io::Result<()> {
        let Node { name, note, verdict, filter } = self;
        let (opens, closes) = match filter {
            Some((field, value)) => {
                (format!("<a href=\"#handlers\" data-filter=\"{field}\" data-value=\"{}\">", Html(value)), "</a>")
            }
            None => ("<g>".to_owned(), "</g>"),
        };
        writeln!(
            out,
            "{opens}<title>{0}: {1}</title>\
             <rect class=\"node v-{2}\" x=\"{left:.0}\" y=\"{top:.0}\" width=\"{NODE}\" height=\"{TALL}\" rx=\"5\"/>\
             <text x=\"{3:.0}\" y=\"{4:.0}\">{5}</text><text class=\"small\" x=\"{3:.0}\" y=\"{6:.0}\">{1}</text>{closes}",
            Html(name),
            Html(note),
            verdict.name(),
            left + 8.0,
            top + 14.0,
            Html(&shortened(name, 30)),
            top + 28.0
        )
    }
}

/// A drawing of nodes that wait for others.
pub(super) struct Graph {
    /// The name of the drawing on its page: ids there are unique.
    pub(super) name: &'static str,
    /// Numbers of the nodes that each node waits for.
    pub(super) waits: Vec<Vec<usize>>,
}

impl Graph {
    /// Writes the drawing; nothing if there are no nodes.
    pub(super) fn draw(&self, caption: &str, nodes: &[Node], out: &mut dyn Write) -> io::Result<()> {
        if nodes.is_empty() {
            return Ok(());
        }
        let columns = self.columns();
        let across = columns.len() as f64;
        let down = columns.iter().map(Vec::len).max().unwrap_or(1) as f64;
        let (width, height) = (across * NODE + (across - 1.0) * GAP, down * STEP);
        let places = placed(&columns, height);
        write!(
            out,
            "<figure><figcaption>{caption}</figcaption>\n<svg class=\"graph\" style=\"--width: {}px\" viewBox=\"-2 -2 {} {}\" role=\"img\" aria-label=\"{caption}\">\n\
             <defs><marker id=\"tip-of-{}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
             <path d=\"M0 0 8 4 0 8z\"/></marker></defs>\n",
            width * 1.2,
            width + 4.0,
            height + 4.0,
            self.name
        )?;
        for (from, others) in self.waits.iter().enumerate() {
            others.iter().try_for_each(|to| edge(self.name, places[&from], places[to], out))?;
        }
        nodes.iter().enumerate().try_for_each(|(number, node)| node.write(places[&number], out))?;
        writeln!(out, "</svg></figure>")
    }

    /// Nodes in columns by the length of the chain they wait for; in each column, nodes are near their neighbours.
    fn columns(&self) -> Vec<Vec<usize>> {
        let ranks = self.ranks();
        let mut columns: Vec<Vec<usize>> = vec![Vec::new(); ranks.iter().max().map_or(0, |most| most + 1)];
        for (node, rank) in ranks.iter().enumerate() {
            columns[*rank].push(node);
        }
        for _ in 0..ROUNDS {
            let mut rows: BTreeMap<usize, f64> = BTreeMap::new();
            for column in &columns {
                let middle = column.len() as f64 / 2.0;
                rows.extend(column.iter().enumerate().map(|(row, node)| (*node, row as f64 - middle)));
            }
            for column in &mut columns {
                column.sort_by(|left, right| self.pull(*left, &rows).total_cmp(&self.pull(*right, &rows)));
            }
        }
        columns
    }

    /// Mean row of a node's neighbours.
    fn pull(&self, node: usize, rows: &BTreeMap<usize, f64>) -> f64 {
        let before = self.waits.iter().enumerate().filter(|(_, others)| others.contains(&node)).map(|(other, _)| other);
        let all: Vec<usize> = self.waits[node].iter().copied().chain(before).collect();
        all.iter().map(|other| rows[other]).sum::<f64>() / all.len().max(1) as f64
    }

    /// Length of the longest chain that each node waits for. In a cycle, the node that waits for the fewest comes first.
    fn ranks(&self) -> Vec<usize> {
        let mut ranks: Vec<Option<usize>> = vec![None; self.waits.len()];
        while let Some(next) = (0..ranks.len())
            .filter(|node| ranks[*node].is_none())
            .min_by_key(|node| self.waits[*node].iter().filter(|other| ranks[**other].is_none()).count())
        {
            let known = self.waits[next].iter().filter_map(|other| ranks[*other]);
            ranks[next] = Some(known.max().map_or(0, |most| most + 1));
        }
        ranks.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_and_a_ring_have_ranks() {
        let graph = Graph { name: "test", waits: vec![vec![1], vec![2], vec![], vec![4], vec![3]] };
        let ranks = graph.ranks();
        assert_eq!(ranks[..3], [2, 1, 0]);
        assert_ne!(ranks[3], ranks[4]);
    }
}

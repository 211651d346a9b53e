//! JSON: an entry per tree.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Stage;
use crate::compare::Fate;
use crate::report::layout::write_json;
use crate::verdict::Verdict;

/// Writes one document.
///
/// # Errors
/// `out` cannot be written.
pub fn json(stages: &[Stage], out: &mut dyn Write) -> io::Result<()> {
    let entry = |stage: &Stage| {
        let verdicts: Map<String, Value> = Verdict::ALL
            .iter()
            .zip(stage.verdicts)
            .map(|(verdict, count)| (verdict.name().to_owned(), count.into()))
            .collect();
        let since = stage.fates.map(|fates| {
            let named = Fate::ALL.iter().zip(fates).map(|(fate, count)| (fate.name().to_owned(), count.into()));
            named.collect::<Map<String, Value>>()
        });
        json!({"tree": stage.name, "left": stage.left(), "verdicts": verdicts, "since": since})
    };
    let document = json!({
        "schema": 1,
        "tool": {"name": "mmaplint", "version": env!("CARGO_PKG_VERSION")},
        "trees": stages.iter().map(entry).collect::<Vec<Value>>(),
    });
    write_json(&document, out)
}

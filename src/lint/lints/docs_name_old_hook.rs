//! A document or Rust code that names a renamed hook.

use regex::bytes::Regex;

use crate::index::Takes;
use crate::kernel::{DOCUMENTS, RUST, texts_naming};
use crate::lint::{Facts, Found};
use crate::source::Span;

pub fn check(facts: &Facts, found: &mut Found) {
    if !facts.documents {
        return;
    }
    let hooks = facts.context.index.hooks();
    let is_renamed = |record: &&str| {
        let of = |takes| hooks.of(record).any(|hook| hook.takes == takes);
        of(Takes::Desc) && !of(Takes::Vma)
    };
    let renamed: Vec<&str> = hooks.records().into_iter().filter(is_renamed).collect();
    if renamed.is_empty() {
        return;
    }
    // `int (*mmap)(struct uio_info *info, struct vm_area_struct *vma)`, on one or more lines.
    let Ok(declared) = Regex::new(r"\(\*(\w+)\)\s*\(\s*struct\s+(\w+)\s*\*[^)]*\bvm_area_struct\b[^)]*\)") else {
        return;
    };
    for (folder, extensions) in [DOCUMENTS, RUST] {
        for (path, text) in texts_naming(facts.tree, folder, extensions, b"vm_area_struct") {
            for hit in declared.captures_iter(&text) {
                let (Some(whole), Some(record)) = (hit.get(0), hit.get(2)) else { continue };
                let record = String::from_utf8_lossy(record.as_bytes()).into_owned();
                let Some(hook) = hooks.of(&record).find(|_| renamed.contains(&record.as_str())) else { continue };
                let old = String::from_utf8_lossy(&hit[1]).into_owned();
                let message = format!("names {record}.{old}, which is now {record}.{} and takes a desc", hook.member);
                found.in_text(&path, &text, Span::new(whole.start(), whole.end()), message);
            }
        }
    }
}

//! Tables that replace each other in open files, but set different hooks.

use crate::index::{Handler, Takes, swaps};
use crate::lint::{Facts, Found};
use crate::verdict::Finding;

pub fn check(facts: &Facts, found: &mut Found) {
    let index = facts.context.index;
    let is_table = |finding: &&Finding| {
        let registration = &finding.registration;
        facts.rules().is_migrating(&registration.hook.record) && registration.handler != Handler::Null
    };
    let tables: Vec<&Finding> = facts.findings.iter().filter(is_table).collect();
    let swaps = swaps(index);
    let is_put_there = |finding: &Finding| {
        let table = finding.registration.table.as_ref();
        swaps.iter().any(|swap| table == Some(&swap.table))
    };
    for swap in &swaps {
        let takes = |finding: &Finding| finding.registration.hook.takes;
        let own = tables.iter().find(|finding| finding.registration.table.as_ref() == Some(&swap.table));
        let Some(own) = own else { continue };
        let other = tables.iter().find(|finding| {
            takes(finding) != takes(own)
                && !is_put_there(finding)
                && swap.reaches(index, &index.file(finding.registration.file).path)
        });
        if let Some(other) = other {
            let member = |takes| if takes == Takes::Desc { ".mmap_prepare" } else { ".mmap" };
            let name = other.registration.table.as_deref().unwrap_or("a table of the same subsystem");
            let message = format!(
                "{} sets {} and replaces tables like {name}, which sets {}: a concurrent mmap() may find neither hook; convert both in one patch",
                swap.table,
                member(takes(own)),
                member(takes(other)),
            );
            found.at(swap.by.file, swap.span, message);
        }
    }
}

//! Templates that express the uses of a VMA for a target.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::naming::SUFFIX;
use super::template;

/// Templates of a target. `{desc}` is the desc. `{bits}` is a list of flag bits; `{bits:N}` is the flags of argument N (from 0) as such a
/// list. `{N}` is argument N as written for the desc, `{N!}` the same in parentheses unless it is a plain name, `{N...}` the same with all
/// arguments that follow. Each key describes its other placeholders.
// More than twelve fields: one for each key of `[rewrite]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rewrite {
    /// Target that supplies missing templates; `tree` is the target of the tree's own headers.
    pub like: Option<String>,
    /// `vma->vm_end - vma->vm_start`, in bytes.
    pub size: Option<String>,
    /// Value of the flags, in the old type.
    pub flags: Option<String>,
    /// Bit of the flag `VM_{name}`.
    pub bit: Option<String>,
    /// Test of the single flag in `{bits}`.
    pub test: Option<String>,
    /// Test that all flags in `{bits}` are set.
    pub test_all: Option<String>,
    /// Test that any flag in `{bits}` is set.
    pub test_any: Option<String>,
    /// Statement that sets flags.
    pub set: Option<String>,
    /// Statement that clears flags.
    pub clear: Option<String>,
    /// Statement that replaces the error of an action by `{error}`.
    pub error: Option<String>,
    /// Replacements of populating calls, by the name of the action or the call.
    pub actions: BTreeMap<String, ActionForm>,
    /// Whether the hook sets the flag that keeps a mapping with an action from merging, which the populating call set by itself.
    pub keeps_apart: bool,
    /// Replacement of calls that an action asks for page by page.
    pub by_page: Option<ByPageForm>,
    /// Replacements of other calls.
    pub calls: Vec<CallForm>,
    /// Hook that populates, if the target has one.
    pub finish: Option<FinishForm>,
    /// Bridge from a caller that keeps its VMA to a hook that takes a desc.
    pub bridge: Option<BridgeForm>,
    /// Hook of `vm_operations_struct` that takes over state per mapping.
    pub mapped: Option<MappedForm>,
    /// Header text that the target needs and no tree has yet.
    pub scaffold: Vec<Insertion>,
}

/// A hook that sees the complete mapping; populating calls move to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishForm {
    /// Suffix of the functions that see the complete mapping.
    pub suffix: String,
    /// Statement of the first half that announces that the second maps PFNs.
    pub announce: String,
    /// The same for calls that map pages (VM_MIXEDMAP).
    pub announce_mixed: String,
    /// Replacements of calls that need the VMA itself, by name; placeholders as in [`Rewrite`]. `{offset:N}` is argument N, an address, as
    /// an offset into the mapping.
    pub calls: BTreeMap<String, String>,
    /// Call of the mmap hooks of another file; `{file}` is that file, `{table}` its table.
    pub nested: String,
    /// The VMA, for a hook that still takes it.
    pub vma: String,
    /// Value of the call of such a hook; `{call}` is the call.
    pub with_vma: String,
}

/// Code around the call of a desc hook, in a caller with a VMA. `{file}` is the file, `{vma}` the VMA.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeForm {
    /// Type of the local variable `{desc}`: the tag of a struct.
    #[serde(default = "desc_tag")]
    pub tag: String,
    /// Argument that the hook gets.
    #[serde(default = "desc_address")]
    pub argument: String,
    /// Statement that builds a desc from the VMA.
    pub before: String,
    /// Statement that gives the desc the private data that the VMA has already, if building it does not.
    pub seed: Option<String>,
    /// Call that applies the requests of the hook, and returns an error or 0.
    pub after: String,
}

fn desc_tag() -> String {
    "vm_area_desc".to_owned()
}

fn desc_address() -> String {
    "&{desc}".to_owned()
}

/// A hook of `vm_operations_struct` that runs once for a new mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedForm {
    /// Name of the hook; it also replaces the suffix `before` in function names.
    pub member: String,
    /// Hook whose work for the first mapping moves to the new one; the new table entry goes above it.
    pub before: String,
    /// Parameters of the hook, on one or more lines.
    pub parameters: String,
    /// Expression for `vma->vm_private_data`.
    pub private_data: String,
}

/// Text to insert into a header of the tree.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insertion {
    /// Path of the header.
    pub file: String,
    /// Header text that the insertion follows.
    pub after: String,
    /// Text to insert.
    pub text: String,
}

/// Forms of an action, or of one call that an action replaces. `{frame}`, `{start}`, `{size}`, `{pages}` and `{count}` are those arguments
/// of the populating call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionForm {
    /// Form for the whole VMA.
    pub full: Option<String>,
    /// Form for a part of the VMA.
    pub part: Option<String>,
    /// Case that the call rejects and the action does not.
    pub refused: Option<Refused>,
}

/// An action that asks a callback for one page after another, and the callback.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByPageForm {
    /// Statement that requests the action: `{name}` is the handler, `{private}` the pointer that the callback gets.
    pub request: String,
    /// Statement that maps `{page}` in the callback.
    pub map: String,
    /// Page of memory from vmalloc() at `{address}`.
    pub of_memory: String,
    /// Number of pages mapped before, in the callback.
    pub index: String,
    /// Number of bytes mapped before, in the callback.
    pub offset: String,
    /// Pointer that the callback gets.
    pub private: String,
    /// Statement of the callback behind the last page.
    pub end: String,
    /// Text above the handler: the callback with `{body}`, and its record.
    pub record: String,
}

/// A check that a populating call makes itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Condition that the call rejects.
    pub when: String,
    /// Returned error, as C text.
    pub error: String,
}

/// Replacement of a call: one expression, or several statements.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallForm {
    /// Functions or macros to replace.
    pub names: Vec<String>,
    /// Replacement.
    pub to: Vec<String>,
    /// Replacement if the flags are not a list of names.
    #[serde(default)]
    pub otherwise: Vec<String>,
}

impl Rewrite {
    /// Completes the templates with those of `older`.
    pub fn over(&self, older: &Rewrite) -> Rewrite {
        let or = |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
        let mut actions = older.actions.clone();
        actions.extend(self.actions.clone());
        Rewrite {
            like: None,
            size: or(&self.size, &older.size),
            flags: or(&self.flags, &older.flags),
            bit: or(&self.bit, &older.bit),
            test: or(&self.test, &older.test),
            test_all: or(&self.test_all, &older.test_all),
            test_any: or(&self.test_any, &older.test_any),
            set: or(&self.set, &older.set),
            clear: or(&self.clear, &older.clear),
            error: or(&self.error, &older.error),
            actions,
            keeps_apart: self.keeps_apart || older.keeps_apart,
            by_page: self.by_page.clone().or_else(|| older.by_page.clone()),
            calls: self.calls.iter().chain(&older.calls).cloned().collect(),
            bridge: self.bridge.clone().or_else(|| older.bridge.clone()),
            mapped: self.mapped.clone().or_else(|| older.mapped.clone()),
            finish: self.finish.clone().or_else(|| older.finish.clone()),
            scaffold: self.scaffold.iter().chain(&older.scaffold).cloned().collect(),
        }
    }

    /// Checks that every placeholder can be filled; an unknown one would stay in the output.
    ///
    /// # Errors
    /// The first template with an unknown placeholder, and that placeholder.
    pub fn check(&self) -> Result<(), String> {
        let only = |place: &str, template: &str, known: &[&str]| {
            let is_known =
                |key: &str| known.contains(&key) || (known.contains(&"N") && template::argument(key).is_some());
            match template::keys(template).find(|key| !is_known(key)) {
                Some(key) => Err(format!("{place}: {{{key}}} in {template:?} is not a known placeholder")),
                None => Ok(()),
            }
        };
        let values = [
            ("size", &self.size, ["desc", ""]),
            ("flags", &self.flags, ["desc", ""]),
            ("bit", &self.bit, ["name", ""]),
            ("test", &self.test, ["desc", "bits"]),
            ("test_all", &self.test_all, ["desc", "bits"]),
            ("test_any", &self.test_any, ["desc", "bits"]),
            ("set", &self.set, ["desc", "bits"]),
            ("clear", &self.clear, ["desc", "bits"]),
            ("error", &self.error, ["desc", "error"]),
        ];
        for (key, template, known) in values {
            template.iter().try_for_each(|template| only(&format!("rewrite.{key}"), template, &known))?;
        }
        for (name, form) in &self.actions {
            let refused = form.refused.as_ref().map(|refused| &refused.when);
            let templates = form.full.iter().chain(&form.part).chain(refused);
            let known = ["desc", "frame", "start", "size", "pages", "count"];
            templates
                .into_iter()
                .try_for_each(|template| only(&format!("rewrite.actions.{name}"), template, &known))?;
        }
        for form in &self.calls {
            let place = format!("rewrite.calls of {}", form.names.join(", "));
            form.to
                .iter()
                .chain(&form.otherwise)
                .try_for_each(|template| only(&place, template, &["desc", "file", "N"]))?;
        }
        if let Some(finish) = &self.finish {
            only("rewrite.finish.announce", &finish.announce, &["desc"])?;
            only("rewrite.finish.announce_mixed", &finish.announce_mixed, &["desc"])?;
            only("rewrite.finish.nested", &finish.nested, &["desc", "file", "table"])?;
            only("rewrite.finish.vma", &finish.vma, &["desc"])?;
            only("rewrite.finish.with_vma", &finish.with_vma, &["desc", "call"])?;
            finish.calls.iter().try_for_each(|(name, template)| {
                only(&format!("rewrite.finish.calls.{name}"), template, &["desc", "N"])
            })?;
        }
        if let Some(form) = &self.by_page {
            only("rewrite.by_page.request", &form.request, &["desc", "name", "private"])?;
            only("rewrite.by_page.map", &form.map, &["page"])?;
            only("rewrite.by_page.of_memory", &form.of_memory, &["address"])?;
            only("rewrite.by_page.record", &form.record, &["name", "body"])?;
            for (key, text) in
                [("index", &form.index), ("offset", &form.offset), ("private", &form.private), ("end", &form.end)]
            {
                only(&format!("rewrite.by_page.{key}"), text, &[])?;
            }
        }
        if let Some(bridge) = &self.bridge {
            only("rewrite.bridge.before", &bridge.before, &["desc", "file", "vma"])?;
            only("rewrite.bridge.after", &bridge.after, &["desc", "file", "vma"])?;
            only("rewrite.bridge.argument", &bridge.argument, &["desc"])?;
            bridge.seed.iter().try_for_each(|seed| only("rewrite.bridge.seed", seed, &["desc", "file", "vma"]))?;
        }
        Ok(())
    }

    /// The templates without the hook that populates: those of the API that the tree has.
    pub fn without_finish(&self, older: &Rewrite) -> Rewrite {
        Rewrite { finish: None, bridge: older.bridge.clone(), scaffold: Vec::new(), ..self.clone() }
    }

    /// Suffix of functions that take a desc in place of a VMA.
    pub fn suffix(&self) -> &str {
        self.finish.as_ref().map_or(SUFFIX, |form| &form.suffix)
    }

    /// Name of the hook that takes a desc in place of a VMA, or of a function named after a hook: `fb_mmap` gives `fb_mmap_prepare`.
    pub fn renamed(&self, name: &str) -> String {
        name.replacen("mmap", &format!("mmap{}", self.suffix()), 1)
    }

    /// Replacement of a call of `name`.
    pub fn call(&self, name: &str) -> Option<&CallForm> {
        self.calls.iter().find(|form| form.names.iter().any(|known| known == name))
    }
}

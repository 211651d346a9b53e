//! How the uses of a VMA are written for a target: templates.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::template;

/// The templates of a target. `{desc}` stands for the desc, `{bits}` for a list of flag bits, `{bits:N}` for the flags of argument N
/// (from 0) as such a list, `{N}` for argument N as it is written for the desc (`{N!}` in parentheses where it is more than a name, `{N...}` with all that
/// follow), other names for what the key speaks of.
// More than twelve fields: one for each key of `[rewrite]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rewrite {
    /// The target whose templates hold where this one gives none; `tree` for the one that the tree's own headers have.
    pub like: Option<String>,
    /// `vma->vm_end - vma->vm_start`, in bytes.
    pub size: Option<String>,
    /// The value of the flags, as the old type.
    pub flags: Option<String>,
    /// The bit of the flag `VM_{name}`.
    pub bit: Option<String>,
    /// Whether the one flag of `{bits}` is set.
    pub test: Option<String>,
    /// Whether all are.
    pub test_all: Option<String>,
    /// Whether any is.
    pub test_any: Option<String>,
    /// A statement that sets flags.
    pub set: Option<String>,
    /// A statement that clears flags.
    pub clear: Option<String>,
    /// A statement that puts `{error}` in the place of the error of an action.
    pub error: Option<String>,
    /// What takes the place of a populating call, by action.
    pub actions: BTreeMap<String, ActionForm>,
    /// What takes the place of other calls.
    pub calls: Vec<CallForm>,
    /// The hook that populates, on a target that has one.
    pub finish: Option<FinishForm>,
    /// The bridge of a caller that keeps its VMA to a hook that takes a desc.
    pub bridge: Option<BridgeForm>,
    /// The hook of `vm_operations_struct` to which state per mapping moves.
    pub mapped: Option<MappedForm>,
    /// What the target needs and no tree has yet.
    pub scaffold: Vec<Insertion>,
}

/// A hook that sees the complete mapping, to which populating calls move.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishForm {
    /// The hook.
    pub member: String,
    /// What follows a handler's name in that of its second half.
    pub suffix: String,
    /// The statement by which the first half says that the second populates.
    pub announce: String,
    /// What takes the place of a populating call, by its name; positions as in [`CallForm`].
    pub calls: BTreeMap<String, String>,
}

/// What stands around the call of a hook that takes a desc, where the caller has a VMA: `{file}` is the file, `{vma}` the VMA.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeForm {
    /// The statement that makes a desc of the VMA.
    pub before: String,
    /// The call that carries out what the hook asked for, and returns an error or 0.
    pub after: String,
}

/// A hook of `vm_operations_struct` that runs once for a new mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedForm {
    /// The hook; its name replaces `before` at the end of a function's name too.
    pub member: String,
    /// The hook whose work for the first mapping moves to it; the new entry stands above it.
    pub before: String,
    /// Its parameters, one or more lines.
    pub parameters: String,
    /// The expression for `vma->vm_private_data`.
    pub private_data: String,
}

/// Text that a header of the tree is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insertion {
    /// The header.
    pub file: String,
    /// The text that it stands behind.
    pub after: String,
    /// The text.
    pub text: String,
}

/// The forms of an action, or of one call that an action takes the place of: `{frame}`, `{start}`, `{size}`, `{pages}` and `{count}`
/// are those arguments of the populating call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionForm {
    /// For all of the VMA.
    pub full: Option<String>,
    /// For a part of it.
    pub part: Option<String>,
    /// What the call refuses and the action does not.
    pub refused: Option<Refused>,
}

/// A test that a populating call makes by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The condition.
    pub when: String,
    /// The error, as it is returned.
    pub error: String,
}

/// What takes the place of a call: one expression, or several statements.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallForm {
    /// The functions or macros.
    pub names: Vec<String>,
    /// What is written instead.
    pub to: Vec<String>,
    /// What is written where flags are no list of names.
    #[serde(default)]
    pub otherwise: Vec<String>,
}

impl Rewrite {
    /// These templates, and where one is missing that of `older`.
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
            calls: self.calls.iter().chain(&older.calls).cloned().collect(),
            bridge: self.bridge.clone().or_else(|| older.bridge.clone()),
            mapped: self.mapped.clone().or_else(|| older.mapped.clone()),
            finish: self.finish.clone().or_else(|| older.finish.clone()),
            scaffold: self.scaffold.iter().chain(&older.scaffold).cloned().collect(),
        }
    }

    /// Whether all templates hold only keys that are filled: one that is not would be written out as it is.
    ///
    /// # Errors
    /// The first template that holds another, with the key.
    pub fn check(&self) -> Result<(), String> {
        let only = |place: &str, template: &str, known: &[&str]| {
            let is_known =
                |key: &str| known.contains(&key) || (known.contains(&"N") && template::argument(key).is_some());
            match template::keys(template).find(|key| !is_known(key)) {
                Some(key) => Err(format!("{place}: {{{key}}} in {template:?} stands for nothing")),
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
            finish.calls.iter().try_for_each(|(name, template)| {
                only(&format!("rewrite.finish.calls.{name}"), template, &["desc", "N"])
            })?;
        }
        if let Some(bridge) = &self.bridge {
            only("rewrite.bridge.before", &bridge.before, &["desc", "file", "vma"])?;
            only("rewrite.bridge.after", &bridge.after, &["desc", "file", "vma"])?;
        }
        Ok(())
    }

    /// The form of a call of `name`.
    pub fn call(&self, name: &str) -> Option<&CallForm> {
        self.calls.iter().find(|form| form.names.iter().any(|known| known == name))
    }
}

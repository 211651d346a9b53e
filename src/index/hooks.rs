//! Hooks: members of structs that are mmap callbacks, read from the struct declarations.

use rustc_hash::FxHashMap;

use crate::rules::Rules;
use crate::source::ast::{Parameter, Type};
use crate::source::find_word;

/// Parameter type of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Takes {
    /// `struct vm_area_struct *`: a callback to be converted.
    Vma,
    /// `struct vm_area_desc *`: a converted callback.
    Desc,
}

impl Takes {
    /// The first VMA or desc among the parameters of a function.
    pub fn of(parameters: &[Parameter]) -> Option<Takes> {
        parameters.iter().find_map(|parameter| Takes::of_type(&parameter.ty))
    }

    /// The first VMA or desc in the head of a function that is not parsed.
    pub fn in_head(head: &[u8]) -> Option<Takes> {
        let tags = [(b"vm_area_struct".as_slice(), Takes::Vma), (b"vm_area_desc", Takes::Desc)];
        let places = tags.into_iter().filter_map(|(tag, takes)| Some((find_word(head, tag, 0)?, takes)));
        places.min().map(|(_, takes)| takes)
    }

    /// Classifies a type.
    pub fn of_type(ty: &Type) -> Option<Takes> {
        if ty.points_to("vm_area_struct") {
            Some(Takes::Vma)
        } else {
            ty.points_to("vm_area_desc").then_some(Takes::Desc)
        }
    }
}

/// A member of a struct that is an mmap callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Tag of the struct.
    pub record: String,
    /// Name of the member.
    pub member: String,
    /// Parameter type.
    pub takes: Takes,
    /// Number of parameters.
    pub parameters: usize,
    /// Whether only one driver sees the declaration of the struct.
    pub is_private: bool,
}

impl Hook {
    /// Name as `struct.member`, with the tag of the struct.
    pub fn name(&self) -> String {
        format!("{}.{}", self.record, self.member)
    }

    /// Whether both are the same member of the same struct.
    pub fn is_same(&self, other: &Hook) -> bool {
        (&self.record, &self.member) == (&other.record, &other.member)
    }
}

/// All hooks of a tree.
#[derive(Debug, Default)]
pub struct Hooks {
    by_member: FxHashMap<String, Vec<Hook>>,
}

impl Hooks {
    /// Adds the callbacks among the members of a struct.
    pub fn add(&mut self, rules: &Rules, record: &str, members: &[Parameter], is_private: bool) {
        if record.is_empty() || rules.acts_on_mappings(record) {
            return;
        }
        for member in members {
            let returns_int = member.ty.name == "int" && member.ty.pointers == 0;
            // A member without a name would match everywhere.
            let is_hook = returns_int && !member.name.is_empty();
            let Some(parameters) = member.ty.function.as_deref().filter(|_| is_hook) else { continue };
            let Some(takes) = Takes::of(parameters) else { continue };
            let hooks = self.by_member.entry(member.name.clone()).or_default();
            if !hooks.iter().any(|hook| hook.record == record) {
                hooks.push(Hook {
                    record: record.to_owned(),
                    member: member.name.clone(),
                    takes,
                    parameters: parameters.len(),
                    is_private,
                });
            }
        }
    }

    /// Hook of `member` in `struct record`.
    pub fn find(&self, record: &str, member: &str) -> Option<&Hook> {
        self.by_member.get(member)?.iter().find(|hook| hook.record == record)
    }

    /// Hooks named `member`, in any struct.
    pub fn with_member(&self, member: &str) -> &[Hook] {
        self.by_member.get(member).map_or(&[], Vec::as_slice)
    }

    /// Hooks of a struct.
    pub fn of<'h>(&'h self, record: &'h str) -> impl Iterator<Item = &'h Hook> {
        self.by_member.values().flatten().filter(move |hook| hook.record == record)
    }

    /// Tags of all structs with a hook, sorted.
    pub fn records(&self) -> Vec<&str> {
        let mut records: Vec<&str> = self.by_member.values().flatten().map(|hook| hook.record.as_str()).collect();
        records.sort_unstable();
        records.dedup();
        records
    }

    /// Names of all members that are hooks, sorted.
    pub fn members(&self) -> Vec<&str> {
        let mut members: Vec<&str> = self.by_member.keys().map(String::as_str).collect();
        members.sort_unstable();
        members
    }
}

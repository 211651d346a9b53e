//! Kinds of requirements and notes, as named in rules, JSON and `explain`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::StateKind;

/// Kind of a requirement, which the conversion of a handler must fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum RequirementKind {
    /// A populating call; the target has the action of this name.
    Action(String),
    /// A call or a field that needs the finished mapping.
    Finish(String),
    /// A helper that gets the VMA.
    Helper(String),
    /// A hook that gets the VMA: `STRUCT.MEMBER`.
    Hook(String),
    /// State taken for the mapping.
    State(StateKind),
    /// The handler maps memory that it allocates.
    AllocBeforePopulate,
    /// The handler does something after the mapping is populated.
    PostPopulate,
    /// One path populates more than once.
    MultiRemap,
    /// The handler calls its own `vm_ops->open`.
    OpenCall,
    /// The VMA pointer is stored in this object.
    Escape(String),
    /// The VMA goes to the mmap hook of another file.
    Redispatch,
    /// The hook of that other file also changes the VMA.
    NestedFs,
    /// Another file replaces `vm_file`.
    FileSwap,
    /// A write to a field that a desc does not allow to change.
    Edit(String),
    /// A use of the VMA that was not understood, with its description; `None` if a function does not parse.
    Unknown(Option<String>),
}

impl RequirementKind {
    /// Name without the subject, which follows a colon: `action:`, `state:ref`, `multi-remap`.
    pub fn template(&self) -> &'static str {
        match self {
            RequirementKind::Action(_) => "action:",
            RequirementKind::Finish(_) => "finish:",
            RequirementKind::Helper(_) => "helper:",
            RequirementKind::Hook(_) => "hook:",
            RequirementKind::State(StateKind::Ref) => "state:ref",
            RequirementKind::State(StateKind::Alloc) => "state:alloc",
            RequirementKind::State(StateKind::Counter) => "state:counter",
            RequirementKind::State(StateKind::List) => "state:list",
            RequirementKind::State(StateKind::Lock) => "state:lock",
            RequirementKind::AllocBeforePopulate => "alloc-before-populate",
            RequirementKind::PostPopulate => "post-populate",
            RequirementKind::MultiRemap => "multi-remap",
            RequirementKind::OpenCall => "open-call",
            RequirementKind::Escape(_) => "escape:",
            RequirementKind::Redispatch => "redispatch",
            RequirementKind::NestedFs => "nested-fs",
            RequirementKind::FileSwap => "file-swap",
            RequirementKind::Edit(_) => "edit:",
            RequirementKind::Unknown(_) => "unknown",
        }
    }

    /// Subject after the template.
    fn subject(&self) -> &str {
        match self {
            RequirementKind::Action(name)
            | RequirementKind::Finish(name)
            | RequirementKind::Helper(name)
            | RequirementKind::Hook(name)
            | RequirementKind::Escape(name)
            | RequirementKind::Edit(name) => name,
            _ => "",
        }
    }

    /// Name of the call or field that needs the finished mapping.
    pub fn finish(&self) -> Option<&str> {
        match self {
            RequirementKind::Finish(name) => Some(name),
            _ => None,
        }
    }

    /// One of each kind, in no particular order.
    #[cfg(test)]
    fn each() -> Vec<RequirementKind> {
        use RequirementKind as K;
        let name = String::new;
        let states = [StateKind::Ref, StateKind::Alloc, StateKind::Counter, StateKind::List, StateKind::Lock];
        let mut all: Vec<K> = states.into_iter().map(K::State).collect();
        all.extend([
            K::Action(name()),
            K::Finish(name()),
            K::Helper(name()),
            K::Hook(name()),
            K::Escape(name()),
            K::Edit(name()),
        ]);
        all.extend([K::AllocBeforePopulate, K::PostPopulate, K::MultiRemap, K::OpenCall, K::Redispatch, K::NestedFs]);
        all.extend([K::FileSwap, K::Unknown(None)]);
        all
    }
}

impl fmt::Display for RequirementKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.template(), self.subject())
    }
}

impl FromStr for RequirementKind {
    type Err = String;

    fn from_str(text: &str) -> Result<RequirementKind, String> {
        use RequirementKind as K;
        let (head, name) = text.split_once(':').unwrap_or((text, ""));
        let name = || name.to_owned();
        Ok(match head {
            "action" => K::Action(name()),
            "finish" => K::Finish(name()),
            "helper" => K::Helper(name()),
            "hook" => K::Hook(name()),
            "escape" => K::Escape(name()),
            "edit" => K::Edit(name()),
            "state" => K::State(match name().as_str() {
                "ref" => StateKind::Ref,
                "alloc" => StateKind::Alloc,
                "counter" => StateKind::Counter,
                "list" => StateKind::List,
                "lock" => StateKind::Lock,
                _ => return Err(format!("unknown kind of requirement: {text:?}")),
            }),
            "alloc-before-populate" => K::AllocBeforePopulate,
            "post-populate" => K::PostPopulate,
            "multi-remap" => K::MultiRemap,
            "open-call" => K::OpenCall,
            "redispatch" => K::Redispatch,
            "nested-fs" => K::NestedFs,
            "file-swap" => K::FileSwap,
            "unknown" => K::Unknown(None),
            _ => return Err(format!("unknown kind of requirement: {text:?}")),
        })
    }
}

impl TryFrom<String> for RequirementKind {
    type Error = String;

    fn try_from(text: String) -> Result<RequirementKind, String> {
        text.parse()
    }
}

/// Ordered by name, as in listings.
impl Ord for RequirementKind {
    fn cmp(&self, other: &RequirementKind) -> Ordering {
        let name = |kind: &RequirementKind| {
            let (template, subject) = (kind.template(), kind.subject().to_owned());
            template.bytes().chain(subject.into_bytes())
        };
        let why = |kind: &RequirementKind| match kind {
            RequirementKind::Unknown(why) => why.clone(),
            _ => None,
        };
        name(self).cmp(name(other)).then_with(|| why(self).cmp(&why(other)))
    }
}

impl PartialOrd for RequirementKind {
    fn partial_cmp(&self, other: &RequirementKind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Kind of a note, which a conversion must respect but which decides no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// A lock is held across a populating call.
    LockAcrossPopulate,
    /// The populating call uses another protection than `vm_page_prot`.
    ProtOverride,
    /// A looked-up object is released after the populating call.
    RefLookup,
    /// The handler wraps the vm_ops that a nested call installed.
    VmopsWrap,
    /// The handler replaces the error of a populating call.
    ErrorOverride,
    /// `vm_ops->close` releases state.
    UndoneByClose,
    /// `vm_ops->close` may run although `vm_ops->mapped` did not.
    CloseWithoutMapped,
    /// State of the open file; a later mapping finds it unchanged, or sets it to the same value.
    FileState,
    /// No code calls the hook.
    NeverCalled,
}

impl NoteKind {
    /// All kinds.
    pub const ALL: [NoteKind; 9] = [
        NoteKind::LockAcrossPopulate,
        NoteKind::ProtOverride,
        NoteKind::RefLookup,
        NoteKind::VmopsWrap,
        NoteKind::ErrorOverride,
        NoteKind::UndoneByClose,
        NoteKind::CloseWithoutMapped,
        NoteKind::FileState,
        NoteKind::NeverCalled,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            NoteKind::LockAcrossPopulate => "lock-across-populate",
            NoteKind::ProtOverride => "prot-override",
            NoteKind::RefLookup => "ref-lookup",
            NoteKind::VmopsWrap => "vmops-wrap",
            NoteKind::ErrorOverride => "error-override",
            NoteKind::UndoneByClose => "undone-by-close",
            NoteKind::CloseWithoutMapped => "close-without-mapped",
            NoteKind::FileState => "file-state",
            NoteKind::NeverCalled => "never-called",
        }
    }
}

impl fmt::Display for NoteKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for NoteKind {
    type Err = String;

    fn from_str(text: &str) -> Result<NoteKind, String> {
        let found = NoteKind::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("unknown kind of note: {text:?}"))
    }
}

/// By name, as they are listed.
impl Ord for NoteKind {
    fn cmp(&self, other: &NoteKind) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for NoteKind {
    fn partial_cmp(&self, other: &NoteKind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules::Rules;

    #[test]
    fn every_kind_has_a_text_and_every_text_is_of_a_kind() {
        let rules = Rules::built_in().unwrap();
        let told = |texts: &[crate::rules::RequirementText]| {
            texts.iter().map(|text| text.kind.clone()).collect::<BTreeSet<_>>()
        };
        let kinds: BTreeSet<String> = RequirementKind::each().iter().map(|kind| kind.template().to_owned()).collect();
        assert_eq!(told(rules.requirements()), kinds);
        assert_eq!(told(rules.notes()), NoteKind::ALL.iter().map(|kind| kind.name().to_owned()).collect());
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in RequirementKind::each() {
            assert_eq!(kind.to_string().parse::<RequirementKind>().unwrap(), kind);
        }
        let named = RequirementKind::Finish("remap_pfn_range".to_owned());
        assert_eq!((named.to_string().as_str(), named.to_string().parse()), ("finish:remap_pfn_range", Ok(named)));
        assert!("state:x".parse::<RequirementKind>().is_err() && "x".parse::<RequirementKind>().is_err());
        assert!(NoteKind::ALL.into_iter().all(|kind| kind.to_string().parse() == Ok(kind)));
    }
}

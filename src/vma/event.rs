//! What a function does that can decide a verdict.

use crate::index::Hook;
use crate::rules::{PopulatesIf, RequirementKind, StateKind};
use crate::source::Span;

/// One thing that a function does, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it does.
    pub kind: EventKind,
    /// The bytes of the function's file that do it.
    pub span: Span,
}

/// The things that can decide a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A call puts pages or PFNs into the page tables.
    Populate(Populate),
    /// A call works on a VMA that has to be complete.
    Finish {
        /// The function called, or the field touched.
        name: String,
    },
    /// The VMA goes to a helper outside the driver.
    Helper {
        /// The helper.
        name: String,
        /// Whether it may populate.
        populates: bool,
    },
    /// The VMA goes to a hook of another ops table.
    Hook {
        /// The hook; `None` where the type of the table is not known.
        hook: Option<Hook>,
        /// The call as written: `vdev->fops->mmap`.
        text: String,
        /// Whether one that implements it may populate.
        populates: bool,
    },
    /// The VMA would go to a hook that no table gives a function.
    DeadHook {
        /// The hook.
        hook: Hook,
    },
    /// State is taken.
    Take {
        /// What sort.
        kind: StateKind,
        /// What names it, as written.
        object: String,
        /// The value of the call that says that nothing was taken.
        fails: Fails,
        /// Whether others may hold it at the same time: a lock for reading.
        is_shared: bool,
    },
    /// State is given back.
    Undo {
        /// What sort.
        kind: StateKind,
        /// What names it, as written.
        object: String,
    },
    /// A member of an object that others see is written.
    SharedWrite {
        /// The member, as written.
        object: String,
        /// What that means.
        write: Write,
    },
    /// The VMA pointer is kept.
    Escape {
        /// Where.
        into: String,
    },
    /// Another file takes the place of `vm_file`.
    SwapFile,
    /// Something that is no file with a reference of its own takes the place of `vm_file`: `NULL`, or a borrowed pointer.
    DropFile {
        /// What, as written.
        value: String,
    },
    /// The mmap hook of another file is called.
    Redispatch {
        /// The call as written.
        text: String,
    },
    /// A field of the VMA is written.
    WriteField {
        /// The field.
        field: String,
    },
    /// The driver's own `vm_ops->open` is called.
    OpenCall {
        /// The function, or the call as written.
        name: String,
    },
    /// Something else is done that matters only behind a populate.
    Work {
        /// The call as written.
        text: String,
    },
    /// The VMA is used in a way that is not understood.
    Unknown {
        /// How.
        why: String,
    },
    /// A further requirement that a rule states: `file-swap`.
    Also {
        /// The requirement.
        kind: RequirementKind,
    },
}

impl EventKind {
    /// Whether the mapping may be populated from here on.
    pub fn populates(&self) -> bool {
        match self {
            EventKind::Populate(_) | EventKind::Finish { .. } => true,
            EventKind::Helper { populates, .. } | EventKind::Hook { populates, .. } => *populates,
            _ => false,
        }
    }
}

/// What a write to an object that others see means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A mark, or a value of this mapping: where a lock is held for it, others look for it, and it is state.
    Claim,
    /// Something that each mapping sets and its `close` takes back: state, whether or not there is a lock.
    UndoneByClose,
    /// A pointer, a time, a value that comes from elsewhere: the next mapping writes it over.
    Value,
}

/// Which value of a taking call says that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// Zero or `NULL`: `kmalloc`, `try_module_get`.
    Zero,
    /// An error number: `mutex_lock_interruptible`.
    Error,
}

/// A populating call and what is known of its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Populate {
    /// The function called.
    pub name: String,
    /// The action that replaces it, where a rule knows one.
    pub action: Option<String>,
    /// The outermost variables of what it maps.
    pub source: Vec<String>,
    /// Whether it takes a protection that is not `vm_page_prot`.
    pub overrides_prot: bool,
    /// Whether its array of pages is gone when the function returns.
    pub pages_are_local: bool,
    /// The result that says that it has populated, where not all do.
    pub only_if: Option<PopulatesIf>,
}

//! Events of a function that can decide a verdict.

use crate::index::Hook;
use crate::rules::{PopulatesIf, RequirementKind, StateKind};
use crate::source::Span;

/// An event and its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Kind of the event.
    pub kind: EventKind,
    /// The bytes that cause it, in the function's file.
    pub span: Span,
}

/// Kinds of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A call puts pages or PFNs into the page tables.
    Populate(Populate),
    /// A call needs a complete VMA.
    Finish {
        /// The callee.
        name: String,
    },
    /// The VMA is passed to a helper outside the driver.
    Helper {
        /// The helper.
        name: String,
        /// Whether it may populate.
        populates: bool,
    },
    /// The VMA is passed to a hook of another ops table.
    Hook {
        /// The hook; `None` if the type of the table is unknown.
        hook: Option<Hook>,
        /// The call as written: `vdev->fops->mmap`.
        text: String,
        /// Whether an implementer may populate.
        populates: bool,
    },
    /// The VMA would be passed to a hook without an implementer.
    DeadHook {
        /// The hook.
        hook: Hook,
    },
    /// State is taken.
    Take {
        /// Kind of the state.
        kind: StateKind,
        /// The object, as written.
        object: String,
        /// The return value of the call on failure.
        fails: Fails,
        /// Whether several holders are possible at the same time, as for a read lock.
        is_shared: bool,
    },
    /// State is released.
    Undo {
        /// Kind of the state.
        kind: StateKind,
        /// The object, as written.
        object: String,
        /// Whether the caller of the hook passed the object, or one that leads to it.
        is_callers: bool,
    },
    /// A member of a shared object is written.
    SharedWrite {
        /// The member, as written.
        object: String,
        /// Meaning of the write.
        write: Write,
    },
    /// The VMA pointer is stored.
    Escape {
        /// The destination: a member, with that around it.
        into: String,
        /// The destination as the code names it.
        place: String,
    },
    /// `vm_file` is replaced by another file.
    SwapFile,
    /// `vm_file` is replaced by a value without a reference of its own: `NULL`, or a borrowed pointer.
    DropFile {
        /// The value, as written.
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
    /// Another call, which matters only after a populate.
    Work {
        /// The call as written.
        text: String,
    },
    /// A use of the VMA is not understood.
    Unknown {
        /// The reason. Messages show it after "the VMA is".
        why: String,
    },
    /// A rule adds a requirement: `file-swap`.
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

    /// The shared object that the event changes, as written.
    pub fn changed(&self) -> Option<&str> {
        match self {
            EventKind::Take { object, .. } | EventKind::SharedWrite { object, .. } => Some(object),
            _ => None,
        }
    }
}

/// Whether more locks are taken than released among events.
pub fn holds_lock<'e>(events: impl Iterator<Item = &'e EventKind> + Clone) -> bool {
    let count = |is: fn(&EventKind) -> bool| events.clone().filter(|kind| is(kind)).count();
    count(|kind| matches!(kind, EventKind::Take { kind: StateKind::Lock, .. }))
        > count(|kind| matches!(kind, EventKind::Undo { kind: StateKind::Lock, .. }))
}

/// Effect of a write to an object that others see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A mark, or a value of this mapping. It is state if a lock is held for it, because others then look for it.
    Claim,
    /// A value with which the function refuses the next mapping. It is state with or without a lock.
    Refuses,
    /// The address of the mapping, which means nothing if the mapping fails. It is state with or without a lock.
    Locates,
    /// A value that each mapping sets and its `close` undoes. It is state with or without a lock.
    UndoneByClose,
    /// A pointer, a time, a value from elsewhere. The next mapping overwrites it.
    Value,
}

/// Return value of a call that failed to take state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// Zero or `NULL`: `kmalloc`, `try_module_get`.
    Zero,
    /// An error number: `mutex_lock_interruptible`.
    Error,
}

/// A populating call and facts about its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Populate {
    /// The callee.
    pub name: String,
    /// The macro in the code that stands for the call, if one does.
    pub by_macro: Option<String>,
    /// The action that replaces it, if a rule names one.
    pub action: Option<String>,
    /// The action that replaces it page by page, if a rule names one.
    pub action_by_page: Option<String>,
    /// The names that its arguments other than the VMA are made from.
    pub source: Vec<String>,
    /// Whether it uses a protection other than `vm_page_prot`.
    pub overrides_prot: bool,
    /// Whether its page array may be in the function's stack frame, which is freed on return.
    pub pages_are_local: bool,
    /// The result that means that it has populated, if not every result does.
    pub only_if: Option<PopulatesIf>,
}

impl Populate {
    /// What populates, as the code names it: `remap_pfn_range populates`, `remap_4k_pfn populates by remap_pfn_range`.
    pub fn sentence(&self) -> String {
        match &self.by_macro {
            Some(called) => format!("{called} populates by {}", self.name),
            None => format!("{} populates", self.name),
        }
    }
}

//! Hooks other than `.mmap`: retyped hooks with their callers, and `vm_ops->mapped`.

pub(in crate::fix) mod bridge;
mod caller;
pub(in crate::fix) mod mapped;
mod pointer;
pub(in crate::fix) mod retype;
pub(in crate::fix) mod retyping;
mod rust;
mod site;
pub(in crate::fix) mod twin;

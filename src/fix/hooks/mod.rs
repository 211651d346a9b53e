//! Hooks other than `.mmap`: retyped hooks with their callers, and `vm_ops->mapped`.

pub(in crate::fix) mod bridge;
pub(in crate::fix) mod by_macro;
mod caller;
pub(in crate::fix) mod mapped;
mod pointer;
pub(in crate::fix) mod retype;
pub(in crate::fix) mod retyping;
pub(in crate::fix) mod rust;
mod site;
pub(in crate::fix) mod twin;

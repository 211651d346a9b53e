//! Hooks other than `.mmap`: retyped hooks with their callers, and `vm_ops->mapped`.

pub(in crate::fix) mod bridge;
pub(in crate::fix) mod mapped;
pub(in crate::fix) mod retype;
mod retyping;
mod twin;

//! Edits of a text, and how C is laid out.

pub(in crate::fix) mod edit;
pub(in crate::fix) mod layout;
pub(in crate::fix) mod mentions;

//! Edits of a text, and the layout of the written C code.

pub(in crate::fix) mod edit;
pub(in crate::fix) mod layout;
pub(in crate::fix) mod mentions;
pub(in crate::fix) mod place;

//! Rewrites one function: its head, its statements, its expressions.

mod arguments;
mod by_page;
mod calls;
mod draft;
mod expression;
mod failure;
mod flags;
pub(in crate::fix) mod function;
pub(in crate::fix) mod halves;
mod late;
mod locals;
mod marks;
mod passing;
mod populate;
mod protection;
mod reflow;
pub(in crate::fix) mod rewriter;
pub(in crate::fix) mod tidy;

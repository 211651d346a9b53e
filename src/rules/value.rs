//! The values of calls.

use serde::Deserialize;

/// The value of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallValue {
    /// The number of pages of the mapping.
    Pages,
    /// The size of the mapping in bytes.
    Size,
    /// The offset of the mapping in pages.
    PageOffset,
    /// The offset of the end of the mapping in pages.
    EndPageOffset,
    /// The first argument.
    Argument,
    /// All flags that the arguments name.
    Flags,
    /// The first argument, in pages instead of bytes.
    InPages,
    /// The first argument, in bytes instead of pages.
    InBytes,
    /// The first argument, rounded to a multiple of the page size.
    PageAligned,
    /// The offset of the first argument in its page.
    InPage,
    /// Whether the first argument is a multiple of the second, or of the page size.
    IsAligned,
    /// Whether the sum of the first two arguments wraps; the sum is stored through the third.
    Sum,
    /// Whether the first argument wraps when it is shifted by the second; the result is stored through the third.
    Shifted,
    /// Another form of the address in the first argument; the call checks nothing.
    Address,
    /// The lesser of the last two arguments.
    Least,
    /// The greater of the last two arguments.
    Greatest,
}

/// Calls that have the same value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueRule {
    pub(super) is: CallValue,
    pub(super) names: Vec<String>,
}

/// A question about the flags of a mapping.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagTestRule {
    pub(super) names: Vec<String>,
    /// Flags that must be set.
    #[serde(default)]
    pub set: Vec<String>,
    /// Flags that must be clear.
    #[serde(default)]
    pub clear: Vec<String>,
}

/// A kind of memory that cannot be mapped by its linear address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryKind {
    /// Slab objects, which share their pages with others.
    Slab,
    /// Memory with addresses in the vmalloc area.
    Vmalloc,
    /// Memory of the DMA layer, which may have addresses in the vmalloc area.
    Coherent,
}

/// Calls that allocate one kind of memory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoryRule {
    pub(super) is: MemoryKind,
    pub(super) names: Vec<String>,
}

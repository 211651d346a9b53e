//! A rule about a call that takes a VMA, or values of one.

use serde::Deserialize;

use super::RequirementKind;

/// What a call does with the VMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallEffect {
    /// Puts pages or PFNs into its page tables.
    Populate,
    /// Works on a VMA that has to be complete.
    Finish,
    /// Reads or writes fields or flags, and has an equivalent on a desc.
    Access,
    /// Something with an equivalent only where the rule names a twin.
    Helper,
    /// Puts another file in the place of `vm_file`.
    SwapFile,
    /// Stores the VMA pointer in what its first argument names.
    Keep,
    /// Calls the mmap hook of another file.
    Redispatch,
    /// Leads from a VMA to a prepare hook that is converted already.
    Bridge,
    /// Asks for an mmap action.
    Action,
    /// Prints or asserts.
    Silent,
}

impl CallEffect {
    /// What it does, as the end of a sentence that begins with its name.
    pub fn meaning(self) -> &'static str {
        match self {
            CallEffect::Populate => "puts pages or PFNs into the page tables of the VMA",
            CallEffect::Finish => "works on a VMA that has to be complete",
            CallEffect::Access => "reads or writes fields or flags of the VMA",
            CallEffect::Helper => "is a helper that takes the VMA",
            CallEffect::SwapFile => "puts another file in the place of vm_file",
            CallEffect::Keep => "stores the VMA pointer",
            CallEffect::Redispatch => "hands the VMA to the mmap hook of another file",
            CallEffect::Bridge => "leads from a VMA to a hook that takes a desc",
            CallEffect::Action => "asks for an mmap action",
            CallEffect::Silent => "prints or asserts",
        }
    }
}

/// The results of a populating call that say that it has populated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopulatesIf {
    /// Anything but 0.
    Nonzero,
}

/// The rule for one call. Positions count arguments from 0.
// More than twelve fields: one for each key of a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The functions or macros that the rule speaks of.
    pub names: Vec<String>,
    /// What they do.
    pub does: CallEffect,
    /// The argument that is the VMA; absent where the call takes none and is known by its name alone.
    pub vma: Option<usize>,
    /// Only a call that gets a value of the VMA (its mm, an address) counts.
    #[serde(default)]
    pub needs_vma_value: bool,
    /// The mmap action that replaces a populating call.
    pub action: Option<String>,
    /// The argument with the address where populating starts.
    pub start: Option<usize>,
    /// The argument with the page frame number, or the physical address.
    pub frame: Option<usize>,
    /// The argument with the number of bytes.
    pub size: Option<usize>,
    /// The argument with the protection.
    pub prot: Option<usize>,
    /// The argument with the array of pages.
    pub pages: Option<usize>,
    /// The argument with the number of pages, or with the address of it.
    pub count: Option<usize>,
    /// The result that says that it has populated; of any other it did nothing.
    pub populates_if: Option<PopulatesIf>,
    /// Fields of the VMA that the call reads.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Fields of the VMA that its result is made of, which a conversion has not to deal with one by one.
    #[serde(default)]
    pub made_of: Vec<String>,
    /// What upstream has decided about an action for it, with the source.
    pub decided: Option<String>,
    /// Whether the pages are then those of the page cache.
    #[serde(default)]
    pub page_cache: bool,
    /// Fields of the VMA that the call writes.
    #[serde(default)]
    pub writes: Vec<String>,
    /// The first argument with flags that it sets.
    pub set: Option<usize>,
    /// The first argument with flags that it clears.
    pub clear: Option<usize>,
    /// The first argument with flags that it tests.
    pub test: Option<usize>,
    /// Whether all arguments from the first one on are flags.
    #[serde(default)]
    pub variadic: bool,
    /// Flags that it sets itself.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Flags that it tests whatever its arguments are.
    #[serde(default)]
    pub tests: Vec<String>,
    /// The helper for a desc that takes its place.
    pub twin: Option<String>,
    /// The first target that has the twin.
    pub since: Option<String>,
    /// Further requirements that a use of it states.
    #[serde(default)]
    pub also: Vec<RequirementKind>,
}

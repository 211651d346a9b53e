//! Rules for calls that take a VMA, or values of one.

use serde::Deserialize;

use super::RequirementKind;

/// Effect of a call on the VMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallEffect {
    /// Puts pages or PFNs into the page tables of the VMA.
    Populate,
    /// Needs a complete VMA.
    Finish,
    /// Reads or writes fields or flags; the desc has an equivalent.
    Access,
    /// Other helper; the desc has an equivalent only if the rule names a twin.
    Helper,
    /// Replaces `vm_file` by another file.
    SwapFile,
    /// Stores the VMA pointer in the object that its first argument names.
    Keep,
    /// Calls the mmap hook of another file.
    Redispatch,
    /// Connects a caller with a VMA to a converted prepare hook.
    Bridge,
    /// Requests an mmap action.
    Action,
    /// Prints or asserts.
    Silent,
}

impl CallEffect {
    /// Completes a sentence that begins with the name of the call.
    pub fn meaning(self) -> &'static str {
        match self {
            CallEffect::Populate => "puts pages or PFNs into the page tables of the VMA",
            CallEffect::Finish => "needs a complete VMA",
            CallEffect::Access => "reads or writes fields or flags of the VMA",
            CallEffect::Helper => "is a helper that takes the VMA",
            CallEffect::SwapFile => "replaces vm_file by another file",
            CallEffect::Keep => "stores the VMA pointer",
            CallEffect::Redispatch => "passes the VMA to the mmap hook of another file",
            CallEffect::Bridge => "connects a caller that has a VMA to a hook that takes a desc",
            CallEffect::Action => "requests an mmap action",
            CallEffect::Silent => "prints or asserts",
        }
    }
}

/// Results which mean that a populating call has populated.
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
    /// Functions or macros of the rule.
    pub names: Vec<String>,
    /// Their effect.
    pub does: CallEffect,
    /// Position of the VMA; absent if the call takes none and its name alone identifies it.
    pub vma: Option<usize>,
    /// The rule applies only if an argument is a value of the VMA (its mm, an address).
    #[serde(default)]
    pub needs_vma_value: bool,
    /// Mmap action that replaces a populating call.
    pub action: Option<String>,
    /// Mmap action that replaces the call page by page, if `action` is absent or cannot be used: in a loop, for a page array on the stack.
    pub action_by_page: Option<String>,
    /// Position of the address where populating starts.
    pub start: Option<usize>,
    /// Position of the page frame number, or of the physical address.
    pub frame: Option<usize>,
    /// Position of the size in bytes.
    pub size: Option<usize>,
    /// Position of the size of the object in bytes, if the call itself checks that the mapping fits into the object.
    pub object_size: Option<usize>,
    /// Whether the call adds vm_pgoff to the start of the object.
    #[serde(default)]
    pub adds_offset: bool,
    /// Position of the protection.
    pub prot: Option<usize>,
    /// Position of the page or its PFN, if the call maps one page.
    pub page: Option<usize>,
    /// Position of the page array.
    pub pages: Option<usize>,
    /// Position of the number of pages, or of its address.
    pub count: Option<usize>,
    /// Position of the address of the memory from vmalloc() that the call maps.
    pub kernel_address: Option<usize>,
    /// Position of the number of pages to skip there.
    pub page_offset: Option<usize>,
    /// Whether the call fails unless the mapping fits into that number of pages.
    #[serde(default)]
    pub fits_count: bool,
    /// The error for a mapping that does not fit, before anything is mapped.
    pub refuses_with: Option<String>,
    /// Results which mean that the call has populated; with any other result it did nothing.
    pub populates_if: Option<PopulatesIf>,
    /// Whether the call is made of other calls that have rules, or of hooks, so that its body shows what a twin that takes a desc does.
    #[serde(default)]
    pub composed: bool,
    /// VMA fields that the call reads.
    #[serde(default)]
    pub reads: Vec<String>,
    /// VMA fields that its result is computed from; a conversion need not handle them one by one.
    #[serde(default)]
    pub made_of: Vec<String>,
    /// Upstream's decision about an action for the call, with the source.
    pub decided: Option<String>,
    /// Whether the call maps pages of the page cache.
    #[serde(default)]
    pub page_cache: bool,
    /// VMA fields that the call writes.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Position of the first argument with flags that it sets.
    pub set: Option<usize>,
    /// Position of the first argument with flags that it clears.
    pub clear: Option<usize>,
    /// Position of the first argument with flags that it tests.
    pub test: Option<usize>,
    /// Whether all arguments from that one on are flags.
    #[serde(default)]
    pub variadic: bool,
    /// Flags that the call sets whatever its arguments are.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Flags that the core sets for the action once the hook returns, before it merges: `mmap_action_prepare()` in mm/util.c.
    #[serde(default)]
    pub action_flags: Vec<String>,
    /// Whether an action takes the protection that the desc has after the hook, not at the request.
    #[serde(default)]
    pub takes_late_prot: bool,
    /// Whether a call of the hook of another file uses its `.mmap_prepare`, if it has one.
    #[serde(default)]
    pub calls_either: bool,
    /// Flags of which the VMA of a fault must have one.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Flags that the call tests whatever its arguments are.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Desc helper that replaces the call.
    pub twin: Option<String>,
    /// First target that has the twin.
    pub since: Option<String>,
    /// Further requirements of each use.
    #[serde(default)]
    pub also: Vec<RequirementKind>,
}

impl Call {
    /// Whether the rule says what the call reads of the VMA, and nothing that it writes.
    pub fn only_reads(&self) -> bool {
        !(self.reads.is_empty() && self.tests.is_empty()) && self.writes.is_empty()
    }
}

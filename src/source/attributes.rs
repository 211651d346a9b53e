//! Attributes for the compiler or sparse, which do not change the effects of code.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// Form of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    /// A plain word.
    Plain,
    /// With arguments in parentheses.
    Call,
}

const PLAIN: &[&str] = &[
    "__init",
    "__exit",
    "__initdata",
    "__exitdata",
    "__initconst",
    "__exit_p",
    "__devinit",
    "__meminit",
    "__ref",
    "__refdata",
    "__cold",
    "__hot",
    "__user",
    "__iomem",
    "__percpu",
    "__rcu",
    "__force",
    "__kernel",
    "__bitwise",
    "__nocast",
    "__private",
    "__must_check",
    "__maybe_unused",
    "__always_unused",
    "__used",
    "__unused",
    "__packed",
    "__read_mostly",
    "__ro_after_init",
    "__weak",
    "__pure",
    "__attribute_const__",
    "__always_inline",
    "__no_sanitize_address",
    "__noreturn",
    "__deprecated",
    "__cacheline_aligned",
    "__cacheline_aligned_in_smp",
    "____cacheline_aligned",
    "____cacheline_aligned_in_smp",
    "____cacheline_internodealigned_in_smp",
    "__visible",
    "__malloc",
    "__randomize_layout",
    "__no_randomize_layout",
    "__designated_init",
    "noinline",
    "notrace",
    "noinline_for_stack",
    "asmlinkage",
    "__sched",
    "__lockfunc",
    "__kprobes",
    "nokprobe_inline",
    "noinstr",
    "__flatten",
    "__noclone",
    "__latent_entropy",
    "__nonstring",
    "__bpf_kfunc",
    "__net_init",
    "__net_exit",
    "__init_or_module",
    "__exit_call",
    "__initdata_or_module",
    "__compat",
    "__page_aligned_data",
    "__page_aligned_bss",
    "__refconst",
    "__head",
    "__cpuidle",
    "__no_kcsan",
    "__no_sanitize_or_inline",
    "__naked",
    "__nocfi",
    "__noendbr",
    "__no_profile",
    "__rust_helper",
    "__EXTERN_INLINE",
    "__capability",
    "__nosavedata",
    "__vsyscall",
    "__function_aligned",
    "__no_stack_protector",
    "__no_context_analysis",
    "__unqual_scalar_typeof",
    "__nolocks",
    "fallthrough",
];

const CALLS: &[&str] = &[
    "__attribute__",
    "__attribute",
    "__acquires",
    "__releases",
    "__must_hold",
    "__acquire_shared",
    "__acquires_shared",
    "__releases_shared",
    "__must_hold_shared",
    "__acquires_ret",
    "__cond_acquires",
    "__cond_acquires_shared",
    "__cond_lock",
    "__aligned",
    "__section",
    "__printf",
    "__scanf",
    "__counted_by",
    "__counted_by_le",
    "__counted_by_be",
    "__counted_by_ptr",
    "__sized_by",
    "__assume_aligned",
    "__alloc_size",
    "__realloc_size",
    "__free",
    "__cleanup",
    "__class",
    "__guarded_by",
    "__pt_guarded_by",
    "__diagnose_as",
    "__copy",
    "__alias",
    "__no_sanitize",
    "__nonnull",
    "__excludes",
    "__acquire_ctx",
    "_Alignas",
    "__declspec",
    "__fix_address",
    "__target",
    "__flag_enum_x",
    "__address_space",
];

/// Attributes by word. Most words of a slice are looked up, hence a hash table.
static ATTRIBUTES: LazyLock<FxHashMap<&[u8], Attribute>> = LazyLock::new(|| {
    let plain = PLAIN.iter().map(|word| (word.as_bytes(), Attribute::Plain));
    plain.chain(CALLS.iter().map(|word| (word.as_bytes(), Attribute::Call))).collect()
});

/// Looks up a word as an attribute.
pub(super) fn attribute(word: &[u8]) -> Option<Attribute> {
    ATTRIBUTES.get(word).copied()
}

/// Whether a word before a `(` is not a function, but an attribute or `typeof`.
pub(super) fn is_attribute(word: &[u8]) -> bool {
    matches!(word, b"__typeof__" | b"typeof") || attribute(word).is_some()
}

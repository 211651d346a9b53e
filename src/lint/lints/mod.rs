//! The lints, one file each. Their texts are in `rules/lints`.

use super::Lint;

macro_rules! lints {
    ($($module:ident $id:literal,)*) => {
        $(mod $module;)*

        /// All lints: first those about the migration, then those about `.mmap_prepare`, then those about any handler.
        pub const ALL: &[Lint] = &[$(Lint {
            id: $id,
            text: include_str!(concat!("../../../rules/lints/", $id, ".toml")),
            check: $module::check,
        },)*];
    };
}

lints! {
    deprecated_mmap "deprecated-mmap",
    both_hooks "both-hooks",
    conversion_differs "conversion-differs",
    tables_swapped_apart "tables-swapped-apart",
    stale_mmap_test "stale-mmap-test",
    docs_name_old_hook "docs-name-old-hook",
    prepare_takes_state "prepare-takes-state",
    prepare_swaps_file "prepare-swaps-file",
    state_lost_on_merge "state-lost-on-merge",
    action_on_mergeable "action-on-mergeable",
    mapped_close_imbalance "mapped-close-imbalance",
    compat_pair_missing "compat-pair-missing",
    desc_vm_file_for_file "desc-vm-file-for-file",
    test_any_for_all "test-any-for-all",
    legacy_flag_on_desc "legacy-flag-on-desc",
    forgotten_return_after_action "forgotten-return-after-action",
    write_refused_maywrite_kept "write-refused-maywrite-kept",
    shared_for_maywrite_or_mayshare "shared-for-maywrite-or-mayshare",
    vm_start_edited "vm-start-edited",
    populate_not_bounded "populate-not-bounded",
    pgoff_overflow "pgoff-overflow",
    close_without_open "close-without-open",
    vma_pointer_kept "vma-pointer-kept",
    cow_of_pfnmap "cow-of-pfnmap",
    raw_vm_flags_write "raw-vm-flags-write",
}

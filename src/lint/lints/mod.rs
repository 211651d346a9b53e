//! The lints, one file each. Their texts are in `rules/lints`.

mod action_on_mergeable;
mod array_gone_before_action;
mod both_hooks;
mod close_without_open;
mod compat_pair_missing;
mod conversion_differs;
mod cow_of_pfnmap;
mod dangling_on_error;
mod deprecated_mmap;
mod desc_vm_file_for_file;
mod docs_name_old_hook;
mod exec_refused_mayexec_kept;
mod fault_index_not_bounded;
mod fault_inserts_without_flag;
mod fault_page_without_reference;
mod flags_changed_in_fault;
mod forgotten_return_after_action;
mod hook_called_by_hand;
mod hook_of_table_read;
mod legacy_flag_on_desc;
mod mapped_close_imbalance;
mod mapped_misused;
mod memory_not_cleared;
mod memory_not_for_user_space;
mod mmap_lock_in_hook;
mod offset_counted_twice;
mod offset_not_used;
mod pgoff_overflow;
mod populate_error_dropped;
mod populate_not_bounded;
mod prepare_swaps_file;
mod prepare_takes_state;
mod prot_set_after_populate;
mod raw_vm_flags_write;
mod shared_for_maywrite_or_mayshare;
mod stale_mmap_test;
mod state_lost_on_merge;
mod tables_swapped_apart;
mod taken_not_given_back;
mod test_any_for_all;
mod two_actions;
mod vm_file_assigned;
mod vm_start_edited;
mod vma_pointer_kept;
mod write_refused_maywrite_kept;

pub use stale_mmap_test::tests as tests_of_old_hook;

use super::Lint;

macro_rules! lints {
    ($($module:ident $id:literal,)*) => {
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
    hook_of_table_read "hook-of-table-read",
    hook_called_by_hand "hook-called-by-hand",
    docs_name_old_hook "docs-name-old-hook",
    prepare_takes_state "prepare-takes-state",
    prepare_swaps_file "prepare-swaps-file",
    state_lost_on_merge "state-lost-on-merge",
    action_on_mergeable "action-on-mergeable",
    mapped_close_imbalance "mapped-close-imbalance",
    mapped_misused "mapped-misused",
    array_gone_before_action "array-gone-before-action",
    compat_pair_missing "compat-pair-missing",
    desc_vm_file_for_file "desc-vm-file-for-file",
    test_any_for_all "test-any-for-all",
    legacy_flag_on_desc "legacy-flag-on-desc",
    two_actions "two-actions",
    prot_set_after_populate "prot-set-after-populate",
    forgotten_return_after_action "forgotten-return-after-action",
    write_refused_maywrite_kept "write-refused-maywrite-kept",
    exec_refused_mayexec_kept "exec-refused-mayexec-kept",
    shared_for_maywrite_or_mayshare "shared-for-maywrite-or-mayshare",
    vm_start_edited "vm-start-edited",
    populate_not_bounded "populate-not-bounded",
    populate_error_dropped "populate-error-dropped",
    pgoff_overflow "pgoff-overflow",
    offset_counted_twice "offset-counted-twice",
    offset_not_used "offset-not-used",
    fault_index_not_bounded "fault-index-not-bounded",
    fault_page_without_reference "fault-page-without-reference",
    fault_inserts_without_flag "fault-inserts-without-flag",
    flags_changed_in_fault "flags-changed-in-fault",
    memory_not_for_user_space "memory-not-for-user-space",
    memory_not_cleared "memory-not-cleared",
    taken_not_given_back "taken-not-given-back",
    dangling_on_error "dangling-on-error",
    mmap_lock_in_hook "mmap-lock-in-hook",
    vm_file_assigned "vm-file-assigned",
    close_without_open "close-without-open",
    vma_pointer_kept "vma-pointer-kept",
    cow_of_pfnmap "cow-of-pfnmap",
    raw_vm_flags_write "raw-vm-flags-write",
}

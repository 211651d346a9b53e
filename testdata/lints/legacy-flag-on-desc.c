/* Masks and numbers of bits. */
#include <linux/mm.h>

static int mixed_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test_any(desc, VM_EXEC)) //~ legacy-flag-on-desc
		return -EPERM;
	if (desc->vm_flags & VMA_EXEC_BIT) //~ legacy-flag-on-desc
		return -EPERM;
	vma_desc_set_flags(desc, VMA_IO_BIT, VM_DONTDUMP); //~ legacy-flag-on-desc
	return 0;
}

static const struct file_operations mixed_fops = {
	.mmap_prepare = mixed_mmap_prepare,
};

static int bits_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test_any(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_set_flags_mask(desc, legacy_to_vma_flags(VM_ALLOW_ANY_UNCACHED | VM_IO));
	vma_desc_set_flags(desc, VMA_IO_BIT, VMA_DONTDUMP_BIT);
	return 0;
}

static const struct file_operations bits_fops = {
	.mmap_prepare = bits_mmap_prepare,
};

static int shifted_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->vm_flags & BIT(VMA_EXEC_BIT))
		return -EPERM;
	return 0;
}

static const struct file_operations shifted_fops = {
	.mmap_prepare = shifted_mmap_prepare,
};

/* Behind a macro. */
#define BOARD_FLAGS (VM_DONTEXPAND | VM_DONTDUMP)
#define BOARD_BITS VMA_IO_BIT, VMA_DONTDUMP_BIT

static int named_mmap_prepare(struct vm_area_desc *desc)
{
	vma_desc_set_flags(desc, BOARD_FLAGS); //~ legacy-flag-on-desc
	vma_desc_set_flags(desc, BOARD_BITS);
	return 0;
}

static const struct file_operations named_fops = {
	.mmap_prepare = named_mmap_prepare,
};

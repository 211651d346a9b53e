// SPDX-License-Identifier: GPL-2.0
/* Readings are faulted in one page at a time; the hook only says so. */
#include <linux/fs.h>
#include <linux/mm.h>

static const struct vm_operations_struct gauge_vm_ops = {
	.fault	= gauge_fault,
};

#ifdef CONFIG_MMU
static int gauge_mmap(struct file *file, struct vm_area_struct *vma)
{
	if ((vma->vm_flags & VM_SHARED) && vma_pages(vma) > GAUGE_PAGES)
		return -EINVAL;

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &gauge_vm_ops;
	return 0;
}
#endif

static const struct file_operations gauge_fops = {
	.open	= gauge_open,
#ifdef CONFIG_MMU
	.mmap	= gauge_mmap,
#endif
};

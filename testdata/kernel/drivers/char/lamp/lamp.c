// SPDX-License-Identifier: GPL-2.0
/* The registers of a lamp, read-only and uncached: checks, flags, one populate of the whole VMA. */
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	phys_addr_t base;
	size_t size;
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff || size > lamp->size)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;

	vm_flags_clear(vma, VM_MAYWRITE);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);

	if (io_remap_pfn_range(vma, vma->vm_start, lamp->base >> PAGE_SHIFT,
			       size, vma->vm_page_prot))
		return -EAGAIN;

	return 0;
}

static const struct file_operations lamp_fops = {
	.owner	= THIS_MODULE,
	.open	= lamp_open,
	.mmap	= lamp_mmap,
};

// SPDX-License-Identifier: GPL-2.0
/* The second file of the module. Its handler passes the VMA to a helper in a header of the module, and to the kernel. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "compat/vma.h"
#include "lantern.h"

static int shutter_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lantern *lantern = file->private_data;

	lantern_hide_from_dumps(vma);
	return remap_pfn_range(vma, vma->vm_start, lantern->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

const struct file_operations shutter_fops = {
	.mmap = shutter_mmap,
};

// SPDX-License-Identifier: GPL-2.0
/* Whom this hands its VMA to, no file of the tree says: it could be anything. */
#include <linux/fs.h>

static int tin_mmap(struct file *file, struct vm_area_struct *vma)
{
	return tin_firmware_mmap(file->private_data, vma);
}

static const struct file_operations tin_fops = {
	.mmap	= tin_mmap,
};

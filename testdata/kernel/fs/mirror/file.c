// SPDX-License-Identifier: GPL-2.0
/* A file system that shows the files of another: the other file's own hook has its say. */
#include <linux/fs.h>

static int mirror_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = mirror_real_file(file);
	int ret;

	if (!can_mmap_file(real))
		return -ENODEV;

	vma_set_file(vma, real);
	ret = vfs_mmap(real, vma);
	if (!ret)
		file_accessed(file);
	return ret;
}

const struct file_operations mirror_file_operations = {
	.mmap		= mirror_mmap,
};

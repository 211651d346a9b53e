// SPDX-License-Identifier: GPL-2.0
/* An old driver that keeps the VMA, to unmap it behind the back of its owner. */
#include <linux/fs.h>
#include <linux/mm.h>

static int relic_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct relic *relic = file->private_data;

	mutex_lock(&relic->lock);
	relic->window.vma = vma;
	vma->vm_ops = &relic_vm_ops;
	mutex_unlock(&relic->lock);
	return 0;
}

static struct file_operations relic_fops = {
	mmap: relic_mmap,
};

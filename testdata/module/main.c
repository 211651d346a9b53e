// SPDX-License-Identifier: GPL-2.0
/* A lantern: its settings may be mapped, and its wick, and its shutter. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>
#include "compat/vma.h"
#include "lantern.h"

static const struct vm_operations_struct lantern_vm_ops = {
	.fault = lantern_fault,
};

/* Converts: the arm for old kernels is not compiled. */
static int lantern_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lantern *lantern = file->private_data;

	if (vma->vm_end - vma->vm_start > lantern->size)
		return -EINVAL;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
#else
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
#endif
	vma->vm_ops = &lantern_vm_ops;
	vma->vm_private_data = lantern;
	return 0;
}

static const struct file_operations lantern_fops = {
	.owner	= THIS_MODULE,
	.mmap	= lantern_mmap,
};

/* Converted: each hook stands in its own arm. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
static int wick_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &lantern_vm_ops;
	return 0;
}
#else
static int wick_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &lantern_vm_ops;
	return 0;
}
#endif

static const struct file_operations wick_fops = {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	.mmap_prepare	= wick_mmap_prepare,
#else
	.mmap		= wick_mmap,
#endif
};

/* A configure script decides: both arms count, until -D says which it is. */
#ifdef HAVE_GLOW
static int glow_mmap(struct file *file, struct vm_area_struct *vma)
{
	lantern_glow = vma;
	return 0;
}

static const struct file_operations glow_fops = {
	.mmap = glow_mmap,
};
#endif

int lantern_register(void)
{
	return lantern_add(&lantern_fops) ?: lantern_add(&wick_fops);
}

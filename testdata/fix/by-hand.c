// SPDX-License-Identifier: GPL-2.0-or-later
/* A function that keeps its VMA calls the hook of what a member holds. Tables that the member holds keep their hook. */
#include <linux/fs.h>
#include <linux/mm.h>

struct works {
	const struct file_operations *fops;
};

struct shop {
	const struct file_operations *fops;
};

int works_export(struct works *works, struct file *file, struct vm_area_struct *vma)
{
	return works->fops->mmap(file, vma);
}

static int mill_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &mill_vm_ops;
	return 0;
}

static const struct file_operations mill_fops = {
	.mmap = mill_mmap,
};

static struct works mill = {
	.fops = &mill_fops,
};
//- drivers/case/store.c
#include <linux/fs.h>
#include <linux/mm.h>

/* The member of another struct has the same name. */
static int store_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &store_vm_ops;
	return 0;
}

static const struct file_operations store_fops = {
	.mmap = store_mmap,
};

static struct shop store = {
	.fops = &store_fops,
};

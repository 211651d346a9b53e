// SPDX-License-Identifier: GPL-2.0-or-later
/* Handlers and helpers that pass the VMA to a hook, all of whose implementers convert: they call the new hook with their desc. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/well.h>

static int shallow_mmap(struct well *well, struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &shallow_vm_ops;
	return 0;
}

static int deep_mmap(struct well *well, struct file *file, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, well->start, well->size);
}

static const struct well_ops shallow_ops = { .mmap = shallow_mmap };
static const struct well_ops deep_ops = { .mmap = deep_mmap };

/* Its error is the hook's. The file goes with the desc. */
static int well_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct well *well = file->private_data;

	if (!well->ops->mmap)
		return -ENODEV;
	return well->ops->mmap(well, file, vma);
}

static const struct file_operations well_fops = { .mmap = well_mmap };

/* Uses the error otherwise: an action would fail later. */
static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct well *well = file->private_data;
	int ret;

	ret = well->ops->mmap(well, file, vma);
	if (ret)
		well->errors++;
	return ret;
}

static const struct file_operations counted_fops = { .mmap = counted_mmap };

/* Gives another file. */
static int lent_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct well *well = file->private_data;

	return well->ops->mmap(well, well->lender, vma);
}

static const struct file_operations lent_fops = { .mmap = lent_mmap };

/* The lock is released before an action runs. */
static int locked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct well *well = file->private_data;
	int ret;

	mutex_lock(&well->lock);
	ret = well->ops->mmap(well, file, vma);
	mutex_unlock(&well->lock);
	return ret;
}

static const struct file_operations locked_fops = { .mmap = locked_mmap };

/* Calls a helper that calls the hook. */
static int bucket_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct well *well = file->private_data;

	return well_map(well, file, vma);
}

static const struct file_operations bucket_fops = { .mmap = bucket_mmap };

/* Keeps the VMA: the helper stays for it. */
static int rope_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct well *well = file->private_data;

	well->vma = vma;
	vma->vm_private_data = well;
	return well_map(well, file, vma);
}

static const struct file_operations rope_fops = { .mmap = rope_mmap };

//- include/linux/well.h
struct well_ops {
	int (*mmap)(struct well *well, struct file *file, struct vm_area_struct *vma);
};

struct well {
	const struct well_ops *ops;
	struct mutex lock;
	struct file *lender;
	struct vm_area_struct *vma;
	unsigned long start, size, errors;
};

int well_map(struct well *well, struct file *file, struct vm_area_struct *vma);

//- drivers/well/core.c
#include <linux/mm.h>
#include <linux/well.h>

int well_map(struct well *well, struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff)
		return -EINVAL;
	return well->ops->mmap(well, file, vma);
}
EXPORT_WELL_MOD(well_map);

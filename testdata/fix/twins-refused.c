// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks that can have no twin: a macro copies them by name, a pointer to them is kept and passed on, a table sets them twice. */
#include <linux/fs.h>
#include <linux/mm.h>

struct named_ops {
	int (*named_mmap)(struct named *named, struct vm_area_struct *vma);
};

struct held_ops {
	int (*held_mmap)(struct held *held, struct vm_area_struct *vma);
};

static int good_named(struct named *named, struct vm_area_struct *vma)
{
	vma->vm_ops = &named_vm_ops;
	return 0;
}

static int bad_named(struct named *named, struct vm_area_struct *vma)
{
	named->vma = vma;
	return 0;
}

static int good_held(struct held *held, struct vm_area_struct *vma)
{
	vma->vm_ops = &held_vm_ops;
	return 0;
}

static int bad_held(struct held *held, struct vm_area_struct *vma)
{
	held->vma = vma;
	return 0;
}

static const struct named_ops good_named_ops = { .named_mmap = good_named };
static const struct named_ops bad_named_ops = { .named_mmap = bad_named };
static const struct held_ops good_held_ops = { .held_mmap = good_held };
static const struct held_ops bad_held_ops = { .held_mmap = bad_held };

static void named_set_ops(struct named *named, const struct named_ops *ops)
{
	SET_OP(named, ops, named_mmap);
}

static int named_core_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct named *named = file->private_data;

	return named->ops.named_mmap(named, vma);
}

static int held_core_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct held *held = file->private_data;
	const auto mmap = held->ops->held_mmap;

	if (mmap)
		return held_call(held, mmap, vma);
	return -EIO;
}

static const struct file_operations named_fops = {
	.mmap = named_core_mmap,
};

static const struct file_operations held_fops = {
	.mmap = held_core_mmap,
};

/* A comment before else, and a loop behind it. */
struct told_ops {
	int (*told_mmap)(struct told *told, struct vm_area_struct *vma);
};

static int good_told(struct told *told, struct vm_area_struct *vma)
{
	vma->vm_ops = &told_vm_ops;
	return 0;
}

static int bad_told(struct told *told, struct vm_area_struct *vma)
{
	told->vma = vma;
	return 0;
}

static const struct told_ops good_told_ops = { .told_mmap = good_told };
static const struct told_ops bad_told_ops = { .told_mmap = bad_told };

static int told_core_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct told *told = file->private_data;
	int ret = 0;

	if (told->ops->told_mmap)
		ret = told->ops->told_mmap(told, vma);
	else
		for (; told->count; told->count--)
			told_forget(told);
	return ret;
}

static const struct file_operations told_fops = {
	.mmap = told_core_mmap,
};

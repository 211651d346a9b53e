// SPDX-License-Identifier: GPL-2.0-or-later
/* Callers and tables for which a hook can have no twin, and cannot be retyped. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/screen.h>

static int lit_mmap(struct screen *screen, struct vm_area_struct *vma)
{
	vma->vm_ops = &lit_vm_ops;
	return 0;
}

static const struct screen_ops lit_ops = { .mmap = lit_mmap };

/* A table that names no members: a new one would shift them. */
static int slide_map(struct slide *slide, struct vm_area_struct *vma)
{
	vma->vm_ops = &lit_vm_ops;
	return 0;
}

static int kept_map(struct slide *slide, struct vm_area_struct *vma)
{
	slide->vma = vma;
	return 0;
}

static const struct slide_ops slide_ops = { .slide_mmap = slide_map };
static const struct slide_ops kept_ops = { .slide_mmap = kept_map };
static const struct slide_ops plain_ops = { slide_attach, NULL, slide_reset };

static int slide_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct slide *slide = file->private_data;

	return slide->ops->slide_mmap(slide, vma);
}

static const struct file_operations slide_fops = { .mmap = slide_mmap };

/* A comparison with something else than NULL. */
static int dim_map(struct dim *dim, struct vm_area_struct *vma)
{
	vma->vm_ops = &lit_vm_ops;
	return 0;
}

static const struct dim_ops dim_ops = { .dim_mmap = dim_map };

static int dim_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dim *dim = file->private_data;

	if (dim->ops->dim_mmap == dim_default)
		return -ENODEV;
	return dim->ops->dim_mmap(dim, vma);
}

static const struct file_operations dim_fops = { .mmap = dim_mmap };

/* Called by way of a pointer to the member. */
static int far_map(struct far *far, struct vm_area_struct *vma)
{
	vma->vm_ops = &lit_vm_ops;
	return 0;
}

static const struct far_ops far_ops = { .far_mmap = far_map };

static int far_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct far *far = file->private_data;

	return (*far->ops->far_mmap)(far, vma);
}

static const struct file_operations far_fops = { .mmap = far_mmap };

/* The state is taken later than its undo. */
static void till_open(struct vm_area_struct *vma)
{
	struct till *till = vma->vm_private_data;

	atomic_inc(&till->users);
}

static void till_close(struct vm_area_struct *vma)
{
	struct till *till = vma->vm_private_data;

	atomic_dec(&till->users);
}

static const struct vm_operations_struct till_vm_ops = {
	.open = till_open,
	.close = till_close,
};

static int till_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct till *till = file->private_data;

	vma->vm_private_data = till;
	vma->vm_ops = &till_vm_ops;
	till_open(vma);
	if (till_start(till)) {
		atomic_dec(&till->users);
		return -EIO;
	}
	return 0;
}

static const struct file_operations till_fops = { .mmap = till_mmap };

//- include/linux/screen.h
struct screen_ops {
	int (*mmap)(struct screen *screen, struct vm_area_struct *vma);
};

struct slide_ops {
	int (*attach)(struct slide *slide);
	int (*slide_mmap)(struct slide *slide, struct vm_area_struct *vma);
	int (*reset)(struct slide *slide);
};

struct slide {
	const struct slide_ops *ops;
};

struct dim_ops {
	int (*dim_mmap)(struct dim *dim, struct vm_area_struct *vma);
};

struct dim {
	const struct dim_ops *ops;
};

struct far_ops {
	int (*far_mmap)(struct far *far, struct vm_area_struct *vma);
};

struct far {
	const struct far_ops *ops;
};

//- drivers/screen/core.c
#include "core.h"

/* The type of the table is not known here. */
static int screen_mmap(struct file *file, struct vm_area_struct *vma)
{
	return to_screen(file)->ops->mmap(to_screen(file), vma);
}

static const struct file_operations screen_fops = { .mmap = screen_mmap };

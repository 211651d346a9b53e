// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks of a subsystem that only some implementers can leave: the new hook stands beside the old one. */
#include <linux/mm.h>
#include <linux/panel.h>

static int lit_mmap(struct panel *panel, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff)
		return -EINVAL;
	vma->vm_ops = &lit_vm_ops;
	return 0;
}

/* Needs the mapping: it keeps the old hook. */
static int kept_mmap(struct panel *panel, struct vm_area_struct *vma)
{
	panel->vma = vma;
	return vm_insert_page(vma, vma->vm_start, panel->page);
}

/* Calls a function of the core by its name: the function stays for it. */
static int wrapping_mmap(struct panel *panel, struct vm_area_struct *vma)
{
	panel->last = vma;
	return panel_shared_mmap(panel, vma);
}

static const struct panel_ops wrapping_ops = {
	.mmap	= wrapping_mmap,
};

static const struct panel_ops shared_ops = {
	.mmap	= panel_shared_mmap,
};

static const struct panel_ops lit_ops = {
	.mmap	= lit_mmap,
};

static const struct panel_ops kept_ops = {
	.mmap	= kept_mmap,
};

//- include/linux/panel.h
/**
 * struct panel_ops - what kinds of panels do differently
 * @mmap: maps a panel
 * @blank: switches it off
 */
struct panel_ops {
	int	(*mmap)	     (struct panel *panel,
			      struct vm_area_struct *vma);	/* may be missing */
	int (*blank)(struct panel *panel);
};

int panel_io_mmap(struct panel *panel, struct vm_area_struct *vma);
int panel_shared_mmap(struct panel *panel, struct vm_area_struct *vma);

#define PANEL_DEFAULT_OPS \
	.mmap	= panel_io_mmap, \
	.blank	= panel_blank

//- drivers/panel/panel-core.c
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/panel.h>

/* Registered by the drivers of another folder: it moves with all of them. */
int panel_io_mmap(struct panel *panel, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, panel->start, panel->len);
}
EXPORT_SYMBOL(panel_io_mmap);

/* panel_shared_mmap - maps what all panels share */
int panel_shared_mmap(struct panel *panel, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff)
		return -EINVAL;
	return vm_iomap_memory(vma, panel->shared, panel->len);
}
EXPORT_SYMBOL_GPL(panel_shared_mmap);

static bool panel_can_mmap(struct panel *panel)
{
	return panel->ops->mmap != NULL;
}

static int panel_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct panel *panel = file->private_data;
	int ret;

	if (WARN_ONCE(!panel->ops->mmap, "%s has no mmap\n", panel->name))
		return -ENODEV;
	if (!panel->ops->mmap || panel->busy)
		return -EBUSY;
	mutex_lock(&panel->lock);
	ret = panel->ops->mmap(panel, vma);
	mutex_unlock(&panel->lock);
	return ret;
}

/* The table is found once. */
static int socket_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct panel *panel = file->private_data;

	return READ_ONCE(panel->ops)->mmap(panel, vma);
}

/* The private data are those of the caller. */
static int view_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct panel *panel = file->private_data;

	vma->vm_private_data = panel;
	if (panel->ops->mmap)
		return panel->ops->mmap(panel, vma);
	return 0;
}

/* Another function gets the result. */
static int told_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct panel *panel = file->private_data;
	struct part *part;

	panel_for_each_part(panel, part)
		if (part->panel->ops->mmap)
			return panel_tell(
				panel,
				part->panel->ops->mmap(part->panel, vma));
	return -ENODEV;
}

static const struct file_operations told_fops = {
	.mmap = told_mmap,
};

/* The hook is kept in a variable. */
static int kept_hook_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct panel *panel = file->private_data;
	const auto mmap = panel->ops->mmap;

	if (mmap)
		return mmap(panel, vma);
	return -EIO;
}

static const struct file_operations kept_hook_fops = {
	.mmap = kept_hook_mmap,
};

/* Both arms get braces. */
static int other_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct panel *panel = file->private_data;

	if (panel->ops && panel->ops->mmap)
		return panel->ops->mmap(panel, vma);
	else
		return -ENODEV;
}

static const struct file_operations other_fops = {
	.mmap = other_mmap,
};

static const struct file_operations panel_fops = {
	.mmap = panel_mmap,
};

static const struct file_operations socket_fops = {
	.mmap = socket_mmap,
};

static const struct file_operations view_fops = {
	.mmap = view_mmap,
};

//- drivers/case/late.c
#include <linux/mm.h>
#include <linux/panel.h>

/* By a macro. */
static const struct panel_ops plain_ops = {
	PANEL_DEFAULT_OPS,
};

/* At run time over a macro: the old hook then counts. */
static struct panel_ops late_ops = {
	PANEL_DEFAULT_OPS,
};

static int late_mmap(struct panel *panel, struct vm_area_struct *vma)
{
	panel->vma = vma;
	return 0;
}

static void late_init(struct panel *panel)
{
	late_ops.mmap = late_mmap;
	panel->own = plain_ops;
}

//- rust/kernel/panel.rs
/// A table that has no hook of its own.
const PANEL: bindings::panel_ops = bindings::panel_ops {
    mmap: None,
    blank: Some(blank),
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks of a driver's own ops tables: retyped with all that implement them, their callers bridged. */
#include <linux/fs.h>
#include <linux/mm.h>

/**
 * struct bank_ops - what kinds of banks do differently
 * @open: opens a bank
 * @mmap: maps a bank
 */
struct bank_ops {
	int (*open)(struct bank *bank, struct file *file);
	int (*mmap)(struct bank *bank, struct file *file,
		    struct vm_area_struct *vma);
};

static int plain_mmap(struct bank *bank, struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || (file->f_flags & O_SYNC))
		return -EINVAL;
	vma->vm_ops = &bank_vm_ops;
	return 0;
}

static int wide_mmap(struct bank *bank, struct file *file, struct vm_area_struct *vma)
{
	return io_remap_pfn_range(vma, vma->vm_start, bank->pfn,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* Refuses, and is retyped all the same. */
static int closed_mmap(struct bank *bank, struct file *file, struct vm_area_struct *vma)
{
	return -EPERM;
}

static const struct bank_ops plain_ops = {
	.open	= plain_open,
	.mmap	= plain_mmap,
};

static const struct bank_ops closed_ops = {
	.mmap = closed_mmap,
};

static void wide_init(struct bank *bank)
{
	bank->own_ops.mmap = wide_mmap;
}

/* Two callers, by way of bank_ops.mmap: one returns what it gets, the other goes on. */
static int bank_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bank *bank = file->private_data;
	if (bank->ops->mmap)
		return bank->ops->mmap(bank, file, vma);
	return -ENXIO;
}

static int bank_remap(struct bank *bank, struct vm_area_struct *vma)
{
	int ret;

	if (!bank->ops->mmap)
		return -ENODEV;

	ret = bank->ops->mmap(bank, bank->file, vma);
	if (ret)
		bank->errors++;
	return ret;
}

struct bank {
	const struct bank_ops *ops;
	struct bank_ops own_ops;
	struct file *file;
	unsigned long pfn;
	int errors;
};

static const struct file_operations bank_fops = {
	.mmap = bank_mmap,
};

/* One handler cannot be converted: the others get a hook beside the old one. */
struct held_ops {
	int (*mmap)(struct vm_area_struct *vma);
};

static int easy_mmap(struct vm_area_struct *vma)
{
	vma->vm_ops = &bank_vm_ops;
	return 0;
}

static int hard_mmap(struct vm_area_struct *vma)
{
	held_vma = vma;
	return 0;
}

static const struct held_ops easy_ops = { .mmap = easy_mmap };
static const struct held_ops hard_ops = { .mmap = hard_mmap };

/* The caller has set private data: the desc starts with them. */
struct late_ops {
	int (*late_mmap)(struct late *late, struct vm_area_struct *vma);
};

static int late_map(struct late *late, struct vm_area_struct *vma)
{
	vma->vm_ops = &bank_vm_ops;
	return 0;
}

static const struct late_ops late_ops = { .late_mmap = late_map };

struct late {
	const struct late_ops *ops;
};

static int late_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct late *late = file->private_data;

	vma->vm_private_data = late;
	return late->ops->late_mmap(late, vma);
}

static const struct file_operations late_fops = {
	.mmap = late_mmap,
};

/* No statement for a bridge to stand in. */
struct tight_ops {
	int (*mmap)(struct vm_area_struct *vma);
};

static int tight_map(struct vm_area_struct *vma)
{
	return 0;
}

static const struct tight_ops tight_ops = { .mmap = tight_map };

static int tight_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct tight_ops *ops = file->private_data;

	if (ops->mmap(vma) < 0)
		return -EIO;
	return 0;
}

static const struct file_operations tight_fops = {
	.mmap = tight_mmap,
};

/* What a macro calls is not looked into. */
struct hidden_ops {
	int (*hidden_mmap)(struct vm_area_struct *vma);
};

#define hidden_map(ops, vma) ((ops)->hidden_mmap ? (ops)->hidden_mmap(vma) : 0)

static int hidden_mmap(struct vm_area_struct *vma)
{
	vma->vm_ops = &bank_vm_ops;
	return 0;
}

static const struct hidden_ops hidden_ops = { .hidden_mmap = hidden_mmap };

/* A table without the hook follows. What names no function would keep the old name. */
struct void_ops {
	int (*void_mmap)(struct vm_area_struct *vma);
};

struct vague_ops {
	int (*vague_mmap)(struct vm_area_struct *vma);
};

static int full_mmap(struct vm_area_struct *vma)
{
	vma->vm_ops = &bank_vm_ops;
	return 0;
}

static const struct void_ops full_ops = { .void_mmap = full_mmap };
static const struct void_ops empty_ops = { .void_mmap = NULL };

static int vague_mmap(struct vm_area_struct *vma)
{
	vma->vm_ops = &bank_vm_ops;
	return 0;
}

static const struct vague_ops vague_ops = { .vague_mmap = vague_mmap };
static const struct vague_ops odd_ops = { .vague_mmap = IS_ENABLED(CONFIG_BANK) ? vague_mmap : NULL };

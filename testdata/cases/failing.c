/* Uses of the VMA on paths that fail, in macros that head loops, and in variables that outlive the hook. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

#define lamp_forever for (;;)
#define EACH_LAMP(i, n) for ((i) = 0; (i) < (n); (i)++)

/* A helper of another module gets the VMA before the hook refuses the mapping. */
static int refused_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->broken) {
		stage_mmap(vma); //~ helper:stage_mmap
		return -EINVAL;
	}
	vm_flags_set(vma, VM_DONTEXPAND);
	return 0;
}

static const struct file_operations refused = {
	.mmap = refused_mmap, //= blocked
};

static int remembered_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->broken) {
		lamp->vma = vma; //~ escape:vma
		return -EINVAL;
	}
	return 0;
}

static const struct file_operations remembered = {
	.mmap = remembered_mmap, //= manual
};

static int endless_mmap(struct file *file, struct vm_area_struct *vma)
{
	int error;

	lamp_forever {
		error = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ finish:remap_pfn_range, multi-remap
		if (!error || !retries--)
			break;
	}
	return error;
}

static const struct file_operations endless = {
	.mmap = endless_mmap, //= finish
};

static int each_mmap(struct file *file, struct vm_area_struct *vma)
{
	int i;

	EACH_LAMP(i, 4)
		if (remap_pfn_range(vma, vma->vm_start + i * PAGE_SIZE, frames[i], PAGE_SIZE, vma->vm_page_prot)) //~ finish:remap_pfn_range, multi-remap
			return -EAGAIN;
	return 0;
}

static const struct file_operations each = {
	.mmap = each_mmap, //= finish
};

static int kept_mmap(struct file *file, struct vm_area_struct *vma)
{
	static struct vm_area_struct *last;

	last = vma; //~ escape:last
	return 0;
}

static const struct file_operations kept = {
	.mmap = kept_mmap, //= manual
};

union lamp_handle {
	struct vm_area_struct *vma;
	unsigned long number;
};

static int disguised_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	union lamp_handle handle = { .vma = vma };

	lamp->cookie = handle.number; //~ unknown //! not-understood
	return 0;
}

static const struct file_operations disguised = {
	.mmap = disguised_mmap, //= unknown
};
/* Macros whose definitions are known, and a block that a break leaves. */
#define LOG_LAMP(lamp) pr_debug("%p", lamp);
#define IF_LIT(lamp) if (likely((lamp)->is_lit))
#define WITH_LAMP(lamp) scoped_guard(mutex, &(lamp)->lock)

static int logged_mmap(struct file *file, struct vm_area_struct *vma)
{
	LOG_LAMP(file->private_data)
		return remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations logged = {
	.mmap = logged_mmap, //= action
};

static int lit_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	IF_LIT(lamp) {
		return remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ action:remap_pfn
	}
	return -ENODEV;
}

static const struct file_operations lit = {
	.mmap = lit_mmap, //= action
};

static int once_mmap(struct file *file, struct vm_area_struct *vma)
{
	int error = -EINVAL;

	do {
		if (vma->vm_pgoff)
			break;
		vma->vm_ops = &once_vm_ops;
		error = 0;
	} while (0);
	return error;
}

static const struct file_operations once = {
	.mmap = once_mmap, //= mechanical
};
/* The loop looks for what is mapped, and ends with it. */
static int sought_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int i, error = -EINVAL;

	for (i = 0; i < LAMPS; i++) {
		if (i != vma->vm_pgoff)
			continue;
		error = remap_pfn_range(vma, vma->vm_start, lamp->frames[i], vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ action:remap_pfn
		break;
	}
	return error;
}

static const struct file_operations sought = {
	.mmap = sought_mmap, //= action
};

/* It tries again. */
static int retried_mmap(struct file *file, struct vm_area_struct *vma)
{
	int tries, error = -EINVAL;

	for (tries = 0; tries < 3; tries++) {
		error = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ finish:remap_pfn_range, multi-remap
		if (!error)
			break;
	}
	return error;
}

static const struct file_operations retried = {
	.mmap = retried_mmap, //= finish
};
//- drivers/stage/stage.c
#include <linux/mm.h>

int stage_mmap(struct vm_area_struct *vma)
{
	return vma->vm_pgoff ? -EINVAL : 0;
}
EXPORT_SYMBOL_GPL(stage_mmap);

/* What only failing paths write is no state of the file. */
static int reset_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	pgprot_t prot = vma->vm_page_prot;
	int ret;

	prot = pgprot_noncached(prot);
	lamp->size = vma->vm_end - vma->vm_start; //? file-state
	if (lamp->size > LAMP_LIMIT) {
		ret = -EINVAL;
		goto failed;
	}
	return remap_pfn_range(vma, vma->vm_start, lamp->pfn, lamp->size, prot); //~ action:remap_pfn //? prot-override
failed:
	lamp->size = 0;
	return ret;
}

static const struct file_operations reset = {
	.mmap = reset_mmap, //= action
};

/* Labels that undo what the mapping took: one line is state of the mapping, and the others reset it. */
static int resetting_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret = -ENOMEM;

	lamp->start = vma->vm_start; //~ state:counter
	lamp->pages = kcalloc(4, sizeof(*lamp->pages), GFP_KERNEL); //~ state:alloc
	if (!lamp->pages)
		goto out_start;
	ret = lamp_reserve(lamp);
	if (ret)
		goto out_pages;
	return 0;

out_pages:
	kfree(lamp->pages);
	lamp->pages = NULL;
out_start:
	lamp->start = 0;
	return ret;
}

static const struct file_operations resetting = {
	.mmap = resetting_mmap, //= mapped
};

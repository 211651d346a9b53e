// SPDX-License-Identifier: GPL-2.0-or-later
/* What a handler may not do around a hook that asks for an action, and around functions and macros that lead to one. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/quarry.h>

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	int ret;

	ret = quarry->ops->mmap(quarry, vma);
	if (ret)
		atomic_set(&quarry->failed, 1);
	return ret;
}

static int restoring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	unsigned long offset = vma->vm_pgoff;
	int ret;

	vma->vm_pgoff = 0;
	ret = quarry->ops->mmap(quarry, vma);
	if (ret)
		return ret;
	vma->vm_pgoff = offset;
	return 0;
}

static int guarded_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;

	guard(mutex)(&quarry->lock);
	return quarry->ops->mmap(quarry, vma);
}

static int held_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	int ret;

	kref_get(&quarry->ref);
	ret = quarry->ops->mmap(quarry, vma);
	kref_put(&quarry->ref, quarry_free);
	return ret;
}

static int quarry_map(struct quarry *quarry, struct vm_area_struct *vma)
{
	return quarry->ops->mmap(quarry, vma);
}

static int translated_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;

	return quarry_errno(quarry_map(quarry, vma));
}

static int repeated_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	int ret;

	for (; quarry; quarry = quarry->next) {
		ret = quarry->ops->mmap(quarry, vma);
		if (ret)
			return ret;
	}
	return 0;
}

static int again_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	int ret;

	ret = quarry->ops->mmap(quarry, vma);
	if (ret)
		return ret;
	return remap_pfn_range(vma, vma->vm_start, quarry->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int behind_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	int ret;

	ret = quarry_map(quarry, vma);
	if (ret)
		quarry->errors++;
	return ret;
}

/* Prints, and does more. */
static void quarry_error(struct quarry *quarry, const char *text)
{
	quarry->errors++;
}

static int told_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct quarry *quarry = file->private_data;
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, quarry->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		quarry_error(quarry, "cannot map");
	return ret;
}

/* The arguments of the macro are made from the VMA, too. */
static int measured_mmap(struct file *file, struct vm_area_struct *vma)
{
	return quarry_map_all(file->private_data, vma);
}

static const struct file_operations counted_fops = { .mmap = counted_mmap };
static const struct file_operations restoring_fops = { .mmap = restoring_mmap };
static const struct file_operations guarded_fops = { .mmap = guarded_mmap };
static const struct file_operations held_fops = { .mmap = held_mmap };
static const struct file_operations translated_fops = { .mmap = translated_mmap };
static const struct file_operations repeated_fops = { .mmap = repeated_mmap };
static const struct file_operations again_fops = { .mmap = again_mmap };
static const struct file_operations behind_fops = { .mmap = behind_mmap };
static const struct file_operations told_fops = { .mmap = told_mmap };
static const struct file_operations measured_fops = { .mmap = measured_mmap };

//- include/linux/quarry.h
struct quarry;

struct quarry_ops {
	int (*mmap)(struct quarry *quarry, struct vm_area_struct *vma);
};

struct quarry {
	const struct quarry_ops *ops;
	struct quarry *next;
	struct mutex lock;
	struct kref ref;
	atomic_t failed;
	unsigned long pfn, errors;
};

int quarry_map_pages(struct quarry *quarry, struct vm_area_struct *vma, unsigned long pages);

#define quarry_map_all(quarry, vma)	quarry_map_pages(quarry, vma, vma_pages(vma))

//- drivers/quarry/stone.c
#include <linux/mm.h>
#include <linux/quarry.h>

/* No other file sees it. */
static int stone_mmap(struct quarry *quarry, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, quarry->pfn << PAGE_SHIFT, PAGE_SIZE);
}

static const struct quarry_ops stone_ops = { .mmap = stone_mmap };

int quarry_map_pages(struct quarry *quarry, struct vm_area_struct *vma, unsigned long pages)
{
	return remap_pfn_range(vma, vma->vm_start, quarry->pfn, pages << PAGE_SHIFT, vma->vm_page_prot);
}
EXPORT_SYMBOL(quarry_map_pages);

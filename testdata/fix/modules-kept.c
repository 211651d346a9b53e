// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of other modules whose old form stays as it is, and handlers that cannot convert with them. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/dock.h>

static int crane_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;

	dock->vma = vma;
	return dock_count(dock, vma);
}

/* The function returns a count: its old form stays, because a bridge would take that for an error. */
static int quay_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;
	int ret = dock_count(dock, vma);

	return ret < 0 ? ret : 0;
}

/* A fault handler calls the function: a bridge must not write to a mapping that exists. */
static int pier_mmap(struct file *file, struct vm_area_struct *vma)
{
	return dock_adopt(file->private_data, vma);
}

/* The pages stand in the frame of the handler, which is gone when the action runs. */
static int raft_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;
	struct page *pages[2] = { dock->first, dock->second };

	return dock_insert(vma, pages, 2);
}

/* An action sets its flags later than the call that it replaces. */
static int tug_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;
	int ret;

	ret = dock_map(dock, vma);
	if (ret)
		return ret;
	vm_flags_clear(vma, VM_DONTDUMP);
	return 0;
}

/* Each path calls one function that maps. */
static int barge_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;

	if (vma->vm_pgoff)
		return dock_map(dock, vma);
	return dock_map(dock->other, vma);
}

/* The function also gets another VMA. */
static int ferry_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;

	if (dock->shadow)
		dock_follow(dock, dock->shadow);
	return dock_follow(dock, vma);
}

/* The branch that nothing takes is the only statement of a loop. */
struct lock_ops {
	int (*mmap)(struct dock *dock, struct vm_area_struct *vma);
};

static int lock_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dock *dock = file->private_data;
	struct lock_ops *ops = dock->ops;

	for (; dock->next; dock = dock->next)
		if (ops->mmap)
			return ops->mmap(dock, vma);
	vma->vm_ops = &lock_vm_ops;
	return 0;
}

/* A literal keeps its blanks. */
static int told_mmap(struct file *file, struct vm_area_struct *vma)
{
	pr_debug("a mapping  of (  %lx ) to %lx, which is too long for one line", vma->vm_start, vma->vm_end);
	vma->vm_ops = &lock_vm_ops;
	return 0;
}

static const struct file_operations crane_fops = { .mmap = crane_mmap };
static const struct file_operations quay_fops = { .mmap = quay_mmap };
static const struct file_operations pier_fops = { .mmap = pier_mmap };
static const struct file_operations raft_fops = { .mmap = raft_mmap };
static const struct file_operations tug_fops = { .mmap = tug_mmap };
static const struct file_operations barge_fops = { .mmap = barge_mmap };
static const struct file_operations ferry_fops = { .mmap = ferry_mmap };
static const struct file_operations lock_fops = { .mmap = lock_mmap };
static const struct file_operations told_fops = { .mmap = told_mmap };

//- include/linux/dock.h
struct vm_area_struct;

int dock_count(struct dock *dock, struct vm_area_struct *vma);
int dock_adopt(struct dock *dock, struct vm_area_struct *vma);
int dock_insert(struct vm_area_struct *vma, struct page **pages, unsigned long count);
int dock_map(struct dock *dock, struct vm_area_struct *vma);
int dock_follow(struct dock *dock, struct vm_area_struct *vma);

//- drivers/dock/core.c
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/dock.h>

static int dock_check(struct dock *dock, struct vm_area_struct *vma)
{
	return vma_pages(vma) > dock->pages ? -EINVAL : 0;
}

static vm_fault_t dock_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;

	if (dock_check(vma->vm_private_data, vma) || dock_adopt(the_dock, vma))
		return VM_FAULT_SIGBUS;
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct dock_vm_ops = { .fault = dock_fault };

int dock_count(struct dock *dock, struct vm_area_struct *vma)
{
	vma->vm_ops = &dock_vm_ops;
	return vma_pages(vma);
}
EXPORT_SYMBOL_GPL(dock_count);

int dock_adopt(struct dock *dock, struct vm_area_struct *vma)
{
	if (dock_check(dock, vma))
		return -EINVAL;
	vma->vm_private_data = dock;
	return 0;
}
EXPORT_SYMBOL_GPL(dock_adopt);

int dock_insert(struct vm_area_struct *vma, struct page **pages, unsigned long count)
{
	return vm_map_pages(vma, pages, count);
}
EXPORT_SYMBOL_GPL(dock_insert);

int dock_map(struct dock *dock, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, dock->start, dock->len);
}
EXPORT_SYMBOL_GPL(dock_map);

int dock_follow(struct dock *dock, struct vm_area_struct *vma)
{
	vma->vm_ops = &dock_vm_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(dock_follow);

//- drivers/other/other.c
#include <linux/mm.h>

/* Another function of this name. */
static int dock_follow(struct other *other, struct vm_area_struct *vma);

static int other_touch(struct other *other, struct vm_area_struct *vma)
{
	return dock_follow(other, vma);
}

static int dock_follow(struct other *other, struct vm_area_struct *vma)
{
	return other->pages > vma_pages(vma);
}

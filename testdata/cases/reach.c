/* State that the driver's own functions take, wherever they stand. */
#include <linux/mm.h>
#include "reach_inline.h"
#include "../shared_by_drivers/counts.h"
#include <driver/extra.h>

#define ops(name) static const struct file_operations name ## _fops = { .mmap = name }

static int by_inline(struct file *file, struct vm_area_struct *vma)
{
	drop_entry(file->private_data);
	return 0;
}
ops(by_inline); //= mapped

static int by_sibling(struct file *file, struct vm_area_struct *vma)
{
	count_owner(file->private_data);
	return 0;
}
ops(by_sibling); //= mapped

static int by_sibling_mark(struct file *file, struct vm_area_struct *vma)
{
	mark_owner(file->private_data);
	return 0;
}
ops(by_sibling_mark); //= mechanical

static int by_other_folder(struct file *file, struct vm_area_struct *vma)
{
	SHARE_OWNER(file->private_data);
	return 0;
}
ops(by_other_folder); //= mapped

/* A macro in a header that a Makefile leads to, and one behind a kernel header that names no VMA. */
static int by_makefile(struct file *file, struct vm_area_struct *vma)
{
	return MAP_EXTRA(vma); //~ action:remap_pfn
}
ops(by_makefile); //= action

static int by_kernel_header(struct file *file, struct vm_area_struct *vma)
{
	return TRACED(remap_pfn_range, vma, vma->vm_start, PFN, SIZE, PROT); //~ action:remap_pfn
}
ops(by_kernel_header); //= action

/* A name that a message is given is no helper. */
static int with_message(struct file *file, struct vm_area_struct *vma)
{
	int ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap

	LOG_SOMEWHERE("mmap of %lx at %lx\n", vma->vm_end - vma->vm_start, vma->vm_pgoff);
	return ret;
}
ops(with_message); //= action //: reads vm_end vm_start vm_pgoff
//- drivers/reach/reach_inline.h
#include <linux/list.h>

struct owner { int users; struct mutex lock; };

static inline void drop_entry(struct entry *entry)
{
	spin_lock(&entry->lock);
	list_del_init(&entry->node); //~ state:list
	spin_unlock(&entry->lock);
}

extern void count_owner(struct owner *owner);
void mark_owner(struct owner *owner);
//- drivers/reach/owner.c
#include "reach_inline.h"

void count_owner(struct owner *owner)
{
	mutex_lock(&owner->lock); //~ state:lock
	owner->users++; //~ state:counter
	mutex_unlock(&owner->lock);
}

void mark_owner(struct owner *owner)
{
	mutex_lock(&owner->lock);
	owner->is_marked = true;
	mutex_unlock(&owner->lock);
}
//- drivers/shared_by_drivers/counts.h
#define SHARE_OWNER(owner) share_owner(owner)

static inline void share_owner(struct owner *owner)
{
	atomic_inc(&owner->shares); //~ state:counter
}
//- drivers/reach/Makefile
ccflags-y += -I $(src)/more
//- drivers/reach/more/driver/extra.h
#include <kernel/trace_calls.h>
#define MAP_EXTRA(v) remap_pfn_range(v, (v)->vm_start, PFN, SIZE, PROT)
//- include/kernel/trace_calls.h
#define TRACED(call, first, ...) call(first, __VA_ARGS__)

//- drivers/own/include/own.h
#define OWN_COUNT(own) own_count(own)

//- drivers/own/include/counts.h
static inline void own_count(struct own *own)
{
	atomic_inc(&own->maps); //~ state:counter
}

//- drivers/own/own.c
#include "include/own.h"
#include "include/counts.h"

/* A macro of the driver's own headers, wherever they lie, may use what others of them define. */
static int own_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct own *own = file->private_data;

	OWN_COUNT(own);
	return 0;
}

static const struct file_operations own_fops = {
	.mmap = own_mmap, //= mapped
};

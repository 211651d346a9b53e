// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of other modules that get the VMA convert with the handlers that call them. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/harbour.h>

/* All that it calls converts with it. */
static int quay_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct harbour *harbour = file->private_data;

	if (!harbour_fits(harbour, vma))
		return -EINVAL;
	return harbour_map_range(harbour, vma, HARBOUR_WRITE_COMBINE, harbour_first_basin_of(harbour));
}

/* Keeps the VMA: the functions that it calls need their old forms. */
static int crane_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct harbour *harbour = file->private_data;

	harbour->vma = vma;
	if (!harbour_fits(harbour, vma))
		return -EINVAL;
	return harbour_map_range(harbour, vma, 0, 0);
}

/* Takes a reference behind the function that it calls. */
static int buoy_mmap(struct file *file, struct vm_area_struct *vma)
{
	return harbour_hold(file->private_data, vma);
}

static const struct file_operations quay_fops = { .mmap = quay_mmap };
static const struct file_operations crane_fops = { .mmap = crane_mmap };
static const struct file_operations buoy_fops = { .mmap = buoy_mmap };

/* The macro gets the handlers as arguments. */
#define BERTH_FOPS(_name, _map)				\
static const struct file_operations _name##_fops = {	\
	.owner = THIS_MODULE,				\
	.mmap = (_map),					\
}

#define DEEP_BERTH(_name)	BERTH_FOPS(_name, deep_mmap)

static int deep_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct harbour *harbour = file->private_data;

	return harbour_map_range(harbour, vma, 0, harbour->deep);
}

static int flat_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &flat_vm_ops;
	return 0;
}

DEEP_BERTH(north);
DEEP_BERTH(south);
BERTH_FOPS(flat, flat_mmap);

/* Here one of the handlers needs the VMA. */
#define PIER_FOPS(_name, _map)	\
static const struct file_operations _name##_fops = { .mmap = _map }

static int short_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &flat_vm_ops;
	return 0;
}

static int long_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct harbour *harbour = file->private_data;

	harbour->vma = vma;
	return 0;
}

PIER_FOPS(short, short_mmap);
PIER_FOPS(long, long_mmap);

/* Nothing implements wharf_ops.mmap. */
struct wharf_ops {
	int (*mmap)(struct harbour *harbour, struct vm_area_struct *vma);
	void (*close)(struct harbour *harbour);
};

static int wharf_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct harbour *harbour = file->private_data;
	unsigned int number = vma->vm_pgoff;

	if (number >= HARBOUR_BASINS) {
		int index = number - HARBOUR_BASINS;
		struct wharf *wharf = harbour->wharfs + index;
		struct wharf_ops *ops = wharf->ops;

		if (ops && ops->mmap &&
		    (wharf->flags & WHARF_MAPS))
			return ops->mmap(harbour, vma);
		return -EINVAL;
	}
	vma->vm_ops = &flat_vm_ops;
	return 0;
}

static const struct file_operations wharf_fops = { .mmap = wharf_mmap };

//- include/linux/harbour.h
int harbour_fits(struct harbour *harbour, struct vm_area_struct *vma);
int harbour_map_range(struct harbour *harbour, struct vm_area_struct *vma,
		      int write_combine, int basin);
int harbour_hold(struct harbour *harbour, struct vm_area_struct *vma);

#ifdef CONFIG_TIDES
int harbour_tide(struct harbour *harbour, struct vm_area_struct *vma);
#else
#define harbour_tide(harbour, vma) (-EINVAL)
#endif

//- drivers/harbour/core.c
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/harbour.h>

/**
 * harbour_fits - whether a mapping fits into a harbour
 * @harbour: the harbour
 * @vma: the mapping
 */
int harbour_fits(struct harbour *harbour, struct vm_area_struct *vma)
{
	return vma->vm_pgoff < harbour->pages && vma_pages(vma) <= harbour->pages - vma->vm_pgoff;
}
EXPORT_SYMBOL_GPL(harbour_fits);

/**
 * harbour_map_range - maps a range of a harbour
 * @harbour: the harbour
 * @vma: the mapping, as harbour_map_range() gets it
 * @write_combine: whether writes may be combined
 * @basin: where to begin
 */
int harbour_map_range(struct harbour *harbour, struct vm_area_struct *vma,
		      int write_combine, int basin)
{
	int ret;

	if (write_combine)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	ret = harbour_tide(harbour, vma);
	if (ret)
		return ret;
	vma->vm_ops = &harbour_vm_ops;
	return remap_pfn_range(vma, vma->vm_start, harbour->pfn + basin,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}
EXPORT_SYMBOL_GPL(harbour_map_range);

int harbour_hold(struct harbour *harbour, struct vm_area_struct *vma)
{
	kref_get(&harbour->ref);
	vma->vm_ops = &harbour_vm_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(harbour_hold);

//- arch/tidal/kernel/harbour.c
#include <linux/harbour.h>

int harbour_tide(struct harbour *harbour, struct vm_area_struct *vma)
{
	vma->vm_pgoff += harbour->tide;
	return 0;
}

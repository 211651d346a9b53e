// Functions of the driver hold what their parameters and results hold: an `int` cuts a size.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static bool lamp_fits(const struct lamp *lamp, unsigned int size)
{
	return size <= lamp->size;
}

static bool lamp_fits_whole(const struct lamp *lamp, unsigned long size)
{
	return size <= lamp->size;
}

static int lamp_length(const struct vm_area_desc *desc)
{
	return vma_desc_size(desc);
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_end - vma->vm_start > lamp->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, lamp->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (!lamp_fits_whole(lamp, vma_desc_size(desc)))
		return -EINVAL;
	mmap_action_remap_full(desc, lamp->pfn);
	return 0;
}
//- after with a parameter that cuts
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (!lamp_fits(lamp, vma_desc_size(desc)))
		return -EINVAL; //~ returns -EINVAL if
	mmap_action_remap_full(desc, lamp->pfn);
	return 0; //~ accepts the mapping if
}
//- after with a result that cuts
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (lamp_length(desc) > lamp->size)
		return -EINVAL; //~ returns -EINVAL if
	mmap_action_remap_full(desc, lamp->pfn);
	return 0; //~ accepts the mapping if
}

// Casts that cut off bits of a value of the driver, and casts that do not.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	phys_addr_t base;
	unsigned long size;
	u32 id;
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_pgoff != (u32)lamp->id || vma->vm_end - vma->vm_start > lamp->size)
		return -EINVAL;
	return io_remap_pfn_range(vma, vma->vm_start, lamp->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful, without a cast that does nothing
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff != lamp->id || vma_desc_size(desc) > lamp->size)
		return -EINVAL;
	mmap_action_ioremap_full(desc, lamp->base >> PAGE_SHIFT);
	return 0;
}
//- after with an address of 32 bits
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff != lamp->id || vma_desc_size(desc) > lamp->size)
		return -EINVAL;
	mmap_action_ioremap_full(desc, (u32)lamp->base >> PAGE_SHIFT); //~ lamp_mmap_prepare populates
	return 0;
}
//- after with a size of 16 bits
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff != lamp->id || vma_desc_size(desc) > (u16)lamp->size)
		return -EINVAL; //~ lamp_mmap
	mmap_action_ioremap_full(desc, lamp->base >> PAGE_SHIFT);
	return 0; //~ lamp_mmap_prepare accepts the mapping
}

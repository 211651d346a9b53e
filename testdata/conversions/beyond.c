// An action for a range that may be longer than the mapping: a remap accepts it, the core refuses the action.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long size = lamp->size;

	if (vma->vm_end - vma->vm_start > lamp->size)
		size = vma->vm_end - vma->vm_start;
	return io_remap_pfn_range(vma, vma->vm_start, lamp->pfn, size, vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after with the same range
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long size = lamp->size;

	if (vma_desc_size(desc) > lamp->size)
		size = vma_desc_size(desc);
	mmap_action_ioremap(desc, desc->start, lamp->pfn, size);
	return 0; //~ a range that may be longer than the mapping, which the core refuses; lamp_mmap accepted this
}
//- after with a range that begins behind the start
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	mmap_action_ioremap(desc, desc->start + PAGE_SIZE, lamp->pfn, vma_desc_size(desc)); //~ populates with start start + PAGE_SIZE
	return 0; //~ a range that may be longer than the mapping
}

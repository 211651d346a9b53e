// Arrays of pages: where they start, how many, and the offset at the time of the call.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long count = vma_pages(vma);

	if (vma->vm_pgoff == LAMP_SECOND) {
		vma->vm_pgoff = 0;
		return vm_map_pages(vma, lamp->second, lamp->count);
	}
	if (count > lamp->count)
		return -EINVAL;
	return vm_insert_pages(vma, vma->vm_start, lamp->pages, &count);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long count = vma_desc_pages(desc);

	if (desc->pgoff == LAMP_SECOND) {
		desc->pgoff = 0;
		if (!lamp->count || count > lamp->count)
			return -ENXIO;
		mmap_action_map_kernel_pages_full(desc, lamp->second);
		return 0;
	}
	if (count > lamp->count)
		return -EINVAL;
	mmap_action_map_kernel_pages(desc, desc->start, &lamp->pages[0], count);
	return 0;
}
//- after with the offset at entry, and a page less
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long count = vma_desc_pages(desc);

	if (desc->pgoff == LAMP_SECOND) {
		if (!lamp->count || count > lamp->count)
			return -ENXIO;
		mmap_action_map_kernel_pages_full(desc, lamp->second + desc->pgoff); //~ lamp_mmap_prepare populates with pgoff
		desc->pgoff = 0;
		return 0;
	}
	if (count > lamp->count)
		return -EINVAL;
	mmap_action_map_kernel_pages(desc, desc->start, lamp->pages, count - 1); //~ lamp_mmap_prepare populates with count pages - 1
	return 0;
}

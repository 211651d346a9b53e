/* Offsets that are checked, and then lost. */
#include <linux/mm.h>

static int lost_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_pgoff + vma_pages(vma) > board->nr_pages)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ offset-not-used
}

static const struct file_operations lost_fops = {
	.mmap = lost_mmap,
};

/* vm_map_pages() added the offset, the action does not. */
static int converted_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (desc->pgoff > board->nr_pages || vma_desc_pages(desc) > board->nr_pages - desc->pgoff)
		return -EINVAL;
	mmap_action_map_kernel_pages_full(desc, board->pages); //~ offset-not-used
	return 0;
}

static const struct file_operations converted_fops = {
	.mmap_prepare = converted_mmap_prepare,
};

static int used_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_pgoff + vma_pages(vma) > board->nr_pages)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations used_fops = {
	.mmap = used_mmap,
};

/* The call adds the offset itself. */
static int added_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_pgoff + vma_pages(vma) > board->nr_pages)
		return -EINVAL;
	return vm_map_pages(vma, board->pages, board->nr_pages);
}

static const struct file_operations added_fops = {
	.mmap = added_mmap,
};

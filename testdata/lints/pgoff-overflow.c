/* Sums and differences that wrap: udl, cpia2, the ring buffer of tracing. */
#include <linux/mm.h>

static int sum_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (offset + size > board->size) //~ pgoff-overflow
		return -EINVAL;
	return 0;
}

static const struct file_operations sum_fops = {
	.mmap = sum_mmap,
};

static int difference_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long left = board->pages - vma->vm_pgoff;

	if (vma_pages(vma) > left) //~ pgoff-overflow
		return -EINVAL;
	return 0;
}

static const struct file_operations difference_fops = {
	.mmap = difference_mmap,
};

static int ordered_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_pgoff >= board->pages)
		return -EINVAL;
	if (vma_pages(vma) > board->pages - vma->vm_pgoff)
		return -EINVAL;
	return 0;
}

static const struct file_operations ordered_fops = {
	.mmap = ordered_mmap,
};

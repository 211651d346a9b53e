/* Sums and differences that wrap: udl, cpia2, the ring buffer of tracing. */
#include <linux/mm.h>

/* The core has checked that offset and size together do not wrap. */
static int sum_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (offset + size > board->size)
		return -EINVAL;
	return 0;
}

static const struct file_operations sum_fops = {
	.mmap = sum_mmap,
};

/* The table takes that check away. */
static int unsigned_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (offset + size > board->size) //~ pgoff-overflow
		return -EINVAL;
	return 0;
}

static const struct file_operations unsigned_fops = {
	.mmap = unsigned_mmap,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

/* A third term of the sum that the core does not know. */
static int based_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;

	if (board->first + offset + (vma->vm_end - vma->vm_start) > board->last) //~ pgoff-overflow
		return -EINVAL;
	return 0;
}

static const struct file_operations based_fops = {
	.mmap = based_mmap,
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

/* The size is subtracted, and was not compared. */
static int size_first_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if ((vma->vm_pgoff << PAGE_SHIFT) > board->size - (vma->vm_end - vma->vm_start)) //~ pgoff-overflow
		return -EINVAL;
	return 0;
}

static const struct file_operations size_first_fops = {
	.mmap = size_first_mmap,
};

/* A clamp that the difference decides. */
static int clamped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long pages = min(vma_pages(vma), board->pages - vma->vm_pgoff); //~ pgoff-overflow

	return board_map(board, pages);
}

static const struct file_operations clamped_fops = {
	.mmap = clamped_mmap,
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

static int both_ordered_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (size > board->size || offset > board->size - size)
		return -EINVAL;
	return 0;
}

static const struct file_operations both_ordered_fops = {
	.mmap = both_ordered_mmap,
};

/* The question whether the sum wraps. */
static int asked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (board->first + offset + size < board->first + offset)
		return -EINVAL;
	if (board->first + offset + size > board->last)
		return -EINVAL;
	return 0;
}

static const struct file_operations asked_fops = {
	.mmap = asked_mmap,
};

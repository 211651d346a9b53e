/* Calls that add vm_pgoff, and starts that hold it. */
#include <linux/mm.h>

static int twice_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return vm_iomap_memory(vma, board->base + (vma->vm_pgoff << PAGE_SHIFT), board->size); //~ offset-counted-twice
}

static const struct file_operations twice_fops = {
	.mmap = twice_mmap,
};

/* By way of a variable, in an action. */
static int moved_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	phys_addr_t start = board->base + PFN_PHYS(desc->pgoff);

	mmap_action_simple_ioremap(desc, start, board->size); //~ offset-counted-twice
	return 0;
}

static const struct file_operations moved_fops = {
	.mmap_prepare = moved_mmap_prepare,
};

static int once_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations once_fops = {
	.mmap = once_mmap,
};

/* The offset selects the object, and is 0 for the call. */
static int selecting_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	phys_addr_t start = board->base + (vma->vm_pgoff << PAGE_SHIFT);

	vma->vm_pgoff = 0;
	return vm_iomap_memory(vma, start, PAGE_SIZE);
}

static const struct file_operations selecting_fops = {
	.mmap = selecting_mmap,
};

//@ --target v7.4
/* An action, and flags that keep the mapping alone. */
#include <linux/mm.h>

static int bare_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_simple_ioremap(desc, board->base, board->size); //~ action-on-mergeable
	return 0;
}

static const struct file_operations bare_fops = {
	.mmap_prepare = bare_mmap_prepare,
};

static int kept_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	vma_desc_set_flags(desc, VMA_IO_BIT, VMA_DONTEXPAND_BIT);
	mmap_action_simple_ioremap(desc, board->base, board->size);
	return 0;
}

static const struct file_operations kept_fops = {
	.mmap_prepare = kept_mmap_prepare,
};

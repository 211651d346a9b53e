/* What a return statement did when the populate was one. */
#include <linux/mm.h>

static int falls_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (desc->pgoff == 0)
		mmap_action_simple_ioremap(desc, board->base, board->size); //~ forgotten-return-after-action
	return -EINVAL;
}

static const struct file_operations falls_fops = {
	.mmap_prepare = falls_mmap_prepare,
};

static int twice_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	switch (desc->pgoff) {
	case 0:
		mmap_action_simple_ioremap(desc, board->base, board->size); //~ forgotten-return-after-action
	case 1:
		mmap_action_remap_full(desc, board->pfn);
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static const struct file_operations twice_fops = {
	.mmap_prepare = twice_mmap_prepare,
};

static int returns_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (desc->pgoff == 0) {
		mmap_action_simple_ioremap(desc, board->base, board->size);
		return 0;
	}
	switch (desc->pgoff) {
	case 1:
		mmap_action_remap_full(desc, board->pfn);
		break;
	case 2:
		mmap_action_simple_ioremap(desc, board->base, PAGE_SIZE);
		break;
	default:
		return -EINVAL;
	}
	if (board->is_gone)
		return -ENODEV;
	return 0;
}

static const struct file_operations returns_fops = {
	.mmap_prepare = returns_mmap_prepare,
};

static int variable_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	int ret = -EINVAL;

	if (desc->pgoff == 0)
		mmap_action_simple_ioremap(desc, board->base, board->size); //~ forgotten-return-after-action
	return ret;
}

static const struct file_operations variable_fops = {
	.mmap_prepare = variable_mmap_prepare,
};

/* The error is asked for before the request. */
static int asked_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	int err = desc->pgoff ? -EIO : 0;

	if (!err)
		mmap_action_remap_full(desc, board->pfn);
	return err;
}

static const struct file_operations asked_fops = {
	.mmap_prepare = asked_mmap_prepare,
};

/* The desc holds one action. */
#include <linux/mm.h>

static int pair_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_remap(desc, desc->start, board->pfn, PAGE_SIZE);
	mmap_action_remap(desc, desc->start + PAGE_SIZE, board->other_pfn, PAGE_SIZE); //~ two-actions
	return 0;
}

static const struct file_operations pair_fops = {
	.mmap_prepare = pair_mmap_prepare,
};

/* One on each path. */
static int choice_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (desc->pgoff)
		mmap_action_remap(desc, desc->start, board->other_pfn, PAGE_SIZE);
	else
		mmap_action_remap(desc, desc->start, board->pfn, PAGE_SIZE);
	return 0;
}

static const struct file_operations choice_fops = {
	.mmap_prepare = choice_mmap_prepare,
};

/* A helper asks for the second. */
static void map_rest(struct vm_area_desc *desc, struct board *board)
{
	mmap_action_ioremap(desc, desc->start + PAGE_SIZE, board->other_pfn, PAGE_SIZE); //~ two-actions
}

static int helped_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_remap(desc, desc->start, board->pfn, PAGE_SIZE);
	if (vma_desc_pages(desc) > 1)
		map_rest(desc, board);
	return 0;
}

static const struct file_operations helped_fops = {
	.mmap_prepare = helped_mmap_prepare,
};

/* In a loop. */
static int looped_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	int i;

	for (i = 0; i < board->count; i++)
		mmap_action_remap(desc, desc->start + i * PAGE_SIZE, board->frames[i], PAGE_SIZE); //~ two-actions
	return 0;
}

static const struct file_operations looped_fops = {
	.mmap_prepare = looped_mmap_prepare,
};

/* A loop that looks for one range, and is left with it. */
static int sought_mmap_prepare(struct vm_area_desc *desc)
{
	struct board_range *range;

	list_for_each_entry(range, &board_ranges, node) {
		if (range->id != desc->pgoff)
			continue;
		mmap_action_remap_full(desc, range->pfn);
		return 0;
	}
	return -ENOENT;
}

static const struct file_operations sought_fops = {
	.mmap_prepare = sought_mmap_prepare,
};

static int broken_off_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	int i, ret = -ENOENT;

	for (i = 0; i < board->count; i++) {
		if (i == desc->pgoff) {
			mmap_action_remap_full(desc, board->frames[i]);
			ret = 0;
			break;
		}
	}
	return ret;
}

static const struct file_operations broken_off_fops = {
	.mmap_prepare = broken_off_mmap_prepare,
};

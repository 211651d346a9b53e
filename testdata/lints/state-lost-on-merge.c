/* private_data of one call, where two mappings may become one. */
#include <linux/mm.h>

static int by_offset_mmap_prepare(struct vm_area_desc *desc)
{
	desc->private_data = lookup_slot(desc->pgoff); //~ state-lost-on-merge
	return 0;
}

static const struct file_operations by_offset_fops = {
	.mmap_prepare = by_offset_mmap_prepare,
};

static int by_file_mmap_prepare(struct vm_area_desc *desc)
{
	struct file *file = desc->file;

	desc->private_data = to_shelf(file->private_data);
	return 0;
}

static const struct file_operations by_file_fops = {
	.mmap_prepare = by_file_mmap_prepare,
};

/* It never merges. */
static int alone_mmap_prepare(struct vm_area_desc *desc)
{
	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT);
	desc->private_data = lookup_slot(desc->pgoff);
	return 0;
}

static const struct file_operations alone_fops = {
	.mmap_prepare = alone_mmap_prepare,
};

static int global_mmap_prepare(struct vm_area_desc *desc)
{
	desc->private_data = &the_only_shelf;
	return 0;
}

static const struct file_operations global_fops = {
	.mmap_prepare = global_mmap_prepare,
};

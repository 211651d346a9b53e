/* The protection, and the moment at which it counts. */
#include <linux/mm.h>

static int late_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret;

	ret = vm_iomap_memory(vma, board->base, board->size); //~ prot-set-after-populate
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return ret;
}

static const struct file_operations late_fops = {
	.mmap = late_mmap,
};

static int late_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_remap(desc, desc->start, board->pfn, PAGE_SIZE); //~ prot-set-after-populate
	desc->page_prot = pgprot_writecombine(desc->page_prot);
	return 0;
}

static const struct file_operations late_prepare_fops = {
	.mmap_prepare = late_mmap_prepare,
};

static int early_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, board->pfn, PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations early_fops = {
	.mmap = early_mmap,
};

static int given_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, board->pfn, PAGE_SIZE, pgprot_noncached(vma->vm_page_prot));
}

static const struct file_operations given_fops = {
	.mmap = given_mmap,
};

/* This action takes the protection once the hook has returned. */
static int late_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_simple_ioremap(desc, board->base, board->size);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	return 0;
}

static const struct file_operations late_fops = {
	.mmap_prepare = late_mmap_prepare,
};

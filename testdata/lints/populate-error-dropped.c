/* What a populating call returns. */
#include <linux/mm.h>

static int dropped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	remap_pfn_range(vma, vma->vm_start, board->pfn, PAGE_SIZE, vma->vm_page_prot); //~ populate-error-dropped
	return 0;
}

static const struct file_operations dropped_fops = {
	.mmap = dropped_mmap,
};

/* Said, and not returned. */
static int said_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vm_insert_page(vma, vma->vm_start, board->page))
		dev_err(board->dev, "no page\n");
	return 0;
}

static int told_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vm_iomap_memory(vma, board->base, board->size)) //~ populate-error-dropped
		dev_err(board->dev, "not mapped\n");
	return 0;
}

static const struct vm_operations_struct said_vm_ops = {
	.fault = said_fault,
};

static int later_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &said_vm_ops;
	return said_mmap(file, vma);
}

static const struct file_operations told_fops = {
	.mmap = told_mmap,
};

/* A fault handler maps the rest. */
static const struct file_operations later_fops = {
	.mmap = later_mmap,
};

static int returned_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret = io_remap_pfn_range(vma, vma->vm_start, board->pfn, PAGE_SIZE, vma->vm_page_prot);

	if (ret < 0)
		dev_err(board->dev, "not mapped\n");
	return ret;
}

static const struct file_operations returned_fops = {
	.mmap = returned_mmap,
};

/* The loop ends with the error. */
static int stopped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long address = vma->vm_start;
	int i, ret = 0;

	for (i = 0; i < board->count && !ret; i++, address += PAGE_SIZE)
		ret = remap_pfn_range(vma, address, board->frames[i], PAGE_SIZE, vma->vm_page_prot);
	return ret;
}

static const struct file_operations stopped_fops = {
	.mmap = stopped_mmap,
};

/* The loop goes on, and the next round overwrites the error. */
static int overwritten_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long address = vma->vm_start;
	int i, ret = 0;

	for (i = 0; i < board->count; i++, address += PAGE_SIZE)
		ret = remap_pfn_range(vma, address, board->frames[i], PAGE_SIZE, vma->vm_page_prot); //~ populate-error-dropped: the last remap_pfn_range()
	return ret;
}

static const struct file_operations overwritten_fops = {
	.mmap = overwritten_mmap,
};

/* Statements in a scope are done once. */
static int scoped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret = 0;

	scoped_guard(mutex, &board->lock) {
		ret = remap_pfn_range(vma, vma->vm_start, board->pfn, PAGE_SIZE, vma->vm_page_prot);
	}
	return ret;
}

static const struct file_operations scoped_fops = {
	.mmap = scoped_mmap,
};

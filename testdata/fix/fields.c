/* Fields, sizes and pages; the file as a local where it is used twice. */
struct shelf {
	unsigned long size;
	struct shelf *next;
};

static const struct vm_operations_struct shelf_vm_ops = {
	.fault = shelf_fault,
};

/**
 * shelf_mmap - shows a shelf to user space
 * @file: the open shelf
 * @vma: where it is to be seen
 */
static int shelf_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct shelf *shelf = file->private_data;
	unsigned long end = (vma->vm_pgoff << PAGE_SHIFT) + vma->vm_end - vma->vm_start;

	/* shelf_mmap() must not go beyond the shelf. */
	if (end > shelf->size || vma_pages(vma) > MAX_PAGES)
		return -EINVAL;
	if (vma->vm_mm != current->mm)
		return -EPERM;

	vma->vm_ops = &shelf_vm_ops;
	vma->vm_private_data = shelf;
	file_accessed(file);
	pr_debug("shelf_mmap: %lx\n", (vma->vm_end - vma->vm_start));
	return 0;
}

static int shelf_one(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	return 0;
}

static int shelf_none(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static const struct file_operations shelf_fops = {
	.owner	= THIS_MODULE,
	.mmap	= shelf_mmap,
	.open	= shelf_open,
};

static const struct file_operations shelf_one_fops = {
	.owner		= THIS_MODULE,
	.mmap		= shelf_one,
};

static const struct file_operations shelf_none_fops = {
	.mmap = shelf_none,
};

/* The file of the mapping is not that of the hook. */
static int stacked_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_file != file)
		return -EXDEV;
	return 0;
}

static const struct file_operations stacked_fops = {
	.mmap = stacked_mmap,
};

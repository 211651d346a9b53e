/* Populating calls, and what becomes of their errors. */
static int full_mmap(struct file *file, struct vm_area_struct *vma)
{
	size_t size = vma->vm_end - vma->vm_start;

	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	if (remap_pfn_range(vma, vma->vm_start, base_pfn, size, vma->vm_page_prot)) {
		pr_err("full: cannot remap\n");
		return -EAGAIN;
	}
	return 0;
}

static int checked_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	int ret;

	if (size != frame_size)
		return -EINVAL;
	ret = io_remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff + base_pfn, frame_size,
				 pgprot_writecombine(vma->vm_page_prot));
	if (ret)
		return ret;
	vma->vm_ops = &frame_vm_ops;
	return 0;
}

static int page_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff == 0)
		return vm_iomap_memory(vma, base, length);
	return remap_pfn_range(vma, vma->vm_start, base_pfn, PAGE_SIZE, vma->vm_page_prot);
}

/* What is remapped may be more than the VMA has. */
static int beyond_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, base_pfn, frame_size, vma->vm_page_prot);
}

/* The failure is undone, and an action has no hook for that. */
static int undone_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret) {
		power_off();
		return ret;
	}
	return 0;
}

static int ignored_mmap(struct file *file, struct vm_area_struct *vma)
{
	remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	return 0;
}

static const struct file_operations full_fops = { .mmap = full_mmap };
static const struct file_operations checked_fops = { .mmap = checked_mmap };
static const struct file_operations page_fops = { .mmap = page_mmap };
static const struct file_operations beyond_fops = { .mmap = beyond_mmap };
static const struct file_operations undone_fops = { .mmap = undone_mmap };
static const struct file_operations ignored_fops = { .mmap = ignored_mmap };

/* A local page protection that only feeds a remap goes; one that has other uses stays. */
static int direct_mmap(struct file *file, struct vm_area_struct *vma)
{
	pgprot_t prot = vma->vm_page_prot;

	if (vma->vm_pgoff)
		return -EINVAL;

	/* The registers are not coherent. */
	prot = pgprot_noncached(prot);
	return remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, prot);
}

static int late_mmap(struct file *file, struct vm_area_struct *vma)
{
	pgprot_t page_prot;

	page_prot = phys_mem_access_prot(file, vma->vm_pgoff,
					 PAGE_SIZE, vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, vma->vm_end - vma->vm_start,
			       page_prot);
}

static int chosen_mmap(struct file *file, struct vm_area_struct *vma)
{
	pgprot_t prot;

	prot = vma->vm_page_prot;
	if (file->f_flags & O_SYNC)
		prot = pgprot_noncached(prot);
	else
		prot = pgprot_writecombine(prot);
	return remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, prot);
}

/* The VMA keeps its own protection on the way out. */
static int early_mmap(struct file *file, struct vm_area_struct *vma)
{
	pgprot_t prot = pgprot_noncached(vma->vm_page_prot);

	if (!base_pfn)
		return 0;
	return remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, prot);
}

/* A message shows the local behind the call. */
static int shown_mmap(struct file *file, struct vm_area_struct *vma)
{
	pgprot_t prot = vma->vm_page_prot;
	int ret;

	prot = pgprot_noncached(prot);
	ret = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, prot);
	pr_debug("mapped with %lx\n", pgprot_val(prot));
	return ret;
}

/* A paragraph of variables alone goes with its blank line. */
static int alone_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size;
	pgprot_t prot;

	if (!base_pfn)
		return -ENODEV;

	size = vma->vm_end - vma->vm_start;
	prot = vma->vm_page_prot;

	if (vma->vm_pgoff)
		return -EINVAL;

	prot = pgprot_noncached(prot);
	return remap_pfn_range(vma, vma->vm_start, base_pfn, size, prot);
}

static const struct file_operations direct_fops = { .mmap = direct_mmap };
static const struct file_operations late_fops = { .mmap = late_mmap };
static const struct file_operations chosen_fops = { .mmap = chosen_mmap };
static const struct file_operations early_fops = { .mmap = early_mmap };
static const struct file_operations shown_fops = { .mmap = shown_mmap };
static const struct file_operations alone_fops = { .mmap = alone_mmap };

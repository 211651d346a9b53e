/* The driver's own functions, prototypes, twins of conditionals, aliases. */
static int bank_mmap(struct file *filp, struct vm_area_struct *vma);

static int only_here(struct bank *bank, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff > bank->pages)
		return -EINVAL;
	return 0;
}

static int elsewhere_too(struct vm_area_struct *vma)
{
	return vma->vm_end - vma->vm_start > BANK_SIZE ? -EINVAL : 0;
}

static int bank_mmap_page(struct bank *bank, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, bank->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static vm_fault_t bank_fault(struct vm_fault *vmf)
{
	return elsewhere_too(vmf->vma) ? VM_FAULT_SIGBUS : 0;
}

#ifdef CONFIG_MMU
static int bank_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct bank *bank = filp->private_data;
	int ret;

	ret = only_here(bank, vma);
	if (ret)
		return ret;
	ret = elsewhere_too(vma);
	if (ret)
		return ret;
	return bank_mmap_page(bank, vma);
}
#else
static int bank_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return -ENOSYS;
}
#endif

#ifdef CONFIG_BANK_FILE
static int note_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* generic_file_mmap() checks that the file can be mapped. */
	int ret = generic_file_mmap(file, vma);

	if (!ret)
		vma->vm_ops = &note_vm_ops;
	return ret;
}
#else
#define note_mmap generic_file_readonly_mmap
#endif

/* Another function calls it, too. */
static int shared_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &note_vm_ops;
	return 0;
}

static int caller(struct file *file, struct vm_area_struct *vma)
{
	return shared_mmap(file, vma);
}

static const struct file_operations bank_fops = {
	.fault = bank_fault,
	.mmap = bank_mmap,
};

static const struct file_operations note_fops = {
	.mmap		= note_mmap,
};

static const struct file_operations shared_fops = {
	.mmap		= shared_mmap,
};

static const struct file_operations plain_fops = {
	.llseek		= generic_file_llseek,
	.mmap		= generic_file_mmap,
};

/* Insertions in a fault, and the flags that they need. */
#include <linux/mm.h>

static vm_fault_t pfn_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, board_pfn); //~ fault-inserts-without-flag
}

static const struct vm_operations_struct pfn_vm_ops = {
	.fault = pfn_fault,
};

static int without_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_DONTEXPAND);
	vma->vm_ops = &pfn_vm_ops;
	return 0;
}

static const struct file_operations without_fops = {
	.mmap = without_mmap,
};

/* vm_insert_page() would set the flag itself, under a lock that a fault does not hold. */
static vm_fault_t page_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	if (vm_insert_page(vmf->vma, vmf->address, board->page)) //~ fault-inserts-without-flag
		return VM_FAULT_SIGBUS;
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct page_vm_ops = {
	.fault = page_fault,
};

static int late_mmap_prepare(struct vm_area_desc *desc)
{
	desc->private_data = desc->file->private_data;
	desc->vm_ops = &page_vm_ops;
	return 0;
}

static const struct file_operations late_fops = {
	.mmap_prepare = late_mmap_prepare,
};

static vm_fault_t ready_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, board_pfn);
}

static const struct vm_operations_struct ready_vm_ops = {
	.fault = ready_fault,
};

static void set_up(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP);
}

static int ready_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	set_up(vma);
	vma->vm_ops = &ready_vm_ops;
	return 0;
}

static const struct file_operations ready_fops = {
	.mmap = ready_mmap,
};

/* Another function gets the VMA, and may set the flag. */
static vm_fault_t passed_fault(struct vm_fault *vmf)
{
	return vmf_insert_mixed(vmf->vma, vmf->address, board_pfn);
}

static const struct vm_operations_struct passed_vm_ops = {
	.fault = passed_fault,
};

static int passed_mmap(struct file *file, struct vm_area_struct *vma)
{
	board_core_set_up(vma);
	vma->vm_ops = &passed_vm_ops;
	return 0;
}

static const struct file_operations passed_fops = {
	.mmap = passed_mmap,
};

/* A PFN that says what it is. */
static vm_fault_t marked_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	return vmf_insert_mixed(vmf->vma, vmf->address, phys_to_pfn_t(board->phys, PFN_DEV | PFN_MAP));
}

static const struct vm_operations_struct marked_vm_ops = {
	.fault = marked_fault,
};

static int marked_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &marked_vm_ops;
	return 0;
}

static const struct file_operations marked_fops = {
	.mmap = marked_mmap,
};

/* Flags of the VMA, changed in a fault. */
#include <linux/mm.h>

static vm_fault_t direct_fault(struct vm_fault *vmf)
{
	vm_flags_set(vmf->vma, VM_MIXEDMAP); //~ flags-changed-in-fault
	return vmf_insert_mixed(vmf->vma, vmf->address, board_pfn);
}

static const struct vm_operations_struct direct_vm_ops = {
	.fault = direct_fault,
};

static int direct_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &direct_vm_ops;
	return 0;
}

static const struct file_operations direct_fops = {
	.mmap = direct_mmap,
};

/* In a helper of the fault handler. */
static void mark(struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_DONTDUMP; //~ flags-changed-in-fault
}

static vm_fault_t helped_mkwrite(struct vm_fault *vmf)
{
	mark(vmf->vma);
	return 0;
}

static const struct vm_operations_struct helped_vm_ops = {
	.page_mkwrite = helped_mkwrite,
};

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &helped_vm_ops;
	return 0;
}

static const struct file_operations helped_fops = {
	.mmap = helped_mmap,
};

/* Flags are read in the fault, and set in the hook. */
static vm_fault_t reading_fault(struct vm_fault *vmf)
{
	if (vmf->vma->vm_flags & VM_WRITE)
		return VM_FAULT_SIGBUS;
	return vmf_insert_mixed(vmf->vma, vmf->address, board_pfn);
}

static const struct vm_operations_struct reading_vm_ops = {
	.fault = reading_fault,
};

static int reading_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_ops = &reading_vm_ops;
	return 0;
}

static const struct file_operations reading_fops = {
	.mmap = reading_mmap,
};

/* PFNs have no page to copy: panthor. */
#include <linux/mm.h>

static vm_fault_t pfn_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, 1);
}

static const struct vm_operations_struct pfn_vm_ops = {
	.fault = pfn_fault,
};

static int private_too_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP); //~ cow-of-pfnmap
	vma->vm_ops = &pfn_vm_ops;
	return 0;
}

static const struct file_operations private_too_fops = {
	.mmap = private_too_mmap,
};

static int shared_only_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP);
	vma->vm_ops = &pfn_vm_ops;
	return 0;
}

static const struct file_operations shared_only_fops = {
	.mmap = shared_only_mmap,
};

static int no_copies_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP);
	vma->vm_ops = &pfn_vm_ops;
	return 0;
}

static const struct file_operations no_copies_fops = {
	.mmap = no_copies_mmap,
};

/* One region is remapped at once, and says nothing of the other. */
static int regions_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	switch (vma->vm_pgoff) {
	case 0:
		return vm_iomap_memory(vma, board->base, board->size);
	case 1:
		vm_flags_set(vma, VM_IO | VM_PFNMAP); //~ cow-of-pfnmap
		vma->vm_ops = &pfn_vm_ops;
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct file_operations regions_fops = {
	.mmap = regions_mmap,
};

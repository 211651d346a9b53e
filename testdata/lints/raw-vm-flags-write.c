/* The flags have a lock. */
#include <linux/mm.h>

static int raw_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_IO | VM_DONTDUMP; //~ raw-vm-flags-write
	vma->vm_flags &= ~VM_MAYWRITE; //~ raw-vm-flags-write
	return 0;
}

static const struct file_operations raw_fops = {
	.mmap = raw_mmap,
};

static int right_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long flags = vma->vm_flags;

	vm_flags_set(vma, VM_IO | VM_DONTDUMP);
	flags |= VM_IO;
	return check_flags(flags);
}

static const struct file_operations right_fops = {
	.mmap = right_mmap,
};

/* Code for several kernels has both forms. */
static int both_mmap(struct file *file, struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags |= VM_IO;
#else
	vm_flags_set(vma, VM_IO);
#endif
	return 0;
}

static const struct file_operations both_fops = {
	.mmap = both_mmap,
};

/* Which way is taken: /dev/zero. */
#include <linux/mm.h>

static int zero_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_SHARED) //~ shared-for-maywrite-or-mayshare
		return shmem_zero_setup(vma);
	vma->vm_ops = NULL;
	return 0;
}

static const struct file_operations zero_fops = {
	.mmap = zero_mmap,
};

static int right_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_MAYSHARE)
		return shmem_zero_setup(vma);
	vma->vm_ops = NULL;
	return 0;
}

static const struct file_operations right_fops = {
	.mmap = right_mmap,
};

static int strict_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return 0;
}

static const struct file_operations strict_fops = {
	.mmap = strict_mmap,
};

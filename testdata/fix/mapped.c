/* What a handler takes by calling its own open moves to vm_ops->mapped, where nothing else is taken and nothing can fail behind it. */
#include <linux/mm.h>

/* One more user. */
static void till_vma_open(struct vm_area_struct *vma)
{
	struct till *till = vma->vm_private_data;

	if (!till)
		return;
	atomic_inc(&till->users);
}

static void till_vma_close(struct vm_area_struct *vma)
{
	struct till *till = vma->vm_private_data;

	atomic_dec(&till->users);
}

static const struct vm_operations_struct till_vm_ops = {
	.open	= till_vma_open,
	.close	= till_vma_close,
};

static int till_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &till_vm_ops;
	till_vma_open(vma);
	return 0;
}

static const struct file_operations till_fops = {
	.mmap	= till_mmap,
};

/* Behind the open an action may fail, and close would give back what was not taken: that stays with a person. */
static const struct vm_operations_struct drawer_vm_ops = {
	.open	= till_vma_open,
	.close	= till_vma_close,
};

static int drawer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct till *till = file->private_data;
	int ret;

	ret = vm_iomap_memory(vma, till->base, till->size);
	if (ret)
		return ret;
	vma->vm_private_data = till;
	vma->vm_ops = &drawer_vm_ops;
	till_vma_open(vma);
	return 0;
}

static const struct file_operations drawer_fops = {
	.mmap	= drawer_mmap,
};

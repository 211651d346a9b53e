/* A .mmap that could move, and hooks that are not the file's to move. */
#include <linux/mm.h>

static int old_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &old_vm_ops;
	return 0;
}

static const struct file_operations old_fops = {
	.mmap = old_mmap, //~ deprecated-mmap
};

static int new_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &old_vm_ops;
	return 0;
}

static const struct file_operations new_fops = {
	.mmap_prepare = new_mmap_prepare,
};

static const struct file_operations none_fops = {
	.mmap = NULL,
};

struct own_ops {
	int (*mmap)(struct own *own, struct vm_area_struct *vma);
};

static int own_mmap(struct own *own, struct vm_area_struct *vma)
{
	return 0;
}

static const struct own_ops own_ops = {
	.mmap = own_mmap,
};

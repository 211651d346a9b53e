/* A test of the old hook, which the conversion of a handler of the same file makes stale. */
#include <linux/fs.h>
#include <linux/mm.h>

static bool can_map(struct file *file)
{
	return file->f_op->mmap;
}

static int tested_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!can_map(file))
		return -ENODEV;
	vma->vm_ops = &tested_vm_ops;
	return 0;
}

static const struct file_operations tested_fops = { .mmap = tested_mmap };

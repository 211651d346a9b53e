/* A table that is filled at run time. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_file->private_data;

	lamp_put(lamp); //~ state:ref
}

static struct vm_operations_struct lamp_vm_ops;

static struct vm_operations_struct lens_vm_ops = {
	.fault = lens_fault,
};

static int __init lamp_init(void)
{
	lamp_vm_ops.close = lamp_close;
	lens_vm_ops.close = lamp_close;
	return 0;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	lamp_enter(file);
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

static int lens_mmap(struct file *file, struct vm_area_struct *vma)
{
	lamp_enter(file);
	vma->vm_ops = &lens_vm_ops;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap, //= mapped
};

static const struct file_operations lens_fops = {
	.mmap = lens_mmap, //= mapped
};

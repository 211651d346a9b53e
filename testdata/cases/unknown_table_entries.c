/* A table whose entries stand in a macro, and one that a function chooses. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_file->private_data;

	lamp_put(lamp); //~ state:ref
}

#define LAMP_HOOKS(gone) .close = gone

static const struct vm_operations_struct lamp_vm_ops = {
	LAMP_HOOKS(lamp_close),
	.fault = lamp_fault,
};

static const struct vm_operations_struct *lamp_choose(struct file *file)
{
	return file->f_flags & O_SYNC ? &lamp_vm_ops : NULL;
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
	vma->vm_ops = lamp_choose(file);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap, //= mapped
};

static const struct file_operations lens_fops = {
	.mmap = lens_mmap, //= mapped
};

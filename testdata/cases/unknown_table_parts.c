/* A table whose entries have no names. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_file->private_data;

	lamp_put(lamp); //~ state:ref
}

static const struct vm_operations_struct lamp_vm_ops = { NULL, lamp_close };

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	lamp_enter(file);
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap, //= mapped
};

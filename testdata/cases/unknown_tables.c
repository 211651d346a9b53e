/* Tables of vm_ops that are not known by name, or not by their initialiser: any close of the driver may be theirs. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

struct lamp {
	int users;
	const struct vm_operations_struct *vm_ops;
	struct vm_operations_struct own_ops;
};

/* A table that the object points to. */
static void stored_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_file->private_data;

	lamp_put(lamp); //~ state:ref
}

static const struct vm_operations_struct stored_vm_ops = {
	.close = stored_close,
};

static void stored_probe(struct lamp *lamp)
{
	lamp->vm_ops = &stored_vm_ops;
}

static int stored_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp_enter(lamp);
	vma->vm_ops = lamp->vm_ops;
	return 0;
}

static const struct file_operations stored = {
	.mmap = stored_mmap, //= mapped
};

/* A close that only a table which is installed by its name has is not meant. */
static void named_close(struct vm_area_struct *vma)
{
	pr_debug("closed\n");
}

static const struct vm_operations_struct named_vm_ops = {
	.close = named_close,
};

static int named_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &named_vm_ops;
	return 0;
}

static const struct file_operations named = {
	.mmap = named_mmap, //= mechanical
};

/* Of another driver, which has no close of this one. */
static int foreign_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}

static const struct file_operations foreign = {
	.mmap = foreign_mmap, //= mechanical
};

/* Objects that a first mapping makes, and later ones use: state of the device or of the file, not of a mapping. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "lamp.h"

struct lamp {
	struct mutex lock;
	struct shade *shade;
	struct device *dev;
};

static const struct vm_operations_struct made_vm_ops = {
	.fault = lamp_fault,
};

/* The test is of a copy. */
static int copy_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct shade *shade;

	mutex_lock(&lamp->lock);
	shade = READ_ONCE(lamp->shade);
	if (!shade) {
		shade = kzalloc(sizeof(*shade), GFP_KERNEL); //? file-state
		if (!shade) {
			mutex_unlock(&lamp->lock);
			return -ENOMEM;
		}
		WRITE_ONCE(lamp->shade, shade);
	}
	mutex_unlock(&lamp->lock);
	vma->vm_ops = &made_vm_ops;
	return 0;
}

static const struct file_operations by_copy = {
	.mmap = copy_mmap, //= mechanical
};

/* A function returns what is there. */
static struct shade *lamp_shade(struct lamp *lamp)
{
	struct shade *shade = lamp->shade;

	if (shade)
		return shade;
	shade = kzalloc(sizeof(*shade), GFP_KERNEL); //? file-state
	if (!shade)
		return NULL;
	get_device(lamp->dev); //? file-state
	lamp->shade = shade;
	return shade;
}

static int early_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!lamp_shade(file->private_data))
		return -ENOMEM;
	vma->vm_ops = &made_vm_ops;
	return 0;
}

static const struct file_operations by_early_return = {
	.mmap = early_mmap, //= mechanical
};

/* Another condition must hold, too. */
static int joined_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (!lamp->shade && (vma->vm_flags & VM_SHARED) && (vma->vm_flags & VM_WRITE)) {
		lamp->shade = kzalloc(sizeof(*lamp->shade), GFP_KERNEL); //? file-state
		if (!lamp->shade)
			return -ENOMEM;
	}
	vma->vm_ops = &made_vm_ops;
	return 0;
}

static const struct file_operations by_joined_test = {
	.mmap = joined_mmap, //= mechanical
};

/* A copy that nothing stores is of this mapping. */
static int kept_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct shade *shade = lamp->shade;

	if (!shade) {
		shade = kzalloc(sizeof(*shade), GFP_KERNEL); //~ state:alloc
		if (!shade)
			return -ENOMEM;
	}
	vma->vm_private_data = shade;
	vma->vm_ops = &made_vm_ops;
	return 0;
}

static const struct file_operations kept = {
	.mmap = kept_mmap, //= mapped
};

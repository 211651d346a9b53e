/* Which lock an unlock drops, and what helpers that only lock or only unlock do. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

struct lamp {
	struct mutex first, second;
};

static const struct vm_operations_struct locked_vm_ops = {
	.fault = locked_fault,
};

/* Another member is another lock. */
static int other_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	mutex_lock(&lamp->first); //~ state:lock
	mutex_unlock(&lamp->second);
	vma->vm_ops = &locked_vm_ops;
	return 0;
}

static const struct file_operations other = {
	.mmap = other_mmap, //= manual
};

/* Any order of the unlocks. */
static int crossed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	mutex_lock(&lamp->first);
	mutex_lock(&lamp->second);
	vma->vm_ops = &locked_vm_ops;
	mutex_unlock(&lamp->first);
	mutex_unlock(&lamp->second);
	return 0;
}

static const struct file_operations crossed = {
	.mmap = crossed_mmap, //= mechanical
};

/* The name of a helper says less than its body. */
static void lamp_drop(struct lamp *lamp)
{
	mutex_unlock(&lamp->first);
}

static void lamp_grab(struct lamp *lamp)
{
	mutex_lock(&lamp->first); //~ state:lock
}

static int dropped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	mutex_lock(&lamp->first);
	vma->vm_ops = &locked_vm_ops;
	lamp_drop(lamp);
	return 0;
}

static const struct file_operations dropped = {
	.mmap = dropped_mmap, //= mechanical
};

static int grabbed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp_grab(lamp);
	vma->vm_ops = &locked_vm_ops;
	return 0;
}

static const struct file_operations grabbed = {
	.mmap = grabbed_mmap, //= manual
};

/* Only some of the paths that are read unlock, and they may be all that are possible. */
static int perhaps_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->shared)
		mutex_lock(&lamp->first); //~ state:lock
	vma->vm_ops = &locked_vm_ops;
	if (lamp->shared)
		mutex_unlock(&lamp->first);
	return 0;
}

static const struct file_operations perhaps = {
	.mmap = perhaps_mmap, //= unknown
};

/* References that a variable drops, and memory that nothing maps. */
static int scoped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct device *dev __free(put_device) = get_device(lamp->dev);
	char *name __free(kfree) = kasprintf(GFP_KERNEL, "%s", lamp->name);

	pr_debug("%s\n", name);
	return vm_iomap_memory(vma, lamp->base, lamp->size); //~ action:simple_ioremap
}

static const struct file_operations scoped = {
	.mmap = scoped_mmap, //= action
};

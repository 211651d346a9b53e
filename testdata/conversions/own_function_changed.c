// The change defines a function otherwise that both handlers call.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_is_broken(struct lamp *lamp)
{
	return lamp->broken > 3;
}

/* Another file may have its own. */
int __weak lamp_is_dark(struct lamp *lamp, unsigned long pgoff)
{
	return 0;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp_is_broken(lamp))
		return -EIO;
	if (lamp_is_dark(lamp, vma->vm_pgoff))
		return -EPERM;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- whole with the same meaning
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_is_broken(struct lamp *lamp)
{
	/* More than three. */
	if (lamp->broken <= 3)
		return 0;
	return 1;
}

/* Another file may have its own. */
int __weak lamp_is_dark(struct lamp *lamp, unsigned long pgoff)
{
	return 0;
}

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (lamp_is_broken(lamp))
		return -EIO;
	if (lamp_is_dark(lamp, desc->pgoff))
		return -EPERM;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with another meaning, and without the weak function
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_is_broken(struct lamp *lamp)
{
	return 0;
}

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (lamp_is_broken(lamp))
		return -EIO;
	return 0; //~ lamp_mmap returned -EIO  //~ lamp_mmap returned -EPERM
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

/* Two hooks that exclude one another, and two tables in which each has one. */
#include <linux/mm.h>

static int a_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static int a_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations both_fops = {
	.mmap = a_mmap, //~ both-hooks
	.mmap_prepare = a_mmap_prepare,
};

static const struct file_operations either_fops = {
#ifdef CONFIG_MMU
	.mmap_prepare = a_mmap_prepare,
#else
	.mmap = a_mmap,
#endif
};

static const struct file_operations pair_fops[2] = {
	{
		.mmap = a_mmap,
	},
	{
		.mmap_prepare = a_mmap_prepare,
	},
};

static const struct file_operations null_fops = {
	.mmap = NULL,
	.mmap_prepare = a_mmap_prepare,
};

static const struct file_operations sometimes_fops = {
	.mmap_prepare = a_mmap_prepare,
#ifdef CONFIG_OLD
	.mmap = a_mmap, //~ both-hooks
#endif
};

/* In either order, and whatever else the file registers. */
static const struct file_operations prepared_first_fops = {
	.mmap_prepare = a_mmap_prepare,
	.read = a_read,
	.mmap = a_mmap, //~ both-hooks
};

/* Set at run time, in one block or over an initialiser. */
struct a_device {
	struct file_operations fops;
	struct file_operations *other;
};

static void a_set_both(struct a_device *device)
{
	device->fops.mmap_prepare = a_mmap_prepare;
	device->fops.mmap = a_mmap; //~ both-hooks
}

static void a_set_either(struct a_device *device, bool is_old)
{
	if (is_old)
		device->fops.mmap = a_mmap;
	else
		device->fops.mmap_prepare = a_mmap_prepare;
	device->other->mmap_prepare = a_mmap_prepare;
}

static struct file_operations late_fops = {
	.mmap = a_mmap, //~ both-hooks
};

static struct file_operations exchanged_fops = {
	.mmap = a_mmap,
};

static int __init a_init(void)
{
	late_fops.mmap_prepare = a_mmap_prepare;
	exchanged_fops.mmap = NULL;
	exchanged_fops.mmap_prepare = a_mmap_prepare;
	return 0;
}
//- drivers/both-hooks/before.c
#include <linux/mm.h>

static int b_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static const struct file_operations alone_fops = {
	.mmap = b_mmap,
};
//- drivers/both-hooks/first.c
#include <linux/mm.h>

static int f_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static int f_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations first_fops = {
	.mmap = f_mmap, //~ both-hooks
	.mmap_prepare = f_mmap_prepare,
};
//- include/linux/dial.h
struct dial_ops {
	int (*mmap)(struct dial *dial, struct vm_area_struct *vma);
	int (*mmap_prepare)(struct dial *dial, struct vm_area_desc *desc);
};

int dial_mmap_prepare(struct dial *dial, struct vm_area_desc *desc);

#define DIAL_DEFAULT_OPS	.mmap_prepare = dial_mmap_prepare
//- drivers/both-hooks/dial.c
#include <linux/mm.h>
#include <linux/dial.h>

int dial_mmap_prepare(struct dial *dial, struct vm_area_desc *desc)
{
	return 0;
}

/* Its table has the macro's hook, and its callers prefer the old one. */
static int over_mmap(struct dial *dial, struct vm_area_struct *vma)
{
	return 0;
}

static struct dial_ops over_ops = {
	DIAL_DEFAULT_OPS,
};

static struct dial_ops own_ops = {
	.mmap_prepare = dial_mmap_prepare,
};

static int __init dial_init(void)
{
	over_ops.mmap = over_mmap;
	own_ops.mmap = over_mmap; //~ both-hooks
	return 0;
}

/* Other code reads the old hook of a table that has the new one. */
#include <linux/fs.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &lamp_vm_ops;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

static struct file_operations proxy_fops;

static void copied(void)
{
	proxy_fops.open = lamp_fops.open;
	proxy_fops.mmap = lamp_fops.mmap; //~ hook-of-table-read
}

static int called(struct file *file, struct vm_area_struct *vma)
{
	if (!lamp_fops.mmap) //~ hook-of-table-read
		return -ENODEV;
	return vfs_mmap(file, vma);
}

/* The new hook too. */
static void both(void)
{
	proxy_fops.mmap = lamp_fops.mmap;
	proxy_fops.mmap_prepare = lamp_fops.mmap_prepare;
}

/* A table that is not converted, and another member. */
static int dial_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static const struct file_operations dial_fops = {
	.mmap = dial_mmap,
};

static void others(void)
{
	proxy_fops.mmap = dial_fops.mmap;
	proxy_fops.poll = lamp_fops.poll;
}

//- drivers/hook-of-table-read/wide.c
#include <linux/fs.h>

static int wide_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

const struct file_operations wide_fops = {
	.mmap_prepare = wide_mmap_prepare,
};

//- drivers/hook-of-table-read/user.c
#include <linux/mm.h>

static int user_mmap(struct file *file, struct vm_area_struct *vma)
{
	return wide_fops.mmap(file, vma); //~ hook-of-table-read
}

static const struct file_operations user_fops = {
	.mmap = user_mmap,
};

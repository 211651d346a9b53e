// A hook under a condition.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static const struct file_operations lamp_fops = {
#ifdef CONFIG_LAMP
	.mmap = lamp_mmap,
#endif
};
//- whole with the condition in other words
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations lamp_fops = {
#if defined(CONFIG_LAMP)
	.mmap_prepare = lamp_mmap_prepare,
#endif
};
//- whole with IS_ENABLED
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations lamp_fops = {
#if IS_ENABLED(CONFIG_LAMP)
	.mmap_prepare = lamp_mmap_prepare,
#endif
};
//- whole without the condition
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole under the opposite condition
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations lamp_fops = { //~ has no hook for mmap in one arm of its #if
#ifndef CONFIG_LAMP
	.mmap_prepare = lamp_mmap_prepare,
#endif
};

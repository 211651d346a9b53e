// A driver whose tables stand in arms of an #if. Each conversion is the whole driver.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

#ifdef CONFIG_LAMP
static const struct file_operations lamp_fops = {
	.open = lamp_open,
	.mmap = lamp_mmap,
};
#else
static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
#endif

static const struct file_operations lone_fops = {
	.mmap = lamp_mmap,
};

static const struct file_operations lens_fops = {
#ifdef CONFIG_LENS
	.mmap = lamp_mmap,
#else
	.mmap = lens_nommu_mmap,
#endif
};
//- whole faithful
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

#ifdef CONFIG_LAMP
static const struct file_operations lamp_fops = {
	.open = lamp_open,
	.mmap_prepare = lamp_mmap_prepare,
};
#else
static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
#endif

static const struct file_operations lone_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

static const struct file_operations lens_fops = {
#ifdef CONFIG_LENS
	.mmap_prepare = lamp_mmap_prepare,
#else
	.mmap = lens_nommu_mmap,
#endif
};
//- whole under a condition that is new
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

#ifdef CONFIG_LAMP
static const struct file_operations lamp_fops = {
	.open = lamp_open,
	.mmap_prepare = lamp_mmap_prepare,
};
#else
static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
#endif

static const struct file_operations lone_fops = { //~ lone_fops has no hook for mmap in one arm of its #if
#ifdef CONFIG_LENS
	.mmap_prepare = lamp_mmap_prepare,
#endif
};

static const struct file_operations lens_fops = {
#ifdef CONFIG_LENS
	.mmap_prepare = lamp_mmap_prepare,
#else
	.mmap = lens_nommu_mmap,
#endif
};
//- whole without the hook of one arm
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

#ifdef CONFIG_LAMP
static const struct file_operations lamp_fops = { //~ has no hook for mmap in one arm of its #if
	.open = lamp_open,
	.mmap_prepare = lamp_mmap_prepare,
};
#else
static const struct file_operations lamp_fops = {
};
#endif

static const struct file_operations lone_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

static const struct file_operations lens_fops = { //~ has no hook for mmap in one arm of its #if
#ifdef CONFIG_LENS
	.mmap_prepare = lamp_mmap_prepare,
#endif
};
//- whole with one arm left behind
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

#ifdef CONFIG_LAMP
static const struct file_operations lamp_fops = {
	.open = lamp_open,
	.mmap_prepare = lamp_mmap_prepare,
};
#else
static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap, //~ registers lamp_mmap, which is gone
};
#endif

static const struct file_operations lone_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

static const struct file_operations lens_fops = {
#ifdef CONFIG_LENS
	.mmap_prepare = lamp_mmap_prepare,
#else
	.mmap = lens_nommu_mmap,
#endif
};
//- whole with a parameter too many
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap_prepare(struct file *file, struct vm_area_desc *desc)
{
	return 0;
}

#ifdef CONFIG_LAMP
static const struct file_operations lamp_fops = {
	.open = lamp_open,
	.mmap_prepare = lamp_mmap_prepare, //~ whose parameters are not those of file_operations.mmap_prepare
};
#else
static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare, //~ whose parameters are not those of file_operations.mmap_prepare
};
#endif

static const struct file_operations lone_fops = {
	.mmap_prepare = lamp_mmap_prepare, //~ registers lamp_mmap_prepare, whose parameters
};

static const struct file_operations lens_fops = {
#ifdef CONFIG_LENS
	.mmap_prepare = lamp_mmap_prepare, //~ whose parameters are not those of file_operations.mmap_prepare
#else
	.mmap = lens_nommu_mmap,
#endif
};

// A handler that each arm of an #if defines. Each conversion is the whole driver.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

#ifdef CONFIG_LAMP
static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff)
		return -EINVAL;
	return 0;
}
#else
static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff > 5)
		return -EINVAL;
	return 0;
}
#endif

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- whole faithful
#include <linux/fs.h>
#include <linux/mm.h>

#ifdef CONFIG_LAMP
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != 0)
		return -EINVAL;
	return 0;
}
#else
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff >= 6)
		return -EINVAL;
	return 0;
}
#endif

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole without the check of the second arm
#include <linux/fs.h>
#include <linux/mm.h>

#ifdef CONFIG_LAMP
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != 0)
		return -EINVAL;
	return 0;
}
#else
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	return 0; //~ accepts the mapping if pgoff > 5
}
#endif

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with another error in the first arm
#include <linux/fs.h>
#include <linux/mm.h>

#ifdef CONFIG_LAMP
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != 0)
		return -ENXIO; //~ returns -ENXIO if pgoff != 0
	return 0;
}
#else
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff >= 6)
		return -EINVAL;
	return 0;
}
#endif

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

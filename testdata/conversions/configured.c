// Conditions of #if that are the same on both sides, whatever they ask.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static bool lamp_may(const struct lamp *lamp)
{
#if defined(CONFIG_LAMP_OLD) && LAMP_VERSION > 2
	if (lamp->old)
		return false;
#endif
	return true;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

#if IS_ENABLED(CONFIG_LAMP_LOCK)
	if (lamp->busy)
		return -EBUSY;
#endif
#if defined(CONFIG_LAMP_A) || defined(CONFIG_LAMP_B)
	if (vma->vm_pgoff)
		return -EINVAL;
#endif
	if (!lamp_may(lamp))
		return -EPERM;
	return vm_iomap_memory(vma, lamp->base, lamp->size);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

#ifdef CONFIG_LAMP_LOCK
	if (lamp->busy)
		return -EBUSY;
#endif
#if defined(CONFIG_LAMP_B) || defined(CONFIG_LAMP_A)
	if (desc->pgoff)
		return -EINVAL;
#endif
	if (!lamp_may(lamp))
		return -EPERM;
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0;
}
//- after without a refusal
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

#if IS_ENABLED(CONFIG_LAMP_LOCK)
	if (lamp->busy)
		return -EBUSY;
#endif
	if (!lamp_may(lamp))
		return -EPERM; //~ returns -EPERM if file->private_data->busy == 0 and IS_ENABLED(CONFIG_LAMP_A) != 0
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0; //~ accepts the mapping if
}
//- whole faithful, with the conditions in other forms
#include <linux/fs.h>
#include <linux/mm.h>

static bool lamp_may(const struct lamp *lamp)
{
#if LAMP_VERSION>2
#ifdef CONFIG_LAMP_OLD
	if (lamp->old)
		return false;
#endif
#endif
	return true;
}

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

#ifdef CONFIG_LAMP_LOCK
	if (lamp->busy)
		return -EBUSY;
#endif
#if !(!defined(CONFIG_LAMP_A) && !defined(CONFIG_LAMP_B))
	if (desc->pgoff)
		return -EINVAL;
#endif
	if (!lamp_may(lamp))
		return -EPERM;
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- after with one of two conditions
static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ is not compared with lamp_mmap: its #ifs ask for something else
{
	struct lamp *lamp = desc->file->private_data;

#ifdef CONFIG_LAMP_LOCK
	if (lamp->busy)
		return -EBUSY;
#endif
#ifdef CONFIG_LAMP_A
	if (desc->pgoff)
		return -EINVAL;
#endif
	if (!lamp_may(lamp))
		return -EPERM;
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0;
}

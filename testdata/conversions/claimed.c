// A claim that is made under a lock, by an explicit unlock and by a scope.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret = 0;

	mutex_lock(&lamp->lock);
	if (lamp->owner)
		ret = -EBUSY;
	else
		lamp->owner = current;
	mutex_unlock(&lamp->lock);
	return ret;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after with a scope
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	guard(mutex)(&lamp->lock);
	if (lamp->owner)
		return -EBUSY;
	lamp->owner = current;
	return 0;
}
//- after with an early unlock
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	mutex_lock(&lamp->lock);
	if (lamp->owner) {
		mutex_unlock(&lamp->lock);
		return -EBUSY;
	}
	mutex_unlock(&lamp->lock);
	lamp->owner = current; //~ sets file->private_data->owner without &file->private_data->lock
	return 0;
}
//- after behind the claim
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (lamp->owner)
		return -EBUSY; //~ does not call mutex_lock(), mutex_unlock()
	lamp->owner = current; //~ sets file->private_data->owner without &file->private_data->lock
	guard(mutex)(&lamp->lock);
	return 0;
}

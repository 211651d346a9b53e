// A lock that the old hook holds while it populates.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret;

	mutex_lock(&lamp->lock);
	ret = remap_pfn_range(vma, vma->vm_start, lamp->frame, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	mutex_unlock(&lamp->lock);
	return ret;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after with the request under the lock
static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ mmap_action_remap_full runs after the hook; before, a lock was held
{
	struct lamp *lamp = desc->file->private_data;

	mutex_lock(&lamp->lock);
	mmap_action_remap_full(desc, lamp->frame);
	mutex_unlock(&lamp->lock);
	return 0;
}

// A comparison that keeps a subtraction from wrapping.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_pgoff >= lamp->pages)
		return -EINVAL;
	if (vma_pages(vma) > lamp->pages - vma->vm_pgoff)
		return -EINVAL;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff >= lamp->pages || vma_desc_pages(desc) > lamp->pages - desc->pgoff)
		return -EINVAL;
	return 0;
}
//- after without the first comparison
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (vma_desc_pages(desc) > lamp->pages - desc->pgoff) //~ compares a difference that wraps
		return -EINVAL;
	return 0;
}

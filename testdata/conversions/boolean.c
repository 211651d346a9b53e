// Flags in a variable that is true or false.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	bool writes = vma->vm_flags & VM_WRITE;

	if (writes == lamp->is_fixed)
		return -EPERM;
	if (vma->vm_pgoff > 4)
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
	bool writes = vma_desc_test(desc, VMA_WRITE_BIT);

	if (writes == lamp->is_fixed)
		return -EPERM;
	if (desc->pgoff > 4)
		return -EINVAL;
	return 0;
}
//- after with an offset of one bit
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	bool offset = desc->pgoff;

	if (vma_desc_test(desc, VMA_WRITE_BIT) == lamp->is_fixed)
		return -EPERM;
	if (offset > 4)
		return -EINVAL;
	return 0; //~ lamp_mmap_prepare accepts the mapping
}
//- after with another flag
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	bool writes = vma_desc_test(desc, VMA_EXEC_BIT);

	if (writes == lamp->is_fixed)
		return -EPERM; //~ lamp_mmap accepted the mapping
	if (desc->pgoff > 4)
		return -EINVAL; //~ lamp_mmap returned -EPERM
	return 0; //~ lamp_mmap returned -EPERM
}

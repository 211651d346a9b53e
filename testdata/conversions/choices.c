// Choices: ranges and `default` of a switch, and `?:` without a middle.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret = lamp->busy;

	if (!ret)
		ret = lamp->error;
	if (ret)
		return ret;
	if (vma->vm_pgoff >= 4 && vma->vm_pgoff <= 7)
		return -EPERM;
	if (vma->vm_pgoff > 7)
		return -EINVAL;
	return vm_iomap_memory(vma, lamp->base, lamp->size);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	int ret = lamp->busy ?: lamp->error;

	if (ret)
		return ret;
	switch (desc->pgoff) {
		int unused;
	case 0 ... 3:
		break;
	case 4 ...
		7:
		return -EPERM;
	default:
		return -EINVAL;
	}
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0;
}
//- after with a range that is too long
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	int ret = lamp->busy ?: lamp->error;

	if (ret)
		return ret;
	switch (desc->pgoff) {
	case 0 ... 4:
		break;
	case 5 ... 7:
		return -EPERM;
	default:
		return -EINVAL;
	}
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0; //~ accepts the mapping if
}

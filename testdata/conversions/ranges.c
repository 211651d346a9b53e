// Small numbers, as a range and one by one.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	int users;
	bool is_quiet;
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_pgoff > 1)
		return -EINVAL;
	if (lamp->users)
		return -EBUSY;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff != 0 && desc->pgoff != 1)
		return -EINVAL;
	if (lamp->users)
		return -EBUSY;
	return 0;
}
//- after with a refusal that asks more
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff > 1)
		return -EINVAL;
	if (lamp->users && lamp->is_quiet)
		return -EBUSY;
	return 0; //~ accepts the mapping if pgoff <= 1 and file->private_data->users != 0 and file->private_data->is_quiet == 0
}
//- after with a range that is too wide
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff != 0 && desc->pgoff != 1 && desc->pgoff != 2)
		return -EINVAL;
	if (lamp->users)
		return -EBUSY; //~ returns -EBUSY
	return 0; //~ accepts the mapping if
}

/* Whose file is it? */
#include <linux/mm.h>

static int other_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->vm_file->private_data; //~ desc-vm-file-for-file

	desc->private_data = shelf;
	return 0;
}

static const struct file_operations other_fops = {
	.mmap_prepare = other_mmap_prepare,
};

static int its_own_mmap_prepare(struct vm_area_desc *desc)
{
	desc->private_data = desc->file->private_data;
	return 0;
}

static const struct file_operations its_own_fops = {
	.mmap_prepare = its_own_mmap_prepare,
};

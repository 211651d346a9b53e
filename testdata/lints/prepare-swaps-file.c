/* The file of a shared mapping of nothing: /dev/zero. */
#include <linux/mm.h>

static int swapped_mmap_prepare(struct vm_area_desc *desc)
{
	struct file *file = shmem_file(desc->end - desc->start);

	if (IS_ERR(file))
		return PTR_ERR(file);
	desc->vm_file = file; //~ prepare-swaps-file
	desc->vm_ops = &swapped_vm_ops;
	return 0;
}

static const struct file_operations swapped_fops = {
	.mmap_prepare = swapped_mmap_prepare,
};

static int helped_mmap_prepare(struct vm_area_desc *desc)
{
	return shmem_zero_setup_desc(desc);
}

static const struct file_operations helped_fops = {
	.mmap_prepare = helped_mmap_prepare,
};

/* The file of the hook is not that of the mapping. */
static int wrong_mmap_prepare(struct vm_area_desc *desc)
{
	struct stack *stack = desc->file->private_data;

	desc->file = stack->below; //~ prepare-swaps-file
	return 0;
}

static const struct file_operations wrong_fops = {
	.mmap_prepare = wrong_mmap_prepare,
};

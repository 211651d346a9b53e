/* The last argument of mapped, and what mapped returns. */
#include <linux/mm.h>

static int cast_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		       const struct file *file, void **vm_private_data)
{
	struct crate *crate = (struct crate *)vm_private_data; //~ mapped-misused

	crate->users++;
	return 0;
}

static const struct vm_operations_struct cast_vm_ops = {
	.mapped = cast_mapped,
};

static int cast_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &cast_vm_ops;
	return 0;
}

static const struct file_operations cast_fops = {
	.mmap_prepare = cast_mmap_prepare,
};

static int counted_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			  const struct file *file, void **vm_private_data)
{
	struct crate *crate = *vm_private_data;

	if (!crate)
		return -ENODEV;
	if (crate->is_full)
		return ENOSPC; //~ mapped-misused
	if (crate->is_shared)
		return 1; //~ mapped-misused
	if (crate->is_lent)
		return kref_get_unless_zero(&crate->ref); //~ mapped-misused
	return kref_get_unless_zero(&crate->ref) ? 0 : -ENOENT;
}

static const struct vm_operations_struct counted_vm_ops = {
	.mapped = counted_mapped,
};

static int counted_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &counted_vm_ops;
	return 0;
}

static const struct file_operations counted_fops = {
	.mmap_prepare = counted_mmap_prepare,
};

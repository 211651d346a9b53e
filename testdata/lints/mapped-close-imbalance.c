/* close runs where mapped has failed: vme_user, stm. */
#include <linux/mm.h>

static int crate_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			const struct file *file, void **vm_private_data)
{
	struct crate *crate = kmalloc_obj(*crate);

	if (!crate)
		return -ENOMEM; //~ mapped-close-imbalance
	refcount_set(&crate->refs, 1);
	*vm_private_data = crate;
	return 0;
}

static void crate_close(struct vm_area_struct *vma)
{
	struct crate *crate = vma->vm_private_data;

	if (!refcount_dec_and_test(&crate->refs))
		return;
	kfree(crate);
}

static const struct vm_operations_struct crate_vm_ops = {
	.mapped = crate_mapped,
	.close = crate_close,
};

static int crate_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &crate_vm_ops;
	return 0;
}

static const struct file_operations crate_fops = {
	.mmap_prepare = crate_mmap_prepare,
};

/* A close that looks. */
static int careful_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			  const struct file *file, void **vm_private_data)
{
	struct crate *crate = kmalloc_obj(*crate);

	if (!crate)
		return -ENOMEM;
	*vm_private_data = crate;
	return 0;
}

static void careful_close(struct vm_area_struct *vma)
{
	struct crate *crate = vma->vm_private_data;

	if (!crate)
		return;
	kfree(crate);
}

static const struct vm_operations_struct careful_vm_ops = {
	.mapped = careful_mapped,
	.close = careful_close,
};

static int careful_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &careful_vm_ops;
	return 0;
}

static const struct file_operations careful_fops = {
	.mmap_prepare = careful_mmap_prepare,
};

/* A mapped that cannot fail. */
static int sure_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		       const struct file *file, void **vm_private_data)
{
	struct crate *crate = file->private_data;

	refcount_inc(&crate->refs);
	return 0;
}

static void sure_close(struct vm_area_struct *vma)
{
	struct crate *crate = vma->vm_private_data;

	refcount_dec(&crate->refs);
}

static const struct vm_operations_struct sure_vm_ops = {
	.mapped = sure_mapped,
	.close = sure_close,
};

static int sure_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &sure_vm_ops;
	return 0;
}

static const struct file_operations sure_fops = {
	.mmap_prepare = sure_mmap_prepare,
};

/* An action that may fail, with a mapped that cannot. */
static int window_mmap_prepare(struct vm_area_desc *desc)
{
	struct crate *crate = desc->file->private_data;

	mmap_action_simple_ioremap(desc, crate->base, crate->size); //~ mapped-close-imbalance
	desc->vm_ops = &sure_vm_ops;
	return 0;
}

static const struct file_operations window_fops = {
	.mmap_prepare = window_mmap_prepare,
};

static int passing_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			  const struct file *file, void **vm_private_data)
{
	struct crate *crate = file->private_data;
	int ret;

	ret = crate_power_on(crate);
	if (ret)
		return ret; //~ mapped-close-imbalance
	refcount_inc(&crate->refs);
	return 0;
}

static const struct vm_operations_struct passing_vm_ops = {
	.mapped = passing_mapped,
	.close = sure_close,
};

static int passing_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &passing_vm_ops;
	return 0;
}

static const struct file_operations passing_fops = {
	.mmap_prepare = passing_mmap_prepare,
};

/* kfree(NULL) does nothing. */
static int freed_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			const struct file *file, void **vm_private_data)
{
	void *buffer = kmalloc(16, GFP_KERNEL);

	if (!buffer)
		return -ENOMEM;
	*vm_private_data = buffer;
	return 0;
}

static void freed_close(struct vm_area_struct *vma)
{
	kfree(vma->vm_private_data);
}

static const struct vm_operations_struct freed_vm_ops = {
	.mapped = freed_mapped,
	.close = freed_close,
};

static int freed_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &freed_vm_ops;
	return 0;
}

static const struct file_operations freed_fops = {
	.mmap_prepare = freed_mmap_prepare,
};

/* What mapped takes, nothing gives back. */
static int leaky_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			const struct file *file, void **vm_private_data)
{
	struct crate *crate = file->private_data;

	kref_get(&crate->refs); //~ mapped-close-imbalance
	*vm_private_data = crate;
	return 0;
}

static const struct vm_operations_struct leaky_vm_ops = {
	.mapped = leaky_mapped,
};

static int leaky_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &leaky_vm_ops;
	return 0;
}

static const struct file_operations leaky_fops = {
	.mmap_prepare = leaky_mmap_prepare,
};

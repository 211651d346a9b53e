// Values and conditions that two spellings share. `//~ TEXT` marks a line with a finding of conversion-differs that holds the text.
//- before
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#define LAMP_REGION_DATA 0
#define LAMP_REGION_CONTROL 16
#define LAMP_FLAGS (VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP)

struct lamp {
	struct mutex lock;
	struct mutex other_lock;
	unsigned long base;
	unsigned long length;
	bool is_locked;
};

struct lamp_inode {
	int flags;
	struct inode i_inode;
};

static inline struct lamp_inode *LAMP_I(struct inode *inode)
{
	return container_of(inode, struct lamp_inode, i_inode);
}

static const struct vm_operations_struct lamp_vm_ops = {
	.fault = lamp_fault,
};

static const struct vm_operations_struct lamp_data_vm_ops = {
	.fault = lamp_data_fault,
};

static int lamp_check(struct lamp *lamp, struct vm_area_struct *vma)
{
	if (vma->vm_end < vma->vm_start)
		return -EINVAL;
	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return 0;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret;

	ret = lamp_check(lamp, vma);
	if (ret < 0)
		return ret;
	if (lamp->base & (PAGE_SIZE - 1))
		return -EINVAL;
	if (vma->vm_end - vma->vm_start != lamp->length)
		return -ENXIO;
	if (lamp_is_gone(&LAMP_I(file->f_mapping->host)->i_inode))
		return -ENODEV;
	mutex_lock(&lamp->lock);
	lamp_wake(lamp);
	mutex_unlock(&lamp->lock);
	switch (vma->vm_pgoff) {
	case LAMP_REGION_DATA:
		vma->vm_ops = &lamp_data_vm_ops;
		return 0;
	case LAMP_REGION_CONTROL:
		break;
	default:
		return -EINVAL;
	}
	vm_flags_set(vma, LAMP_FLAGS);
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after in another style
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (vma_desc_size(desc) != PAGE_SIZE || !PAGE_ALIGNED(lamp->base))
		return -EINVAL;
	if (lamp->length != PAGE_SIZE)
		return -ENXIO;
	if (lamp_is_gone(desc->file->f_mapping->host))
		return -ENODEV;
	scoped_guard(mutex, &lamp->lock)
		lamp_wake(lamp);
	if (desc->pgoff == LAMP_REGION_CONTROL) {
		vma_desc_set_flags_mask(desc, VMA_REMAP_FLAGS);
		desc->vm_ops = &lamp_vm_ops;
		return 0;
	}
	if (desc->pgoff != LAMP_REGION_DATA)
		return -EINVAL;
	desc->vm_ops = &lamp_data_vm_ops;
	return 0;
}
//- after under another lock
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (vma_desc_size(desc) != PAGE_SIZE || offset_in_page(lamp->base))
		return -EINVAL;
	if (vma_desc_size(desc) != lamp->length)
		return -ENXIO;
	if (lamp_is_gone(desc->file->f_mapping->host))
		return -ENODEV;
	guard(mutex)(&lamp->other_lock); //~ calls mutex_lock(&file->private_data->other_lock)
	lamp_wake(lamp);
	switch (desc->pgoff) {
	case LAMP_REGION_CONTROL:
		vma_desc_set_flags(desc, VMA_IO_BIT, VMA_PFNMAP_BIT, VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);
		desc->vm_ops = &lamp_vm_ops;
		return 0;
	case LAMP_REGION_DATA:
		desc->vm_ops = &lamp_data_vm_ops;
		return 0; //~ does not call mutex_lock(), mutex_unlock()
	}
	return -EINVAL;
}
//- after with a variable that hides another
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	const struct vm_operations_struct *vm_ops = &lamp_vm_ops;

	if (vma_desc_size(desc) != PAGE_SIZE || lamp->base & ~PAGE_MASK)
		return -EINVAL;
	if (lamp->length != PAGE_SIZE)
		return -ENXIO;
	if (lamp_is_gone(desc->file->f_mapping->host))
		return -ENODEV;
	mutex_lock(&lamp->lock);
	lamp_wake(lamp);
	mutex_unlock(&lamp->lock);
	if (desc->pgoff == LAMP_REGION_CONTROL) {
		vma_desc_set_flags_mask(desc, VMA_REMAP_FLAGS);
	} else if (desc->pgoff == LAMP_REGION_DATA) {
		const struct vm_operations_struct *vm_ops = &lamp_data_vm_ops;

		if (!vm_ops->fault)
			return -EINVAL; //~ returns -EINVAL if
	} else {
		return -EINVAL;
	}
	desc->vm_ops = vm_ops;
	return 0; //~ sets vm_ops->fault to lamp_fault
}
//- after with the regions exchanged
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (vma_desc_size(desc) != PAGE_SIZE || !IS_ALIGNED(lamp->base, PAGE_SIZE))
		return -EINVAL;
	if (lamp->length != PAGE_SIZE)
		return -ENXIO;
	if (lamp_is_gone(desc->file->f_mapping->host))
		return -ENODEV;
	scoped_guard(mutex, &lamp->lock)
		lamp_wake(lamp);
	if (desc->pgoff == LAMP_REGION_DATA) {
		vma_desc_set_flags_mask(desc, VMA_REMAP_FLAGS);
		desc->vm_ops = &lamp_vm_ops;
		return 0; //~ sets VM_IO
	}
	if (desc->pgoff != LAMP_REGION_CONTROL)
		return -EINVAL;
	desc->vm_ops = &lamp_data_vm_ops;
	return 0; //~ leaves VM_PFNMAP alone
}

// Effects on paths that fail, an offset that is known to be 0, and a fault handler that only some mappings have.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	struct page **pages;
	unsigned long count;
	bool busy;
	bool is_wide;
};

static vm_fault_t lamp_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static vm_fault_t wide_fault(struct vm_fault *vmf)
{
	return VM_FAULT_OOM;
}

static const struct vm_operations_struct lamp_vm_ops = {
	.fault = lamp_fault,
};

static const struct vm_operations_struct wide_vm_ops = {
	.fault = wide_fault,
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_pgoff)
		return -EINVAL;
	lamp->busy = true;
	vma->vm_ops = lamp->is_wide ? &wide_vm_ops : &lamp_vm_ops;
	return vm_map_pages(vma, lamp->pages, lamp->count);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff)
		return -EINVAL;
	lamp->busy = true;
	desc->vm_ops = lamp->is_wide ? &wide_vm_ops : &lamp_vm_ops;
	if (vma_desc_pages(desc) > lamp->count || !lamp->count)
		return -ENXIO;
	mmap_action_map_kernel_pages_full(desc, lamp->pages);
	return 0;
}
//- after with an effect before the check
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	lamp->busy = true; //~ sets file->private_data->busy to 1 if pgoff != 0
	if (desc->pgoff)
		return -EINVAL;
	desc->vm_ops = lamp->is_wide ? &wide_vm_ops : &lamp_vm_ops;
	if (vma_desc_pages(desc) > lamp->count || !lamp->count)
		return -ENXIO;
	mmap_action_map_kernel_pages_full(desc, lamp->pages);
	return 0;
}
//- whole with one fault handler for all
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	struct page **pages;
	unsigned long count;
	bool busy;
	bool is_wide;
};

static vm_fault_t lamp_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct lamp_vm_ops = {
	.fault = lamp_fault,
};

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff)
		return -EINVAL;
	lamp->busy = true;
	desc->vm_ops = &lamp_vm_ops;
	if (vma_desc_pages(desc) > lamp->count || !lamp->count)
		return -ENXIO;
	mmap_action_map_kernel_pages_full(desc, lamp->pages);
	return 0; //~ sets vm_ops->fault to lamp_fault if file->private_data->is_wide != 0
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- after with a refusal on both ways
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff)
		return -EINVAL;
	if (lamp->count > MAX_PAGES)
		return -E2BIG; //~ returns -E2BIG if pgoff == 0 and populating call 1 succeeds and file->private_data->count > MAX_PAGES; lamp_mmap accepted the mapping
	lamp->busy = true;
	desc->vm_ops = lamp->is_wide ? &wide_vm_ops : &lamp_vm_ops;
	if (vma_desc_pages(desc) > lamp->count || !lamp->count)
		return -ENXIO;
	mmap_action_map_kernel_pages_full(desc, lamp->pages);
	return 0;
}

// vm_iomap_memory() and its action, which takes the protection at the end of the hook and may be rejected early.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static const struct vm_operations_struct lamp_vm_ops = {
	.access = generic_access_phys,
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	vma->vm_ops = &lamp_vm_ops;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	if (vm_iomap_memory(vma, lamp->base, lamp->size))
		return -ENXIO;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after with the protection behind the request
static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ returns another error than -ENXIO if the core rejects the action early
{
	struct lamp *lamp = desc->file->private_data;

	desc->vm_ops = &lamp_vm_ops;
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	desc->action.error_override = -ENXIO;
	desc->page_prot = pgprot_noncached(desc->page_prot);
	return 0;
}
//- after with a positive error
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	desc->vm_ops = &lamp_vm_ops;
	desc->page_prot = pgprot_noncached(desc->page_prot);
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	desc->action.error_override = ENXIO;
	return 0; //~ returns ENXIO
}
//- whole with an empty table
#include <linux/fs.h>
#include <linux/mm.h>

static const struct vm_operations_struct lamp_vm_ops = {
};

static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ returns another error than -ENXIO
{
	struct lamp *lamp = desc->file->private_data;

	desc->vm_ops = &lamp_vm_ops;
	desc->page_prot = pgprot_noncached(desc->page_prot);
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	desc->action.error_override = -ENXIO;
	return 0; //~ leaves vm_ops->access alone
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole without the check of the size that vm_iomap_memory() makes
#include <linux/fs.h>
#include <linux/mm.h>

static const struct vm_operations_struct lamp_vm_ops = {
	.access = generic_access_phys,
};

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	desc->vm_ops = &lamp_vm_ops;
	desc->page_prot = pgprot_noncached(desc->page_prot);
	mmap_action_ioremap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff); //~ populates by mmap_action_ioremap_full
	desc->action.error_override = -ENXIO;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

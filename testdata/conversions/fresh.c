// What every new mapping has: no private data, and the address space of the running process.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (current->mm != lamp->mm)
		return -EPERM;
	vma->vm_private_data = NULL;
	return io_remap_pfn_range(vma, vma->vm_start, lamp->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->mm != lamp->mm)
		return -EPERM;
	mmap_action_ioremap_full(desc, lamp->pfn);
	return 0;
}
//- after with private data
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->mm != lamp->mm)
		return -EPERM;
	desc->private_data = lamp;
	mmap_action_ioremap_full(desc, lamp->pfn);
	return 0; //~ sets vm_private_data
}
//- after with an action that is filled by hand
static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ is not compared with lamp_mmap: it fills desc->action by hand
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->mm != lamp->mm)
		return -EPERM;
	desc->action.type = MMAP_IO_REMAP_PFN;
	desc->action.remap.start = desc->start;
	desc->action.remap.start_pfn = lamp->pfn;
	desc->action.remap.size = vma_desc_size(desc);
	desc->action.remap.pgprot = desc->page_prot;
	return 0;
}

// One handler, converted in several ways. `//~ TEXT` marks a line with a finding of conversion-differs that holds the text.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	struct mutex lock;
	unsigned long base;
	unsigned long length;
	bool busy;
};

static const struct vm_operations_struct lamp_vm_ops = {
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;

	if (size > lamp->length || offset > lamp->length - size)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	if (lamp->busy)
		return -EBUSY;
	vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_set(vma, VM_DONTCOPY);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_ops = &lamp_vm_ops;
	vma->vm_private_data = lamp;
	if (remap_pfn_range(vma, vma->vm_start, (lamp->base >> PAGE_SHIFT) + vma->vm_pgoff, size, vma->vm_page_prot))
		return -EAGAIN;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long size = vma_desc_size(desc);
	unsigned long offset = desc->pgoff << PAGE_SHIFT;

	if (size > lamp->length || offset > lamp->length - size)
		return -EINVAL;
	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EPERM;
	if (lamp->busy)
		return -EBUSY;
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->vm_ops = &lamp_vm_ops;
	desc->private_data = lamp;
	mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff);
	desc->action.error_override = -EAGAIN;
	return 0;
}
//- after in another style
static bool lamp_fits(const struct lamp *lamp, unsigned long pgoff, unsigned long pages)
{
	return pages <= lamp->length >> PAGE_SHIFT && pgoff <= (lamp->length >> PAGE_SHIFT) - pages;
}

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *l = desc->file->private_data;

	if (!lamp_fits(l, desc->pgoff, vma_desc_pages(desc)))
		return -EINVAL;
	if (!vma_desc_test(desc, VMA_WRITE_BIT)) {
		if (l->busy)
			return -EBUSY;
	} else {
		return -EPERM;
	}
	desc->private_data = l;
	desc->vm_ops = &lamp_vm_ops;
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT, VMA_DONTEXPAND_BIT);
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	mmap_action_remap(desc, desc->start, desc->pgoff + (l->base >> PAGE_SHIFT), desc->end - desc->start);
	desc->action.error_override = -EAGAIN;
	return 0;
}
//- after without the bound
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EPERM; //~ returns -EPERM if
	if (lamp->busy)
		return -EBUSY; //~ returns -EBUSY if
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->vm_ops = &lamp_vm_ops;
	desc->private_data = lamp;
	mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff);
	desc->action.error_override = -EAGAIN;
	return 0; //~ size > file->private_data->length //~ returns -EAGAIN if
}
//- after with the wrong flag
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long size = vma_desc_size(desc);
	unsigned long offset = desc->pgoff << PAGE_SHIFT;

	if (size > lamp->length || offset > lamp->length - size)
		return -EINVAL;
	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EPERM;
	if (lamp->busy)
		return -EBUSY;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->vm_ops = &lamp_vm_ops;
	desc->private_data = lamp;
	mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff);
	desc->action.error_override = -EAGAIN;
	return 0; //~ leaves VM_MAYWRITE alone //~ clears VM_MAYEXEC
}
//- after without vm_ops and the remap
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long size = vma_desc_size(desc);
	unsigned long offset = desc->pgoff << PAGE_SHIFT;

	if (size > lamp->length || offset > lamp->length - size)
		return -EINVAL;
	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EPERM;
	if (lamp->busy)
		return -EBUSY;
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->private_data = lamp;
	return 0; //~ leaves vm_ops alone //~ does not populate //~ accepts the mapping if
}
//- after from the wrong frame
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long size = vma_desc_size(desc);
	unsigned long offset = desc->pgoff << PAGE_SHIFT;

	if (size > lamp->length || offset > lamp->length - size)
		return -EINVAL;
	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EPERM;
	if (lamp->busy)
		return -EBUSY;
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->vm_ops = &lamp_vm_ops;
	desc->private_data = lamp;
	mmap_action_remap_full(desc, lamp->base >> PAGE_SHIFT); //~ populates with first frame file->private_data->base / PAGE_SIZE //~ populates with protection vm_page_prot
	desc->page_prot = pgprot_noncached(desc->page_prot);
	return 0; //~ returns the result of populating call 1
}
//- after with an off-by-one check and another errno
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long size = vma_desc_size(desc);
	unsigned long offset = desc->pgoff << PAGE_SHIFT;

	if (size >= lamp->length || offset > lamp->length - size)
		return -EINVAL; //~ returns -EINVAL if
	if (vma_desc_test(desc, VMA_WRITE_BIT))
		return -EACCES; //~ returns -EACCES if
	if (lamp->busy)
		return -EBUSY;
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->page_prot = pgprot_noncached(desc->page_prot);
	desc->vm_ops = &lamp_vm_ops;
	desc->private_data = lamp;
	mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff);
	desc->action.error_override = -EAGAIN;
	return 0;
}

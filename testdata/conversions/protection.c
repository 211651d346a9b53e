// The protection as a number, a bound without an end, and a positive result.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_pgoff > (~0UL >> PAGE_SHIFT))
		return -EINVAL;
	pgprot_val(vma->vm_page_prot) |= LAMP_CACHED;
	return remap_pfn_range(vma, vma->vm_start, lamp->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff > (ULONG_MAX >> PAGE_SHIFT))
		return -EINVAL;
	desc->page_prot = __pgprot(pgprot_val(desc->page_prot) | LAMP_CACHED);
	mmap_action_remap_full(desc, lamp->pfn);
	return 0;
}
//- after with another protection, and a number for an error
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff > (~0UL >> PAGE_SHIFT))
		return 1; //~ returns 1 (no error: mmap() returns it as an address) if offset > ULONG_MAX
	pgprot_val(desc->page_prot) |= LAMP_UNCACHED;
	mmap_action_remap_full(desc, lamp->pfn); //~ populates with protection
	return 0; //~ sets vm_page_prot to
}
//- after with the protection in a local
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	pgprot_t prot = desc->page_prot;

	if (desc->pgoff > (~0UL >> PAGE_SHIFT))
		return -EINVAL;
	pgprot_val(prot) |= LAMP_CACHED;
	desc->page_prot = prot;
	mmap_action_remap_full(desc, lamp->pfn);
	return 0;
}
//- after with a local that goes nowhere
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	pgprot_t prot = desc->page_prot;

	if (desc->pgoff > (~0UL >> PAGE_SHIFT))
		return -EINVAL;
	pgprot_val(prot) |= LAMP_CACHED;
	mmap_action_remap_full(desc, lamp->pfn); //~ populates with protection vm_page_prot
	return 0; //~ leaves vm_page_prot alone
}

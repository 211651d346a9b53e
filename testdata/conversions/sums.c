// Sums: what a comparison of one implies, what it does not, and an address beside a PFN.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (lamp->pfn + lamp->pages < lamp->pfn)
		return -EINVAL;
	if (vma->vm_pgoff + vma_pages(vma) > lamp->pages)
		return -EINVAL;
	if ((lamp->flags & LAMP_LIT) && (lamp->flags & 4))
		return -EPERM;
	if (vma->vm_pgoff)
		return -EINVAL;
	return io_remap_pfn_range(vma, vma->vm_start, lamp->base >> PAGE_SHIFT, size, vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful, with a check of the size before that of the sum
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (lamp->pfn + lamp->pages < lamp->pfn)
		return -EINVAL;
	if (vma_desc_pages(desc) > lamp->pages)
		return -EINVAL;
	if (desc->pgoff + vma_desc_pages(desc) > lamp->pages)
		return -EINVAL;
	if ((lamp->flags & LAMP_LIT) && (lamp->flags & 4) == 4)
		return -EPERM;
	if (desc->pgoff)
		return -EINVAL;
	mmap_action_simple_ioremap(desc, lamp->base, vma_desc_size(desc));
	return 0;
}
//- after without the check of a wrap
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (desc->pgoff + vma_desc_pages(desc) > lamp->pages)
		return -EINVAL;
	if ((lamp->flags & LAMP_LIT) && (lamp->flags & 4))
		return -EPERM; //~ returns -EPERM
	if (desc->pgoff)
		return -EINVAL;
	mmap_action_simple_ioremap(desc, lamp->base, vma_desc_size(desc));
	return 0; //~ accepts the mapping if
}
//- after with a PFN for the address
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	if (lamp->pfn + lamp->pages < lamp->pfn)
		return -EINVAL;
	if (desc->pgoff + vma_desc_pages(desc) > lamp->pages)
		return -EINVAL;
	if ((lamp->flags & LAMP_LIT) && (lamp->flags & 4))
		return -EPERM;
	if (desc->pgoff)
		return -EINVAL;
	mmap_action_simple_ioremap(desc, lamp->base >> PAGE_SHIFT, vma_desc_size(desc)); //~ populates with first frame
	return 0;
}

// Names that the change defines otherwise, so that equal code has another meaning.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)

enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff != LAMP_MEMORY || vma->vm_end - vma->vm_start > LAMP_SIZE)
		return -EINVAL;
	vma->vm_page_prot = LAMP_PROT(vma->vm_page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- whole faithful, with a name more
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE	(16 * \
			 PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)
#define LAMP_OTHER 1

enum { LAMP_REGISTERS, LAMP_MEMORY, LAMP_LAST };

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with another size
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (32 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)

enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ both use LAMP_SIZE, which the change defines otherwise
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with another protection
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_writecombine(prot)

enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ both use LAMP_PROT, which the change defines otherwise
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with another enumerator
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)

enum { LAMP_NONE, LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ both use LAMP_MEMORY, which the change defines otherwise
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with another size below
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_PAGES 32
#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)
#undef LAMP_SIZE
#define LAMP_SIZE (LAMP_PAGES * PAGE_SIZE)

enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ both use LAMP_SIZE, which the change defines otherwise
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

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
//- whole faithful, with a constant for a number
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_PAGE PAGE_SIZE
#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_LIMIT (LAMP_COUNT * LAMP_PAGE)
#define LAMP_REFUSED (-EINVAL)
#define LAMP_PROT(prot) pgprot_noncached(prot)

enum { LAMP_COUNT = 16 };
enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_LIMIT)
		return LAMP_REFUSED;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole with a constant of another value
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)

enum { LAMP_REGISTERS, LAMP_MEMORY };
enum { LAMP_FIRST, LAMP_SECOND = 2, LAMP_THIRD };

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != LAMP_THIRD || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL; //~ returns -EINVAL if
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0; //~ accepts the mapping if
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole faithful, with a macro with arguments, and a constant of the file
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)
#define LAMP_IS_OF(desc, region) ((desc)->pgoff == (region))
#define LAMP_BYTES(pages) ((pages) << PAGE_SHIFT)

enum { LAMP_REGISTERS, LAMP_MEMORY };

static const unsigned long lamp_pages = 16;

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (!LAMP_IS_OF(desc, LAMP_MEMORY) || vma_desc_size(desc) > LAMP_BYTES(lamp_pages))
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole whose table keeps the old name
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)

enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != LAMP_MEMORY || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL;
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap, //~ lamp_fops registers lamp_mmap, which is gone
};
//- whole with macros that stand for one another
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SIZE (16 * PAGE_SIZE)
#define LAMP_PROT(prot) pgprot_noncached(prot)
#define LAMP_ONE LAMP_OTHER
#define LAMP_OTHER (LAMP_ONE + LAMP_ONE)
#define LAMP_SAME(x) LAMP_SAME(LAMP_SAME(x))

enum { LAMP_REGISTERS, LAMP_MEMORY };

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (desc->pgoff != LAMP_SAME(LAMP_ONE) || vma_desc_size(desc) > LAMP_SIZE)
		return -EINVAL; //~ returns -EINVAL if
	desc->page_prot = LAMP_PROT(desc->page_prot);
	return 0; //~ accepts the mapping if
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

/*
 * Arguments of vm_map_pages(), which a replacement computes twice, or to which it adds the offset. The type of the array, and the effect of
 * the count, have to be certain.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_WIDE(lamp) (lamp)->is_wide ? 8 : 4
#define LAMP_COUNT(lamp) ((lamp)->count)
#define LAMP_NEXT(lamp) ((lamp)->count--)
#define LAMP_BANKS 1 << 2

struct lamp {
	struct page **pages;
	void *memory;
	unsigned long count;
	bool is_wide;
};

static unsigned long lamp_take(struct lamp *lamp)
{
	return lamp->count--;
}

static int typed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	return vm_map_pages(vma, lamp->pages, LAMP_COUNT(lamp));
}

/* fix: not safe. */
static int untyped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	return vm_map_pages(vma, lamp->memory, lamp->count);
}

/* fix: not safe. */
static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	return vm_map_pages(vma, lamp->pages, lamp_take(lamp));
}

/* fix: not safe. */
static int next_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	return vm_map_pages(vma, lamp->pages, LAMP_NEXT(lamp));
}

static int open_macro_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	return vm_map_pages(vma, lamp->pages, LAMP_WIDE(lamp));
}

static int open_constant_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	return vm_map_pages(vma, lamp->pages, LAMP_BANKS);
}

/* fix: not safe. A remap sets the offset of a private mapping. */
static int behind_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, LAMP_PFN, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		return ret;
	vma->vm_ops = vma->vm_pgoff ? &lamp_data_vm_ops : &lamp_control_vm_ops;
	return 0;
}

static const struct file_operations typed_fops = {
	.mmap = typed_mmap,
};

static const struct file_operations untyped_fops = {
	.mmap = untyped_mmap,
};

static const struct file_operations counted_fops = {
	.mmap = counted_mmap,
};

static const struct file_operations next_fops = {
	.mmap = next_mmap,
};

static const struct file_operations open_macro_fops = {
	.mmap = open_macro_mmap,
};

static const struct file_operations behind_fops = {
	.mmap = behind_mmap,
};

static const struct file_operations open_constant_fops = {
	.mmap = open_constant_mmap,
};

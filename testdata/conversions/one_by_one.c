// Page after page, and an array of them.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long i;
	int ret;

	for (i = 0; i < vma_pages(vma); i++) {
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, lamp->pages[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after by one action
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	mmap_action_map_kernel_pages_full(desc, lamp->pages); //~ populates by mmap_action_map_kernel_pages_full, whose pages are not compared
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* The sheet of a plotter: scattered pages, one call each. One arm of the dispatcher could go today. */
#include <linux/fs.h>
#include <linux/mm.h>

static int plotter_map_sheet(struct plotter *plotter, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start;
	int i, ret;

	for (i = 0; i < plotter->nr_pages && addr < vma->vm_end; i++) {
		ret = vm_insert_page(vma, addr, plotter->pages[i]);
		if (ret)
			return ret;
		addr += PAGE_SIZE;
	}
	return 0;
}

static int plotter_map_registers(struct plotter *plotter,
				 struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return vm_iomap_memory(vma, plotter->registers, PAGE_SIZE);
}

static int plotter_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct plotter *plotter = file->private_data;

	switch (vma->vm_pgoff) {
	case PLOTTER_SHEET:
		return plotter_map_sheet(plotter, vma);
	case PLOTTER_REGISTERS:
		return plotter_map_registers(plotter, vma);
	default:
		return -EINVAL;
	}
}

static const struct file_operations plotter_fops = {
	.mmap	= plotter_mmap,
};

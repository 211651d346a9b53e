/* Several populates of one VMA: hfi1, comedi. */
#include <linux/mm.h>

static int moves_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int i, ret;

	for (i = 0; i < board->parts; i++) {
		ret = dma_mmap_coherent(board->dev, vma, board->part[i], board->dma, PAGE_SIZE);
		if (ret)
			return ret;
		vma->vm_start += PAGE_SIZE; //~ vm-start-edited
	}
	return 0;
}

static const struct file_operations moves_fops = {
	.mmap = moves_mmap,
};

static int counts_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long at = vma->vm_start;

	if (vma->vm_end - at > board->size)
		return -EINVAL;
	return remap_pfn_range(vma, at, board->pfn, vma->vm_end - at, vma->vm_page_prot);
}

static const struct file_operations counts_fops = {
	.mmap = counts_mmap,
};

/* Where mapped memory comes from. */
#include <linux/mm.h>

static int slab_open(struct inode *inode, struct file *file)
{
	struct board *board = file->private_data;

	board->state = kzalloc(sizeof(*board->state), GFP_KERNEL);
	board->samples = vmalloc(board->length);
	board->ring = dma_alloc_coherent(board->dev, board->length, &board->ring_dma, GFP_KERNEL);
	board->frames = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, board->order);
	return 0;
}

static int slab_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(board->state) >> PAGE_SHIFT, //~ memory-not-for-user-space
			       PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations slab_fops = {
	.open = slab_open,
	.mmap = slab_mmap,
};

static int vmalloc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long pfn = virt_to_phys(board->samples) >> PAGE_SHIFT;

	return remap_pfn_range(vma, vma->vm_start, pfn, PAGE_SIZE, vma->vm_page_prot); //~ memory-not-for-user-space
}

static const struct file_operations vmalloc_fops = {
	.mmap = vmalloc_mmap,
};

/* Memory of the DMA layer, in a fault. */
static vm_fault_t ring_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	struct page *page = virt_to_page(board->ring);

	get_page(page);
	vmf->page = page; //~ memory-not-for-user-space
	return 0;
}

static const struct vm_operations_struct ring_vm_ops = {
	.fault = ring_fault,
};

static int ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &ring_vm_ops;
	return 0;
}

static const struct file_operations ring_fops = {
	.mmap = ring_mmap,
};

/* Whole pages, and vmalloc() memory page by page. */
static int pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(board->frames) >> PAGE_SHIFT,
			       PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations pages_fops = {
	.mmap = pages_mmap,
};

static int by_page_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return vm_insert_page(vma, vma->vm_start, vmalloc_to_page(board->samples));
}

static const struct file_operations by_page_fops = {
	.mmap = by_page_mmap,
};

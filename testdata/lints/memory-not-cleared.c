/* Memory that still holds what was there before. */
#include <linux/mm.h>

static int buffer_open(struct inode *inode, struct file *file)
{
	struct board *board = file->private_data;

	board->dirty = (void *)__get_free_pages(GFP_KERNEL, board->order);
	board->clean = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, board->order);
	board->filled = alloc_pages_exact(board->length, GFP_KERNEL);
	memset(board->filled, 0, board->length);
	board->either = (void *)__get_free_pages(board->gfp, board->order);
	return 0;
}

static int dirty_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(board->dirty) >> PAGE_SHIFT, //~ memory-not-cleared
			       PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations dirty_fops = {
	.open = buffer_open,
	.mmap = dirty_mmap,
};

static int clean_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(board->clean) >> PAGE_SHIFT, PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations clean_fops = {
	.mmap = clean_mmap,
};

static int filled_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, __pa(board->filled) >> PAGE_SHIFT, PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations filled_fops = {
	.mmap = filled_mmap,
};

static int either_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, __pa(board->either) >> PAGE_SHIFT, PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations either_fops = {
	.mmap = either_mmap,
};

/* A page for each fault. */
static vm_fault_t page_fault(struct vm_fault *vmf)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return VM_FAULT_OOM;
	vmf->page = page; //~ memory-not-cleared
	return 0;
}

static const struct vm_operations_struct page_vm_ops = {
	.fault = page_fault,
};

static int page_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &page_vm_ops;
	return 0;
}

static const struct file_operations page_fops = {
	.mmap = page_mmap,
};

/* A page that the path fills. */
static vm_fault_t filled_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	board->poison = alloc_page(GFP_KERNEL);
	if (!board->poison)
		return VM_FAULT_OOM;
	memset(page_address(board->poison), 0xff, PAGE_SIZE);
	vmf->page = board->poison;
	return 0;
}

static const struct vm_operations_struct filled_vm_ops = {
	.fault = filled_fault,
};

static int poison_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &filled_vm_ops;
	return 0;
}

static const struct file_operations poison_fops = {
	.mmap = poison_mmap,
};

/* An array of pages. */
static int array_alloc(struct board *board)
{
	for (int i = 0; i < board->count; i++) {
		board->bare[i] = alloc_page(GFP_KERNEL | __GFP_HIGHMEM);
		board->zeroed[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	}
	return 0;
}

static int array_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma_pages(vma) > board->count || vma->vm_pgoff)
		return -EINVAL;
	if (board->is_zeroed)
		return vm_map_pages(vma, board->zeroed, board->count);
	return vm_map_pages(vma, board->bare, board->count); //~ memory-not-cleared
}

static const struct file_operations array_fops = {
	.mmap = array_mmap,
};

/* The offset of a fault: usx2y, udmabuf. */
#include <linux/mm.h>

static vm_fault_t open_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	unsigned long offset = vmf->pgoff << PAGE_SHIFT;
	struct page *page = virt_to_page(board->buffer + offset);

	get_page(page);
	vmf->page = page; //~ fault-index-not-bounded
	return 0;
}

static const struct vm_operations_struct open_vm_ops = {
	.fault = open_fault,
};

/* The size is bounded, the offset is not. */
static int open_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_end - vma->vm_start > board->size)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND);
	vma->vm_private_data = board;
	vma->vm_ops = &open_vm_ops;
	return 0;
}

static const struct file_operations open_fops = {
	.mmap = open_mmap,
};

static vm_fault_t closed_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	if (vmf->pgoff >= board->nr_pages)
		return VM_FAULT_SIGBUS;
	vmf->page = board->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct closed_vm_ops = {
	.fault = closed_fault,
};

static int closed_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &closed_vm_ops;
	return 0;
}

static const struct file_operations closed_fops = {
	.mmap = closed_mmap,
};

/* The hook bounds offset and size together, and the mapping cannot grow. */
static vm_fault_t array_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	vmf->page = board->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct array_vm_ops = {
	.fault = array_fault,
};

static int fixed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_pgoff > board->nr_pages || vma_pages(vma) > board->nr_pages - vma->vm_pgoff)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = board;
	vma->vm_ops = &array_vm_ops;
	return 0;
}

static const struct file_operations fixed_fops = {
	.mmap = fixed_mmap,
};

/* The same check, and mremap() makes the mapping larger. */
static vm_fault_t growing_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	unsigned long index = (vmf->address - vmf->vma->vm_start) >> PAGE_SHIFT;

	return vmf_insert_pfn(vmf->vma, vmf->address, board->pfn + index); //~ fault-index-not-bounded
}

static const struct vm_operations_struct growing_vm_ops = {
	.fault = growing_fault,
};

static int growing_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_pgoff || vma_pages(vma) > board->nr_pages || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_private_data = board;
	vma->vm_ops = &growing_vm_ops;
	return 0;
}

static const struct file_operations growing_fops = {
	.mmap = growing_mmap,
};

/* A call that gets the offset looks the page up. */
static vm_fault_t lookup_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	vmf->page = board_page_at(board, vmf->pgoff);
	return vmf->page ? 0 : VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct lookup_vm_ops = {
	.fault = lookup_fault,
};

static int lookup_mmap_prepare(struct vm_area_desc *desc)
{
	desc->private_data = desc->file->private_data;
	desc->vm_ops = &lookup_vm_ops;
	return 0;
}

static const struct file_operations lookup_fops = {
	.mmap_prepare = lookup_mmap_prepare,
};

/* The page does not depend on the offset. */
static vm_fault_t single_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	get_page(board->page);
	vmf->page = board->page;
	return 0;
}

static const struct vm_operations_struct single_vm_ops = {
	.fault = single_fault,
};

static int single_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &single_vm_ops;
	return 0;
}

static const struct file_operations single_fops = {
	.mmap = single_mmap,
};

/* The offset in bytes is within a size in bytes; a page beyond the size, and none. */
static vm_fault_t byte_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	unsigned long offset = vmf->pgoff << PAGE_SHIFT;

	if (offset >= board->buffer_len)
		return VM_FAULT_SIGBUS;
	vmf->page = vmalloc_to_page(board->buffer + offset);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct byte_vm_ops = {
	.fault = byte_fault,
};

static int byte_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &byte_vm_ops;
	return 0;
}

static const struct file_operations byte_fops = {
	.mmap = byte_mmap,
};

static vm_fault_t beyond_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	unsigned long offset = vmf->pgoff << PAGE_SHIFT;

	if (offset > board->buffer_len)
		return VM_FAULT_SIGBUS;
	vmf->page = vmalloc_to_page(board->buffer + offset); //~ fault-index-not-bounded
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct beyond_vm_ops = {
	.fault = beyond_fault,
};

static int beyond_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &beyond_vm_ops;
	return 0;
}

static const struct file_operations beyond_fops = {
	.mmap = beyond_mmap,
};


/* The hook of a subsystem that is converted, with its caller. */
struct panel_ops {
	int (*panel_mmap_prepare)(struct panel *panel, struct vm_area_desc *desc);
};

static int panel_mmap_prepare(struct vm_area_desc *desc)
{
	struct panel *panel = desc->file->private_data;

	return panel->ops->panel_mmap_prepare(panel, desc);
}

static const struct file_operations panel_fops = {
	.mmap_prepare = panel_mmap_prepare,
};

static vm_fault_t glass_fault(struct vm_fault *vmf)
{
	struct panel *panel = vmf->vma->vm_private_data;
	struct page *page = virt_to_page(panel->buffer + (vmf->pgoff << PAGE_SHIFT));

	get_page(page);
	vmf->page = page; //~ fault-index-not-bounded
	return 0;
}

static const struct vm_operations_struct glass_vm_ops = {
	.fault = glass_fault,
};

static int glass_mmap_prepare(struct panel *panel, struct vm_area_desc *desc)
{
	desc->private_data = panel;
	desc->vm_ops = &glass_vm_ops;
	return 0;
}

static const struct panel_ops glass_ops = {
	.panel_mmap_prepare = glass_mmap_prepare,
};

/* Pages that a fault handler hands out. */
#include <linux/mm.h>

static vm_fault_t bare_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;

	if (vmf->pgoff >= board->nr_pages)
		return VM_FAULT_SIGBUS;
	vmf->page = board->pages[vmf->pgoff]; //~ fault-page-without-reference
	return 0;
}

static const struct vm_operations_struct bare_vm_ops = {
	.fault = bare_fault,
};

static int bare_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &bare_vm_ops;
	return 0;
}

static const struct file_operations bare_fops = {
	.mmap = bare_mmap,
};

/* Found by its address; one path takes the reference and the other does not. */
static vm_fault_t found_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	struct page *page = virt_to_page(board->buffer);

	if (board->is_shared)
		get_page(page);
	vmf->page = page; //~ fault-page-without-reference
	return 0;
}

static const struct vm_operations_struct found_vm_ops = {
	.fault = found_fault,
};

static int found_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &found_vm_ops;
	return 0;
}

static const struct file_operations found_fops = {
	.mmap = found_mmap,
};

static vm_fault_t counted_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	struct page *page = vmalloc_to_page(board->buffer);

	folio_get(page_folio(page));
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct counted_vm_ops = {
	.fault = counted_fault,
};

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &counted_vm_ops;
	return 0;
}

static const struct file_operations counted_fops = {
	.mmap = counted_mmap,
};

/* A new page belongs to the fault, and so does one that a call returns. */
static vm_fault_t new_fault(struct vm_fault *vmf)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return VM_FAULT_OOM;
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct new_vm_ops = {
	.fault = new_fault,
};

static int new_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &new_vm_ops;
	return 0;
}

static const struct file_operations new_fops = {
	.mmap = new_mmap,
};

/* A reason for failure in a variable is no success. */
static vm_fault_t reason_fault(struct vm_fault *vmf)
{
	struct board *board = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	vmf->page = board->pages[vmf->pgoff];
	if (!vmf->page)
		goto out;
	get_page(vmf->page);
	ret = 0;
out:
	return ret;
}

static const struct vm_operations_struct reason_vm_ops = {
	.fault = reason_fault,
};

static int reason_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &reason_vm_ops;
	return 0;
}

static const struct file_operations reason_fops = {
	.mmap = reason_mmap,
};

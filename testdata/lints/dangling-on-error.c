/* What is kept before a step that may fail. */
#include <linux/mm.h>

static int freed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	void *buffer = vzalloc(vma->vm_end - vma->vm_start);
	int ret;

	if (!buffer)
		return -ENOMEM;
	board->buffer = buffer; //~ dangling-on-error: leaves file->private_data->buffer pointing to what vfree() has freed
	ret = remap_vmalloc_range(vma, buffer, 0);
	if (ret)
		vfree(buffer);
	return ret;
}

static const struct file_operations freed_fops = {
	.mmap = freed_mmap,
};

static int vma_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	board->vma = vma; //~ dangling-on-error: pointing to the VMA
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations vma_fops = {
	.mmap = vma_mmap,
};

/* By a helper, and with a jump. */
static void keep(struct board *board, void *buffer)
{
	board->buffer = buffer; //~ dangling-on-error
}

static int jump_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	void *buffer = vmalloc_user(vma->vm_end - vma->vm_start);
	int ret = -ENOMEM;

	if (!buffer)
		goto out;
	keep(board, buffer);
	ret = remap_vmalloc_range(vma, board->buffer, 0);
	if (ret)
		goto free;
	return 0;
free:
	vfree(board->buffer);
out:
	return ret;
}

static const struct file_operations jump_fops = {
	.mmap = jump_mmap,
};

/* The pointer is cleared, stored last, or was there before. */
static int cleared_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	void *buffer = vzalloc(vma->vm_end - vma->vm_start);
	int ret;

	if (!buffer)
		return -ENOMEM;
	board->buffer = buffer;
	ret = remap_vmalloc_range(vma, buffer, 0);
	if (ret) {
		board->buffer = NULL;
		vfree(buffer);
	}
	return ret;
}

static int last_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	void *buffer = vzalloc(vma->vm_end - vma->vm_start);
	int ret;

	if (!buffer)
		return -ENOMEM;
	ret = remap_vmalloc_range(vma, buffer, 0);
	if (ret) {
		vfree(buffer);
		return ret;
	}
	board->buffer = buffer;
	board->vma = vma;
	return 0;
}

static int kept_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (!board->buffer) {
		board->buffer = vzalloc(board->size);
		if (!board->buffer)
			return -ENOMEM;
	}
	return remap_vmalloc_range(vma, board->buffer, 0);
}

static const struct file_operations cleared_fops = {
	.mmap = cleared_mmap,
};

static const struct file_operations last_fops = {
	.mmap = last_mmap,
};

static const struct file_operations kept_fops = {
	.mmap = kept_mmap,
};

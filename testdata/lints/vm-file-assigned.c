/* Another file for the mapping. */
#include <linux/mm.h>

static int by_hand_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	fput(vma->vm_file);
	vma->vm_file = get_file(board->backing); //~ vm-file-assigned
	return 0;
}

static const struct file_operations by_hand_fops = {
	.mmap = by_hand_mmap,
};

static int by_call_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	vma_set_file(vma, board->backing);
	return 0;
}

static const struct file_operations by_call_fops = {
	.mmap = by_call_mmap,
};

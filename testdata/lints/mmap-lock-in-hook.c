/* mmap() holds the lock for writing. */
#include <linux/mm.h>

static int again_mmap(struct file *file, struct vm_area_struct *vma)
{
	mmap_read_lock(vma->vm_mm); //~ mmap-lock-in-hook
	board_look(vma);
	mmap_read_unlock(vma->vm_mm);
	return 0;
}

static const struct file_operations again_fops = {
	.mmap = again_mmap,
};

/* A copy from user space may fault. */
static int copying_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (copy_from_user(&board->setup, board->user_setup, sizeof(board->setup))) //~ mmap-lock-in-hook
		return -EFAULT;
	return 0;
}

static const struct file_operations copying_fops = {
	.mmap_prepare = copying_mmap_prepare,
};

static int other_lock_mmap(struct file *file, struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma->vm_mm);
	board_look(vma);
	return 0;
}

static const struct file_operations other_lock_fops = {
	.mmap = other_lock_mmap,
};

/* Files on top of other files. */
#include <linux/fs.h>

static int direct_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = file->private_data;

	return real->f_op->mmap(real, vma); //~ hook-called-by-hand
}

static const struct file_operations direct_fops = {
	.mmap = direct_mmap,
};

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = file->private_data;

	return vfs_mmap(real, vma);
}

static const struct file_operations helped_fops = {
	.mmap = helped_mmap,
};

/* The driver's own table. */
static int own_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return board->ops->mmap(board, vma);
}

static const struct file_operations own_fops = {
	.mmap = own_mmap,
};

/* The file may have no .mmap_prepare. */
static int compat_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = file->private_data;

	vma->vm_file = get_file(real);
	return compat_vma_mmap(real, vma); //~ hook-called-by-hand
}

static const struct file_operations compat_fops = {
	.mmap = compat_mmap,
};

static int asked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = file->private_data;

	if (!real->f_op->mmap_prepare)
		return -ENODEV;
	return compat_vma_mmap(real, vma);
}

static const struct file_operations asked_fops = {
	.mmap = asked_mmap,
};

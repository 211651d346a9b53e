/* The right to execute: refused, and left to mprotect(). */
#include <linux/mm.h>

static int refused_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_flags & VM_EXEC) //~ exec-refused-mayexec-kept
		return -EPERM;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations refused_fops = {
	.mmap = refused_mmap,
};

/* Several flags in one test, and the error in a variable. */
static int masked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret = 0;

	if (vma->vm_flags & (VM_EXEC | VM_HUGETLB))
		ret = -EINVAL;
	if (ret) //~ exec-refused-mayexec-kept
		return ret;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations masked_fops = {
	.mmap = masked_mmap,
};

static int may_too_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_mod(vma, VM_DONTEXPAND, VM_MAYEXEC);
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations may_too_fops = {
	.mmap = may_too_mmap,
};

/* Taken away instead of refused. */
static int taken_away_mmap_prepare(struct vm_area_desc *desc)
{
	vma_desc_clear_flags(desc, VMA_EXEC_BIT); //~ exec-refused-mayexec-kept
	return 0;
}

static const struct file_operations taken_away_fops = {
	.mmap_prepare = taken_away_mmap_prepare,
};

static int both_taken_mmap_prepare(struct vm_area_desc *desc)
{
	vma_desc_clear_flags(desc, VMA_EXEC_BIT, VMA_MAYEXEC_BIT);
	return 0;
}

static const struct file_operations both_taken_fops = {
	.mmap_prepare = both_taken_mmap_prepare,
};

/* A file of an anonymous inode, where those are noexec: the flag is gone before the hook runs. */
static int anonymous_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations anonymous_fops = {
	.mmap = anonymous_mmap,
};

static int anonymous_open(struct board *board)
{
	return anon_inode_getfd("board", &anonymous_fops, board, O_RDWR);
}

//- fs/libfs.c
static int init_pseudo(struct fs_context *fc)
{
	fc->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	return 0;
}

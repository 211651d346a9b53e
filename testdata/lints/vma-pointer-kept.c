/* A pointer to what may be split, merged and freed: the arena of bpf. */
#include <linux/mm.h>

static int keeps_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	board->vma = vma; //~ vma-pointer-kept
	return 0;
}

static const struct file_operations keeps_fops = {
	.mmap = keeps_mmap,
};

static int notes_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	board->start = vma->vm_start;
	return 0;
}

static const struct file_operations notes_fops = {
	.mmap = notes_mmap,
};

static void follows_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	board->vma = NULL;
}

static int follows_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static int follows_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct follows_vm_ops = {
	.close = follows_close,
	.may_split = follows_may_split,
	.mremap = follows_mremap,
};

/* mremap() moves the mapping: a new VMA takes its place, and close leaves the pointer as it is. */
static void moves_close(struct vm_area_struct *vma)
{
	board_quiet(vma->vm_private_data);
}

static const struct vm_operations_struct moves_vm_ops = {
	.close = moves_close,
	.may_split = follows_may_split,
};

static int moves_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	vma->vm_ops = &moves_vm_ops;
	board->vma = vma; //~ vma-pointer-kept
	return 0;
}

static const struct file_operations moves_fops = {
	.mmap = moves_mmap,
};

static int follows_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	vma->vm_ops = &follows_vm_ops;
	board->vma = vma;
	return 0;
}

static const struct file_operations follows_fops = {
	.mmap = follows_mmap,
};

/* Kept for the length of a call. */
static int lends_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret;

	board->vma = vma;
	ret = board_map(board);
	board->vma = NULL;
	return ret;
}

static const struct file_operations lends_fops = {
	.mmap = lends_mmap,
};

/* A desc lies on the stack of mmap(). */
static int desc_kept_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	board->desc = desc; //~ vma-pointer-kept
	return 0;
}

static const struct file_operations desc_kept_fops = {
	.mmap_prepare = desc_kept_mmap_prepare,
};

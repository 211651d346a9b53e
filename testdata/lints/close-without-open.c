/* A close for each part, and one count for all. */
#include <linux/mm.h>

static void alone_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	atomic_dec(&board->mapped); //~ close-without-open
}

static const struct vm_operations_struct alone_vm_ops = {
	.close = alone_close,
};

static int alone_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	atomic_inc(&board->mapped);
	vma->vm_private_data = board;
	vma->vm_ops = &alone_vm_ops;
	return 0;
}

static const struct file_operations alone_fops = {
	.mmap = alone_mmap,
};

static void paired_open(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	atomic_inc(&board->mapped);
}

static void paired_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	atomic_dec(&board->mapped);
}

static const struct vm_operations_struct paired_vm_ops = {
	.open = paired_open,
	.close = paired_close,
};

static int paired_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &paired_vm_ops;
	paired_open(vma);
	return 0;
}

static const struct file_operations paired_fops = {
	.mmap = paired_mmap,
};

/* Neither copied nor split. */
static int whole_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static void whole_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	atomic_dec(&board->mapped);
}

static const struct vm_operations_struct whole_vm_ops = {
	.close = whole_close,
	.may_split = whole_may_split,
};

static int whole_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	atomic_inc(&board->mapped);
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	vma->vm_private_data = board;
	vma->vm_ops = &whole_vm_ops;
	return 0;
}

static const struct file_operations whole_fops = {
	.mmap = whole_mmap,
};

/* What it takes itself. */
static void looking_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	kref_get(&board->ref);
	board_quiet(board);
	kref_put(&board->ref, board_release);
}

static const struct vm_operations_struct looking_vm_ops = {
	.close = looking_close,
};

static int looking_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &looking_vm_ops;
	return 0;
}

static const struct file_operations looking_fops = {
	.mmap = looking_mmap,
};

/* Opening and closing calls with names of their own. */
static void ring_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	WARN_ON(board_ring_unmap(board)); //~ close-without-open
}

static const struct vm_operations_struct ring_vm_ops = {
	.close = ring_close,
};

static int ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret = board_ring_map(board, vma);

	if (ret)
		return ret;
	vma->vm_private_data = board;
	vma->vm_ops = &ring_vm_ops;
	return 0;
}

static const struct file_operations ring_fops = {
	.mmap = ring_mmap,
};

/* An open that only prints. */
static void idle_open(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	pr_debug("%s: %p\n", __func__, board);
}

static void idle_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	atomic_dec(&board->mapped); //~ close-without-open
}

static const struct vm_operations_struct idle_vm_ops = {
	.open = idle_open,
	.close = idle_close,
};

static int idle_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	atomic_inc(&board->mapped);
	vma->vm_private_data = board;
	vma->vm_ops = &idle_vm_ops;
	return 0;
}

static const struct file_operations idle_fops = {
	.mmap = idle_mmap,
};

/* An open that counts in a way that no rule names. */
static void own_open(struct vm_area_struct *vma)
{
	board_use(vma->vm_private_data);
}

static const struct vm_operations_struct own_vm_ops = {
	.open = own_open,
	.close = idle_close,
};

static int own_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	atomic_inc(&board->mapped);
	vma->vm_private_data = board;
	vma->vm_ops = &own_vm_ops;
	return 0;
}

static const struct file_operations own_fops = {
	.mmap = own_mmap,
};

/* A check that mprotect() goes around: ublk, vmclock, panthor. */
#include <linux/mm.h>

static int read_only_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_flags & VM_WRITE) //~ write-refused-maywrite-kept
		return -EPERM;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations read_only_fops = {
	.mmap = read_only_mmap,
};

/* In two steps, and in a helper that is handed the flags. */
static bool may_map(unsigned long flags)
{
	if ((flags & (VM_WRITE | VM_EXEC)) != 0) //~ write-refused-maywrite-kept
		return false;
	return true;
}

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (!may_map(vma->vm_flags))
		return -EACCES;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations helped_fops = {
	.mmap = helped_mmap,
};

static int prepared_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test_any(desc, VMA_WRITE_BIT)) //~ write-refused-maywrite-kept
		return -EPERM;
	return 0;
}

static const struct file_operations prepared_fops = {
	.mmap_prepare = prepared_mmap_prepare,
};

/* The right is taken away, by the third argument. */
static int taken_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_mod(vma, VM_DONTEXPAND, VM_MAYWRITE);
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations taken_fops = {
	.mmap = taken_mmap,
};

/* Writing is required, not refused. */
static int both_ways_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (!(vma->vm_flags & VM_WRITE))
		return -EINVAL;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations both_ways_fops = {
	.mmap = both_ways_mmap,
};

/* The page cache asks before the first write to a page. */
static int cached_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EOPNOTSUPP;
	return generic_file_mmap(file, vma);
}

static const struct file_operations cached_fops = {
	.mmap = cached_mmap,
};

/* The error waits in a variable, or in a nested test. */
static int late_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret = -EPERM;

	if (vma->vm_flags & VM_WRITE) { //~ write-refused-maywrite-kept
		dev_warn(board->dev, "is read-only\n");
		return ret;
	}
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations late_fops = {
	.mmap = late_mmap,
};

static int nested_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma->vm_flags & VM_WRITE) { //~ write-refused-maywrite-kept
		if (board->is_locked)
			return -EPERM;
	}
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations nested_fops = {
	.mmap = nested_mmap,
};

/* Each region has rules of its own: one needs write access, one refuses it, and one takes it away. */
static int regions_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	switch (vma->vm_pgoff) {
	case 0:
		if (!(vma->vm_flags & VM_WRITE))
			return -EINVAL;
		break;
	case 1:
		if (vma->vm_flags & VM_WRITE) //~ write-refused-maywrite-kept
			return -EPERM;
		break;
	case 2:
		if ((vma->vm_flags & (VM_READ | VM_WRITE)) != VM_READ)
			return -EPERM;
		vm_flags_clear(vma, VM_MAYWRITE);
		break;
	}
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations regions_fops = {
	.mmap = regions_mmap,
};

/* The flags by pointer. */
static int by_pointer_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_flags_test(&desc->vma_flags, VMA_WRITE_BIT)) //~ write-refused-maywrite-kept
		return -EPERM;
	return 0;
}

static const struct file_operations by_pointer_fops = {
	.mmap_prepare = by_pointer_mmap_prepare,
};

static int cleared_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_flags_test(&desc->vma_flags, VMA_WRITE_BIT))
		return -EPERM;
	vma_flags_clear(&desc->vma_flags, VMA_MAYWRITE_BIT);
	return 0;
}

static const struct file_operations cleared_fops = {
	.mmap_prepare = cleared_mmap_prepare,
};
//- include/linux/shelf.h
struct shelf_ops {
	int (*mmap)(struct shelf *shelf, struct vm_area_struct *vma);
};
//- drivers/shelf/core.c
/* One caller up: the right is taken away for all shelves. */
#include <linux/shelf.h>

static int shelf_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct shelf *shelf = file->private_data;
	const struct shelf_ops *ops = shelf->ops;

	vm_flags_clear(vma, VM_MAYWRITE);
	return ops->mmap(shelf, vma);
}

static const struct file_operations shelf_fops = {
	.mmap = shelf_mmap,
};
//- drivers/oak/oak.c
#include <linux/shelf.h>

static int oak_mmap(struct shelf *shelf, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	return vm_iomap_memory(vma, shelf->base, shelf->size);
}

static const struct shelf_ops oak_ops = {
	.mmap = oak_mmap,
};

/* To leave for where success is returned refuses nothing; to leave for where an error is does. */
static int leaves_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = 0;

	if (vma->vm_flags & VM_WRITE)
		goto done;
	prepare_to_read(file);
done:
	return ret;
}

static int fails_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = -EPERM;

	if (vma->vm_flags & VM_WRITE) //~ write-refused-maywrite-kept
		goto out;
	ret = 0;
out:
	return ret;
}

static const struct file_operations leaves_fops = { .mmap = leaves_mmap };
static const struct file_operations fails_fops = { .mmap = fails_mmap };

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
	if ((flags & (VM_WRITE | VM_EXEC)) != 0)
		return false;
	return true;
}

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (!may_map(vma->vm_flags)) //~ write-refused-maywrite-kept
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

	if (vma->vm_flags & VM_WRITE) {
		if (board->is_locked) //~ write-refused-maywrite-kept
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

/* The refusal in other shapes: a conditional expression, a switch, a helper, an inverted condition. */
static int conditional_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = vma->vm_flags & VM_WRITE ? -EPERM : 0;

	if (ret) //~ write-refused-maywrite-kept
		return ret;
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations conditional_fops = {
	.mmap = conditional_mmap,
};

static int switch_mmap(struct file *file, struct vm_area_struct *vma)
{
	switch (vma->vm_flags & (VM_WRITE | VM_SHARED)) { //~ write-refused-maywrite-kept
	case VM_SHARED:
		break;
	default:
		return -EPERM;
	}
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations switch_fops = {
	.mmap = switch_mmap,
};

static bool is_writable(struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_WRITE;
}

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (is_writable(vma)) //~ write-refused-maywrite-kept
		return -EPERM;
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations helped_fops = {
	.mmap = helped_mmap,
};

static int inverted_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_WRITE)) //~ write-refused-maywrite-kept
		return vm_iomap_memory(vma, base, size);
	return -EPERM;
}

static const struct file_operations inverted_fops = {
	.mmap = inverted_mmap,
};

/* The flag is taken away, and mprotect() gives it back. */
static int taken_away_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_clear(vma, VM_WRITE); //~ write-refused-maywrite-kept
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations taken_away_fops = {
	.mmap = taken_away_mmap,
};

/* The flags are collected in a variable and written at the end. */
static int collected_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_t flags = vma->vm_flags;

	if (flags & VM_WRITE)
		return -EPERM;
	flags &= ~VM_MAYWRITE;
	flags |= VM_DONTEXPAND;
	vm_flags_reset(vma, flags);
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations collected_fops = {
	.mmap = collected_mmap,
};

/* The mode of the file decides, as it does for VM_MAYWRITE. */
static int mode_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(file->f_mode & FMODE_WRITE) && (vma->vm_flags & VM_WRITE))
		return -EPERM;
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations mode_fops = {
	.mmap = mode_mmap,
};

/* mprotect() asks the driver. */
static int guarded_mprotect(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long flags)
{
	if (flags & VM_WRITE)
		return -EACCES;
	return 0;
}

static const struct vm_operations_struct guarded_vm_ops = {
	.mprotect = guarded_mprotect,
};

static int guarded_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vma->vm_ops = &guarded_vm_ops;
	return vm_iomap_memory(vma, base, size);
}

static const struct file_operations guarded_fops = {
	.mmap = guarded_mmap,
};

/* Only some regions are read only. */
static int region_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (!(board->flags & BOARD_READ) && (vma->vm_flags & VM_READ))
		return -EINVAL;
	if (!(board->flags & BOARD_WRITE) && (vma->vm_flags & VM_WRITE)) //~ write-refused-maywrite-kept: refuses VM_WRITE if (BOARD_WRITE & file->private_data->flags) == 0, and
		return -EINVAL;
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations region_fops = {
	.mmap = region_mmap,
};

/* Where the flag alone decides, any error refuses it. */
static int plain_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = 0;

	if (vma->vm_flags & VM_WRITE) { //~ write-refused-maywrite-kept
		ret = -EIO;
		goto out;
	}
	ret = vm_iomap_memory(vma, base, size);
out:
	return ret;
}

static const struct file_operations plain_fops = {
	.mmap = plain_mmap,
};

/* Errors behind something taken: comedi, perf. */
#include <linux/mm.h>

static int reference_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	get_device(board->dev); //~ taken-not-given-back
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations reference_fops = {
	.mmap = reference_mmap,
};

/* The lock is held on one way out. */
static int locked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret;

	mutex_lock(&board->lock); //~ taken-not-given-back
	if (vma_pages(vma) > board->nr_pages)
		return -EINVAL;
	ret = vm_iomap_memory(vma, board->base, board->size);
	mutex_unlock(&board->lock);
	return ret;
}

static const struct file_operations locked_fops = {
	.mmap = locked_mmap,
};

/* Runtime PM, and an error of the second step. */
static int awake_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret;

	ret = pm_runtime_resume_and_get(board->dev); //~ taken-not-given-back
	if (ret)
		return ret;
	if (vma->vm_pgoff)
		return -EINVAL;
	vma->vm_private_data = board;
	vma->vm_ops = &board_vm_ops;
	return 0;
}

static const struct file_operations awake_fops = {
	.mmap = awake_mmap,
};

/* A count that close drops, and that nobody drops after an error. */
static void board_close(struct vm_area_struct *vma)
{
	struct board *board = vma->vm_private_data;

	atomic_dec(&board->mappings);
}

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	atomic_inc(&board->mappings); //~ taken-not-given-back
	vma->vm_ops = &board_vm_ops;
	vma->vm_private_data = board;
	if (remap_pfn_range(vma, vma->vm_start, board->pfn, PAGE_SIZE, vma->vm_page_prot))
		return -EAGAIN;
	return 0;
}

static const struct file_operations counted_fops = {
	.mmap = counted_mmap,
};

static int careful_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret;

	if (!try_module_get(board->owner))
		return -ENODEV;
	get_device(board->dev);
	ret = vm_iomap_memory(vma, board->base, board->size);
	if (ret)
		goto put;
	return 0;

put:
	put_device(board->dev);
	module_put(board->owner);
	return ret;
}

static const struct file_operations careful_fops = {
	.mmap = careful_mmap,
};

/* An error that is counted, memory that a variable gives back, and an object that another one keeps. */
static int harmless_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	char *name __free(kfree) = kstrdup(board->name, GFP_KERNEL);

	if (!name)
		return -ENOMEM;
	if (!board->log)
		board->log = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (vma->vm_pgoff) {
		atomic_inc(&board->errors);
		return -EINVAL;
	}
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations harmless_fops = {
	.mmap = harmless_mmap,
};

/* If an action fails, close runs. */
static int asked_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	kref_get(&board->ref);
	desc->vm_ops = &board_vm_ops;
	desc->private_data = board;
	mmap_action_simple_ioremap(desc, board->base, board->size);
	return 0;
}

static const struct file_operations asked_fops = {
	.mmap_prepare = asked_mmap_prepare,
};

/* What a first mapping takes is marked, and later ones find it. */
static int marked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	int ret;

	if (!board->is_on) {
		ret = request_irq(board->irq, board_irq, 0, "board", board);
		if (ret)
			return ret;
		board->is_on = true;
	}
	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations marked_fops = {
	.mmap = marked_mmap,
};

/* Nothing is taken of an object that was not found. */
static struct board *board_find(int id)
{
	struct board *board;

	list_for_each_entry(board, &boards, node) {
		if (board->id == id) {
			atomic_inc(&board->users);
			return board;
		}
	}
	return NULL;
}

static int sought_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = board_find(vma->vm_pgoff);

	if (!board)
		return -EINVAL;
	vma->vm_private_data = board;
	vma->vm_ops = &board_vm_ops;
	return 0;
}

static const struct file_operations sought_fops = {
	.mmap = sought_mmap,
};

/* A statistic, which only grows. */
static int measured_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	atomic_long_inc(&board->attempts);
	if (vma->vm_pgoff)
		return -EINVAL;
	return 0;
}

static const struct file_operations measured_fops = {
	.mmap = measured_mmap,
};

/* A lock that .mmap_prepare or vm_ops->mapped still holds. */
static int held_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file,
			 void **private_data)
{
	struct board *board = *private_data;

	spin_lock(&board->lock); //~ taken-not-given-back
	board->users++;
	return 0;
}

static const struct vm_operations_struct held_vm_ops = {
	.mapped = held_mapped,
};

static int held_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (mutex_lock_interruptible(&board->mutex)) //~ taken-not-given-back
		return -EINTR;
	desc->private_data = board;
	desc->vm_ops = &held_vm_ops;
	if (board->is_wide)
		return 0;
	mutex_unlock(&board->mutex);
	return 0;
}

static const struct file_operations held_fops = {
	.mmap_prepare = held_mmap_prepare,
};

/* Not held: it was not taken, or a function of the driver drops it. */
static void board_unlock(struct board *board)
{
	mutex_unlock(&board->mutex);
}

static int tried_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (!mutex_trylock(&board->mutex))
		return 0;
	desc->private_data = board;
	board_unlock(board);
	return 0;
}

static const struct file_operations tried_fops = {
	.mmap_prepare = tried_mmap_prepare,
};

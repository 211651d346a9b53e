/* What a hook takes that a merge would lose: the afs and hugetlbfs conversions. */
#include <linux/mm.h>

static int counted_mmap_prepare(struct vm_area_desc *desc)
{
	struct vnode *vnode = desc->file->private_data;

	counted_add_open_mmap(vnode);
	desc->vm_ops = &counted_vm_ops;
	return 0;
}

static void counted_add_open_mmap(struct vnode *vnode)
{
	if (atomic_inc_return(&vnode->nr_mmap) == 1) //~ prepare-takes-state
		list_add_tail(&vnode->mmap_link, &vnode->volume->open_mmaps); //~ prepare-takes-state
}

static const struct file_operations counted_fops = {
	.mmap_prepare = counted_mmap_prepare,
};

/* A lock of the VMA, allocated too early: an allocation behind it may fail, whatever VMA_DONTEXPAND_BIT says. */
static int locked_mmap_prepare(struct vm_area_desc *desc)
{
	struct vma_lock *lock;

	vma_desc_set_flags(desc, VMA_DONTEXPAND_BIT);
	lock = kmalloc_obj(*lock); //~ prepare-takes-state
	if (!lock)
		return -ENOMEM;
	desc->private_data = lock;
	return 0;
}

static const struct file_operations locked_fops = {
	.mmap_prepare = locked_mmap_prepare,
};

/* Given back before the hook returns. */
static int looked_up_mmap_prepare(struct vm_area_desc *desc)
{
	struct vnode *vnode = desc->file->private_data;

	kref_get(&vnode->ref);
	desc->vm_ops = &counted_vm_ops;
	kref_put(&vnode->ref, vnode_release);
	return 0;
}

static const struct file_operations looked_up_fops = {
	.mmap_prepare = looked_up_mmap_prepare,
};

/* Taken where the mapping stands. */
static int right_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			const struct file *file, void **vm_private_data)
{
	struct vnode *vnode = file->private_data;

	kref_get(&vnode->ref);
	return 0;
}

static const struct vm_operations_struct right_vm_ops = {
	.mapped = right_mapped,
};

static int right_mmap_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = &right_vm_ops;
	return 0;
}

static const struct file_operations right_fops = {
	.mmap_prepare = right_mmap_prepare,
};

/* Given back by the name of the variable, and where its scope ends. */
static int by_name_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	struct device *parent = get_device(board->dev);
	struct device *child __free(put_device) = get_device(board->child);

	desc->vm_ops = &counted_vm_ops;
	put_device(parent);
	return child ? 0 : -ENODEV;
}

static const struct file_operations by_name_fops = {
	.mmap_prepare = by_name_mmap_prepare,
};

/* Memory that is allocated only for callers that ask for it. */
static int looked_up(struct board *board, unsigned long pgoff, struct page **copy)
{
	if (board->is_inline) {
		if (copy) {
			*copy = alloc_page(GFP_KERNEL);
			if (!*copy)
				return -ENOMEM;
		}
	}
	return 0;
}

static int looking(struct board *board, unsigned long pgoff, struct page **copy)
{
	return looked_up(board, pgoff, copy);
}

static int looking_mmap_prepare(struct vm_area_desc *desc)
{
	return looking(desc->file->private_data, desc->pgoff, NULL);
}

static const struct file_operations looking_fops = {
	.mmap_prepare = looking_mmap_prepare,
};

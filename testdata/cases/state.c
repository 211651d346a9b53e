/* State per mapping, and what only looks like it. */
#include <linux/mm.h>

static int ref_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	kref_get(&thing->ref); //~ state:ref
	vma->vm_private_data = thing;
	vma->vm_ops = &ref_vm_ops;
	return 0;
}

static const struct file_operations ref = {
	.mmap = ref_mmap, //= mapped
};

/* Given back on every path: nothing is kept. */
static int balanced_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = thing_lookup(file);
	int ret = -EINVAL;

	if (!thing)
		return -ENOENT;
	mutex_lock(&thing->lock);
	if (vma->vm_pgoff)
		goto out;
	vma->vm_ops = &ref_vm_ops;
	ret = 0;
out:
	mutex_unlock(&thing->lock);
	thing_put(thing);
	return ret;
}

static const struct file_operations balanced = {
	.mmap = balanced_mmap, //= mechanical
};

/* Undone where it fails, kept where it succeeds. */
static int unwound_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;
	int ret;

	atomic_inc(&thing->users); //~ state:counter
	ret = vm_iomap_memory(vma, thing->base, thing->size); //~ action:simple_ioremap
	if (ret)
		atomic_dec(&thing->users);
	return ret;
}

static const struct file_operations unwound = {
	.mmap = unwound_mmap, //= mapped
};

/* In a helper that never sees the VMA. */
static void thing_count(struct thing *thing)
{
	thing->mappings++; //~ state:counter
	list_add(&thing->node, &all_things); //~ state:list
}

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	thing_count(file->private_data);
	return 0;
}

static const struct file_operations counted = {
	.mmap = counted_mmap, //= mapped
};

/* Made once for the open file, whoever maps it first. */
static int once_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (!thing->buffer) {
		thing->buffer = vmalloc_user(SIZE);
		if (!thing->buffer)
			return -ENOMEM;
	}
	vma->vm_ops = &ref_vm_ops;
	return 0;
}

static const struct file_operations once = {
	.mmap = once_mmap, //= mechanical
};

/* A claim under a lock is state; the same write without one is not, for it may be made twice. */
static int claimed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	mutex_lock(&thing->lock); //~ state:lock
	thing->is_mapped = true; //~ state:counter
	mutex_unlock(&thing->lock);
	return 0;
}

static int marked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	thing->is_mapped = true;
	return 0;
}

static const struct file_operations claimed = {
	.mmap = claimed_mmap, //= mapped
};
static const struct file_operations marked = {
	.mmap = marked_mmap, //= mechanical
};

/* What a scope gives back by itself is not kept. */
static int scoped_mmap(struct file *file, struct vm_area_struct *vma)
{
	char *name __free(kfree) = kmalloc(SIZE, GFP_KERNEL);

	if (!name)
		return -ENOMEM;
	scoped_guard(mutex, &thing_lock) {
		vma->vm_ops = &ref_vm_ops;
	}
	return 0;
}

static const struct file_operations scoped = {
	.mmap = scoped_mmap, //= mechanical
};

/* On its own stack a count is nobody else's. */
static int own_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct walk walk = {};

	walk.count++;
	atomic_inc(&walk.users);
	return 0;
}

static const struct file_operations own = {
	.mmap = own_mmap, //= mechanical
};

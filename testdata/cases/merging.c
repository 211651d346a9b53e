/* Whether what is mapped can be merged with its neighbours, and what a close hook gives back. */
#include <linux/mm.h>

static int never_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static int by_populate_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap
}

static int retried_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

static int unaffected_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static const struct file_operations never = {
	.mmap = never_mmap, //= mechanical //: merge never
};
static const struct file_operations by_populate = {
	.mmap = by_populate_mmap, //= action //: merge never
};
static const struct file_operations retried = {
	.mmap = retried_mmap, //= mechanical //: merge retried
};
static const struct file_operations unaffected = {
	.mmap = unaffected_mmap, //= mechanical //: merge unaffected
};
static const struct file_operations nothing = {
	.mmap = NULL, //= none //: merge -
};

static void counted_close(struct vm_area_struct *vma)
{
	struct counted *counted = vma->vm_private_data;

	kref_put(&counted->ref, counted_free); //? undone-by-close
}

static const struct vm_operations_struct counted_vm_ops = {
	.close = counted_close,
};

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct counted *counted = file->private_data;

	kref_get(&counted->ref); //~ state:ref
	vma->vm_private_data = counted;
	vma->vm_ops = &counted_vm_ops;
	return 0;
}

static const struct file_operations counted = {
	.mmap = counted_mmap, //= mapped //: merge unaffected
};

/* A close hook that locks, and puts what it has got itself, gives back nothing of the mapping with that. */
static void asking_close(struct vm_area_struct *vma)
{
	struct counted *counted = vma->vm_private_data;

	kref_get(&counted->owner->ref);
	mutex_lock(&counted->lock);
	counted->asked = true;
	mutex_unlock(&counted->lock);
	kref_put(&counted->owner->ref, owner_free);
	kref_put(&counted->ref, counted_free); //? undone-by-close
}

static const struct vm_operations_struct asking_vm_ops = {
	.close = asking_close,
};

static int asking_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct counted *counted = file->private_data;

	mutex_lock(&counted->lock); //~ state:lock
	kref_get(&counted->ref); //~ state:ref
	mutex_unlock(&counted->lock);
	vma->vm_private_data = counted;
	vma->vm_ops = &asking_vm_ops;
	return 0;
}

static const struct file_operations asking = {
	.mmap = asking_mmap, //= mapped
};

/* VM_DONTDUMP alone keeps nothing apart. */
static int undumped_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTDUMP);
	return 0;
}

static const struct file_operations undumped = {
	.mmap = undumped_mmap, //= mechanical //: merge retried
};

/* A hook that takes a desc runs before the merge. */
static int undumped_mmap_prepare(struct vm_area_desc *desc)
{
	vma_desc_set_flags(desc, VMA_DONTDUMP_BIT);
	return 0;
}

static int requesting_mmap_prepare(struct vm_area_desc *desc)
{
	mmap_action_remap_full(desc, 42);
	return 0;
}

static const struct file_operations undumped_early = {
	.mmap_prepare = undumped_mmap_prepare, //= converted //: merge unaffected
};

static const struct file_operations requesting = {
	.mmap_prepare = requesting_mmap_prepare, //= converted //: merge never
};

/* One name for both hooks, and a function that takes a VMA where the hook passes a desc. */
#ifdef LAMP_HAS_PREPARE
static int armed_mmap(struct vm_area_desc *desc)
{
	return desc->pgoff ? -EINVAL : 0;
}
#else
static int armed_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vma->vm_pgoff ? -EINVAL : 0;
}
#endif

static const struct file_operations armed = {
#ifdef LAMP_HAS_PREPARE
	.mmap_prepare = armed_mmap, //= converted
#else
	.mmap = armed_mmap, //= mechanical
#endif
};

static int mistaken_mmap(struct file *file, struct vm_area_struct *vma) //~ unknown
{
	return vma->vm_pgoff ? -EINVAL : 0;
}

static const struct file_operations mistaken = {
	.mmap_prepare = mistaken_mmap, //= unknown
};

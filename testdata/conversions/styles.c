// One handler in the styles of different authors. `//~ TEXT` marks a line with a finding of conversion-differs that holds the text.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_SHARED 0x1
#define LAMP_IMPORTED 0x2

struct lamp {
	spinlock_t lock;
	struct mm_struct *mm;
	unsigned long base;
	unsigned long length;
	unsigned int flags;
};

static bool lamp_has_ring(struct lamp *lamp, unsigned long pgoff)
{
#ifdef CONFIG_LAMP_RING
	return pgoff == 0;
#else
	return false;
#endif
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long count = lamp->length >> PAGE_SHIFT;
	int ret = 0;

	if (lamp->flags & LAMP_SHARED)
		return -EINVAL;
	if (lamp->flags & LAMP_IMPORTED)
		return -EINVAL;
	if (vma->vm_pgoff >= count)
		return -EINVAL;
	if (vma_pages(vma) > count - vma->vm_pgoff)
		return -EINVAL;
	if (lamp_has_ring(lamp, vma->vm_pgoff) && (vma->vm_flags & VM_EXEC))
		return -EPERM;
	spin_lock(&lamp->lock);
	if (!lamp->mm)
		lamp->mm = current->mm;
	if (lamp->mm != current->mm)
		ret = -EBUSY;
	spin_unlock(&lamp->lock);
	if (ret)
		return ret;
	vm_flags_clear(vma, VM_MAYWRITE);
	return remap_pfn_range(vma, vma->vm_start, (lamp->base >> PAGE_SHIFT) + vma->vm_pgoff, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after with a macro that returns, a clamp, and a comma
#define LAMP_REQUIRE(condition)			\
	do {					\
		if (!(condition))		\
			return -EINVAL;		\
	} while (0)

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	const u64 count = (u64)(lamp->length >> PAGE_SHIFT);
	const u64 first = min_t(u64, desc->pgoff, count);

	LAMP_REQUIRE(!(lamp->flags & (LAMP_SHARED | LAMP_IMPORTED)));
	LAMP_REQUIRE((u64)vma_desc_pages(desc) <= count - first);
	if (IS_ENABLED(CONFIG_LAMP_RING) && first == 0 && vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	scoped_guard(spinlock, &lamp->lock) {
		lamp->mm = lamp->mm ?: current->mm;
		if (lamp->mm != current->mm)
			return -EBUSY;
	}
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	return mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + first), 0;
}
//- after with an overflow check that never fails, and once around
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long end;
	int ret = -EINVAL;

	do {
		if (lamp->flags & (LAMP_IMPORTED | LAMP_SHARED))
			break;
		if (check_add_overflow(desc->pgoff, vma_desc_pages(desc), &end) || end > lamp->length >> PAGE_SHIFT)
			break;
		if (lamp_has_ring(lamp, desc->pgoff) && vma_desc_test(desc, VMA_EXEC_BIT))
			return -EPERM;
		ret = 0;
	} while (0);
	if (ret)
		return ret;
	spin_lock(&lamp->lock);
	if (!lamp->mm)
		lamp->mm = current->mm;
	if (lamp->mm != current->mm)
		ret = -EBUSY;
	spin_unlock(&lamp->lock);
	if (!ret) {
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
		mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff);
	}
	return ret;
}
//- after with the flags of a copy, and one of two masks
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	vma_flags_t flags = desc->vma_flags;
	int ret = 0;

	if (lamp->flags & LAMP_SHARED)
		return -EINVAL;
	if (desc->pgoff + vma_desc_pages(desc) > lamp->length >> PAGE_SHIFT)
		return -EINVAL;
	if (lamp_has_ring(lamp, desc->pgoff) && vma_flags_test(&flags, VMA_EXEC_BIT))
		return -EPERM; //~ returns -EPERM if
	spin_lock(&lamp->lock); //~ calls spin_lock(&file->private_data->lock)
	if (!lamp->mm)
		lamp->mm = current->mm; //~ sets file->private_data->mm to current->mm
	if (lamp->mm != current->mm)
		ret = -EBUSY;
	spin_unlock(&lamp->lock);
	if (ret)
		return ret; //~ returns -EBUSY if
	vma_flags_clear(&flags, VMA_MAYWRITE_BIT);
	mmap_action_remap_full(desc, (lamp->base >> PAGE_SHIFT) + desc->pgoff);
	return 0; //~ accepts the mapping if //~ leaves VM_MAYWRITE alone
}
//- after as a whole
static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ is not compared with lamp_mmap: it writes the desc as a whole
{
	struct lamp *lamp = desc->file->private_data;

	*desc = (struct vm_area_desc) { .private_data = lamp };
	return 0;
}

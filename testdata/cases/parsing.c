/* C that was never preprocessed, and C that is no C. */
#include <linux/mm.h>

static int __must_check dialect_mmap(struct file *file, struct vm_area_struct __user *vma) __must_hold(&lock)
{
	struct part *part;
	unsigned long n = min_t(unsigned long, 1, 2);

	list_for_each_entry(part, &parts, node) {
		if (container_of(part, struct whole, part)->id == vma->vm_pgoff)
			break;
	}
	for_each_part(part)
		touch(part);
	switch (n) {
	case 1 ... 4:
		return -EINVAL;
	}
	asm volatile("nop" : : "r"(n) : "memory");
	return 0;
}

static const struct file_operations dialect = {
	.mmap = dialect_mmap, //= mechanical //: reads vm_pgoff
};

/* Two heads, one body. */
#ifdef CONFIG_TWO_HEADS
static int headed_mmap(struct file *file, struct vm_area_struct *vma)
{
#else
static int headed_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file;
#endif
	vma->vm_ops = &headed_vm_ops;
	return 0;
}

static const struct file_operations headed = {
	.mmap = headed_mmap, //= mechanical //: writes vm_private_data vm_ops
};

/* An arm that splits a statement. */
static int split_mmap(struct file *file, struct vm_area_struct *vma)
{
#ifdef CONFIG_SPLIT
	if (vma->vm_pgoff) {
#else
	if (vma->vm_start) {
#endif
		return -EINVAL;
	}
	return 0;
}

static const struct file_operations split = {
	.mmap = split_mmap, //= mechanical //: reads vm_pgoff vm_start
};

/* What does not parse is no easier for that. */
static int broken_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = = &broken_vm_ops; //~ unknown //! parse
	return 0;
}

static const struct file_operations broken = {
	.mmap = broken_mmap, //= unknown
};

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

/* A specifier that is a macro, and a macro call without a semicolon above a function. */
GENERATE_SOMETHING(specified, 1)
static int macro_above_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

STATIC int
specified_mmap(
	struct file		*file,
	struct vm_area_struct	*vma)
{
	pgprot_val(vma->vm_page_prot) |= PAGE_NOCACHE;
	return 0;
}

static const struct file_operations macro_above = {
	.mmap = macro_above_mmap, //= mechanical
};
static const struct file_operations specified = {
	.mmap = specified_mmap, //= mechanical //: reads vm_page_prot | writes vm_page_prot
};

/* A macro that names a hook by its argument. */
struct backend_ops {
	int (*mmap)(void *buffer, struct vm_area_struct *vma);
};

struct backend {
	const struct backend_ops *ops;
};

#define call_backend(backend, op, args...)				\
({									\
	int err;							\
	err = (backend)->ops->op ? (backend)->ops->op(args) : 0;	\
	err;								\
})

static int backend_map(void *buffer, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, buffer, 0); //~ finish:remap_vmalloc_range
}

static const struct backend_ops backend_ops = {
	.mmap = backend_map, //= finish //~ hook:backend_ops.mmap
};

static int by_macro_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct backend *backend = file->private_data;

	return call_backend(backend, mmap, backend->buffer, vma); //~ hook:backend_ops.mmap
}

static const struct file_operations by_macro = {
	.mmap = by_macro_mmap, //= finish
};

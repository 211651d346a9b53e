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

/* A type in capitals, macros within macros, and casts to a type that nothing here declares. */
#define LAMP_PRIVATE(vma)	((vma)->vm_private_data)
#define LAMP_OFFSET(vma)	((LampU64)(vma)->vm_pgoff << PAGE_SHIFT)
#define LAMP_PRINT(level, vma)						\
	do {								\
		lamp_printk(level, "at %llx, %p", LAMP_OFFSET(vma),	\
			    LAMP_PRIVATE(vma));				\
	} while (0)
#define LAMP_REPORT(test, name, fmt, ...)				\
	do {								\
		if (unlikely(!(test)))					\
			printk("%s fails" fmt, name, ##__VA_ARGS__);	\
	} while (0)
#define LAMP_ASSERT(test)	LAMP_REPORT(test, #test, "\n")
#define LAMP_ENTRY(call)						\
	do {								\
		typeof(call) result;					\
		LAMP_WRAP((result = (call)));				\
		return result;						\
	} while (0)
#define LAMP_WRAP(call)							\
	do {								\
		lamp_enter();						\
		call;							\
		lamp_leave();						\
	} while (0)

LAMP_STATUS in_capitals(struct lamp *lamp, struct vm_area_struct *vma)
{
	LAMP_STATUS status;

	LAMP_ASSERT(vma->vm_pgoff == 0);
	status = lamp_check(lamp);
	if (status != LAMP_OK)
		goto out;
	vma->vm_ops = &lamp_vm_ops;
out:
	return status;
}

static int nested_macros_mmap(struct file *file, struct vm_area_struct *vma)
{
	LAMP_PRINT(3, vma);
	LAMP_PRIVATE(vma) = file->private_data;
	return in_capitals(file->private_data, vma);
}

static int entered_mmap(struct file *file, struct vm_area_struct *vma)
{
	LAMP_ENTRY(nested_macros_mmap(file, vma));
}

static const struct file_operations entered = {
	.mmap = entered_mmap, //= mechanical //: reads vm_pgoff vm_private_data | writes vm_private_data vm_ops
};

/* A macro that stands for a field is written to like the field. */
#define LAMP_START(vma)		((vma)->vm_start)
static int behind_macro_mmap(struct file *file, struct vm_area_struct *vma)
{
	LAMP_START(vma) = 0; //~ edit:vm_start
	return 0;
}

static int unknown_macro_mmap(struct file *file, struct vm_area_struct *vma)
{
	LAMP_FIELD(vma) = 0; //~ unknown //! not-understood
	return 0;
}

static const struct file_operations behind_macro = {
	.mmap = behind_macro_mmap, //= manual
};
static const struct file_operations unknown_macro = {
	.mmap = unknown_macro_mmap, //= unknown
};

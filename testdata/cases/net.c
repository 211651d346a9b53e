/* A handler whose address somebody takes is a registration, a callback of another sort, or named. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "net_types.h"

static int a_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

/* By another name for the struct. */
typedef struct file_operations fops_type;
#define FOPS_TYPE struct file_operations

static const fops_type by_typedef = {
	.mmap = a_mmap, //= mechanical //: table by_typedef | ops file_operations
};
static const FOPS_TYPE by_define = {
	.mmap = a_mmap, //= mechanical //: table by_define | ops file_operations
};
static const header_fops by_header = {
	.mmap = a_mmap, //= mechanical //: table by_header | ops file_operations
};

/* By a pointer that is cast, and by what other CPUs see at once. */
static void stores(struct file_operations *ops)
{
	*(void **)&ops->mmap = a_mmap; //= mechanical //: ops file_operations
	WRITE_ONCE(ops->mmap, a_mmap); //= mechanical //: ops file_operations
	cmpxchg(&ops->mmap, NULL, a_mmap); //= mechanical //: ops file_operations
}

/* By a struct that nobody declares, by position, by a return, by what nobody knows. */
static const struct nobody_declares_ops undeclared = {
	.place = a_mmap, //! registration
};
static const struct pair { const char *name; void *hook; } positional[] = {
	{ "a", a_mmap }, //! registration
};
static void *found_by_return(void)
{
	return a_mmap; //! registration
}
static void passed_on(struct thing *thing)
{
	nobody_knows(thing, a_mmap); //! registration
	thing->anything = a_mmap; //! registration
}
REGISTER_SOMEHOW(a_mmap); //! registration

/* What is asked, called, exported or a callback of a mapping registers nothing. */
static int visit(struct vm_area_struct *vma, void *data)
{
	return 0;
}
static void a_close(struct vm_area_struct *vma)
{
}
static const struct vm_operations_struct vm_ops = {
	.close = a_close,
};
static void for_each(int (*visit)(struct vm_area_struct *vma, void *data), struct vm_area_struct *vma)
{
	visit(vma, NULL);
}
static void harmless(struct file_operations *ops, struct vm_area_struct *vma)
{
	int (*local)(struct vm_area_struct *vma, void *data) = visit;

	if (ops->mmap == a_mmap)
		return;
	for_each(visit, vma);
	local(vma, NULL);
}
EXPORT_SYMBOL_GPL(a_mmap);

/* Braces that stand in macros: neither the function nor the table is lost without a word. */
static int braces_mmap(struct file *file, struct vm_area_struct *vma) BEGIN //! registration
	return 0;
END

static const struct file_operations braces_fops = TABLE_OF
	.mmap = a_mmap, //! registration
TABLE_END;
//- drivers/net/net_types.h
typedef const struct file_operations header_fops;

/* The hook of another struct has moved; a document still names the old one. */
#include <linux/mm.h>

struct horn_info {
	int (*mmap_prepare)(struct horn_info *info, struct vm_area_desc *desc);
};

static int brass_mmap_prepare(struct horn_info *info, struct vm_area_desc *desc)
{
	return 0;
}

static struct horn_info brass = {
	.mmap_prepare = brass_mmap_prepare,
};
//- Documentation/driver-api/horn.rst
Horns
=====

Fill in ``int (*mmap)(struct horn_info *info, struct vm_area_struct *vma)``. //~ docs-name-old-hook

The table of a file has ``int (*mmap)(struct file *, struct vm_area_struct *)`` still, and
``int (*mmap_prepare)(struct horn_info *info, struct vm_area_desc *desc)`` is right.

/* Fields, flags, and the ways to name them. */
#include <linux/mm.h>

#define MY_FLAGS (VM_IO | VM_DONTDUMP)

static int direct_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (size > LIMIT || vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, MY_FLAGS);
	vm_flags_clear(vma, VM_MAYWRITE);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_ops = &direct_vm_ops;
	return 0;
}

static const struct file_operations direct = {
	.mmap = direct_mmap, //= mechanical //: reads vm_end vm_start vm_pgoff vm_flags vm_page_prot | writes vm_flags vm_page_prot vm_ops | sets VM_IO VM_DONTDUMP | clears VM_MAYWRITE | tests VM_WRITE VM_EXEC VM_SHARED | calls vm_flags_set vm_flags_clear
};

/* Aliases, locals that hold flags, the modifying calls. */
static int indirect_mmap(struct file *file, struct vm_area_struct *area)
{
	struct vm_area_struct *vma = area;
	vm_flags_t flags = vma->vm_flags;
	unsigned long wanted = VM_PFNMAP;

	if (flags & VM_EXEC)
		return -EPERM;
	wanted |= VM_DONTEXPAND;
	vm_flags_set(vma, wanted);
	vm_flags_mod(area, VM_DONTCOPY, VM_MAYEXEC);
	flags &= ~VM_MAYREAD;
	vm_flags_reset(vma, flags);
	return 0;
}

static const struct file_operations indirect = {
	.mmap = indirect_mmap, //= mechanical //: reads vm_flags | sets VM_PFNMAP VM_DONTEXPAND VM_DONTCOPY | clears VM_MAYEXEC VM_MAYREAD | tests VM_EXEC | calls vm_flags_set vm_flags_mod vm_flags_reset
};

/* Before 6.3 the flags were written by hand. */
static int by_hand_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_IO | VM_DONTEXPAND;
	vma->vm_flags &= ~VM_MAYWRITE;
	return 0;
}

static const struct file_operations by_hand = {
	.mmap = by_hand_mmap, //= mechanical //: writes vm_flags | sets VM_IO VM_DONTEXPAND | clears VM_MAYWRITE
};

/* The helpers of the driver are part of it, whatever way the VMA takes there. */
struct passed {
	struct vm_area_struct *vma;
	int mode;
};

static int by_struct(struct passed *passed)
{
	passed->vma->vm_ops = &direct_vm_ops;
	return 0;
}

static void by_macro_target(struct vm_area_struct *vma, int mode)
{
	vma->vm_private_data = NULL;
}

#define BY_MACRO(area, mode) by_macro_target((area), (mode) + 1)

static int by_pointer(struct vm_area_struct *vma)
{
	return vma->vm_pgoff ? -EINVAL : 0;
}

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	int (*check)(struct vm_area_struct *) = by_pointer;
	struct passed passed = { .vma = vma, .mode = 1 };
	int ret;

	ret = check(vma);
	if (ret)
		return ret;
	BY_MACRO(vma, 2);
	return by_struct(&passed);
}

static const struct file_operations helped = {
	.mmap = helped_mmap, //= mechanical //: reads vm_pgoff | writes vm_private_data vm_ops | calls check BY_MACRO by_struct
};

/* Both arms of a conditional are read, and the one that leaves all of it out. */
static int twin_mmap(struct file *file, struct vm_area_struct *vma)
{
#ifdef CONFIG_TWIN
	vm_flags_set(vma, VM_IO);
#else
	vm_flags_set(vma, VM_MIXEDMAP);
#endif
	return 0;
}

static const struct file_operations twin = {
	.mmap = twin_mmap, //= mechanical //: sets VM_IO VM_MIXEDMAP
};

/* A field that a desc does not have, and one that it does not let go. */
static int odd_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_next) //~ finish:vm_next
		return -EINVAL;
	vma->vm_end = vma->vm_start + PAGE_SIZE; //~ edit:vm_end
	return 0;
}

static const struct file_operations odd = {
	.mmap = odd_mmap, //= manual
};

/* Flags handed on by value are tested where they go. */
static bool allows(unsigned long flags)
{
	return !(flags & VM_ACCESS_FLAGS);
}

static int by_value_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!allows(vma->vm_flags))
		return -EACCES;
	return 0;
}

static const struct file_operations by_value = {
	.mmap = by_value_mmap, //= mechanical //: reads vm_flags | tests VM_READ VM_WRITE VM_EXEC
};

/* The lock of a VMA belongs to mm. So does every field that a desc lacks. */
static int locking_mmap(struct file *file, struct vm_area_struct *vma)
{
	u32 sequence;

	refcount_inc(&vma->vm_refcnt); //~ edit:vm_refcnt //~ finish:vm_refcnt //~ state:counter
	lamp_sequence(&sequence);
	WRITE_ONCE(vma->vm_lock_seq, sequence); //~ edit:vm_lock_seq
	return 0;
}

static int private_flags_mmap(struct file *file, struct vm_area_struct *vma)
{
	ACCESS_PRIVATE(vma, __vm_flags) |= VM_DONTEXPAND;
	return 0;
}

/* Private data that is the VMA itself. */
static int own_private_data_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = vma; //~ escape:vm_private_data
	return 0;
}

static const struct file_operations locking = {
	.mmap = locking_mmap, //= manual
};
static const struct file_operations private_flags = {
	.mmap = private_flags_mmap, //= mechanical //: writes vm_flags | sets VM_DONTEXPAND
};
static const struct file_operations own_private_data = {
	.mmap = own_private_data_mmap, //= manual
};

/* Ways to keep the VMA that are no assignment. */
static int stored_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct keeper *keeper = file->private_data;

	return xa_err(xa_store(&keeper->mappings, vma->vm_pgoff, vma, GFP_KERNEL)); //~ escape:mappings
}

static const struct file_operations stored = {
	.mmap = stored_mmap, //= manual
};

static int exchanged_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct keeper *keeper = file->private_data;

	return cmpxchg(&keeper->vma, NULL, vma) ? -EBUSY : 0; //~ escape:vma
}

static const struct file_operations exchanged = {
	.mmap = exchanged_mmap, //= manual
};

static int threaded_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct keeper *keeper = file->private_data;

	return PTR_ERR_OR_ZERO(kthread_run(keep_going, vma, "keeper")); //~ escape:keep_going
}

static const struct file_operations threaded = {
	.mmap = threaded_mmap, //= manual
};

/* The address of a field leads to the VMA, and to a desc that is gone on return. */
static int addressed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct keeper *keeper = file->private_data;

	keeper->cookie = (unsigned long)&vma->vm_page_prot; //~ unknown //! not-understood
	return 0;
}

static const struct file_operations addressed = {
	.mmap = addressed_mmap, //= unknown
};

/* An action that fails ends the mapping: nothing else is tried. */
static int second_try_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct keeper *keeper = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, keeper->pfn, size, vma->vm_page_prot); //~ multi-remap //~ action:remap_pfn
	if (ret)
		ret = remap_pfn_range(vma, vma->vm_start, keeper->other, size, vma->vm_page_prot); //~ action:remap_pfn
	return ret;
}

static const struct file_operations second_try = {
	.mmap = second_try_mmap, //= finish
};

static int deep_address_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct keeper *keeper = file->private_data;

	keeper->prot = &vma->vm_page_prot.pgprot; //~ unknown //! not-understood
	return 0;
}

static const struct file_operations deep_address = {
	.mmap = deep_address_mmap, //= unknown
};

/* The VMA as a pointer: compared, copied, ignored. */
static int same_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->vma == vma) //~ unknown //! not-understood
		return -EBUSY;
	return 0;
}

static const struct file_operations same_fops = {
	.mmap = same_mmap, //= unknown
};

static int copied_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	memcpy(&lamp->copy, vma, sizeof(*vma)); //~ escape:copy
	return 0;
}

static const struct file_operations copied_fops = {
	.mmap = copied_mmap, //= manual
};

static int ignored_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)vma;
	return 0;
}

static const struct file_operations ignored_fops = {
	.mmap = ignored_mmap, //= mechanical
};

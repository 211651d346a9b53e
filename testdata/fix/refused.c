/* Each of these is one use that is close to one that can be converted, and cannot be. */
static int dead_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);

	return ret ? -EAGAIN : 0;
}

static int late_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	mutex_unlock(&lamp_lock);
	if (ret)
		return -EAGAIN;
	return 0;
}

static int map_all(struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int helper_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (map_all(vma))
		return -EAGAIN;
	return 0;
}

static int narrow_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned int size = vma->vm_end - vma->vm_start;

	if (size > frame_size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, base_pfn, size, vma->vm_page_prot);
}

static int cleared_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		return ret;
	vm_flags_clear(vma, VM_DONTDUMP);
	return 0;
}

static int override_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vm_iomap_memory(vma, base, length))
		return -EAGAIN;
	return 0;
}

static int backing_mmap(struct file *file, struct vm_area_struct *vma)
{
	return generic_file_mmap(backing_of(file), vma);
}

static int address_mmap(struct file *file, struct vm_area_struct *vma)
{
	set_bit(3, &vma->vm_flags);
	return 0;
}

static int read_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &frame_vm_ops;
	return 0;
}

#define CHECKED_SIZE() (vma->vm_end - vma->vm_start)

static int captured_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (CHECKED_SIZE() > frame_size)
		return -EINVAL;
	vma->vm_ops = &frame_vm_ops;
	return 0;
}

static int chosen_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
	return 0;
}

static int counting_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct frame *frame = file->private_data;

	atomic_inc(&frame->mappings);
	return 0;
}

static const struct file_operations dead_fops = { .mmap = dead_mmap };
static const struct file_operations late_fops = { .mmap = late_mmap };
static const struct file_operations helper_fops = { .mmap = helper_mmap };
static const struct file_operations narrow_fops = { .mmap = narrow_mmap };
static const struct file_operations cleared_fops = { .mmap = cleared_mmap };
static const struct file_operations override_fops = { .mmap = override_mmap };
static const struct file_operations backing_fops = { .mmap = backing_mmap };
static const struct file_operations address_fops = { .mmap = address_mmap };
static const struct file_operations read_fops = { .mmap = read_mmap };
static const struct file_operations captured_fops = { .mmap = captured_mmap };
static const struct file_operations chosen_fops = { .mmap = IS_ENABLED(CONFIG_FRAME) ? chosen_mmap : counting_mmap };

static int reader(struct file *file, struct vm_area_struct *vma)
{
	return read_fops.mmap(file, vma);
}
//- drivers/case/torn.c
/* What may implement a hook, and is not understood, holds the hook. */
#include <linux/mm.h>

struct torn_ops {
	int (*place)(struct torn *torn, struct vm_area_struct *vma);
};

static int torn_place(struct torn *torn, struct vm_area_struct *vma)
{
	vma->vm_ops = &torn_vm_ops;
	return 0;
}

static const struct torn_ops torn_ops = { .place = torn_place };

static const struct torn_ops other_ops = TABLE_OF
	.place = other_place,
TABLE_END;

static int call_torn(struct torn *torn, struct vm_area_struct *vma)
{
	return torn->ops->place(torn, vma);
}

/* A table that is a copy of one that is not known: its .mmap stays set. */
struct copied {
	struct file_operations fops;
};

static int copied_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static void copied_probe(struct copied *copied, const struct file_operations *base)
{
	copied->fops = *base;
	copied->fops.mmap = copied_mmap;
}

static int duplicate_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static int duplicate_open(struct inode *inode, struct file *file)
{
	struct file_operations *duplicate = kmemdup(file->f_op, sizeof(*duplicate), GFP_KERNEL);

	duplicate->mmap = duplicate_mmap;
	return 0;
}

/* A cast to the type of the old hook. */
static int cast_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static const struct file_operations cast_fops = {
	.mmap = (int (*)(struct file *, struct vm_area_struct *))cast_mmap,
};

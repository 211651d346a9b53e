// A macro that returns, by a macro that it names.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

#define LAMP_REFUSE(condition) do { if (condition) return -EINVAL; } while (0)
#define LAMP_CHECK(lamp, pgoff) do { LAMP_REFUSE((pgoff) > (lamp)->pages); } while (0)

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_pgoff > lamp->pages)
		return -EINVAL;
	return vm_iomap_memory(vma, lamp->base, lamp->size);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	LAMP_CHECK(lamp, desc->pgoff);
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0;
}
//- after with another bound
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	LAMP_CHECK(lamp, desc->pgoff + 1); //~ returns -EINVAL
	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
	return 0;
}

// A call that has not moved to vm_ops->mapped, although its name ends like one that has.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static void lamp_open(struct lamp *lamp)
{
	kref_get(&lamp->ref);
}

static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data)
{
	lamp_open(*vm_private_data);
	return 0;
}

static const struct vm_operations_struct lamp_vm_ops = {
	.mapped = lamp_mapped,
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp_open(lamp);
	led_of_lamp_open(lamp);
	vma->vm_private_data = lamp;
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	led_of_lamp_open(lamp);
	desc->private_data = lamp;
	desc->vm_ops = &lamp_vm_ops;
	return 0;
}
//- after without the call
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;

	desc->private_data = lamp;
	desc->vm_ops = &lamp_vm_ops;
	return 0; //~ does not call led_of_lamp_open()
}

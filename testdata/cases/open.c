/* A handler that calls the open of the vm_ops that it has just set does what that open does. */
#include <linux/mm.h>

#define ops(name) static const struct file_operations name ## _fops = { .mmap = name }

extern const struct vm_operations_struct far_ops;

static void near_open(struct vm_area_struct *vma)
{
	struct thing *thing = vma->vm_private_data;

	kref_get(&thing->ref); //~ state:ref
}

static const struct vm_operations_struct near_ops = { .open = near_open };

static void install(struct vm_area_struct *vma)
{
	vma->vm_ops = &near_ops;
}

static int by_callee(struct file *file, struct vm_area_struct *vma)
{
	install(vma);
	vma->vm_ops->open(vma); //~ open-call
	return 0;
}
ops(by_callee); //= mapped

static int by_pointer(struct file *file, struct vm_area_struct *vma)
{
	const struct vm_operations_struct *ops = &near_ops;

	vma->vm_ops = ops;
	ops->open(vma); //~ open-call
	return 0;
}
ops(by_pointer); //= mapped

static int by_other_file(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &far_ops;
	if (vma->vm_ops->open)
		vma->vm_ops->open(vma); //~ open-call
	return 0;
}
ops(by_other_file); //= mapped

static int by_choice(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = file->private_data ? &near_ops : &far_ops;
	vma->vm_ops->open(vma); //~ open-call
	return 0;
}
ops(by_choice); //= mapped
//- drivers/open/far.c
#include <linux/mm.h>

static void far_open(struct vm_area_struct *vma)
{
	struct thing *thing = vma->vm_private_data;

	atomic_inc(&thing->mappings); //~ state:counter
}

const struct vm_operations_struct far_ops = { .open = far_open };

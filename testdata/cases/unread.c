/* What cannot be read may do anything, and so may whoever calls it. */
#include <linux/mm.h>

#define ops(name) static const struct file_operations name ## _fops = { .mmap = name }

static int torn_helper(int (int) struct thing *thing, 5 + ]) //! parse //~ unknown
{
	thing->state = READY;
	return 0;
}

static int by_torn_helper(struct file *file, struct vm_area_struct *vma) //~ unknown //! not-understood
{
	struct thing *thing = file->private_data;
	int i;

	torn_helper(thing);
	thing->vma = vma; //~ escape:vma
	for (i = 0; i < COUNT; i++)
		vm_insert_page(vma, vma->vm_start, PAGE); //~ finish:vm_insert_page
	return 0;
}
ops(by_torn_helper); //= unknown

/* Macros before a string are pieces of it. */
static void log_two(struct thing *thing)
{
	printk(KERN_NOTICE PFX "x" SUFFIX "y\n");
	thing->uses++; //~ state:counter
}

static int by_two_macros(struct file *file, struct vm_area_struct *vma)
{
	log_two(file->private_data);
	return 0;
}
ops(by_two_macros); //= mapped

/* A calling convention between the type and the name. */
typedef struct thing T;
static T ** MY_CALL
first_thing
(void)
{
	kref_get(&all_things[0]->ref); //~ state:ref
	return all_things;
}

static struct thing *API_CALL next_thing(struct thing *thing)
{
	list_del(&thing->node); //~ state:list
	return thing;
}

static int by_convention(struct file *file, struct vm_area_struct *vma)
{
	next_thing(first_thing()[0]);
	return 0;
}
ops(by_convention); //= mapped

static int by_typeof_member(struct file *file, struct vm_area_struct *vma)
{
	typeof_member(struct thing, size) size;

	size = vma->vm_end - vma->vm_start;
	if (size > SIZE)
		return -EINVAL;
	return 0;
}
ops(by_typeof_member); //= mechanical //: reads vm_end vm_start

/* A label that no arm has. */
static int by_lost_label(struct file *file, struct vm_area_struct *vma) //~ unknown //! not-understood
{
	if (file->private_data)
		goto nowhere;
	return 0;
}
ops(by_lost_label); //= unknown

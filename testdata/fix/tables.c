/* A table that is read, copied or exchanged while the kernel runs has to keep the hook that others look for. */
#include <linux/mm.h>

static int plain_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static int taken_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static int copied_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static int by_macro_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static int far_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static struct file_operations plain_fops = { .mmap = plain_mmap };
static struct file_operations taken_fops = { .mmap = taken_mmap };
static struct file_operations copied_fops = { .mmap = copied_mmap };
static struct file_operations by_macro_fops = { .mmap = by_macro_mmap };
struct file_operations far_fops = { .mmap = far_mmap };

#define MAP_BY_MACRO(file, vma) by_macro_fops.mmap(file, vma)

static void copy_tables(struct file_operations *own)
{
	own->poll = plain_fops.poll;
	own->read = taken_fops.mmap ? far_read : NULL;
	memcpy(own, &copied_fops, sizeof(*own));
}
//- drivers/case/reader.c
#include <linux/mm.h>

int map_far(struct file *file, struct vm_area_struct *vma)
{
	return far_fops.mmap(file, vma);
}
//- sound/case/disconnect.c
#include <linux/mm.h>

static int live_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &plain_vm_ops;
	return 0;
}

static int gone_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static const struct file_operations live_fops = { .mmap = live_mmap };
static const struct file_operations gone_fops = { .mmap = gone_mmap };

void disconnect(struct card *card)
{
	card->file->f_op = &gone_fops;
}
//- net/case/disconnect.c
#include <linux/mm.h>

static int stuck_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vm_insert_page(vma, vma->vm_start, stuck_page);
}

static int unplugged_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static const struct file_operations stuck_fops = { .mmap = stuck_mmap };
static const struct file_operations unplugged_fops = { .mmap = unplugged_mmap };

void unplug(struct card *card)
{
	card->file->f_op = &unplugged_fops;
}

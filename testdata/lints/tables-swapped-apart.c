/* A table that takes the place of another's while the file is open, and has the other hook. */
#include <linux/mm.h>

static int a_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static int a_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations live_fops = {
	.mmap_prepare = a_mmap_prepare,
};

static const struct file_operations gone_fops = {
	.mmap = a_mmap,
};

static const struct file_operations moved_fops = {
	.mmap_prepare = a_mmap_prepare,
};

static const struct file_operations silent_fops = {
	.read = a_read,
};

static void a_disconnect(struct card *card)
{
	card->file->f_op = &gone_fops; //~ tables-swapped-apart
}

/* The same hook, and no hook at all. */
static void a_move(struct card *card)
{
	card->file->f_op = &moved_fops;
	card->other->f_op = &silent_fops;
}

/* What opens the file chooses its table before anybody maps it. */
static int a_open(struct inode *inode, struct file *file)
{
	file->f_op = &gone_fops;
	return 0;
}
//- drivers/elsewhere/elsewhere.c
#include <linux/mm.h>

static int e_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static const struct file_operations elsewhere_fops = {
	.mmap = e_mmap,
};

static void e_disconnect(struct card *card)
{
	card->file->f_op = &elsewhere_fops;
}

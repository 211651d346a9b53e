/* State that the vm_ops show: open takes it too, or close gives it back. */
#include <linux/clk.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include "lamp.h"

static void clocked_open(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	clk_prepare_enable(lamp->clk);
}

static void clocked_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	clk_disable_unprepare(lamp->clk);
}

static const struct vm_operations_struct clocked_vm_ops = {
	.open = clocked_open,
	.close = clocked_close,
};

static int clocked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret = clk_prepare_enable(lamp->clk); //~ state:counter

	if (ret)
		return ret;
	vma->vm_private_data = lamp;
	vma->vm_ops = &clocked_vm_ops;
	return 0;
}

static const struct file_operations clocked = {
	.mmap = clocked_mmap, //= mapped
};

/* A call that no rule knows, in open too. */
static void lit_open(struct vm_area_struct *vma)
{
	if (lamp_light_up(vma->vm_private_data))
		pr_warn("dark\n");
}

static const struct vm_operations_struct lit_vm_ops = {
	.open = lit_open,
};

static int lit_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (lamp_light_up(file->private_data)) //~ state:counter
		return -EIO;
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &lit_vm_ops;
	return 0;
}

static const struct file_operations lit = {
	.mmap = lit_mmap, //= mapped
};

/* An open of files is none of mappings. */
static int opened_open(struct inode *inode, struct file *file)
{
	return lamp_light_up(inode->i_private);
}

static int opened_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (file->f_op == &opened)
		lamp_light_up(file->private_data);
	return 0;
}

static const struct file_operations opened = {
	.open = opened_open,
	.mmap = opened_mmap, //= mechanical
};

/* A register that close writes as well. */
static void switched_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	writel(0, lamp->regs);
}

static const struct vm_operations_struct switched_vm_ops = {
	.close = switched_close,
};

static int switched_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	writel(1, lamp->regs); //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &switched_vm_ops;
	return 0;
}

static const struct file_operations switched = {
	.mmap = switched_mmap, //= mapped
};

/* Counters that are written in other words. */
static void worded_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	WRITE_ONCE(lamp->users, lamp->users - 1);
	WRITE_ONCE(lamp->is_mapped, false);
	lamp->is_ready = 0;
}

static const struct vm_operations_struct worded_vm_ops = {
	.close = worded_close,
};

static int worded_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	WRITE_ONCE(lamp->users, lamp->users + 1); //~ state:counter
	WRITE_ONCE(lamp->is_mapped, true); //~ state:counter
	lamp->opened = lamp->opened + 1; //~ state:counter
	smp_store_release(&lamp->is_ready, 1); //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &worded_vm_ops;
	return 0;
}

static const struct file_operations worded = {
	.mmap = worded_mmap, //= mapped
};

/* A lock for as long as the mapping lives. */
static void alone_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	up(&lamp->alone);
}

static const struct vm_operations_struct alone_vm_ops = {
	.close = alone_close,
};

static int alone_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (down_trylock(&lamp->alone)) //~ state:counter
		return -EBUSY;
	vma->vm_private_data = lamp;
	vma->vm_ops = &alone_vm_ops;
	return 0;
}

static const struct file_operations alone = {
	.mmap = alone_mmap, //= mapped
};

/* A header that names a VMA hides none of its macros. */
static void macro_close(struct vm_area_struct *vma)
{
	UNUSE(vma->vm_private_data);
}

static const struct vm_operations_struct macro_vm_ops = {
	.close = macro_close,
};

static int macro_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	USE(lamp); //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &macro_vm_ops;
	return 0;
}

static const struct file_operations macro = {
	.mmap = macro_mmap, //= mapped
};

/* State in functions of the driver, which close calls or undoes. */
static void switch_lamp(struct lamp *lamp, bool on)
{
	lamp->on = on;
}

static void count_users(int *users, int count)
{
	*users += count; //~ state:counter
}

static void mark(struct lamp *lamp)
{
	lamp->is_marked = true;
}

static void helped_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	switch_lamp(lamp, false);
	count_users(&lamp->users, -1);
	lamp->is_marked = false;
}

static const struct vm_operations_struct helped_vm_ops = {
	.close = helped_close,
};

static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	switch_lamp(lamp, true); //~ state:counter
	count_users(&lamp->users, 1); //~ state:counter
	mark(lamp); //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &helped_vm_ops;
	return 0;
}

static const struct file_operations helped = {
	.mmap = helped_mmap, //= mapped
};

/* A value from elsewhere, which close writes too: it may be what is left without this mapping. */
static void note_size(struct lamp *lamp, unsigned long size)
{
	lamp->size = size;
}

static void sized_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->size = lamp_size(lamp); //~ state:counter
}

static const struct vm_operations_struct sized_vm_ops = {
	.close = sized_close,
};

static int sized_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	note_size(lamp, vma->vm_end - vma->vm_start);
	vma->vm_private_data = lamp;
	vma->vm_ops = &sized_vm_ops;
	return 0;
}

static const struct file_operations sized = {
	.mmap = sized_mmap, //= mapped
};

/* Counterparts by their names, between a hook and close alone. */
static void paired_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp_unclaim(lamp);
	enable_irq(lamp->irq);
	cancel_delayed_work_sync(&lamp->work);
}

static const struct vm_operations_struct paired_vm_ops = {
	.close = paired_close,
};

static int paired_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp_claim(lamp)) //~ state:counter
		return -EBUSY;
	disable_irq(lamp->irq); //~ state:counter
	schedule_delayed_work(&lamp->work, HZ); //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &paired_vm_ops;
	return 0;
}

static const struct file_operations paired = {
	.mmap = paired_mmap, //= mapped
};
//- drivers/repeated/lamp.h
#define USE(lamp) ((lamp)->users++)
#define UNUSE(lamp) ((lamp)->users--)

int lamp_fault(struct vm_area_struct *vma);

/* What is called like a handler and is none stands in nobody's way, and stays what it is. */
#include <linux/mm.h>

/* See http://lamp/lamp_mmap, which lamp_mmap() follows. */
static const char *const lamp_address = "http://lamp/lamp_mmap";
static const char *const lamp_help = "/* lamp_mmap */ 'lamp_mmap'";

struct lamp_mmap {
	unsigned long start;
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

static long lamp_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct lamp_mmap request;

	return lamp_copy(&request, lamp_table.lamp_mmap, lamp_device->lamp_mmap);
}

static const struct file_operations lamp_fops = {
	.mmap	= lamp_mmap,
};

/* Of no use but to be printed, an error is returned all the same. */
static int printed_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = io_remap_pfn_range(vma, vma->vm_start, lamp_pfn,
				 vma->vm_end - vma->vm_start, vma->vm_page_prot);

	LAMP_DBG(file, "mapped: %d", ret);
	return ret;
}

static const struct file_operations printed_fops = {
	.mmap	= printed_mmap,
};

/* State of the file stays, and is named. */
static int kept_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->mm = current->mm;
	set_bit(LAMP_MAPPED, &lamp->flags);
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

static const struct file_operations kept_fops = {
	.mmap	= kept_mmap,
};

/* Another file has a function of the same name for itself. */
int common_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}

const struct file_operations common_fops = {
	.mmap	= common_mmap,
};
//- drivers/case/other.c
#include <linux/mm.h>

static int common_mmap(struct vm_area_struct *vma, unsigned long size)
{
	return size > vma->vm_end - vma->vm_start;
}

int use_common(struct vm_area_struct *vma)
{
	return common_mmap(vma, 1);
}

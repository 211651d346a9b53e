// SPDX-License-Identifier: GPL-2.0
/* The file of every frame device: it hands each mapping to the device's driver. */
#include <linux/fs.h>
#include <frame/frame.h>

int frame_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct frame_device *frame = file->private_data;
	int ret;

	if (!frame->ops->mmap)
		return -ENODEV;

	mutex_lock(&frame->lock);
	ret = frame->ops->mmap(frame, vma);
	mutex_unlock(&frame->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(frame_mmap);

static const struct file_operations frame_fops = {
	.open	= frame_open,
	.mmap	= frame_mmap,
};

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FRAME_H
#define _FRAME_H

struct frame_device;

/* What a driver of the frame subsystem offers. */
struct frame_ops {
	struct module *owner;
	int (*start)(struct frame_device *frame);
	int (*mmap)(struct frame_device *frame, struct vm_area_struct *vma);
};

struct frame_device {
	const struct frame_ops *ops;
	struct kref ref;
	struct mutex lock;
};

int frame_mmap(struct file *file, struct vm_area_struct *vma);

/* Most drivers need no more than this. */
#define DEFINE_FRAME_FOPS(name)						\
	static const struct file_operations name = {			\
		.owner	= THIS_MODULE,					\
		.open	= frame_open,					\
		.mmap	= frame_mmap,					\
	}

#endif

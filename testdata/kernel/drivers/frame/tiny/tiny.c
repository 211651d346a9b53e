// SPDX-License-Identifier: GPL-2.0
/* A frame driver: its own hook is easy, and its file waits for the subsystem. */
#include <linux/mm.h>
#include <frame/frame.h>

static int tiny_mmap(struct frame_device *frame, struct vm_area_struct *vma)
{
	struct tiny *tiny = to_tiny(frame);

	return remap_pfn_range(vma, vma->vm_start, tiny->pfn,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct frame_ops tiny_ops = {
	.owner	= THIS_MODULE,
	.mmap	= tiny_mmap,
};

DEFINE_FRAME_FOPS(tiny_fops);

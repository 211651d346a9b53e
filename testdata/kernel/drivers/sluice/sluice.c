// SPDX-License-Identifier: GPL-2.0
/* Memory of the DMA layer: what is mapped, and how, is not the driver's to know. */
#include <linux/fs.h>
#include <linux/mm.h>

static int sluice_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sluice *sluice = file->private_data;
	unsigned long pgoff = vma->vm_pgoff;
	int ret;

	vma->vm_pgoff = 0;
	ret = dma_mmap_coherent(sluice->dev, vma, sluice->buffer, sluice->dma,
				vma->vm_end - vma->vm_start);
	vma->vm_pgoff = pgoff;
	return ret;
}

static const struct file_operations sluice_fops = {
	.mmap	= sluice_mmap,
};

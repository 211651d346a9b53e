// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls that populate by others, whose bodies the tree has: they get twins, and so do the macros and stubs around them. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/dma-mapping.h>

static int ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;

	return dma_mmap_coherent(ring->dev, vma, ring->area, ring->bus, ring->bytes);
}

static const struct file_operations ring_fops = { .mmap = ring_mmap };

/* A message does not keep the error from the caller. */
static int pipe_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	ret = dma_mmap_wc(ring->dev, vma, ring->area, ring->bus, ring->bytes);
	if (ret)
		dev_err(ring->dev, "cannot map: %d\n", ret);
	return ret;
}

static const struct file_operations pipe_fops = { .mmap = pipe_mmap };

/* Cleans up behind a failure. */
static int cask_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	ret = dma_mmap_coherent(ring->dev, vma, ring->area, ring->bus, ring->bytes);
	if (ret)
		ring->failed = true;
	return ret;
}

static const struct file_operations cask_fops = { .mmap = cask_mmap };

/* The pages are only sure to stay under the lock. */
static int sluiced_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	mutex_lock(&ring->lock);
	ret = dma_mmap_coherent(ring->dev, vma, ring->area, ring->bus, ring->bytes);
	mutex_unlock(&ring->lock);
	return ret;
}

static const struct file_operations sluiced_fops = { .mmap = sluiced_mmap };

//- include/linux/dma-mapping.h
#ifdef CONFIG_HAS_DMA
int dma_mmap_attrs(struct device *dev, struct vm_area_struct *vma, void *area,
		   dma_addr_t bus, size_t size, unsigned long attrs);
#else
static inline int dma_mmap_attrs(struct device *dev, struct vm_area_struct *vma,
				 void *area, dma_addr_t bus, size_t size,
				 unsigned long attrs)
{
	return -ENXIO;
}
#endif

#define dma_mmap_coherent(dev, vma, area, bus, size) \
	dma_mmap_attrs(dev, vma, area, bus, size, 0)

static inline int dma_mmap_wc(struct device *dev, struct vm_area_struct *vma,
			      void *area, dma_addr_t bus, size_t size)
{
	return dma_mmap_attrs(dev, vma, area, bus, size, DMA_ATTR_WRITE_COMBINE);
}

//- include/linux/dma-map-ops.h
struct dma_map_ops {
	bool (*supported)(struct device *dev);
	int (*mmap)(struct device *dev, struct vm_area_struct *vma, void *area,
		    dma_addr_t bus, size_t size);
};

const struct dma_map_ops *get_dma_ops(struct device *dev);

#ifdef CONFIG_DMA_DECLARE_COHERENT
int dma_mmap_from_dev_coherent(struct device *dev, struct vm_area_struct *vma,
			       void *area, size_t size, int *ret);
#else
#define dma_mmap_from_dev_coherent(dev, vma, area, size, ret) (0)
#endif

//- kernel/dma/coherent.c
#include <linux/mm.h>
#include <linux/dma-map-ops.h>

/* Says whether the memory is its own, and leaves the result of mapping it. */
int dma_mmap_from_dev_coherent(struct device *dev, struct vm_area_struct *vma,
			       void *area, size_t size, int *ret)
{
	struct dma_pool *pool = dev->pool;

	if (pool && area >= pool->area) {
		unsigned long count = vma_pages(vma);

		*ret = -ENXIO;
		if (vma->vm_pgoff < pool->pages && count <= pool->pages - vma->vm_pgoff)
			*ret = remap_pfn_range(vma, vma->vm_start, pool->pfn + vma->vm_pgoff,
					       count << PAGE_SHIFT, vma->vm_page_prot);
		return 1;
	}
	return 0;
}

//- kernel/dma/mapping.c
#include <linux/mm.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>

static int dma_pages_mmap(struct device *dev, struct vm_area_struct *vma, void *area,
			  dma_addr_t bus, size_t size)
{
	unsigned long count = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page **pages = pages_of(area);
	int ret;

	if (dma_mmap_from_dev_coherent(dev, vma, area, size, &ret))
		return ret;
	if (vma_start_pgoff(vma) >= count || vma_end_pgoff(vma) > count)
		return -ENXIO;
	ret = vm_map_pages(vma, pages, count);
	if (ret)
		pr_err("cannot map: %d\n", ret);
	return ret;
}

static const struct dma_map_ops pages_ops = { .mmap = dma_pages_mmap };

int dma_mmap_attrs(struct device *dev, struct vm_area_struct *vma, void *area,
		   dma_addr_t bus, size_t size, unsigned long attrs)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);

	vma->vm_page_prot = dma_pgprot(dev, vma->vm_page_prot, attrs);
	if (!ops->mmap)
		return -ENXIO;
	return ops->mmap(dev, vma, area, bus, size);
}
EXPORT_SYMBOL(dma_mmap_attrs);

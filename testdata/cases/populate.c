/* What populates, and how often on one path. */
#include <linux/mm.h>

static int tail_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations tail = {
	.mmap = tail_mmap, //= action //: calls remap_pfn_range
};

/* A static inline of a header around a populating call is looked through. */
static int wrapped_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_small_page(vma, vma->vm_start, PFN, vma->vm_page_prot);
}

static const struct file_operations wrapped = {
	.mmap = wrapped_mmap, //= action
};
//- include/linux/mm-marks.h
/* The evidence for the case above lies in include/linux/mm.h. */
//- drivers/populate2/populate2.c
#include <linux/mm.h>

/* One populate on each of two arms is still one on each path. */
static int either_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	if (vma->vm_pgoff)
		ret = io_remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:ioremap
	else
		ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap
	if (ret)
		return -EAGAIN;
	vma->vm_ops = &either_vm_ops;
	return 0;
}

static const struct file_operations either = {
	.mmap = either_mmap, //= action //: paths action
};

/* Two on one path are one too many. */
static int both_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, PFN, PAGE_SIZE, vma->vm_page_prot); //~ multi-remap, finish:remap_pfn_range
	if (ret)
		return ret;
	return remap_pfn_range(vma, vma->vm_start + PAGE_SIZE, PFN, PAGE_SIZE, vma->vm_page_prot); //~ multi-remap, finish:remap_pfn_range
}

static const struct file_operations both = {
	.mmap = both_mmap, //= finish
};

/* So is one in a loop; that a loop may not run is no way out. */
static int loop_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long addr;

	for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		if (remap_pfn_range(vma, addr, PFN, PAGE_SIZE, vma->vm_page_prot)) //~ multi-remap, finish:remap_pfn_range
			return -EAGAIN;
	}
	return 0;
}

static const struct file_operations loop = {
	.mmap = loop_mmap, //= finish //: paths finish
};

/* What follows the populate needs it; what follows its failure does not, nor does what is only said. */
static int after_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct device *dev = file->private_data;
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
	if (ret) {
		reset_hardware(dev);
		return ret;
	}
	dev_dbg(dev, "mapped\n");
	start_hardware(dev); //~ post-populate
	return 0;
}

static const struct file_operations after = {
	.mmap = after_mmap, //= finish
};

static int quiet_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = remap_pfn_range(vma, vma->vm_start, PFN, SIZE, pgprot_noncached(vma->vm_page_prot)); //~ action:remap_pfn //? prot-override

	if (ret)
		goto fail;
	vma->vm_ops = &quiet_vm_ops;
	return 0;
fail:
	reset_hardware(file);
	return ret;
}

static const struct file_operations quiet = {
	.mmap = quiet_mmap, //= action
};

/* No action covers the DMA layer; a branch that is compiled out counts, for somebody compiles it in. */
static int dma_mmap(struct file *file, struct vm_area_struct *vma)
{
#ifdef CONFIG_COHERENT
	return dma_mmap_coherent(file->dev, vma, BUFFER, DMA, SIZE); //~ finish:dma_mmap_coherent
#else
	return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
#endif
}

static const struct file_operations dma = {
	.mmap = dma_mmap, //= finish //: paths action finish
};

/* The action keeps a pointer to the pages; what a lock protects of them is free again when it runs. */
static int pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct buffer *buffer = file->private_data;

	return vm_map_pages(vma, buffer->pages, buffer->nr_pages); //~ action:map_pages
}

static int locked_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct buffer *buffer = file->private_data;

	guard(mutex)(&buffer->lock); //~ state:lock
	return vm_map_pages(vma, buffer->pages, buffer->nr_pages); //~ finish:vm_map_pages //? lock-across-populate
}

static int frame_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct page *listed[2] = { first_page, second_page };
	struct page **pages = listed;

	return vm_map_pages(vma, pages, 2); //~ finish:vm_map_pages
}

static int one_page_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct page *page = first_page;

	return vm_map_pages_zero(vma, &page, 1); //~ finish:vm_map_pages_zero
}

static int map_listed(struct vm_area_struct *vma, struct page *pages[], unsigned long count)
{
	return vm_map_pages(vma, pages, count); //~ action:map_pages
}

static int handed_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct buffer *buffer = file->private_data;

	return map_listed(vma, buffer->pages, buffer->nr_pages);
}

static const struct file_operations handed_pages = {
	.mmap = handed_pages_mmap, //= action
};

static const struct file_operations frame_pages = {
	.mmap = frame_pages_mmap, //= finish
};

static const struct file_operations one_page = {
	.mmap = one_page_mmap, //= finish
};

static const struct file_operations pages = {
	.mmap = pages_mmap, //= action
};
static const struct file_operations locked_pages = {
	.mmap = locked_pages_mmap, //= finish
};

/* Memory made for the mapping would have to exist before the action runs and go away when it fails. */
static int made_mmap(struct file *file, struct vm_area_struct *vma)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL); //~ state:alloc, alloc-before-populate

	if (!page)
		return -ENOMEM;
	return remap_pfn_range(vma, vma->vm_start, virt_to_pfn(page), PAGE_SIZE, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations made = {
	.mmap = made_mmap, //= finish
};

/* Flags may as well be set before. */
static int late_flags_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap

	if (ret)
		return ret;
	vm_flags_set(vma, VM_DONTDUMP);
	vma->vm_private_data = file;
	return 0;
}

static const struct file_operations late_flags = {
	.mmap = late_flags_mmap, //= action
};

/* An array of pages that goes away on return is no array for an action. */
static int temporary_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct page **pages __free(kfree) = NULL;
	int ret;

	pages = kcalloc(COUNT, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	ret = vm_insert_pages(vma, vma->vm_start, pages, COUNT); //~ action:map_pages
	return ret; //~ post-populate
}

static const struct file_operations temporary = {
	.mmap = temporary_mmap, //= finish
};

/* Work behind the populate is work wherever it is done. */
static void start_engine(struct engine *engine)
{
	writel(1, engine->control); //~ post-populate
}

static void started(struct engine *engine)
{
	dev_dbg(engine->dev, "starting\n");
	start_engine(engine);
}

static void count_engine(struct engine *engine)
{
	mutex_lock(&engine->lock);
	mutex_unlock(&engine->lock);
}

static int started_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap

	if (ret)
		return ret;
	started(file->private_data);
	return 0;
}

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap

	count_engine(file->private_data);
	return ret;
}

static int marked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct engine *engine = file->private_data;
	int ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap

	if (!ret)
		engine->is_mapped = true; //~ post-populate
	return ret;
}

static const struct file_operations marked_ops = {
	.mmap = marked_mmap, //= finish
};
static const struct file_operations started_ops = {
	.mmap = started_mmap, //= finish
};
static const struct file_operations counted_ops = {
	.mmap = counted_mmap, //= action
};

/* Of memory that is not its own it says so by 0, and did nothing: one of the two populates, and no path does so twice. */
static int from_pool_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	if (dma_mmap_from_dev_coherent(dev, vma, address, SIZE, &ret)) //~ finish:dma_mmap_from_dev_coherent
		return ret;
	return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations from_pool = {
	.mmap = from_pool_mmap, //= finish //: paths action finish
};

/* A field by its address is read, or written, by the callee. */
static int check_offset(unsigned long *offset)
{
	return *offset > LIMIT;
}

static void clear_offset(unsigned long *offset)
{
	*offset = 0;
}

static void keep_offset(unsigned long *offset)
{
	kept = offset;
}

static int by_address_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (check_offset(&vma->vm_pgoff))
		return -EINVAL;
	clear_offset(&vma->vm_pgoff);
	return 0;
}

static int by_kept_address_mmap(struct file *file, struct vm_area_struct *vma)
{
	keep_offset(&vma->vm_pgoff); //~ unknown //! not-understood
	return 0;
}

static const struct file_operations by_address = {
	.mmap = by_address_mmap, //= mechanical //: reads vm_pgoff | writes vm_pgoff
};
static const struct file_operations by_kept_address = {
	.mmap = by_kept_address_mmap, //= unknown
};

/* Recursion is a loop. */
static int map_rest(struct vm_area_struct *vma, unsigned long address, unsigned long pfn)
{
	int ret;

	if (address >= vma->vm_end)
		return 0;
	ret = remap_pfn_range(vma, address, pfn, PAGE_SIZE, vma->vm_page_prot); //~ multi-remap,finish:remap_pfn_range
	return ret ? ret : map_rest(vma, address + PAGE_SIZE, pfn + 1);
}

static int recursive_mmap(struct file *file, struct vm_area_struct *vma)
{
	return map_rest(vma, vma->vm_start, 42);
}

static const struct file_operations recursive = {
	.mmap = recursive_mmap, //= finish
};

/* The flags, changed through their address. */
static void lock_pages(unsigned long *flags)
{
	*flags |= VM_LOCKED;
}

static int flags_by_address_mmap(struct file *file, struct vm_area_struct *vma)
{
	lock_pages((unsigned long *)&vma->vm_flags); //~ unknown //! not-understood
	return 0;
}

static const struct file_operations flags_by_address = {
	.mmap = flags_by_address_mmap, //= unknown
};

/* Page arrays that do not outlive the hook. */
static int address_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct page *page = file->private_data, **pages = &page;

	return vm_map_pages(vma, pages, 1); //~ finish:vm_map_pages
}

static const struct file_operations address_fops = {
	.mmap = address_mmap, //= finish
};

static int member_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct { struct page *pages[2]; unsigned long count; } local;

	local.pages[0] = file->private_data;
	return vm_map_pages(vma, local.pages, local.count); //~ finish:vm_map_pages
}

static const struct file_operations member_fops = {
	.mmap = member_mmap, //= finish
};

static int literal_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vm_map_pages_zero(vma, (struct page *[]){ file->private_data }, 1); //~ finish:vm_map_pages_zero
}

static const struct file_operations literal_fops = {
	.mmap = literal_mmap, //= finish
};

/* What only a message says is no work behind the populating call. */
static int telling_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret = remap_pfn_range(vma, vma->vm_start, lamp->pfn, lamp->size, vma->vm_page_prot); //~ action:remap_pfn

	LAMP_DBG(lamp, "mapped at %llx, %d", lamp_offset_addr(&lamp->node), ret);
	return ret;
}

static const struct file_operations telling = {
	.mmap = telling_mmap, //= action
};

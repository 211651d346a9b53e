/* How much there is to map: qaic, usx2y, uio. */
#include <linux/mm.h>

static int any_size_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, board->pfn, //~ populate-not-bounded
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations any_size_fops = {
	.mmap = any_size_mmap,
};

/* The size of the object, which the VMA may be smaller than. */
static int its_size_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return remap_pfn_range(vma, vma->vm_start, board->pfn, board->size, vma->vm_page_prot); //~ populate-not-bounded
}

static const struct file_operations its_size_fops = {
	.mmap = its_size_mmap,
};

/* The size is looked at and the offset is not. */
static int any_offset_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (size > board->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn + vma->vm_pgoff, size, vma->vm_page_prot); //~ populate-not-bounded
}

static const struct file_operations any_offset_fops = {
	.mmap = any_offset_mmap,
};

static int bounded_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long pages = vma_pages(vma);

	if (vma->vm_pgoff > board->pages || pages > board->pages - vma->vm_pgoff)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn + vma->vm_pgoff,
			       pages << PAGE_SHIFT, vma->vm_page_prot);
}

static const struct file_operations bounded_fops = {
	.mmap = bounded_mmap,
};

static int helper_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return vm_iomap_memory(vma, board->base, board->size);
}

static const struct file_operations helper_fops = {
	.mmap = helper_mmap,
};

/* Asking that there is no offset bounds it; making what is too much less bounds the size. */
static int clamped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long part = board->size;

	if (vma->vm_pgoff)
		return -EINVAL;
	if (part > size)
		part = size;
	return remap_pfn_range(vma, vma->vm_start, board->pfn + vma->vm_pgoff, part, vma->vm_page_prot);
}

static const struct file_operations clamped_fops = {
	.mmap = clamped_mmap,
};

/* A comparison that only says something, one with nothing, and a helper that compares nothing. */
static int map_part(struct vm_area_struct *vma, unsigned long pfn, unsigned long size)
{
	return remap_pfn_range(vma, vma->vm_start, pfn, size, vma->vm_page_prot); //~ populate-not-bounded
}

static int chatty_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (size == 0)
		return -EINVAL;
	if (size > SZ_1M)
		dev_dbg(board->dev, "large\n");
	return map_part(vma, board->pfn, size);
}

static const struct file_operations chatty_fops = {
	.mmap = chatty_mmap,
};

static int asked_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_remap_full(desc, board->pfn); //~ populate-not-bounded
	return 0;
}

static const struct file_operations asked_fops = {
	.mmap_prepare = asked_mmap_prepare,
};

/* What a header of the kernel checks bounds nobody who calls it, and is no finding of its own. */
static int by_header_mmap_prepare(struct vm_area_desc *desc)
{
	mmap_action_remap(desc, desc->start, base_pfn + desc->pgoff, desc->end - desc->start); //~ populate-not-bounded
	return 0;
}

static const struct file_operations by_header_fops = {
	.mmap_prepare = by_header_mmap_prepare,
};

/* The unit is wrong: bytes are compared with pages. */
static int units_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (size > board->size)
		return -EINVAL;
	if (vma->vm_pgoff > board->size - size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn + vma->vm_pgoff, size, vma->vm_page_prot); //~ populate-not-bounded
}

static const struct file_operations units_fops = {
	.mmap = units_mmap,
};

/* One side alone is bounded by each of two conditions, and one of them decides nothing. */
static int either_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	if (vma_pages(vma) > board->pages && vma->vm_pgoff > board->pages)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn, vma_pages(vma) << PAGE_SHIFT, vma->vm_page_prot); //~ populate-not-bounded
}

static const struct file_operations either_fops = {
	.mmap = either_mmap,
};

/* A narrow variable is compared, and not what is mapped. */
static int narrow_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	u32 size = vma->vm_end - vma->vm_start;

	if (size > board->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot); //~ populate-not-bounded
}

static const struct file_operations narrow_fops = {
	.mmap = narrow_mmap,
};

/* The call checks the mapping against a size that is its own. */
static int itself_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;

	return dma_mmap_coherent(board->dev, vma, board->cpu, board->dma, vma->vm_end - vma->vm_start); //~ populate-not-bounded
}

static const struct file_operations itself_fops = {
	.mmap = itself_mmap,
};

/* A list is searched for an entry of this size, and an object is made of it. */
static bool is_known(struct board *board, unsigned long size)
{
	struct entry *entry;
	bool found = false;

	list_for_each_entry(entry, &board->entries, list) {
		if (entry->size != size)
			continue;
		found = true;
		break;
	}
	return found;
}

static int searched_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	if (!is_known(board, size))
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, board->pfn, size, vma->vm_page_prot);
}

static const struct file_operations searched_fops = {
	.mmap = searched_mmap,
};

static int made_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	void *memory = alloc_pages_exact(size, GFP_KERNEL);

	if (!memory)
		return -ENOMEM;
	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(memory) >> PAGE_SHIFT, size, vma->vm_page_prot);
}

static const struct file_operations made_fops = {
	.mmap = made_mmap,
};
//- include/linux/checked.h
static inline void mmap_action_remap(struct vm_area_desc *desc, unsigned long start, unsigned long pfn, unsigned long size)
{
	if (desc->pgoff > 4 || desc->end - desc->start > 4096)
		return;
	desc->action.start = start;
}

/* Pages of an array, inserted up to the end of the mapping. */
static int array_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long i;
	int ret;

	for (i = 0; i < vma_pages(vma); i++) {
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, board->pages[i]); //~ populate-not-bounded
		if (ret)
			return ret;
	}
	return 0;
}

static const struct file_operations array_fops = {
	.mmap = array_mmap,
};

/* The same loop, with the array checked first; and one that ends with the array. */
static int array_checked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long i;
	int ret;

	if (vma_pages(vma) > board->nr_pages)
		return -EINVAL;
	for (i = 0; i < vma_pages(vma); i++) {
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, board->pages[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct file_operations array_checked_fops = {
	.mmap = array_checked_mmap,
};

static int array_end_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long addr = vma->vm_start;
	int i, ret;

	for (i = 0; i < board->nr_pages; i++, addr += PAGE_SIZE) {
		ret = vm_insert_page(vma, addr, board->pages[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct file_operations array_end_fops = {
	.mmap = array_end_mmap,
};

/* The object and the address move in step with what is left. */
static int stepping_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long start = vma->vm_start;
	unsigned long pos = (unsigned long)board->buffer;

	while (size > 0) {
		if (remap_pfn_range(vma, start, vmalloc_to_pfn((void *)pos), PAGE_SIZE, PAGE_SHARED)) //~ populate-not-bounded
			return -EAGAIN;
		start += PAGE_SIZE;
		pos += PAGE_SIZE;
		size -= PAGE_SIZE;
	}
	return 0;
}

static const struct file_operations stepping_fops = {
	.mmap = stepping_mmap,
};

static int stepping_checked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	unsigned long start = vma->vm_start;
	unsigned long pos;

	if (size > board->size || offset > board->size - size)
		return -EINVAL;
	pos = (unsigned long)board->buffer + offset;
	while (size > 0) {
		if (remap_pfn_range(vma, start, vmalloc_to_pfn((void *)pos), PAGE_SIZE, PAGE_SHARED))
			return -EAGAIN;
		start += PAGE_SIZE;
		pos += PAGE_SIZE;
		if (size > PAGE_SIZE)
			size -= PAGE_SIZE;
		else
			size = 0;
	}
	return 0;
}

static const struct file_operations stepping_checked_fops = {
	.mmap = stepping_checked_mmap,
};

/* An action with an array of pages. */
static int kernel_pages_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	mmap_action_map_kernel_pages_full(desc, board->pages); //~ populate-not-bounded
	return 0;
}

static const struct file_operations kernel_pages_fops = {
	.mmap_prepare = kernel_pages_mmap_prepare,
};

static int kernel_pages_checked_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;

	if (vma_desc_pages(desc) != board->nr_pages)
		return -EINVAL;
	mmap_action_map_kernel_pages_full(desc, board->pages);
	return 0;
}

static const struct file_operations kernel_pages_checked_fops = {
	.mmap_prepare = kernel_pages_checked_mmap_prepare,
};

/* The parts of an object may reach beyond the mapping, which may be smaller than the object: qaic. */
static int parts_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset = 0;
	struct scatterlist *sg;
	int ret;

	for (sg = board->table->sgl; sg; sg = sg_next(sg)) {
		ret = remap_pfn_range(vma, vma->vm_start + offset, page_to_pfn(sg_page(sg)), //~ populate-not-bounded
				      sg->length, vma->vm_page_prot);
		if (ret)
			return ret;
		offset += sg->length;
	}
	return 0;
}

static const struct file_operations parts_fops = {
	.mmap = parts_mmap,
};

static int parts_cut_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset = 0;
	struct scatterlist *sg;
	int ret;

	for (sg = board->table->sgl; sg; sg = sg_next(sg)) {
		if (offset + sg->length > size)
			return -EINVAL;
		ret = remap_pfn_range(vma, vma->vm_start + offset, page_to_pfn(sg_page(sg)),
				      sg->length, vma->vm_page_prot);
		if (ret)
			return ret;
		offset += sg->length;
	}
	return 0;
}

static const struct file_operations parts_cut_fops = {
	.mmap = parts_cut_mmap,
};

/* Looked up with the VMA, page by page. A range check that another header may replace. */
#ifndef ARCH_HAS_BOARD_RANGE
static int board_range_ok(unsigned long pgoff, unsigned long size)
{
	return 1;
}
#endif

static int found_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board_entry *entry = board_entry_get(file->private_data, vma);
	unsigned long va, pfn;
	int err = 0;

	if (!entry)
		return -EINVAL;
	pfn = entry->address >> PAGE_SHIFT;
	for (va = vma->vm_start; va < vma->vm_end; va += PAGE_SIZE, pfn++) {
		err = vm_insert_page(vma, va, pfn_to_page(pfn));
		if (err)
			break;
	}
	return err;
}

static const struct file_operations found_fops = {
	.mmap = found_mmap,
};

static int ranged_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (!board_range_ok(vma->vm_pgoff, size))
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, size, vma->vm_page_prot);
}

static const struct file_operations ranged_fops = {
	.mmap = ranged_mmap,
};

/* Each step says whether it wraps. */
static int stepwise_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long offset, end;

	if (check_shl_overflow(vma->vm_pgoff, PAGE_SHIFT, &offset))
		return -EOVERFLOW;
	if (check_add_overflow(offset, vma->vm_end - vma->vm_start, &end))
		return -EOVERFLOW;
	if (end > board->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, (board->base + offset) >> PAGE_SHIFT, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static const struct file_operations stepwise_fops = {
	.mmap = stepwise_mmap,
};

/* A loop that counts what is left. */
static int counting_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	unsigned long address = vma->vm_start, left = vma->vm_end - vma->vm_start;
	phys_addr_t place = board->base;
	int err;

	if (left > board->size)
		return -EINVAL;
	while (left) {
		err = remap_pfn_range(vma, address, place >> PAGE_SHIFT, PAGE_SIZE, vma->vm_page_prot);
		if (err)
			return err;
		address += PAGE_SIZE;
		place += PAGE_SIZE;
		left -= PAGE_SIZE;
	}
	return 0;
}

static const struct file_operations counting_fops = {
	.mmap = counting_mmap,
};

/* A ring that is mapped twice, page by page: its size is that of the mapping. */
static int twice_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct board *board = file->private_data;
	long length = vma->vm_end - vma->vm_start, left = length / 2;
	unsigned long address = vma->vm_start;
	char *page = board->ring;
	int err;

	if (vma->vm_pgoff != 0 || length != BOARD_RING * 2)
		return -EINVAL;
	while (left > 0) {
		err = remap_pfn_range(vma, address, vmalloc_to_pfn(page), PAGE_SIZE, vma->vm_page_prot);
		if (err < 0)
			return err;
		address += PAGE_SIZE;
		page += PAGE_SIZE;
		left -= PAGE_SIZE;
	}
	return 0;
}

static const struct file_operations twice_fops = {
	.mmap = twice_mmap,
};

/* The length is cut to an int, and tested as one by a function that takes it unsigned. */
static bool is_length_of(const struct lamp *lamp, unsigned length)
{
	return lamp->length == length;
}

static int cut_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int length = vma->vm_end - vma->vm_start;

	if (!is_length_of(lamp, length))
		return -EINVAL;
	return io_remap_pfn_range(vma, vma->vm_start, lamp->pfn, length, vma->vm_page_prot);
}

static const struct file_operations cut_fops = {
	.mmap = cut_mmap,
};

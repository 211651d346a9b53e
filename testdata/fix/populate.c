/* Populating calls, and what becomes of their errors. */
static int full_mmap(struct file *file, struct vm_area_struct *vma)
{
	size_t size = vma->vm_end - vma->vm_start;

	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	if (remap_pfn_range(vma, vma->vm_start, base_pfn, size, vma->vm_page_prot)) {
		pr_err("full: cannot remap\n");
		return -EAGAIN;
	}
	return 0;
}

static int checked_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	int ret;

	if (size != frame_size)
		return -EINVAL;
	ret = io_remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff + base_pfn, frame_size,
				 pgprot_writecombine(vma->vm_page_prot));
	if (ret)
		return ret;
	vma->vm_ops = &frame_vm_ops;
	return 0;
}

static int page_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff == 0)
		return vm_iomap_memory(vma, base, length);
	return remap_pfn_range(vma, vma->vm_start, base_pfn, PAGE_SIZE, vma->vm_page_prot);
}

/* What is remapped may be more than the VMA has. */
static int beyond_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, base_pfn, frame_size, vma->vm_page_prot);
}

/* The failure is undone, and an action has no hook for that. */
static int undone_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret) {
		power_off();
		return ret;
	}
	return 0;
}

static int ignored_mmap(struct file *file, struct vm_area_struct *vma)
{
	remap_pfn_range(vma, vma->vm_start, base_pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	return 0;
}

static const struct file_operations full_fops = { .mmap = full_mmap };
static const struct file_operations checked_fops = { .mmap = checked_mmap };
static const struct file_operations page_fops = { .mmap = page_mmap };
static const struct file_operations beyond_fops = { .mmap = beyond_mmap };
static const struct file_operations undone_fops = { .mmap = undone_mmap };
static const struct file_operations ignored_fops = { .mmap = ignored_mmap };

/* What holds the size on one way only is no size, and what is compared on one way only is not known on another. */
static int once_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size;

	if (vma->vm_pgoff)
		size = vma->vm_end - vma->vm_start;
	return remap_pfn_range(vma, vma->vm_start, base_pfn, size, vma->vm_page_prot);
}

static int nested_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff) {
		if (size != frame_size)
			return -EINVAL;
	}
	return remap_pfn_range(vma, vma->vm_start, base_pfn, frame_size, vma->vm_page_prot);
}

static int changed_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long length = frame_size;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != length)
		return -EINVAL;
	length <<= 1;
	return remap_pfn_range(vma, vma->vm_start, base_pfn, length, vma->vm_page_prot);
}

static int arms_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long length = frame_size;
	int ret;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != length)
		return -EINVAL;
	if (is_ram)
		ret = remap_pfn_range(vma, vma->vm_start, base_pfn, length, vma->vm_page_prot);
	else
		ret = vm_iomap_memory(vma, base, length);
	return ret;
}

static const struct file_operations once_fops = { .mmap = once_mmap };
static const struct file_operations nested_fops = { .mmap = nested_mmap };
static const struct file_operations changed_fops = { .mmap = changed_mmap };
static const struct file_operations arms_fops = { .mmap = arms_mmap };

/* Arrays of pages: what vm_map_pages tests, an action does not. */
struct ring {
	struct page **pages;
	struct page *first;
	unsigned long size, count, base;
};

static int offset_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;

	return vm_map_pages(vma, ring->pages, ring->size >> PAGE_SHIFT);
}

static int first_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	ret = vm_map_pages_zero(vma, ring->pages, ring->nr_pages);
	if (ret)
		return -EAGAIN;
	vma->vm_ops = &ring_vm_ops;
	return 0;
}

static int part_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long count = ring->nr_pages;

	if (vm_insert_pages(vma, vma->vm_start, ring->pages, &count))
		return -EFAULT;
	return 0;
}

/* An action does not say how many were left. */
static int left_pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long count = ring->nr_pages;
	int ret = vm_insert_pages(vma, vma->vm_start, ring->pages, &count);

	return ret ?: count;
}

static const struct file_operations offset_pages_fops = { .mmap = offset_pages_mmap };
static const struct file_operations first_pages_fops = { .mmap = first_pages_mmap };
static const struct file_operations part_pages_fops = { .mmap = part_pages_mmap };
static const struct file_operations left_pages_fops = { .mmap = left_pages_mmap };

/* The start of the mapping in a variable. */
static int from_local_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long start = vma->vm_start;
	unsigned long size = vma->vm_end - start;

	if (size > ring->size)
		return -EINVAL;
	if (io_remap_pfn_range(vma, start, ring->base >> PAGE_SHIFT, size, vma->vm_page_prot))
		return -EAGAIN;
	return 0;
}

/* A start that moves is none. */
static int from_moved_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long start = vma->vm_start;

	start += ring->gap;
	return remap_pfn_range(vma, start, ring->base >> PAGE_SHIFT, ring->size, vma->vm_page_prot);
}

/* A macro may move it. */
#define skip_header(address) ((address) += PAGE_SIZE)

static int from_skipped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long start = vma->vm_start;

	skip_header(start);
	return remap_pfn_range(vma, start, ring->base >> PAGE_SHIFT, vma->vm_end - start, vma->vm_page_prot);
}

/* No sketch can have both arms. */
static int from_arms_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long start = vma->vm_start;

#ifdef CONFIG_RING_GAP
	start += PAGE_SIZE;
#endif
	return io_remap_pfn_range(vma, start, ring->base >> PAGE_SHIFT, vma->vm_end - start, vma->vm_page_prot);
}

static const struct file_operations from_skipped_fops = { .mmap = from_skipped_mmap };
static const struct file_operations from_arms_fops = { .mmap = from_arms_mmap };
static const struct file_operations from_local_fops = { .mmap = from_local_mmap };
static const struct file_operations from_moved_fops = { .mmap = from_moved_mmap };

/* Both ends in variables, and a number of pages times their size. */
static int between_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long start = vma->vm_start, end = vma->vm_end;

	return remap_pfn_range(vma, start, ring->base >> PAGE_SHIFT, end - start, vma->vm_page_prot);
}

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long count = vma_pages(vma);

	return remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, count * PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations between_fops = { .mmap = between_mmap };
static const struct file_operations counted_fops = { .mmap = counted_mmap };

/* Its error is returned at the end, in whatever way the code gets there. */
static int at_end_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	if (vma->vm_end - vma->vm_start > ring->size)
		ret = -EINVAL;
	else
		ret = remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);

	return ret;
}

static int by_label_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret = -EINVAL;

	if (vma->vm_pgoff)
		goto out;
	ret = remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		goto out;
	vma->vm_ops = &ring_vm_ops;
out:
	return ret;
}

/* The label cleans up. */
static int by_cleanup_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		goto failed;
	return 0;
failed:
	ring->broken = true;
	return ret;
}

static const struct file_operations at_end_fops = { .mmap = at_end_mmap };
static const struct file_operations by_label_fops = { .mmap = by_label_mmap };
static const struct file_operations by_cleanup_fops = { .mmap = by_cleanup_mmap };

/* One of several arms runs; an arm that returns leads nowhere. */
static int branches_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	if (vma->vm_pgoff == 1) {
		if (vma->vm_flags & VM_READ)
			return -EPERM;
		ret = io_remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	} else {
		if (vma->vm_flags & VM_EXEC)
			return -EPERM;
		ret = remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	}
	return ret;
}

static int early_arm_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;

	if (vma->vm_pgoff) {
		if (remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot))
			return -EAGAIN;
		return 0;
	}
	if (io_remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot))
		return -ENXIO;
	return 0;
}

static const struct file_operations branches_fops = { .mmap = branches_mmap };
static const struct file_operations early_arm_fops = { .mmap = early_arm_mmap };

/* The only way to the label goes with the call. */
static int lone_label_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	ret = remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, vma->vm_end - vma->vm_start, vma->vm_page_prot);
	if (ret)
		goto out;
	vma->vm_ops = &ring_vm_ops;
out:
	return ret;
}

/* A macro sets a variable that it is not given. */
#define CAP_SIZE(ring) do { if (size > (ring)->size) size = (ring)->size; } while (0)

static int capped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;

	CAP_SIZE(ring);
	return remap_pfn_range(vma, vma->vm_start, ring->base >> PAGE_SHIFT, size, vma->vm_page_prot);
}

static const struct file_operations lone_label_fops = { .mmap = lone_label_mmap };
static const struct file_operations capped_fops = { .mmap = capped_mmap };

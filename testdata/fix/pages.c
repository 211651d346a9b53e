/* Pages that v7.4 asks for one after another. Before v7.4 no action maps them. */
#include <linux/mm.h>

struct album {
	struct page **pages;
	struct page *cover;
	unsigned long nr_pages;
	void *text;
	size_t text_size;
	char *buffer;
};

/* A loop that counts. */
static int leaves_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;
	unsigned long addr = vma->vm_start;
	unsigned long i;
	int err;

	if (vma_pages(vma) > album->nr_pages)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND);
	for (i = 0; i < album->nr_pages && addr < vma->vm_end; i++) {
		err = vm_insert_page(vma, addr, album->pages[i]);
		if (err)
			return err;
		addr += PAGE_SIZE;
	}
	return 0;
}

static const struct file_operations leaves_fops = {
	.mmap = leaves_mmap,
};

/* A loop that steps through memory from vmalloc(). */
static int buffer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;
	unsigned long start = vma->vm_start;
	unsigned long size = vma->vm_end - vma->vm_start;
	char *at = album->buffer;
	struct page *page;

	if (vma->vm_pgoff || size > album->text_size)
		return -EINVAL;
	while (size > 0) {
		page = vmalloc_to_page(at);
		if (vm_insert_page(vma, start, page))
			return -EAGAIN;
		start += PAGE_SIZE;
		at += PAGE_SIZE;
		size -= PAGE_SIZE;
	}
	return 0;
}

static const struct file_operations buffer_fops = {
	.mmap = buffer_mmap,
};

/* One page. */
static int cover_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;

	if (vma_pages(vma) != 1)
		return -EINVAL;
	return vm_insert_page(vma, vma->vm_start, album->cover);
}

static const struct file_operations cover_fops = {
	.mmap = cover_mmap,
};

/* Memory from vmalloc() as a whole. */
static int text_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;

	return remap_vmalloc_range(vma, album->text, vma->vm_pgoff);
}

static const struct file_operations text_fops = {
	.mmap = text_mmap,
};

/* An array that is gone on return. */
static int pair_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;
	struct page *pages[2] = { album->cover, album->pages[0] };

	return vm_map_pages_zero(vma, pages, 2);
}

static const struct file_operations pair_fops = {
	.mmap = pair_mmap,
};

/* The callback cannot hold a lock from page to page. */
static int locked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;
	unsigned long addr;
	int err = 0;

	mutex_lock(&album_lock);
	for (addr = vma->vm_start; addr < vma->vm_end && !err; addr += PAGE_SIZE)
		err = vm_insert_page(vma, addr, album->cover);
	mutex_unlock(&album_lock);
	return err;
}

static const struct file_operations locked_fops = {
	.mmap = locked_mmap,
};

/* One action does not map pages and a range of PFNs. */
static int mixed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct album *album = file->private_data;
	int err;

	err = vm_insert_page(vma, vma->vm_start, album->cover);
	if (err)
		return err;
	return remap_pfn_range(vma, vma->vm_start + PAGE_SIZE, ALBUM_PFN,
			       PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations mixed_fops = {
	.mmap = mixed_mmap,
};

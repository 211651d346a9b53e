/* Page arrays of actions. */
#include <linux/mm.h>

struct shelf {
	struct mutex lock;
	struct kref ref;
	struct page **pages;
	struct page *page;
};

static int freed_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->file->private_data;
	struct page **pages = kcalloc(2, sizeof(*pages), GFP_KERNEL);

	if (!pages)
		return -ENOMEM;
	if (!shelf->page) {
		kfree(pages);
		return -ENXIO;
	}
	pages[0] = shelf->page;
	mmap_action_map_kernel_pages_full(desc, pages);
	kfree(pages); //~ array-gone-before-action
	return 0;
}

static const struct file_operations freed_fops = {
	.mmap_prepare = freed_mmap_prepare,
};

static int local_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->file->private_data;
	struct page *pages[2] = { shelf->page, shelf->page };

	mmap_action_map_kernel_pages_full(desc, pages); //~ array-gone-before-action
	return 0;
}

static const struct file_operations local_fops = {
	.mmap_prepare = local_mmap_prepare,
};

static int address_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->file->private_data;
	struct page *page = shelf->page;

	mmap_action_map_kernel_pages(desc, desc->start, &page, 1); //~ array-gone-before-action
	return 0;
}

static const struct file_operations address_fops = {
	.mmap_prepare = address_mmap_prepare,
};

static int locked_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->file->private_data;

	mutex_lock(&shelf->lock);
	mmap_action_map_kernel_pages_full(desc, shelf->pages);
	mutex_unlock(&shelf->lock); //~ array-gone-before-action
	return 0;
}

static const struct file_operations locked_fops = {
	.mmap_prepare = locked_mmap_prepare,
};

static int dropped_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->file->private_data;

	kref_get(&shelf->ref);
	mmap_action_map_kernel_pages_full(desc, shelf->pages);
	kref_put(&shelf->ref, shelf_release); //~ array-gone-before-action
	return 0;
}

static const struct file_operations dropped_fops = {
	.mmap_prepare = dropped_mmap_prepare,
};

/* Arrays that stay. */
static int kept_mmap_prepare(struct vm_area_desc *desc)
{
	static struct page *pages[2];
	struct shelf *shelf = desc->file->private_data;

	if (shelf->page)
		mmap_action_map_kernel_pages_full(desc, pages);
	else
		mmap_action_map_kernel_pages_full(desc, shelf->pages);
	return 0;
}

static const struct file_operations kept_fops = {
	.mmap_prepare = kept_mmap_prepare,
};

/* A PFN is a value. */
static int frame_mmap_prepare(struct vm_area_desc *desc)
{
	struct shelf *shelf = desc->file->private_data;

	mutex_lock(&shelf->lock);
	mmap_action_remap_full(desc, page_to_pfn(shelf->page));
	mutex_unlock(&shelf->lock);
	return 0;
}

static const struct file_operations frame_fops = {
	.mmap_prepare = frame_mmap_prepare,
};

/* A variable that frees what it holds on return, and one that hands it on. */
static int cleaned_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	struct page **pages __free(kfree) = kmemdup(board->pages, board->bytes, GFP_KERNEL);

	mmap_action_map_kernel_pages_full(desc, pages); //~ array-gone-before-action
	return 0;
}

static const struct file_operations cleaned_fops = {
	.mmap_prepare = cleaned_mmap_prepare,
};

static int handed_on_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	struct page **pages __free(kfree) = kmemdup(board->pages, board->bytes, GFP_KERNEL);

	mmap_action_map_kernel_pages_full(desc, no_free_ptr(pages));
	return 0;
}

static const struct file_operations handed_on_fops = {
	.mmap_prepare = handed_on_mmap_prepare,
};

/* A part of such an array. */
static int part_mmap_prepare(struct vm_area_desc *desc)
{
	struct board *board = desc->file->private_data;
	struct page **pages __free(kfree) = kmemdup(board->pages, board->bytes, GFP_KERNEL);

	mmap_action_map_kernel_pages_full(desc, pages + desc->pgoff); //~ array-gone-before-action
	return 0;
}

static const struct file_operations part_fops = {
	.mmap_prepare = part_mmap_prepare,
};

static int element_mmap_prepare(struct vm_area_desc *desc)
{
	struct page *pages[4];

	board_fill(desc->file->private_data, pages);
	mmap_action_map_kernel_pages_full(desc, &pages[desc->pgoff]); //~ array-gone-before-action
	return 0;
}

static const struct file_operations element_fops = {
	.mmap_prepare = element_mmap_prepare,
};

/* What protects the memory until the handler returns: an action maps it later. */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm.h>

struct buffer {
	struct kref ref;
	unsigned long pfn;
	unsigned long size;
};

struct store {
	struct mutex lock;
	struct buffer *buffer;
};

void buffer_free(struct kref *ref);

static void buffer_put(struct buffer *buffer)
{
	kref_put(&buffer->ref, buffer_free);
}

DEFINE_FREE(buffer_put, struct buffer *, if (_T) buffer_put(_T))

static struct buffer *buffer_find(struct store *store)
{
	struct buffer *buffer = store->buffer;

	if (buffer)
		kref_get(&buffer->ref);
	return buffer;
}

static int freed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct buffer *buffer __free(buffer_put) = buffer_find(file->private_data);

	if (!buffer || vma->vm_end - vma->vm_start > buffer->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, buffer->pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int guarded_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct store *store = file->private_data;

	guard(mutex)(&store->lock);
	if (!store->buffer || vma->vm_end - vma->vm_start > store->buffer->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, store->buffer->pfn, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static int acquired_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct store *store = file->private_data;

	ACQUIRE(mutex_intr, lock)(&store->lock);
	if (ACQUIRE_ERR(mutex_intr, &lock))
		return -EINTR;
	return remap_pfn_range(vma, vma->vm_start, store->buffer->pfn, PAGE_SIZE, vma->vm_page_prot);
}

static int of_class_mmap(struct file *file, struct vm_area_struct *vma)
{
	CLASS(pinned, buffer)(file->private_data);

	return remap_pfn_range(vma, vma->vm_start, buffer->pfn, PAGE_SIZE, vma->vm_page_prot);
}

/* A lock that a function gives back protects no mapping. */
static unsigned long pfn_of(struct store *store)
{
	guard(mutex)(&store->lock);
	return store->buffer->pfn;
}

static int asking_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long pfn = pfn_of(file->private_data);

	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, pfn, PAGE_SIZE, vma->vm_page_prot);
}

/* A lock around a check alone protects no mapping. */
static int checked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct store *store = file->private_data;
	unsigned long pfn;

	mutex_lock(&store->lock);
	pfn = store->buffer->pfn;
	mutex_unlock(&store->lock);
	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, pfn, PAGE_SIZE, vma->vm_page_prot);
}

static const struct file_operations freed_fops = { .mmap = freed_mmap };
static const struct file_operations guarded_fops = { .mmap = guarded_mmap };
static const struct file_operations checked_fops = { .mmap = checked_mmap };
static const struct file_operations acquired_fops = { .mmap = acquired_mmap };
static const struct file_operations of_class_fops = { .mmap = of_class_mmap };
static const struct file_operations asking_fops = { .mmap = asking_mmap };

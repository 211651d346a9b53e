/* State that only close shows: the hook takes it in a way that no rule names. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

struct lamp_operations {
	void (*hold)(struct lamp *lamp);
};

struct lamp {
	int users;
	atomic_t free;
	struct page *pages[4];
	const struct lamp_operations *ops;
	void *owner;
};

/* Through a pointer to a member. */
static void pointer_bump(int *count)
{
	(*count)++; //~ state:counter
}

static void pointer_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users--;
}

static const struct vm_operations_struct pointer_vm_ops = {
	.close = pointer_close,
};

static int pointer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	pointer_bump(&lamp->users);
	vma->vm_private_data = lamp;
	vma->vm_ops = &pointer_vm_ops;
	return 0;
}

static const struct file_operations pointer = {
	.mmap = pointer_mmap, //= mapped
};

/* By a function pointer of the driver. */
static void hooked_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_file->private_data;

	lamp_put(lamp); //~ state:ref
}

static const struct vm_operations_struct hooked_vm_ops = {
	.close = hooked_close,
};

static int hooked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->ops->hold(lamp);
	vma->vm_ops = &hooked_vm_ops;
	return 0;
}

static const struct file_operations hooked = {
	.mmap = hooked_mmap, //= mapped
};

/* By calls of the kernel. */
static void pinned_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	unfold_user_pages(lamp->pages, 4); //~ state:counter
}

static const struct vm_operations_struct pinned_vm_ops = {
	.close = pinned_close,
};

static int pinned_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (fold_user_pages(lamp_address(lamp), 4, FOLL_WRITE, lamp->pages) != 4)
		return -EFAULT;
	vma->vm_private_data = lamp;
	vma->vm_ops = &pinned_vm_ops;
	return 0;
}

static const struct file_operations pinned = {
	.mmap = pinned_mmap, //= mapped
};

/* A credit: the hook counts down, and close counts up. */
static void credit_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	atomic_inc(&lamp->free);
}

static const struct vm_operations_struct credit_vm_ops = {
	.close = credit_close,
};

static int credit_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (atomic_dec_if_positive(&lamp->free) < 0) //~ state:counter
		return -EBUSY;
	vma->vm_private_data = lamp;
	vma->vm_ops = &credit_vm_ops;
	return 0;
}

static const struct file_operations credit = {
	.mmap = credit_mmap, //= mapped
};

/* A claim in the element of an array. */
static void slot_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->pages[0] = NULL; //~ state:counter
}

static const struct vm_operations_struct slot_vm_ops = {
	.close = slot_close,
};

static int slot_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->pages[0] = lamp_page(lamp);
	vma->vm_private_data = lamp;
	vma->vm_ops = &slot_vm_ops;
	return 0;
}

static const struct file_operations slot = {
	.mmap = slot_mmap, //= mapped
};

/* Behind a call that returns the object. */
static inline struct lamp *lamp_of(struct file *file)
{
	return file->private_data;
}

static int called_mmap(struct file *file, struct vm_area_struct *vma)
{
	lamp_of(file)->users++; //~ state:counter
	return 0;
}

static const struct file_operations called = {
	.mmap = called_mmap, //= mapped
};

/* An ioctl puts the pages there; the hook takes none. */
static void given_close(struct vm_area_struct *vma)
{
	struct page **pages = vma->vm_private_data;

	if (pages)
		lamp_free_pages(pages);
}

static const struct vm_operations_struct given_vm_ops = {
	.close = given_close,
};

static int given_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &given_vm_ops;
	vma->vm_private_data = NULL;
	return 0;
}

static const struct file_operations given = {
	.mmap = given_mmap, //= mechanical
};

/* The fault hook lists the VMAs that have pages. */
static vm_fault_t listed_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static void listed_close(struct vm_area_struct *vma)
{
	struct lamp_page *page = lamp_page_of(vma->vm_private_data, vma);

	list_del(&page->list);
	kfree(page);
}

static const struct vm_operations_struct listed_vm_ops = {
	.fault = listed_fault,
	.close = listed_close,
};

static int listed_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &listed_vm_ops;
	return 0;
}

static const struct file_operations listed = {
	.mmap = listed_mmap, //= mechanical
};

/* The helper that gets the VMA may take what close drops. */
static int helped_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &hooked_vm_ops;
	return subsystem_mmap(file, vma); //~ helper:subsystem_mmap
}

static const struct file_operations helped = {
	.mmap = helped_mmap, //= blocked
};

/* What the handler itself hands on is not the fault hook's. */
static void handed_close(struct vm_area_struct *vma)
{
	struct lamp_page *page = vma->vm_private_data;

	kfree(page); //~ state:alloc
}

static const struct vm_operations_struct handed_vm_ops = {
	.fault = listed_fault,
	.close = handed_close,
};

static int handed_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = lamp_new_page(file->private_data);
	vma->vm_ops = &handed_vm_ops;
	return 0;
}

static const struct file_operations handed = {
	.mmap = handed_mmap, //= mapped
};

/* In any statement, and in a table that a condition decides. */
static void decided_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	if (lamp->owner)
		pr_debug("closed\n");
	else
		unfold_user_pages(lamp->pages, 4); //~ state:counter
}

static const struct vm_operations_struct decided_vm_ops = {
	.close = IS_ENABLED(CONFIG_LAMP) ? decided_close : NULL,
};

static int decided_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->ops->hold(lamp);
	vma->vm_private_data = lamp;
	vma->vm_ops = &decided_vm_ops;
	return 0;
}

static const struct file_operations decided = {
	.mmap = decided_mmap, //= mapped
};

/* A close that gives nothing back: the hook has nothing to do with what it changes. */
static void idle_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	atomic_inc(&lamp->free);
	lamp->users = 0;
	wake_up(&lamp->wait);
}

static const struct vm_operations_struct idle_vm_ops = {
	.close = idle_close,
};

static int idle_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &idle_vm_ops;
	return 0;
}

static const struct file_operations idle = {
	.mmap = idle_mmap, //= mechanical
};

/* The value comes from a function. */
static void counted_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users = users_left(lamp);
}

static const struct vm_operations_struct counted_vm_ops = {
	.close = counted_close,
};

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->users = users_with(lamp); //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &counted_vm_ops;
	return 0;
}

static const struct file_operations counted = {
	.mmap = counted_mmap, //= mapped
};

/* A struct as a whole. */
static void whole_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->user = (struct lamp_user){ 0 };
}

static const struct vm_operations_struct whole_vm_ops = {
	.close = whole_close,
};

static int whole_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->user = (struct lamp_user){ .file = file }; //~ state:counter
	vma->vm_private_data = lamp;
	vma->vm_ops = &whole_vm_ops;
	return 0;
}

static const struct file_operations whole = {
	.mmap = whole_mmap, //= mapped
};

/* Wake-ups are no state, even if close makes them too. */
static void waking_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	wake_up_interruptible(&lamp->wait);
}

static const struct vm_operations_struct waking_vm_ops = {
	.close = waking_close,
};

static int waking_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	wake_up_interruptible(&lamp->wait);
	complete(&lamp->lit);
	vma->vm_private_data = lamp;
	vma->vm_ops = &waking_vm_ops;
	return 0;
}

static const struct file_operations waking = {
	.mmap = waking_mmap, //= mechanical
};

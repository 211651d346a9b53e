/* Writes with which the hook refuses the next mapping. No close need show them. */
#include <linux/fs.h>
#include <linux/mm.h>
#include "lamp.h"

struct lamp {
	void *owner;
	int busy, mode;
	unsigned long flags;
	atomic_t open;
	pid_t pid;
	struct file *file;
	struct page *pages;
	struct mutex lock;
};

static const struct vm_operations_struct claimed_vm_ops = {
	.fault = claimed_fault,
};

static int owned_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->owner)
		return -EBUSY;
	lamp->owner = current; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations owned = {
	.mmap = owned_mmap, //= mapped
};

/* The error number is set before, and cleared where the object is free. */
static int cleared_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = -EBUSY;

	if (!lamp->busy) {
		lamp->busy = 1; //~ state:counter
		vma->vm_ops = &claimed_vm_ops;
		error = 0;
	}
	return error;
}

static const struct file_operations cleared = {
	.mmap = cleared_mmap, //= mapped
};

/* Behind a label, by macros that read and write once. */
static int label_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (READ_ONCE(lamp->pid) != 0)
		goto busy;
	WRITE_ONCE(lamp->pid, task_tgid_nr(current)); //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
busy:
	return -EBUSY;
}

static const struct file_operations label = {
	.mmap = label_mmap, //= mapped
};

/* Bits, modes and atomic variables. */
static int bit_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (test_bit(LAMP_BUSY, &lamp->flags))
		return -EBUSY;
	set_bit(LAMP_BUSY, &lamp->flags); //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations bit = {
	.mmap = bit_mmap, //= mapped
};

static int mask_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->flags & LAMP_MAPPED)
		return -EBUSY;
	lamp->flags |= LAMP_MAPPED | LAMP_LIT; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations mask = {
	.mmap = mask_mmap, //= mapped
};

static int mode_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->mode != LAMP_IDLE)
		return -EBUSY;
	lamp->mode = LAMP_LENT; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations mode = {
	.mmap = mode_mmap, //= mapped
};

static int atomic_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (atomic_read(&lamp->open))
		return -EBUSY;
	atomic_set(&lamp->open, 1); //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations atomic = {
	.mmap = atomic_mmap, //= mapped
};

/* In a function of the driver that the hook calls, or that its table names. */
static int lamp_reserve(struct lamp *lamp)
{
	if (lamp->owner)
		return -EBUSY;
	lamp->owner = current; //~ state:counter
	return 0;
}

static int helper_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = lamp_reserve(lamp);

	if (error)
		return error;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations helper = {
	.mmap = helper_mmap, //= mapped
};

static void lamp_count(struct lamp *lamp)
{
	lamp->busy++; //~ state:counter
}

static const struct lamp_operations own_operations = {
	.enter = lamp_count,
};

static int table_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->ops->enter(lamp);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations table = {
	.mmap = table_mmap, //= mapped
};

/* The same file may map again: its first mapping binds the object to it, as a note says. */
static int bound_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->file && lamp->file != file)
		return -EBUSY;
	lamp->file = file;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations bound = {
	.mmap = bound_mmap, //= mechanical
};

/* A first mapping makes it, and fails if that is not possible. The next one finds it. */
static int made_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (!lamp->pages) {
		lamp->pages = kcalloc(4, sizeof(*lamp->pages), GFP_KERNEL);
		if (!lamp->pages)
			return -ENOMEM;
	}
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations made = {
	.mmap = made_mmap, //= mechanical
};

/* The value with which it passes again, and a question about the address. */
static int again_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->mode != LAMP_OFF && lamp->mode != LAMP_ON)
		return -EINVAL;
	lamp->mode = LAMP_ON;
	lamp->is_aligned = !(vma->vm_start & ~PMD_MASK);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations again = {
	.mmap = again_mmap, //= mechanical
};

/* A table of vm_ops that nothing in the tree defines may have a close. */
extern const struct vm_operations_struct elsewhere_vm_ops;

static int missing_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &elsewhere_vm_ops; //~ unknown //! not-understood
	return 0;
}

static const struct file_operations missing = {
	.mmap = missing_mmap, //= unknown
};

/* Other spellings: constants of an enum, a switch, a helper that says true or false, a copy, a pointer, a computed value. */
enum { lamp_idle, lamp_lent };

static int enum_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->mode != lamp_idle)
		return -EBUSY;
	lamp->mode = lamp_lent; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_enum = {
	.mmap = enum_mmap, //= mapped
};

static int switch_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	switch (lamp->busy) {
	case 0:
		lamp->busy = 1; //~ state:counter
		break;
	default:
		return -EBUSY;
	}
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_switch = {
	.mmap = switch_mmap, //= mapped
};

static bool lamp_may_claim(struct lamp *lamp)
{
	if (lamp->busy)
		return false;
	lamp->busy = 1; //~ state:counter
	return true;
}

static int truth_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!lamp_may_claim(file->private_data))
		return -EBUSY;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_truth = {
	.mmap = truth_mmap, //= mapped
};

static int copy_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int busy = lamp->busy;

	if (busy)
		return -EBUSY;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_copy = {
	.mmap = copy_mmap, //= mapped
};

static int pointer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int *busy = &lamp->busy;

	if (*busy)
		return -EBUSY;
	*busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_pointer = {
	.mmap = pointer_mmap, //= mapped
};

static int computed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->busy >= LAMP_LIMIT)
		return -EBUSY;
	lamp->busy = max(lamp->busy, 0) + 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_computation = {
	.mmap = computed_mmap, //= mapped
};

/* A stock that mappings use up. */
static int stock_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->left < vma_pages(vma))
		return -ENOMEM;
	lamp->left -= vma_pages(vma); //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations stock = {
	.mmap = stock_mmap, //= mapped
};

static int rest_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long left = lamp->left - vma_pages(vma);

	left = left - LAMP_RESERVE;
	if (lamp->left < LAMP_RESERVE)
		return -ENOMEM;
	lamp->left = left; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations rest = {
	.mmap = rest_mmap, //= mapped
};

/* The address of the mapping means nothing if the mapping fails. Its size does. */
static int address_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->address = vma->vm_start; //~ state:counter
	lamp->size = vma->vm_end - vma->vm_start;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations address = {
	.mmap = address_mmap, //= mapped
};

/* Functions of the driver behind pointers. */
static void lamp_first(struct lamp *lamp)
{
	kref_get(&lamp->ref); //~ state:ref
}

static void (*const lamp_steps[])(struct lamp *) = { lamp_first, lamp_second };

static int steps_mmap(struct file *file, struct vm_area_struct *vma)
{
	lamp_steps[vma->vm_pgoff & 1](file->private_data);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations steps = {
	.mmap = steps_mmap, //= mapped
};

static void lamp_step(struct lamp *lamp)
{
	kref_get(&lamp->ref); //~ state:ref
}

static int step_mmap(struct file *file, struct vm_area_struct *vma)
{
	void (*step)(struct lamp *) = lamp_step;

	step(file->private_data);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations step = {
	.mmap = step_mmap, //= mapped
};

/* Through functions of the driver that read, check or write, each in its own words. */
static bool lamp_is_busy(struct lamp *the)
{
	bool busy;

	mutex_lock(&the->lock);
	busy = the->busy != 0;
	mutex_unlock(&the->lock);
	return busy;
}

static int lamp_check(struct lamp *the)
{
	return the->owner ? -EBUSY : 0;
}

static void lamp_mark(struct lamp *the, int value)
{
	the->busy = value;
}

static int lamp_select(struct lamp *the, int mode)
{
	if (the->mode != mode)
		return -EINVAL;
	return 0;
}

static int getter_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp_is_busy(lamp))
		return -EBUSY;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_getter = {
	.mmap = getter_mmap, //= mapped
};

static int checker_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = lamp_check(lamp);

	if (error)
		return error;
	lamp->owner = current; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_checker = {
	.mmap = checker_mmap, //= mapped
};

static int setter_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->busy)
		return -EBUSY;
	lamp_mark(lamp, 1); //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_setter = {
	.mmap = setter_mmap, //= mapped
};

/* A setter that clears takes nothing, and neither does a parameter that is compared. */
static int clearing_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = lamp_select(lamp, LAMP_OFF);

	if (error || lamp->busy)
		return -EBUSY;
	lamp_mark(lamp, 0);
	lamp->mode = LAMP_ON;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations clearing = {
	.mmap = clearing_mmap, //= mechanical
};

/* Other shapes: a second pointer, the free case first, a conditional value, an error number set before. */
static int second_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp *l = lamp;

	if (l->busy)
		return -EBUSY;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_second_pointer = {
	.mmap = second_mmap, //= mapped
};

static int free_first_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (!lamp->busy) {
		lamp->busy = 1; //~ state:counter
		vma->vm_ops = &claimed_vm_ops;
		return 0;
	}
	return -EBUSY;
}

static const struct file_operations free_first = {
	.mmap = free_first_mmap, //= mapped
};

static int conditional_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = lamp->busy ? -EBUSY : 0;

	if (error)
		return error;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations conditional = {
	.mmap = conditional_mmap, //= mapped
};

static int set_before_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = -EBUSY;

	if (lamp->busy)
		goto out;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	error = 0;
out:
	return error;
}

static const struct file_operations set_before = {
	.mmap = set_before_mmap, //= mapped
};

/* Counts and cursors through locals. */
static int through_local_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int users = lamp->busy;

	if (users >= LAMP_LIMIT)
		return -EBUSY;
	lamp->busy = users + 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations through_local = {
	.mmap = through_local_mmap, //= mapped
};

static int cursor_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long here = lamp->cursor, next = here + vma_pages(vma);

	if (next > LAMP_PAGES)
		return -ENOSPC;
	lamp->cursor = next; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations cursor = {
	.mmap = cursor_mmap, //= mapped
};

static int chosen_count_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->busy = lamp->busy ? lamp->busy + 1 : 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations chosen_count = {
	.mmap = chosen_count_mmap, //= mapped
};

/* A flag with a name. */
#define LAMP_TAKEN 0x4

static int named_bit_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->flags & LAMP_TAKEN)
		return -EBUSY;
	lamp->flags |= LAMP_TAKEN; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations named_bit = {
	.mmap = named_bit_mmap, //= mapped
};

/* What the comparison decides: the same mode may map again. */
static int compared_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = -EINVAL;

	if (lamp->busy && lamp->mode != vma->vm_pgoff)
		goto out;
	lamp->busy = 1;
	vma->vm_ops = &claimed_vm_ops;
	error = 0;
out:
	return error;
}

static const struct file_operations compared = {
	.mmap = compared_mmap, //= mechanical
};

/* An object of the hook's own frame. */
static int lamp_fill(struct attributes *attributes)
{
	if (attributes->is_full)
		return -ENOSPC;
	return 0;
}

static void lamp_set(struct attributes *attributes)
{
	attributes->is_full = true;
}

static int frame_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct attributes attributes = {};
	int error = lamp_fill(&attributes);

	if (error)
		return error;
	lamp_set(&attributes);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations frame = {
	.mmap = frame_mmap, //= mechanical
};

/* A counter by its address, and a stock that is asked for while it is taken. */
static void lamp_bump(int *count)
{
	(*count)++; //~ state:counter
}

static int lamp_measure(struct lamp *lamp, int *size)
{
	*size += lamp->size;
	return 0;
}

static int bumped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int size = 0;

	lamp_bump(&lamp->busy);
	lamp_measure(lamp, &size);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations bumped = {
	.mmap = bumped_mmap, //= mapped
};

static int quota_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (atomic_dec_if_positive(&lamp->open) < 0) //~ state:counter
		return -EBUSY;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations quota = {
	.mmap = quota_mmap, //= mapped
};

/* A count that the same path gives back. */
static int returned_quota_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	atomic_inc(&lamp->open);
	vma->vm_ops = &claimed_vm_ops;
	if (atomic_dec_return(&lamp->open) < 0)
		return -EBUSY;
	return 0;
}

static const struct file_operations returned_quota = {
	.mmap = returned_quota_mmap, //= mechanical
};

/* What a function of the driver has just made, and drops again. */
static int lamp_make(struct lamp *lamp)
{
	lamp->pages = lamp_pages(lamp->mode);
	if (!lamp->pages)
		return -ENOMEM;
	return 0;
}

static void lamp_drop(struct lamp *lamp)
{
	lamp->pages = NULL;
}

static int dropped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int error = lamp_make(lamp);

	if (error)
		return error;
	lamp_drop(lamp);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations dropped = {
	.mmap = dropped_mmap, //= mechanical
};

/* A copy that is stepped. */
static int stepped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int users = lamp->busy;

	users++;
	lamp->busy = users; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations stepped = {
	.mmap = stepped_mmap, //= mapped
};

/* Answers in variables, flags that tell success, labels of one arm, counters behind pointers and by value. */
static int answer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	bool is_free = !READ_ONCE(lamp->busy);

	if (!is_free)
		return -EBUSY;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_answer = {
	.mmap = answer_mmap, //= mapped
};

static bool lamp_try(struct lamp *lamp)
{
	bool got = false;

	mutex_lock(&lamp->lock); //~ state:lock
	if (!lamp->busy) {
		lamp->busy = 1; //~ state:counter
		got = true;
	}
	mutex_unlock(&lamp->lock);
	return got;
}

static int tried_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!lamp_try(file->private_data))
		return -EBUSY;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations tried = {
	.mmap = tried_mmap, //= mapped
};

static int labels_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	switch (lamp->mode) {
	case LAMP_LENT:
	case LAMP_LOST:
		return -EBUSY;
	}
	lamp->mode = LAMP_LENT; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations by_labels = {
	.mmap = labels_mmap, //= mapped
};

static int beside_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (vma->vm_end - vma->vm_start > PAGE_SIZE && lamp->busy)
		return -EBUSY;
	lamp->busy = 1; //~ state:counter
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations beside = {
	.mmap = beside_mmap, //= mapped
};

static int counted_by_value_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int open = atomic_read(&lamp->open);
	int *users = &lamp->busy;

	atomic_set(&lamp->open, open + 1); //~ state:counter
	lamp_bump(users);
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations counted_by_value = {
	.mmap = counted_by_value_mmap, //= mapped
};

/* Nothing, or the mode that it gets. */
static int same_mode_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp->mode && lamp->mode != LAMP_ON)
		return -EBUSY;
	lamp->mode = LAMP_ON;
	vma->vm_ops = &claimed_vm_ops;
	return 0;
}

static const struct file_operations same_mode = {
	.mmap = same_mode_mmap, //= mechanical
};

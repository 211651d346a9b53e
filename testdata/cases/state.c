/* State per mapping, and what only looks like it. */
#include <linux/mm.h>

static int ref_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	kref_get(&thing->ref); //~ state:ref
	vma->vm_private_data = thing;
	vma->vm_ops = &ref_vm_ops;
	return 0;
}

static const struct file_operations ref = {
	.mmap = ref_mmap, //= mapped
};

/* Given back on every path: nothing is kept. */
static int balanced_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = thing_lookup(file);
	int ret = -EINVAL;

	if (!thing)
		return -ENOENT;
	mutex_lock(&thing->lock);
	if (vma->vm_pgoff)
		goto out;
	vma->vm_ops = &ref_vm_ops;
	ret = 0;
out:
	mutex_unlock(&thing->lock);
	thing_put(thing);
	return ret;
}

static const struct file_operations balanced = {
	.mmap = balanced_mmap, //= mechanical
};

/* Undone where it fails, kept where it succeeds. */
static int unwound_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;
	int ret;

	atomic_inc(&thing->users); //~ state:counter
	ret = vm_iomap_memory(vma, thing->base, thing->size); //~ action:simple_ioremap
	if (ret)
		atomic_dec(&thing->users);
	return ret;
}

static const struct file_operations unwound = {
	.mmap = unwound_mmap, //= mapped
};

/* In a helper that never sees the VMA. */
static void thing_count(struct thing *thing)
{
	thing->mappings++; //~ state:counter
	list_add(&thing->node, &all_things); //~ state:list
}

static int counted_mmap(struct file *file, struct vm_area_struct *vma)
{
	thing_count(file->private_data);
	return 0;
}

static const struct file_operations counted = {
	.mmap = counted_mmap, //= mapped
};

/* Made once for the open file, whoever maps it first. */
static int once_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (!thing->buffer) {
		thing->buffer = vmalloc_user(SIZE);
		if (!thing->buffer)
			return -ENOMEM;
	}
	vma->vm_ops = &ref_vm_ops;
	return 0;
}

static const struct file_operations once = {
	.mmap = once_mmap, //= mechanical
};

/* A claim under a lock is state; the same write without one is not, for it may be made twice. */
static int claimed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	mutex_lock(&thing->lock); //~ state:lock
	thing->is_mapped = true; //~ state:counter
	mutex_unlock(&thing->lock);
	return 0;
}

static int marked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	thing->is_mapped = true;
	return 0;
}

static const struct file_operations claimed = {
	.mmap = claimed_mmap, //= mapped
};
static const struct file_operations marked = {
	.mmap = marked_mmap, //= mechanical
};

/* What a scope gives back by itself is not kept. */
static int scoped_mmap(struct file *file, struct vm_area_struct *vma)
{
	char *name __free(kfree) = kmalloc(SIZE, GFP_KERNEL);

	if (!name)
		return -ENOMEM;
	scoped_guard(mutex, &thing_lock) {
		vma->vm_ops = &ref_vm_ops;
	}
	return 0;
}

static const struct file_operations scoped = {
	.mmap = scoped_mmap, //= mechanical
};

/* On its own stack a count is nobody else's. */
static int own_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct walk walk = {};

	walk.count++;
	atomic_inc(&walk.users);
	return 0;
}

static const struct file_operations own = {
	.mmap = own_mmap, //= mechanical
};

/* Done once for the first who comes; everybody else is sent away with success. */
static int first_buffer(struct thing *thing)
{
	mutex_lock(&thing->lock);
	if (thing->buffer) {
		mutex_unlock(&thing->lock);
		return 0;
	}
	thing->buffer = vmalloc_user(SIZE);
	thing->uses++;
	mutex_unlock(&thing->lock);
	return 0;
}

static int first_mmap(struct file *file, struct vm_area_struct *vma)
{
	return first_buffer(file->private_data);
}

static const struct file_operations first = {
	.mmap = first_mmap, //= mechanical
};

/* Sent away with an error it is a claim, and state. */
static int exclusive_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (test_and_set_bit(0, &thing->flags)) //~ state:counter
		return -EBUSY;
	return 0;
}

static const struct file_operations exclusive = {
	.mmap = exclusive_mmap, //= mapped
};

/* A get whose put is called as well, whatever the two are called after. */
static int paired_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct region *region = my_get_mem_region(file); //? ref-lookup
	int ret;

	ret = vm_iomap_memory(vma, region->base, region->size); //~ action:simple_ioremap
	my_put_mem_region(region);
	return ret;
}

static const struct file_operations paired = {
	.mmap = paired_mmap, //= action
};

/* An entry that one mapping uses up is gone when the mapping fails later. */
static int used_up_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct entry *entry = find_entry(file, vma->vm_pgoff);

	list_del(&entry->node); //~ state:list
	return remap_pfn_range(vma, vma->vm_start, entry->pfn, SIZE, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations used_up = {
	.mmap = used_up_mmap, //= mapped
};

/* Through locals and members what is mapped is still what was allocated. */
static int traced_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct piece *piece = kzalloc_obj(*piece); //~ state:alloc, alloc-before-populate
	unsigned long pfn;

	if (!piece)
		return -ENOMEM;
	pfn = virt_to_phys(piece->memory) >> PAGE_SHIFT;
	return remap_pfn_range(vma, vma->vm_start, pfn, SIZE, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations traced = {
	.mmap = traced_mmap, //= finish
};

/* Whether it was made before may be asked of a predicate. */
static int asked_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (!thing_node_allocated(&thing->node))
		thing->node = thing_node_alloc(thing);
	return 0;
}

static const struct file_operations asked = {
	.mmap = asked_mmap, //= mechanical
};

/* A helper of another file that makes what is then mapped. */
static int made_elsewhere_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct client *client = file->private_data;
	int ret;

	ret = my_buffer_alloc(&client->buffer, COUNT); //~ state:alloc, alloc-before-populate
	if (ret < 0)
		return ret;
	ret = vm_map_pages_zero(vma, client->buffer.pages, COUNT); //~ action:map_pages
	if (ret < 0)
		my_buffer_destroy(&client->buffer);
	return ret;
}

static const struct file_operations made_elsewhere = {
	.mmap = made_elsewhere_mmap, //= finish
};

/* What is looked up is pinned under the lock of the look-up, and put once the mapping has a reference of its own, which is the one it keeps. */
static struct thing *thing_find(struct client *client, unsigned long offset)
{
	struct thing *thing;

	mutex_lock(&client->lock);
	thing = xa_load(&client->things, offset);
	if (thing && !kref_get_unless_zero(&thing->refcount))
		thing = NULL;
	mutex_unlock(&client->lock);
	return thing;
}

static int thing_attach(struct thing *thing, struct vm_area_struct *vma)
{
	thing_get(thing); //~ state:ref
	vma->vm_private_data = thing;
	vma->vm_ops = &thing_vm_ops;
	return 0;
}

static int found_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = thing_find(file->private_data, vma->vm_pgoff);
	int ret;

	if (!thing)
		return -EINVAL;
	ret = thing_attach(thing, vma);
	thing_put(thing);
	return ret;
}

static const struct file_operations found = {
	.mmap = found_mmap, //= mapped
};

/* What is put is part of what was taken, and not its count. */
static int child_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct device *dev = file->private_data;

	get_device(dev); //~ state:ref
	vma->vm_private_data = dev;
	of_node_put(dev->of_node);
	return 0;
}

static const struct file_operations child = {
	.mmap = child_mmap, //= mapped
};

/* One family, one meaning: whatever the order of memory, whether or not the old value is asked for. */
static int family_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	atomic_fetch_add(1, &thing->uses); //~ state:counter
	atomic64_add_return_relaxed(1, &thing->bytes); //~ state:counter
	atomic_long_fetch_inc_acquire(&thing->pages); //~ state:counter
	list_move(&thing->node, &thing->mapped); //~ state:list
	hlist_add_behind(&thing->hash, &thing->last); //~ state:list
	set_bit(thing->slot, &thing->flags); //~ state:counter
	__set_bit(vma->vm_pgoff, thing->slots); //~ state:counter
	idr_alloc_cyclic(&thing->ids, thing, 0, 0, GFP_KERNEL); //~ state:list
	xa_cmpxchg(&thing->pieces, 0, NULL, thing, GFP_KERNEL); //~ state:list
	return 0;
}

static const struct file_operations family = {
	.mmap = family_mmap, //= mapped
};

/* The count is the last argument, for giving back as for taking. */
static int family_balanced_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	atomic_add(2, &thing->uses);
	ask_twice(thing);
	atomic_sub(2, &thing->uses);
	return 0;
}

static const struct file_operations family_balanced = {
	.mmap = family_balanced_mmap, //= mechanical
};

/* To look up is not to take, unless something is given back. */
static int looked_up_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct page *other = pages_lookup(vma->vm_mm, 0);
	struct thing *thing = things_lookup(file->private_data);

	if (!other || !thing)
		return -EINVAL;
	vma->vm_private_data = thing;
	return 0;
}

static const struct file_operations looked_up = {
	.mmap = looked_up_mmap, //= mechanical
};

static void put_at_close(struct vm_area_struct *vma)
{
	thing_put(vma->vm_private_data);
}

static const struct vm_operations_struct put_at_close_ops = {
	.close = put_at_close,
};

static int looked_up_kept_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = things_lookup(file->private_data); //~ state:ref

	if (!thing)
		return -EINVAL;
	vma->vm_private_data = thing;
	vma->vm_ops = &put_at_close_ops;
	return 0;
}

static const struct file_operations looked_up_kept = {
	.mmap = looked_up_kept_mmap, //= mapped
};

/* A bit that is set again is as it was, unless each mapping clears it when it goes. */
static int set_again_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	set_bit(THING_MAPPED, &thing->flags); //? file-state
	return 0;
}

static void clear_at_close(struct vm_area_struct *vma)
{
	struct thing *thing = vma->vm_private_data;

	clear_bit(THING_MAPPED, &thing->flags);
	thing->is_mapped = false;
}

static const struct vm_operations_struct clear_at_close_ops = {
	.close = clear_at_close,
};

static int set_for_mapping_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	set_bit(THING_MAPPED, &thing->flags); //~ state:counter
	thing->is_mapped = true; //~ state:counter
	thing->mapped_at = jiffies; //? file-state
	vma->vm_ops = &clear_at_close_ops;
	return 0;
}

static const struct file_operations set_again = {
	.mmap = set_again_mmap, //= mechanical
};
static const struct file_operations set_for_mapping = {
	.mmap = set_for_mapping_mmap, //= mapped
};

/* Under a lock a mark is a claim; a pointer, a time, a number that nobody gets twice is none, and a lock for reading guards no write. */
static int stamped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;
	int ticket;

	mutex_lock(&thing->lock);
	thing->mm = vma->vm_mm; //? file-state
	thing->mapping = vma->vm_file->f_mapping; //? file-state
	thing->last_used = ktime_get(); //? file-state
	ticket = thing->next_ticket++; //? file-state
	mutex_unlock(&thing->lock);
	down_read(&thing->sem);
	thing->is_mapped = true; //? file-state
	up_read(&thing->sem);
	return 0;
}

static const struct file_operations stamped = {
	.mmap = stamped_mmap, //= mechanical
};

/* What others look for by way of a function, a list that is empty, or a state that is left, is made once. */
static int find_user(struct thing *thing, struct mm_struct *mm)
{
	return 0;
}

static int add_user(struct thing *thing)
{
	struct user *user;

	if (find_user(thing, current->mm))
		return 0;
	user = kzalloc(SIZE, GFP_KERNEL); //? file-state
	if (!user)
		return -ENOMEM;
	kref_get(&thing->ref); //? file-state
	spin_lock(&thing->lock);
	list_add(&user->node, &thing->users); //? file-state
	spin_unlock(&thing->lock);
	return 0;
}

static int sought_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (list_empty(&thing->node))
		list_add(&thing->node, &all_things); //? file-state
	if (thing->mode == MODE_NONE) {
		thing->mode = MODE_MAPPED;
		thing->users++; //? file-state
	}
	return add_user(thing);
}

static const struct file_operations sought = {
	.mmap = sought_mmap, //= mechanical
};

/* Whoever finds it taken is sent away with an error. */
static int refused_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	mutex_lock(&thing->lock); //~ state:lock
	if (!thing->owner) {
		thing->owner = OWNER; //~ state:counter
	} else {
		return -EBUSY;
	}
	mutex_unlock(&thing->lock);
	return 0;
}

static const struct file_operations refused = {
	.mmap = refused_mmap, //= mapped
};

/* Counts on the own stack, by pointer and in a callee, are nobody else's. */
static void measure(struct size *size, int *times)
{
	size->pages++;
	*times += 1;
}

static int measured_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct size size, *same = &size;
	int times = 0;

	same->pages++;
	measure(&size, &times);
	measure(same, &times);
	return 0;
}

static const struct file_operations measured = {
	.mmap = measured_mmap, //= mechanical
};

/* What one function opens and another of the same name closes, in the same handler. */
static int bracketed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct holder holder;

	cluster_inode_lock_atime(file, &holder);
	vma->vm_ops = &ref_vm_ops;
	cluster_inode_unlock(file, &holder);
	return 0;
}

static const struct file_operations bracketed = {
	.mmap = bracketed_mmap, //= mechanical
};

/* Behind a helper of another module that populates is behind a populate. */
static int behind_helper_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = thing_find_get(file); //? ref-lookup
	int ret;

	ret = foreign_helper_mmap(thing, vma); //~ helper:foreign_helper_mmap
	thing_put(thing);
	if (ret)
		return ret;
	start_engine(file); //~ post-populate
	return 0;
}

static const struct file_operations behind_helper = {
	.mmap = behind_helper_mmap, //= finish //: depends foreign_helper_mmap
};

/* What a callee does only where it is handed something. */
static int load(struct thing *thing, struct page **result, bool keep)
{
	struct page *page;

	if (result) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		*result = page;
	}
	if (keep)
		kref_get(&thing->ref);
	return 0;
}

static int loaded_mmap(struct file *file, struct vm_area_struct *vma)
{
	return load(file->private_data, NULL, false);
}

static const struct file_operations loaded = {
	.mmap = loaded_mmap, //= mechanical
};

/* Code that is never compiled in. */
static int never_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (0) {
		vma->vm_start = 0;
		kref_get(&all_things->ref);
	} else {
		vma->vm_ops = &ref_vm_ops;
	}
	return 0;
}

static const struct file_operations never = {
	.mmap = never_mmap, //= mechanical //: writes vm_ops | reads -
};

/* A number is no object, whatever the name of the function that returns it. */
static unsigned long thing_get_base(struct thing *thing)
{
	return thing->base;
}

static int numbered_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;
	unsigned long base = thing_get_base(thing);

	thing_get(thing);
	if (vma->vm_pgoff > base) {
		thing_put(thing);
		return -EINVAL;
	}
	thing_put(thing);
	return 0;
}

static const struct file_operations numbered = {
	.mmap = numbered_mmap, //= mechanical
};

/* A hook that drops what its caller has got for the mapping. */
struct lender_ops {
	int (*mmap)(struct lender *lender, struct vm_area_struct *vma);
};

struct lender {
	const struct lender_ops *ops;
	struct kref ref;
};

static int lender_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lender *lender = file->private_data;

	return lender->ops->mmap(lender, vma); //~ hook:lender_ops.mmap
}

static const struct file_operations lender_fops = {
	.mmap = lender_mmap, //= mapped
};

static int dropped(struct lender *lender)
{
	kref_put(&lender->ref, lender_free); //~ state:ref
	return 0;
}

static int dropping_mmap(struct lender *lender, struct vm_area_struct *vma)
{
	vma->vm_ops = &ref_vm_ops;
	return dropped(lender);
}

static const struct lender_ops dropping = {
	.mmap = dropping_mmap, //= mapped //~ hook:lender_ops.mmap
};

/* One that it has looked up itself is none of its caller's. */
static int looking_mmap(struct lender *lender, struct vm_area_struct *vma)
{
	struct lender *other = find_other(lender);

	vma->vm_ops = &ref_vm_ops;
	return dropped_other(other);
}

static int dropped_other(struct lender *lender)
{
	kref_put(&lender->ref, lender_free);
	return 0;
}

static const struct lender_ops looking = {
	.mmap = looking_mmap, //= mechanical //~ hook:lender_ops.mmap
};
//- lib/foreign.c
#include <linux/mm.h>

int foreign_helper_mmap(struct thing *thing, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, thing->pfn, SIZE, vma->vm_page_prot);
}
EXPORT_SYMBOL(foreign_helper_mmap);

/* Locks that the hook leaves behind. */
static int left_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (!mutex_trylock(&lamp->lock)) //~ state:lock
		return -EBUSY;
	return 0;
}

static const struct file_operations left_fops = {
	.mmap = left_mmap, //= manual
};

static int left_shared_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	down_read(&lamp->gate); //~ state:lock
	if (vma->vm_pgoff) {
		up_read(&lamp->gate);
		return -EINVAL;
	}
	return 0;
}

static const struct file_operations left_shared_fops = {
	.mmap = left_shared_mmap, //= unknown
};

/* A value that is rounded up is no count; one of two that exclude each other is. */
static int rounded_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	lamp->parts = lamp->size / 16;
	if (lamp->size % 16)
		lamp->parts++;
	return 0;
}

static const struct file_operations rounded_fops = {
	.mmap = rounded_mmap, //= mechanical
};

static int first_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (!lamp->parts)
		lamp->parts = 1;
	else
		lamp->parts++; //~ state:counter
	return 0;
}

static const struct file_operations first_fops = {
	.mmap = first_mmap, //= mapped
};

/* A part of a field of the VMA is no shared object. */
static int part_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_page_prot.pgprot |= 0x10;
	return 0;
}

static const struct file_operations part_fops = {
	.mmap = part_mmap, //= mechanical
};

/* A question about a lock takes none. */
static int asking_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	if (lamp_value_has_spin_lock(lamp))
		return -ENOTSUPP;
	return 0;
}

static const struct file_operations asking_fops = {
	.mmap = asking_mmap, //= mechanical
};

/* What the kernel takes under names that do not say so. */
static int named_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	int ret = mnt_want_write_file(file); //~ state:counter

	if (ret)
		return ret;
	lamp->regs = ioremap(lamp->base, lamp->size); //~ state:alloc
	if (!lamp->regs) {
		mnt_drop_write_file(file);
		return -ENOMEM;
	}
	return request_irq(lamp->irq, lamp_irq, 0, "lamp", lamp); //~ state:list
}

static const struct file_operations named_fops = {
	.mmap = named_mmap, //= mapped
};

static int once_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;

	WRITE_ONCE(lamp->users, READ_ONCE(lamp->users) + 1); //~ state:counter
	return 0;
}

static const struct file_operations once_fops = {
	.mmap = once_mmap, //= mapped
};

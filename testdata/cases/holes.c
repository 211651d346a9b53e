/* Each of these was once judged easier than it is. */
#include <linux/mm.h>

#define ops(name) static const struct file_operations name ## _fops = { .mmap = name }

static int is_err(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = thing_find_get(file); //~ state:ref

	if (IS_ERR(thing))
		return PTR_ERR(thing);
	vma->vm_private_data = thing;
	return 0;
}
ops(is_err); //= mapped

static int jump_back(struct file *file, struct vm_area_struct *vma)
{
	int ret;
again:
	if (is_done(file))
		return 0;
	ret = remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ multi-remap, finish:remap_pfn_range, action:remap_pfn
	if (ret)
		return ret;
	goto again;
}
ops(jump_back); //= finish

static int jump_around(struct file *file, struct vm_area_struct *vma)
{
	goto start;
back:
	return vm_insert_page(vma, vma->vm_start, PAGE); //~ finish:vm_insert_page
start:
	if (file->private_data)
		goto back;
	return 0;
}
ops(jump_around); //= finish

static int carried(struct file *file, struct vm_area_struct *vma)
{
	int previous = 0, i;

	for (i = 0; i < COUNT; i++) {
		if (previous) {
			int ret = remap_pfn_range(vma, i, PFN, SIZE, vma->vm_page_prot); //~ multi-remap, finish:remap_pfn_range

			if (ret)
				return ret;
		}
		previous = next_piece(file, i); //~ post-populate
	}
	return 0;
}
ops(carried); //= finish

static int by_address(struct file *file, struct vm_area_struct *vma)
{
	bool linear = false;

	ask(file, &linear);
	if (linear)
		return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
	return 0;
}
ops(by_address); //= action

static int by_static(struct file *file, struct vm_area_struct *vma)
{
	static int ready = 0;

	if (ready)
		return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
	ready = 1;
	return 0;
}
ops(by_static); //= action

static int shadowed(struct file *file, struct vm_area_struct *vma)
{
	int ret = 0;

	if (vma->vm_pgoff) {
		int ret = -EIO;

		report(ret);
		vm_insert_page(vma, vma->vm_start, PAGE); //~ finish:vm_insert_page
	}
	return ret;
}
ops(shadowed); //= finish

static int long_alias(struct file *file, struct vm_area_struct *vma)
{
	struct vm_area_struct *c, *b, *a;

	a = vma;
	b = a;
	c = b;
	return remap_pfn_range(c, 0, PFN, SIZE, PROT); //~ action:remap_pfn //? prot-override
}
ops(long_alias); //= action

#define MAP_IT(v) do { struct vm_area_struct *_v = (v); remap_pfn_range(_v, 0, PFN, SIZE, PROT); } while (0)
static int by_macro_local(struct file *file, struct vm_area_struct *vma)
{
	MAP_IT(vma); //~ action:remap_pfn
	return 0;
}
ops(by_macro_local); //= action

#define SAME(v) (v)
static int by_macro_argument(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(SAME(vma), 0, PFN, SIZE, PROT); //~ unknown //! not-understood
}
ops(by_macro_argument); //= unknown

#define DO_IT() remap_pfn_range(vma, 0, PFN, SIZE, PROT)
static int by_captured(struct file *file, struct vm_area_struct *vma)
{
	return DO_IT(); //~ action:remap_pfn
}
ops(by_captured); //= action

#define PIN(thing) kref_get(&(thing)->ref)
static int by_macro_state(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	PIN(thing); //~ state:ref
	return 0;
}
ops(by_macro_state); //= mapped

static int card_map_info(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, 0, PFN, SIZE, PROT); //~ action:remap_pfn
}
static void card_take_info(struct thing *thing)
{
	kref_get(&thing->ref); //~ state:ref
}
static int quiet_name(struct file *file, struct vm_area_struct *vma)
{
	return card_map_info(file, vma);
}
static int quiet_state(struct file *file, struct vm_area_struct *vma)
{
	card_take_info(file->private_data);
	return 0;
}
ops(quiet_name); //= action
ops(quiet_state); //= mapped

static int cycle_a(struct file *file, struct vm_area_struct *vma);
static int cycle_b(struct file *file, struct vm_area_struct *vma)
{
	if (file->f_pos)
		return cycle_a(file, vma);
	return 0;
}
static int cycle_a(struct file *file, struct vm_area_struct *vma)
{
	if (file->f_flags)
		return cycle_b(file, vma);
	return vm_insert_page(vma, vma->vm_start, PAGE); //~ finish:vm_insert_page
}
ops(cycle_a); //= finish
ops(cycle_b); //= finish

static int written_over(struct file *file, struct vm_area_struct *vma)
{
	*vma = template; //~ unknown //! not-understood
	return 0;
}
static int by_comma(struct file *file, struct vm_area_struct *vma)
{
	card->v = (ask(file), vma); //~ unknown //! not-understood
	return 0;
}
static int by_cookie(struct file *file, struct vm_area_struct *vma)
{
	card->cookie = (unsigned long)vma | 1; //~ unknown //! not-understood
	return 0;
}
static int by_holder_copy(struct file *file, struct vm_area_struct *vma)
{
	struct context context = { .vma = vma };

	*card->context = context; //~ unknown //! not-understood
	return 0;
}
static int by_holder_member(struct file *file, struct vm_area_struct *vma)
{
	struct context context;

	context.vma = vma;
	return work_on(&context.work); //~ unknown //! not-understood
}
ops(written_over); //= unknown
ops(by_comma); //= unknown
ops(by_cookie); //= unknown
ops(by_holder_copy); //= unknown
ops(by_holder_member); //= unknown

static int not_once(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (!thing->read_only)
		kref_get(&thing->ref); //~ state:ref
	return 0;
}
static int not_once_for_vma(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	if (vma->vm_private_data)
		return 0;
	kref_get(&thing->ref); //~ state:ref
	vma->vm_private_data = thing;
	return 0;
}
ops(not_once); //= mapped
ops(not_once_for_vma); //= mapped

static int checked_get(struct file *file, struct vm_area_struct *vma)
{
	if (!get_device(file->private_data)) //~ state:ref
		return -ENODEV;
	return 0;
}
static int freed_not(struct file *file, struct vm_area_struct *vma)
{
	void *buffer __free(kfree) = kzalloc(SIZE, GFP_KERNEL); //~ state:alloc

	if (!buffer)
		return -ENOMEM;
	vma->vm_private_data = no_free_ptr(buffer);
	return 0;
}
static int put_only_one(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = thing_lookup(file); //? ref-lookup
	int ret;

	if (!thing)
		return -ENOENT;
	atomic_inc(&thing->mappings); //~ state:counter
	ret = vm_iomap_memory(vma, BASE, SIZE); //~ action:simple_ioremap
	thing_put(thing);
	return ret;
}
static int put_perhaps(struct file *file, struct vm_area_struct *vma)
{
	struct thing *thing = file->private_data;

	kref_get(&thing->ref); //~ state:ref
	if (vma->vm_pgoff && kref_put(&thing->ref, thing_release))
		return -EIO;
	return 0;
}
static int static_count(struct file *file, struct vm_area_struct *vma)
{
	static int maps;

	maps++; //~ state:counter
	return 0;
}
ops(checked_get); //= mapped
ops(freed_not); //= mapped
ops(put_only_one); //= mapped
ops(put_perhaps); //= mapped
ops(static_count); //= mapped

static int by_local_address(struct file *file, struct vm_area_struct *vma)
{
	unsigned long address = vma->vm_start;

	return apply_to_page_range(current->mm, address, SIZE, set_one, NULL); //~ finish:apply_to_page_range
}
ops(by_local_address); //= finish

static int default_map(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}
static int by_some_pointer(struct file *file, struct vm_area_struct *vma)
{
	int (*map)(struct file *file, struct vm_area_struct *vma) = default_map;

	if (file->private_data)
		map = find_map(file);
	return map(file, vma); //~ unknown //! not-understood
}
ops(by_some_pointer); //= unknown

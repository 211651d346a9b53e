/* To whom the VMA goes. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <frame/frame.h>

/* A helper with a desc twin is in nobody's way. */
static int twin_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = generic_file_mmap(file, vma); //~ helper:generic_file_mmap

	if (!ret)
		vma->vm_ops = &twin_vm_ops;
	return ret;
}

static const struct file_operations twin = {
	.mmap = twin_mmap, //= mechanical //: writes vm_ops | calls generic_file_mmap | depends - | after -
};

/* Another module's helper is. */
static int foreign_mmap(struct file *file, struct vm_area_struct *vma)
{
	return subsystem_mmap(file, vma); //~ helper:subsystem_mmap
}

static const struct file_operations foreign = {
	.mmap = foreign_mmap, //= blocked //: depends subsystem_mmap | after mechanical | writes -
};
static const struct file_operations foreign_itself = {
	.mmap = subsystem_mmap, //= blocked //~ helper:subsystem_mmap //: depends subsystem_mmap | after mechanical | writes vm_private_data
};

/* So is a hook of a table that drivers share. */
static int dispatch_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct frame_device *frame = file->private_data;

	if (vma->vm_pgoff == 0)
		return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
	return frame->ops->mmap(frame, vma); //~ hook:frame_ops.mmap
}

static const struct file_operations dispatch = {
	.mmap = dispatch_mmap, //= blocked //: depends frame_ops.mmap | after action | paths action blocked | calls remap_pfn_range frame->ops->mmap
};

/* By way of a local pointer it is the same. */
static int pointed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct frame_device *frame = file->private_data;
	const auto mmap = frame->ops->mmap;

	if (!mmap)
		return -EIO;
	return mmap(frame, vma); //~ hook:frame_ops.mmap
}

static const struct file_operations pointed = {
	.mmap = pointed_mmap, //= blocked
};

/* A table of the driver's own is followed. */
struct model_ops {
	int (*map)(struct model *model, struct vm_area_struct *vma);
};

struct model {
	const struct model_ops *ops;
	const struct bridged_ops *bridged;
};

static int old_model_map(struct model *model, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, model->base, model->size); //~ action:simple_ioremap
}

static int new_model_map(struct model *model, struct vm_area_struct *vma)
{
	vma->vm_ops = &twin_vm_ops;
	return 0;
}

static const struct model_ops old_model = { .map = old_model_map }; //= action //~ hook:model_ops.map
static const struct model_ops new_model = { .map = new_model_map }; //= mechanical //~ hook:model_ops.map

static int model_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct model *model = file->private_data;

	return model->ops->map(model, vma); //~ hook:model_ops.map
}

static const struct file_operations model = {
	.mmap = model_mmap, //= action //: writes vm_ops | depends -
};

/* A caller that bridges to a converted hook has nothing left to wait for. */
struct bridged_ops {
	int (*mmap_prepare)(struct model *model, struct vm_area_desc *desc);
};

static int bridge_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct model *model = file->private_data;
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = model->bridged->mmap_prepare(model, &desc);
	if (ret)
		return ret;
	return __compat_vma_mmap(&desc, vma);
}

static const struct file_operations bridge = {
	.mmap = bridge_mmap, //= mechanical //: calls compat_set_desc_from_vma __compat_vma_mmap
};

/* Kept, published, sent to another file, exchanged. */
static struct vm_area_struct *last_vma;

static int keep_mmap(struct file *file, struct vm_area_struct *vma)
{
	last_vma = vma; //~ escape:last_vma
	return 0;
}

static int keep_once_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct model *model = file->private_data;

	WRITE_ONCE(model->last.vma, vma); //~ escape:last.vma
	smp_store_release(&model->vma, vma); //~ escape:vma
	return 0;
}

static const struct file_operations keep_once = {
	.mmap = keep_once_mmap, //= manual
};

static const struct file_operations keep = {
	.mmap = keep_mmap, //= manual
};

static int stack_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vfs_mmap(real_file(file), vma); //~ redispatch, nested-fs
}

static const struct file_operations stack = {
	.mmap = stack_mmap, //= manual
};

static int stack_by_hand_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = real_file(file);

	return real->f_op->mmap(real, vma); //~ redispatch, nested-fs
}

static const struct file_operations stack_by_hand = {
	.mmap = stack_by_hand_mmap, //= manual
};

static int swap_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma_set_file(vma, real_file(file)); //~ file-swap
	return 0;
}

static const struct file_operations swap = {
	.mmap = swap_mmap, //= mechanical //: writes vm_file
};

/* What nobody can follow makes nothing easier. */
static int lost_mmap(struct file *file, struct vm_area_struct *vma)
{
	return nowhere_to_be_found(vma); //~ unknown //! not-understood
}

static const struct file_operations lost = {
	.mmap = lost_mmap, //= unknown
};

/* Its own open hook, by name and by table. */
static void counted_open(struct vm_area_struct *vma)
{
	kref_get(vma->vm_private_data); //~ state:ref
}

static const struct vm_operations_struct counted_vm_ops = {
	.open = counted_open,
};

static int opened_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &counted_vm_ops;
	counted_open(vma); //~ open-call
	return 0;
}

static int opened_by_table_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &counted_vm_ops;
	vma->vm_ops->open(vma); //~ open-call
	return 0;
}

static const struct file_operations opened = {
	.mmap = opened_mmap, //= mapped
};
static const struct file_operations opened_by_table = {
	.mmap = opened_by_table_mmap, //= mapped
};

/* Recursion ends. */
static int again_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff)
		return again_mmap(file, vma);
	return remap_pfn_range(vma, vma->vm_start, PFN, SIZE, vma->vm_page_prot); //~ action:remap_pfn
}

static const struct file_operations again = {
	.mmap = again_mmap, //= action
};
//- lib/subsystem.c
#include <linux/fs.h>

int subsystem_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file;
	return 0;
}
EXPORT_SYMBOL_GPL(subsystem_mmap);
//- drivers/stray/stray.c
/* Ways that are not followed make nothing easier. */
#include <linux/mm.h>

struct pair {
	struct vm_area_struct *vma;
	int number;
};

static int positional_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct pair pair = { vma, 1 }; //~ unknown //! not-understood

	return use_pair(&pair);
}

static int address_mmap(struct file *file, struct vm_area_struct *vma)
{
	return use_address(&vma); //~ unknown //! not-understood
}

static int copied_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vm_area_struct copy = *vma; //~ unknown //! not-understood

	return use_copy(&copy);
}

static int chosen_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vm_area_struct *maybe = vma->vm_pgoff ? vma : NULL; //~ unknown //! not-understood

	return use_maybe(maybe);
}

static struct vm_area_struct *same(struct vm_area_struct *vma)
{
	return vma; //~ unknown //! not-understood
}

static int returned_mmap(struct file *file, struct vm_area_struct *vma)
{
	return use_maybe(same(vma));
}

static const struct file_operations positional = {
	.mmap = positional_mmap, //= unknown
};
static const struct file_operations address = {
	.mmap = address_mmap, //= unknown
};
static const struct file_operations copied = {
	.mmap = copied_mmap, //= unknown
};
static const struct file_operations chosen = {
	.mmap = chosen_mmap, //= unknown
};
static const struct file_operations returned = {
	.mmap = returned_mmap, //= unknown
};

/* Looking at the pointer, or printing it, is no way out. */
static int looked_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!file || !vma)
		return -ENXIO;
	dev_dbg(file->dev, "%p\n", vma);
	return 0;
}

static const struct file_operations looked = {
	.mmap = looked_mmap, //= mechanical
};

/* Without a file the core makes an anonymous mapping of it, and a borrowed file is put once too often. */
static int dropped_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_file = NULL; //~ edit:vm_file
	fput(file);
	return 0;
}

static int borrowed_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *real = file->private_data;

	vma->vm_file = real; //~ edit:vm_file
	return 0;
}

static const struct file_operations dropped = {
	.mmap = dropped_mmap, //= manual
};
static const struct file_operations borrowed = {
	.mmap = borrowed_mmap, //= manual
};

/* A reference of its own, taken where it is put there, by name, or by what makes the file. */
static int own_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *made;

	if (vma->vm_pgoff) {
		struct object *object = file->private_data;

		get_file(object->filp);
		vma->vm_file = object->filp; //~ file-swap
		return 0;
	}
	if (vma->vm_flags & VM_SHARED) {
		vma->vm_file = get_file(file->private_data); //~ file-swap
		return 0;
	}
	made = shmem_file_setup("made", SIZE, 0);
	if (IS_ERR(made))
		return PTR_ERR(made);
	vma->vm_file = made; //~ file-swap
	return 0;
}

static const struct file_operations own_file = {
	.mmap = own_file_mmap, //= mechanical
};

/* A hook that no table gives a function stands in nobody's way, and one that nobody calls is told. */
struct dead_ops {
	int (*dead_place)(struct dead *dead, struct vm_area_struct *vma);
	int (*unused_place)(struct dead *dead, struct vm_area_struct *vma);
};

static int unused_place(struct dead *dead, struct vm_area_struct *vma)
{
	return 0;
}

static const struct dead_ops dead_ops = {
	.unused_place = unused_place, //= mechanical //~ hook:dead_ops.unused_place //? never-called
};

static int dead_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dead *dead = file->private_data;
	const struct dead_ops *ops = dead_ops_of(dead);

	if (ops->dead_place)
		return ops->dead_place(dead, vma); //~ hook:dead_ops.dead_place
	return 0;
}

static const struct file_operations dead = {
	.mmap = dead_mmap, //= mechanical //: depends -
};

//- include/frame/late.h
struct late_ops {
	int (*late_place)(struct late *late, struct vm_area_struct *vma);
};

//- drivers/late/late.c
#include <frame/late.h>

static int late_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct late *late = file->private_data;
	const struct late_ops *ops = late_ops_of(late);

	if (ops->late_place)
		return ops->late_place(late, vma); //~ hook:late_ops.late_place
	return 0;
}

static const struct file_operations late = {
	.mmap = late_mmap, //= mechanical //: depends -
};

/* What takes a desc cannot be what a hook with a VMA is given, whatever it is set for. */
static int late_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct later_ops later = {
	.place_prepare = late_prepare, //! registration
};

//- drivers/slide/slide.c
#include <linux/fs.h>

/* A table whose type is a typedef: the functions that the driver fills it with are followed. */
typedef struct slide_module {
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
} slide_module_t;

static struct vm_area_struct *slide_kept;

static int slide_page_mmap(struct file *file, struct vm_area_struct *vma)
{
	slide_kept = vma; //~ escape:slide_kept
	return 0;
}

static slide_module_t slide_page = {
	.mmap = slide_page_mmap, //= manual //~ hook:slide_module.mmap
};

static int slide_mmap(struct file *file, struct vm_area_struct *vma)
{
	slide_module_t *module = slide_modules[slide_number(file)];

	return module->mmap(file, vma); //~ hook:slide_module.mmap
}

static const struct file_operations slide_fops = {
	.mmap = slide_mmap, //= manual
};

/* A reference that a function of another file takes is that of its result. */
static int lookup_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp_map *map = lamp_map_get(lamp);
	int ret;

	if (!map)
		return -EINVAL;
	ret = map->size < vma->vm_end - vma->vm_start ? -EINVAL : 0;
	if (!ret)
		vma->vm_ops = &lookup_vm_ops;
	lamp_map_put(map);
	return ret;
}

static const struct file_operations lookup_fops = {
	.mmap = lookup_mmap, //= mechanical
};

static int kept_lookup_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp_map *map = lamp_map_get(lamp); //~ state:ref

	if (map->size < vma->vm_end - vma->vm_start) {
		lamp_map_put(map);
		return -EINVAL;
	}
	vma->vm_private_data = map;
	vma->vm_ops = &lookup_vm_ops;
	return 0;
}

static const struct file_operations kept_lookup_fops = {
	.mmap = kept_lookup_mmap, //= mapped
};

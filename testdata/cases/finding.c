/* Every way in which a handler can be registered. */
#include <linux/fs.h>
#include <frame/frame.h>

static int plain_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static int other_plain_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -EPERM;
}

static int frame_style_mmap(struct frame_device *frame, struct vm_area_struct *vma)
{
	return 0;
}

static const struct file_operations plain = {
	.mmap = plain_mmap, //= mechanical //: table plain | ops file_operations | handler plain_mmap | reads - | macro - | condition -
};

/* Arrays of tables, and several words before the name. */
static const struct file_operations __maybe_unused several[2] = {
	{
		.open = several_open,
		.mmap = plain_mmap, //= mechanical //: table several
	},
	[1] = { .mmap = &plain_mmap }, //= mechanical //: table several | handler plain_mmap
};

struct holder {
	const char *name;
	struct frame_ops ops;
	struct {
		struct file_operations fops;
	} inner;
};

/* Tables inside other things. */
static struct holder held = {
	.name = "held",
	.ops = {
		.mmap = frame_style_mmap, //= mechanical //~ hook:frame_ops.mmap //: table held | ops frame_ops
	},
	.inner.fops.mmap = plain_mmap, //= mechanical //: ops file_operations
};

static struct file_operations old_style = {
	open:	plain_open,
	mmap:	plain_mmap, //= mechanical //: table old_style
};

/* What the preprocessor would choose is listed with its condition. */
static const struct file_operations chosen = {
#ifdef CONFIG_MMU
	.mmap = plain_mmap, //= mechanical //: condition CONFIG_MMU
#else
	.mmap = NULL, //= none //: condition !CONFIG_MMU | handler -
#endif
#if IS_ENABLED(CONFIG_COMPAT)
	.compat_ioctl = plain_ioctl,
#endif
};

static void assigned(struct holder *holder, struct frame_device *frame)
{
	struct file_operations *fops = &holder->inner.fops;
	const struct frame_ops local = { .mmap = frame_style_mmap }; //= mechanical //~ hook:frame_ops.mmap //: table local | ops frame_ops

	fops->mmap = plain_mmap; //= mechanical //: table - | ops file_operations
	holder->ops.mmap = frame_style_mmap; //= mechanical //~ hook:frame_ops.mmap //: ops frame_ops
	*fops = (struct file_operations){
		.mmap = plain_mmap, //= mechanical
	};
	fops->mmap = holder->name ? plain_mmap : other_plain_mmap; //= mechanical //: handler other_plain_mmap
	if (fops->mmap == plain_mmap)
		fops->mmap = NULL; //= none
	frame->mmap_count = 0;
}

/* Macros that make a table, or members of one; the macro itself registers nothing. */
#define MEMBERS(handler) \
	.open = plain_open, \
	.mmap = handler
#define DEFINE_TABLE(prefix) \
	static const struct file_operations prefix ## _fops = { MEMBERS(prefix ## _mmap) }

static const struct file_operations with_members = {
	MEMBERS(plain_mmap), //= mechanical //: table with_members | macro MEMBERS | handler plain_mmap
	.release = plain_release,
};

DEFINE_TABLE(plain); //= mechanical //: table plain_fops | macro DEFINE_TABLE
#define mmap_fops(prefix) static const struct file_operations prefix ## _early_fops = { .mmap = prefix ## _mmap }
mmap_fops(plain); //= mechanical //: table plain_early_fops | macro mmap_fops
DEFINE_FRAME_FOPS(foreign_fops); //= unknown //! handler-not-found //: macro DEFINE_FRAME_FOPS | handler frame_mmap //~ unknown

/* A macro of the file around a macro of a header. */
#define MY_OWN_FOPS(name) DEFINE_FRAME_FOPS(name)
MY_OWN_FOPS(own_fops); //= unknown //! handler-not-found //: macro MY_OWN_FOPS | table own_fops //~ unknown

/* A handler by another name, or by none. */
#ifdef CONFIG_FINDING
static int renamed_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file;
	return 0;
}
#else
#define renamed_mmap NULL
#endif
#define other_mmap plain_mmap
#define no_mmap NULL

static const struct file_operations renamed = {
	.mmap = renamed_mmap, //= mechanical //: writes vm_private_data
};
static const struct file_operations other = {
	.mmap = other_mmap, //= mechanical
};
static const struct file_operations none = {
	.mmap = no_mmap, //= none
};

/* A struct of the driver's own has a hook by its type alone, whatever the member is called. */
struct private_ops {
	int (*place)(struct holder *holder, struct vm_area_struct *vma);
	void (*forget)(struct vm_area_struct *vma);
	int (*mmap)(struct holder *holder, unsigned long size);
};

static int placed(struct holder *holder, struct vm_area_struct *vma)
{
	return 0;
}

static const struct private_ops private_ops = {
	.place = placed, //= mechanical //~ hook:private_ops.place //: ops private_ops
	.forget = forgotten,
	.mmap = not_a_hook,
};

/* A handler that another function stores. */
static int store(struct holder *holder, int (*mmap)(struct file *file, struct vm_area_struct *vma))
{
	holder->inner.fops.mmap = mmap;
	return 0;
}

static int probe(struct holder *holder)
{
	return store(holder, plain_mmap); //= mechanical //: ops file_operations
}

/* Comments, strings and comparisons register nothing: .mmap = plain_mmap */
static const char *text = ".mmap = plain_mmap,";

/* A hook that is copied from another table is that table's handler. */
static const struct file_operations copied_from = {
	.mmap = plain_mmap, //= mechanical
};
static struct file_operations copied_to;

static void copies(void)
{
	copied_to.mmap = copied_from.mmap; //= mechanical
}

/*
 * FIXME (mmaplint): takes a reference for this mapping; it has to move to
 * vm_ops->mapped
 */
static int sketched_mmap_prepare(struct vm_area_desc *desc) //~ unknown
{
	return 0;
}

static const struct file_operations sketched = {
	.mmap_prepare = sketched_mmap_prepare, //= unknown
};

/* FIXME: a comment of its author. */
static int finished_mmap_prepare(struct vm_area_desc *desc)
{
	return 0;
}

static const struct file_operations finished = {
	.mmap_prepare = finished_mmap_prepare, //= converted
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* What only a hook that sees the complete mapping can do. Written for mmap-finish alone; v7.3 leaves most of it. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/tank.h>

/* The checks and the fields come first; the lock and the pages need the mapping. */
static int tank_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long addr = vma->vm_start;
	int i, ret = 0;

	if (vma->vm_pgoff || size > TANK_SIZE)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND);
	vma->vm_ops = &tank_vm_ops;

	mutex_lock(&tank->lock);
	for (i = 0; i < tank->count && !ret; i++) {
		ret = vm_insert_page(vma, addr, tank->pages[i]);
		addr += PAGE_SIZE;
	}
	mutex_unlock(&tank->lock);
	return ret;
}

static const struct file_operations tank_fops = {
	.mmap = tank_mmap,
};

/* What is computed before a field is written may not be computed again behind it. */
static int cistern_mmap(struct file *file, struct vm_area_struct *vma)
{
	pgprot_t old = vma->vm_page_prot;
	struct tank *tank = file->private_data;

	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	if (remap_pfn_range(vma, vma->vm_start, tank->first, PAGE_SIZE, old))
		return -EAGAIN;
	return remap_pfn_range(vma, vma->vm_start + PAGE_SIZE, tank->second, PAGE_SIZE, old);
}

static const struct file_operations cistern_fops = {
	.mmap = cistern_mmap,
};

/* Another handler calls it, so its second half does all. */
int basin_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;

	if (vma->vm_pgoff)
		return -EINVAL;
	tank->users++;
	return remap_vmalloc_range(vma, tank->memory, 0);
}
EXPORT_SYMBOL(basin_mmap);

static const struct file_operations basin_fops = {
	.mmap = basin_mmap,
};

static int pond_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;
	int ret;

	mutex_lock(&tank->lock);
	ret = basin_mmap(file, vma);
	mutex_unlock(&tank->lock);
	return ret;
}

static const struct file_operations pond_fops = {
	.mmap = pond_mmap,
};

/* A file of a file: the mapping gets another file, whose hooks map. */
static int pipe_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *other = file->private_data;

	vma_set_file(vma, other);
	return vfs_mmap(other, vma);
}

static const struct file_operations pipe_fops = {
	.mmap = pipe_mmap,
};

/* The table is not that of the file. What keeps its VMA would call NULL for a table whose handler converts. */
static int sewer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;

	return tank->plant->fops->mmap(tank->file, vma);
}

static const struct file_operations sewer_fops = {
	.mmap = sewer_mmap,
};

/* The pages of another file. */
static int cloud_mmap(struct file *file, struct vm_area_struct *vma)
{
	mutex_lock(&cloud_lock);
	if (cloud_is_dry()) {
		mutex_unlock(&cloud_lock);
		return shmem_zero_setup(vma);
	}
	mutex_unlock(&cloud_lock);
	return 0;
}

static const struct file_operations cloud_fops = {
	.mmap = cloud_mmap,
};

/* Both arms of a conditional are split. */
#ifdef CONFIG_MMU
static int river_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;

	return vm_insert_page(vma, vma->vm_start, tank->pages[0]);
}
#else
static int river_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_SHARED ? 0 : -EINVAL;
}
#endif

static const struct file_operations river_fops = {
	.mmap = river_mmap,
};

static int leak_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct file *other = file->private_data;

	vma_set_file(vma, other);
	return leak_check(vma->vm_file);
}

static const struct file_operations leak_fops = {
	.mmap = leak_mmap,
};

/* The mapping counts itself. */
static int gauge_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &gauge_vm_ops;
	vma->vm_ops->open(vma);
	return 0;
}

static const struct file_operations gauge_fops = {
	.mmap = gauge_mmap,
};

/* A macro calls the hook by its name, and another one copies it. */
#ifdef CONFIG_TANK_DEBUG
#define call_tank(tank, op, args...) ((tank)->calls_ ## op++, (tank)->ops->op(args))
#else
#define call_tank(tank, op, args...) ((tank)->ops->op(args))
#endif
#define copy_tank(to, from, op) ((to)->op = (from)->op)

static int shallow_mmap(struct tank *tank, struct vm_area_struct *vma)
{
	return vm_insert_page(vma, vma->vm_start, tank->pages[0]);
}

static const struct tank_ops shallow_ops = {
	.fill_mmap = shallow_mmap,
};

static const struct tank_ops empty_ops = {
	.fill_mmap = NULL,
};

void tank_copy(struct tank_ops *to, const struct tank_ops *from)
{
	copy_tank(to, from, fill_mmap);
}

static int supply_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;

	if (!tank->ops->fill_mmap)
		return -ENODEV;
	tank->calls_fill_mmap = 0;
	return call_tank(tank, fill_mmap, tank, vma);
}

static const struct file_operations supply_fops = {
	.mmap = supply_mmap,
};

/* One implementer keeps the VMA: the hook has both forms, and the second half calls the one that is there. */
static int kept_mmap(struct tank *tank, struct vm_area_struct *vma)
{
	tank->vma = vma;
	return 0;
}

static int given_mmap(struct tank *tank, struct vm_area_struct *vma)
{
	return vm_insert_page(vma, vma->vm_start, tank->pages[0]);
}

static const struct drain_ops kept_ops = {
	.mmap = kept_mmap,
};

static const struct drain_ops given_ops = {
	.mmap = given_mmap,
};

static int drain_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tank *tank = file->private_data;
	int ret;

	if (!tank->drain->mmap)
		return -ENODEV;
	mutex_lock(&tank->lock);
	ret = tank->drain->mmap(tank, vma);
	mutex_unlock(&tank->lock);
	return ret;
}

static const struct file_operations drain_fops = {
	.mmap = drain_mmap,
};
//- include/linux/tank.h
/* SPDX-License-Identifier: GPL-2.0-or-later */
struct vm_area_struct;

struct tank_ops {
	int (*fill_mmap)(struct tank *tank, struct vm_area_struct *vma);
};

struct drain_ops {
	int (*mmap)(struct tank *tank, struct vm_area_struct *vma);
};

struct plant {
	const struct file_operations *fops;
};

struct tank {
	struct mutex lock;
	const struct tank_ops *ops;
	const struct drain_ops *drain;
	struct plant *plant;
	struct file *file;
	struct vm_area_struct *vma;
	struct page **pages;
	void *memory;
	unsigned long first, second;
	int count, users, calls_fill_mmap;
};

int basin_mmap(struct file *file, struct vm_area_struct *vma);

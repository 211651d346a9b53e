/* Whether a file can be mapped is no longer told by one hook. */
#include <linux/fs.h>

static int stale_may_map(struct file *file, struct vm_area_struct *unused)
{
	if (!file->f_op->mmap) //~ stale-mmap-test
		return -ENODEV;
	/* file->f_op->mmap in a comment is no test */
	return 0;
}

static int both_may_map(struct file *file)
{
	if (!file->f_op->mmap && !file->f_op->mmap_prepare)
		return -ENODEV;
	return 0;
}

static int calls_the_old(struct file *file, struct vm_area_struct *vma)
{
	if (!file->f_op->mmap)
		return 0;
	return call_mmap(file, vma);
}

/* vfs_mmap() would take the new hook. */
static int calls_either(struct file *file, struct vm_area_struct *vma)
{
	if (!file->f_op->mmap) //~ stale-mmap-test
		return -ENODEV;
	return vfs_mmap(file, vma);
}

static int calls(struct file *file, struct vm_area_struct *vma)
{
	return file->f_op->mmap(file, vma);
}

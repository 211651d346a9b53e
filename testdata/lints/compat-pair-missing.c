/* A file with .mmap in front of a hook that was converted. */
#include <linux/mm.h>

struct reed_info {
	int (*mmap_prepare)(struct reed_info *info, struct vm_area_desc *desc);
};

static int half_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;

	compat_set_desc_from_vma(&desc, file, vma);
	return info->mmap_prepare(info, &desc); //~ compat-pair-missing
}

static const struct file_operations half_fops = {
	.mmap = half_mmap,
};

static int whole_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = info->mmap_prepare(info, &desc);
	if (ret)
		return ret;
	return __compat_vma_mmap(&desc, vma);
}

static const struct file_operations whole_fops = {
	.mmap = whole_mmap,
};

/* The hook is called by a function of its own. */
static int reed_call(struct reed_info *info, struct vm_area_desc *desc)
{
	return info->mmap_prepare(info, desc);
}

static int split_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = reed_call(file->private_data, &desc);
	if (ret)
		return ret;
	return __compat_vma_mmap(&desc, vma);
}

static const struct file_operations split_fops = {
	.mmap = split_mmap,
};

/* The error of the hook is overwritten. */
static int dropping_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = info->mmap_prepare(info, &desc); //~ compat-pair-missing
	ret = __compat_vma_mmap(&desc, vma);
	return ret;
}

static const struct file_operations dropping_fops = {
	.mmap = dropping_mmap,
};

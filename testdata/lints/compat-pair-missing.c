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

/* Nobody asks whether the hook has refused the mapping. */
static int untested_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = info->mmap_prepare(info, &desc); //~ compat-pair-missing
	return __compat_vma_mmap(&desc, vma);
}

static const struct file_operations untested_fops = {
	.mmap = untested_mmap,
};

static int inverted_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = info->mmap_prepare(info, &desc); //~ compat-pair-missing
	if (!ret)
		return ret;
	return __compat_vma_mmap(&desc, vma);
}

static const struct file_operations inverted_fops = {
	.mmap = inverted_mmap,
};

/* The desc is built behind the hook. */
static int late_desc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;
	int ret;

	ret = info->mmap_prepare(info, &desc); //~ compat-pair-missing
	if (ret)
		return ret;
	compat_set_desc_from_vma(&desc, file, vma);
	return __compat_vma_mmap(&desc, vma);
}

static const struct file_operations late_desc_fops = {
	.mmap = late_desc_mmap,
};

/* The error of the action. */
static int applied_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct reed_info *info = file->private_data;
	struct vm_area_desc desc;
	int ret;

	compat_set_desc_from_vma(&desc, file, vma);
	ret = info->mmap_prepare(info, &desc);
	if (!ret)
		__compat_vma_mmap(&desc, vma); //~ compat-pair-missing
	return ret;
}

static const struct file_operations applied_fops = {
	.mmap = applied_mmap,
};

/* By its name, without the helpers. */
static int named_mmap_prepare(struct vm_area_desc *desc)
{
	mmap_action_remap_full(desc, reed_frame);
	return 0;
}

static const struct file_operations named_fops = {
	.mmap_prepare = named_mmap_prepare,
};

static int by_name_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vm_area_desc desc = { .file = file };

	return named_mmap_prepare(&desc); //~ compat-pair-missing
}

static const struct file_operations by_name_fops = {
	.mmap = by_name_mmap,
};

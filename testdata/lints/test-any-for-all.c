/* Any, or all? */
#include <linux/mm.h>

static int any_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test_any(desc, VMA_SHARED_BIT, VMA_MAYWRITE_BIT)) //~ test-any-for-all
		return -EPERM;
	return 0;
}

static const struct file_operations any_fops = {
	.mmap_prepare = any_mmap_prepare,
};

static int all_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test_all(desc, VMA_SHARED_BIT, VMA_MAYWRITE_BIT))
		return -EPERM;
	if (vma_desc_test_any(desc, VMA_WRITE_BIT, VMA_EXEC_BIT))
		return -EPERM;
	if (vma_desc_test_any(desc, VMA_WRITE_BIT, VMA_EXEC_BIT, VMA_MAYSHARE_BIT))
		return -EACCES;
	vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT, VMA_MAYEXEC_BIT);
	return 0;
}

static const struct file_operations all_fops = {
	.mmap_prepare = all_mmap_prepare,
};

// Flags in a variable of the type vma_flags_t, and the calls that take one.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static const vma_flags_t lamp_flags = mk_vma_flags(VMA_DONTEXPAND_BIT, VMA_DONTDUMP_BIT);

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
		return -EINVAL;
	if (vma->vm_flags & (VM_EXEC | VM_LOCKED))
		return -EPERM;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vm_flags_clear(vma, VM_MAYEXEC | VM_MAYWRITE);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful, with masks
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	const vma_flags_t refused = mk_vma_flags(VMA_EXEC_BIT, VMA_LOCKED_BIT);
	vma_flags_t cleared = mk_vma_flags(VMA_MAYEXEC_BIT);

	if (vma_desc_test_all_mask(desc, mk_vma_flags(VMA_SHARED_BIT, VMA_WRITE_BIT)))
		return -EINVAL;
	if (vma_desc_test_any_mask(desc, refused))
		return -EPERM;
	vma_desc_set_flags_mask(desc, lamp_flags);
	vma_flags_set(&cleared, VMA_MAYWRITE_BIT);
	vma_desc_clear_flags_mask(desc, cleared);
	return 0;
}
//- after with any for all, and a flag less
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	if (vma_desc_test_any_mask(desc, mk_vma_flags(VMA_SHARED_BIT, VMA_WRITE_BIT)))
		return -EINVAL; //~ lamp_mmap accepted the mapping
	if (vma_desc_test_any(desc, VMA_EXEC_BIT, VMA_LOCKED_BIT))
		return -EPERM;
	vma_desc_set_flags_mask(desc, lamp_flags);
	vma_desc_clear_flags_mask(desc, mk_vma_flags(VMA_MAYEXEC_BIT));
	return 0; //~ leaves VM_MAYWRITE alone
}

/* Tests and writes of flags. */
static int tests_mmap(struct file *file, struct vm_area_struct *vma)
{
	bool writes = vma->vm_flags & VM_WRITE;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if ((vma->vm_flags & VM_READ) && (vma->vm_flags & VM_EXEC))
		return -EACCES;
	if (writes && (vma->vm_flags & VM_SHARED) && (vma->vm_flags & VM_MAYWRITE))
		return -EPERM;
	if ((vma->vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) == 0)
		return -EAGAIN;
	if ((vma->vm_flags & (VM_SHARED | VM_MAYSHARE)) != (VM_SHARED | VM_MAYSHARE))
		return -EBUSY;
	if ((vma->vm_flags & (VM_READ | VM_WRITE)) != VM_READ)
		return -EROFS;
	if ((vma->vm_flags & VM_LOCKED) != VM_LOCKED && vma_is_shared_maywrite(vma))
		return -ENOMEM;
	ret = allowed(current, vma->vm_start, vma->vm_flags);
	if (ret)
		return ret;
	if (vma->vm_flags & VM_ACCESS_FLAGS)
		vm_flags_mod(vma, VM_IO | VM_DONTCOPY, VM_MAYWRITE);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_mod(vma, VM_IO, 0);
	vm_flags_set(vma, TEST_FLAGS);
	return 0;
}

static const struct file_operations tests_fops = {
	.mmap = tests_mmap,
};

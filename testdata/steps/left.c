/* What a hook has left in the VMA, a second call of one function, a variable that is called like a field, and the conditions of a helper. */
static int lamp_limit(struct lamp *lamp, struct vm_area_struct *vma)
{
#if defined(CONFIG_LAMP_A) || defined(CONFIG_LAMP_B)
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
#endif
	return 0;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = container_of(file->private_data, struct lamp, lamp);
	unsigned long pgoff;
	int ret;

	ret = lamp_limit(lamp, vma);
	if (ret)
		return ret;
	lamp_look(lamp, &pgoff);
	if (pgoff > 7)
		return -EINVAL;
	if (!refcount_inc_not_zero(&lamp->users)) {
		rcu_read_lock();
		if (!refcount_inc_not_zero(&lamp->users))
			lamp_revive(lamp);
		rcu_read_unlock();
	}
	ret = lamp->ops->mmap(lamp, vma);
	if (ret)
		return ret;
	lamp->vm_ops = vma->vm_ops;
	vma->vm_ops = &lamp_vm_ops;
	return 0;
}
//= A is container_of(file->private_data, lamp, lamp)
//= if IS_ENABLED(CONFIG_LAMP_A) != 0 and VM_EXEC is set: returns -EPERM (line 19)
//= if IS_ENABLED(CONFIG_LAMP_A) == 0 and IS_ENABLED(CONFIG_LAMP_B) != 0 and VM_EXEC is set: returns -EPERM (line 19)
//= calls B = lamp_look(A, &local)
//= if (argument 2 after B) > 7: returns -EINVAL (line 22)
//= calls C = refcount_inc_not_zero(&A->users)
//= if C == 0:
//=     calls rcu_read_lock()
//=     calls C = refcount_inc_not_zero(&A->users)
//=     if again(C) == 0:
//=         calls lamp_revive(A)
//=     calls rcu_read_unlock()
//= calls D = container_of(file->private_data, lamp, lamp)->ops->mmap(A, vma)
//= if D != 0: returns D (line 31)
//= A->vm_ops = (vm_ops after D)
//= vm_ops = &lamp_vm_ops
//= returns 0 (line 34)

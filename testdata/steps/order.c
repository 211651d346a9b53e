/* What a path asks and does stands in its order: a flag before the call, a field that is put back, a lock of a scope. */
static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	pgoff_t pgoff = vma->vm_pgoff;
	int ret;

	guard(mutex)(&lamp->lock);
	if (lamp->owner && lamp->owner != current->mm)
		return -EBUSY;
	lamp->owner = current->mm;
	if (is_vmalloc_addr(lamp->memory))
		vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_pgoff = 0;
	ret = dma_mmap_coherent(lamp->dev, vma, lamp->memory, lamp->base, lamp->size);
	vma->vm_pgoff = pgoff;
	return ret;
}
//= calls mutex_lock(&file->private_data->lock), until the scope ends
//= if file->private_data->owner != 0 and current->mm != file->private_data->owner: returns -EBUSY (line 10)
//= file->private_data->owner = current->mm
//= if is_vmalloc_addr(file->private_data->memory) != 0:
//=     sets VM_MIXEDMAP
//= vm_pgoff = 0
//= populates by dma_mmap_coherent: object of size file->private_data->size, with file->private_data->dev, file->private_data->memory, file->private_data->base, prot vm_page_prot
//= vm_pgoff = pgoff
//= returns the result of populating call 1 (line 17)

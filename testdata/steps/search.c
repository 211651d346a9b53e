/* A search: a round that does not match says nothing about the loop as a whole. Each entry of a list is there. */
static struct lamp_range *lamp_find(struct lamp *lamp, unsigned long key)
{
	struct lamp_range *range;

	list_for_each_entry(range, &lamp->ranges, node) {
		if (range->key != key)
			continue;
		return range;
	}
	return NULL;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp_range *range = lamp_find(lamp, vma->vm_pgoff);
	unsigned long i;
	int ret = 0;

	if (!range)
		return -EINVAL;
	for (i = 0; i < range->count; i++) {
		ret = lamp_light(range, i);
		if (ret)
			break;
	}
	if (ret)
		lamp_dark(range);
	return ret;
}
//= loops by list_for_each_entry; in one of the rounds:
//=     if pgoff != range->key:
//=         the round ends; after the last round:
//=         returns -EINVAL (line 22)
//=     leaves the loop
//=     loops; in one of the rounds:
//=         the loop goes on while round < range->count
//=         calls A = lamp_light(range, round)
//=         if A != 0:
//=             leaves the loop
//=             calls lamp_dark(range)
//=             returns A (line 30)
//=     the round ends; after the last round:
//=     returns 0 (line 30)

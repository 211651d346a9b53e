/* A loop is shown by one of its rounds; a call whose result is used has a name; equal ends are told once. */
struct lamp_key {
	unsigned long key;
};

static unsigned long lamp_bulbs(struct lamp *lamp, struct vm_area_struct *vma)
{
#if LAMP_VERSION > 2 && defined(CONFIG_LAMP)
	if (vma->vm_pgoff)
		return lamp->few;
#endif
	return lamp->many;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp_key *key = lamp_key_alloc(lamp);
	unsigned long done = 0;
	int ret;

	if (!key)
		return -ENOMEM;
	if (lamp->debug)
		pr_debug("a lamp\n");
	while (done < lamp_bulbs(lamp, vma)) {
		ret = vm_insert_page(vma, vma->vm_start + done, lamp->pages[done >> PAGE_SHIFT]);
		if (ret) {
			lamp_key_free(key);
			return ret;
		}
		done += PAGE_SIZE;
	}
	key->key = done;
	return 0;
}
//= A is file->private_data->pages[round]
//= calls B = lamp_key_alloc(file->private_data)
//= if B == 0: returns -ENOMEM (line 23)
//= loops; in one of the rounds:
//=     if IS_ENABLED(CONFIG_LAMP) == 0:
//=         the loop goes on while round * PAGE_SIZE < file->private_data->many
//=     if IS_ENABLED(CONFIG_LAMP) != 0:
//=         if LAMP_VERSION <= 2:
//=             the loop goes on while round * PAGE_SIZE < file->private_data->many
//=         if LAMP_VERSION > 2:
//=             if pgoff != 0:
//=                 the loop goes on while round * PAGE_SIZE < file->private_data->few
//=             if pgoff == 0:
//=                 the loop goes on while round * PAGE_SIZE < file->private_data->many
//=     populates by vm_insert_page: at start + round * PAGE_SIZE, with A, prot vm_page_prot
//=     if populating call 1 fails:
//=         calls lamp_key_free(B)
//=         returns the result of populating call 1 (line 30)
//= the round ends; after the last round:
//= B->key = done
//= returns 0 (line 35)

// Values that expressions have: array elements, initialisers, `({ })`, `++x`, sizes, pages of other sizes.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_is_broken(struct lamp *lamp)
{
	return lamp->broken > 3;
}

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	unsigned long bounds[2] = { vma->vm_pgoff, 7 };
	struct lamp_key key = { .offset = vma->vm_pgoff };
	unsigned long users[1];
	unsigned long n = vma->vm_pgoff;

	if (lamp_is_broken(lamp))
		return -EIO;
	users[0] = vma->vm_pgoff;
	if (users[0] > 50)
		return -E2BIG;
	if (bounds[0] > 40)
		return -EFBIG;
	if (key.offset > 30)
		return -EDOM;
	if (({ vma->vm_pgoff > 20; }))
		return -ERANGE;
	if (++lamp->users > 5)
		return -EBUSY;
	if (vma->vm_pgoff > sizeof(key))
		return -ENOSPC;
	if (PAGE_SIZE == 65536)
		return -ENOSYS;
	if ((vma->vm_start >> PAGE_SHIFT) & (PAGE_SIZE - 1))
		return -EINVAL;
	{
		unsigned long n = 7;

		if (lamp->key == n)
			goto out;
	}
	return 0;
out:
	if (n > 5)
		return -EPERM;
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- after faithful
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long bounds[2] = { desc->pgoff, 7 };
	struct lamp_key key = { .offset = desc->pgoff };
	unsigned long users[1];
	unsigned long n = desc->pgoff;

	if (lamp_is_broken(lamp))
		return -EIO;
	users[0] = desc->pgoff;
	if (users[0] > 50)
		return -E2BIG;
	if (bounds[0] > 40)
		return -EFBIG;
	if (key.offset > 30)
		return -EDOM;
	if (({ desc->pgoff > 20; }))
		return -ERANGE;
	if (++lamp->users > 5)
		return -EBUSY;
	if (desc->pgoff > sizeof(struct lamp_key))
		return -ENOSPC;
	if (PAGE_SIZE == 65536)
		return -ENOSYS;
	if ((desc->start >> PAGE_SHIFT) & (PAGE_SIZE - 1))
		return -EINVAL;
	{
		unsigned long n = 7;

		if (lamp->key == n)
			goto out;
	}
	return 0;
out:
	if (n > 5)
		return -EPERM;
	return 0;
}
//- after nothing is checked
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	unsigned long bounds[2] = { 0, 7 };
	struct lamp_key key = { .offset = 0 };
	unsigned long users[1];
	unsigned long n = 0;

	if (lamp_is_broken(lamp))
		return -EIO;
	users[0] = 0;
	if (users[0] > 50)
		return -E2BIG;
	if (bounds[0] > 40)
		return -EFBIG;
	if (key.offset > 30)
		return -EDOM;
	if (({ 0 > 20; }))
		return -ERANGE;
	if (lamp->users++ > 5) //~ sets file->private_data->users
		return -EBUSY; //~ lamp_mmap returned -E2BIG
	{
		unsigned long n = 7;

		if (lamp->key == n)
			goto out;
	}
	return 0; //~ lamp_mmap returned -E2BIG
out:
	if (n > 5)
		return -EPERM;
	return 0; //~ lamp_mmap returned -EPERM
}

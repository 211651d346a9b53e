// Which rounds a loop has, and what follows when none of them leaves the hook.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp_range *range;
	struct lamp_key *key;
	int i, found = 0;

	if (!smp_load_acquire(&lamp->granted))
		return -EACCES;
	for (i = 0; i < 3; i++)
		if (lamp->locked[i] == vma->vm_pgoff)
			return -EPERM;
	list_for_each_entry(range, &lamp->ranges, node) {
		if (!range->label)
			continue;
		if (range->start == vma->vm_pgoff) {
			found = 1;
			break;
		}
	}
	if (!found)
		return -EINVAL;
	list_for_each_entry(key, &lamp->keys, node) {
		if (key->fits)
			return 0;
		return -ENXIO;
	}
	do {
		lamp->turns++;
	} while (lamp->turns < lamp->least);
	if (vma->vm_flags & VM_WRITE)
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
	struct lamp_range *range;
	struct lamp_key *key;
	int i, found = 0;

	if (!smp_load_acquire(&lamp->granted))
		return -EACCES;
	for (i = 0; i < 3; i++)
		if (lamp->locked[i] == desc->pgoff)
			return -EPERM;
	list_for_each_entry(range, &lamp->ranges, node) {
		if (!range->label)
			continue;
		if (range->start == desc->pgoff) {
			found = 1;
			break;
		}
	}
	if (!found)
		return -EINVAL;
	list_for_each_entry(key, &lamp->keys, node) {
		if (key->fits)
			return 0;
		return -ENXIO;
	}
	do {
		lamp->turns++;
	} while (lamp->turns < lamp->least);
	if (vma_desc_test_flags(desc, VMA_WRITE_BIT))
		return -EPERM;
	return 0;
}
//- change a range without a label ends the search
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	struct lamp *lamp = file->private_data;
+	struct lamp *lamp = desc->file->private_data;
@@
-		if (lamp->locked[i] == vma->vm_pgoff)
+		if (lamp->locked[i] == desc->pgoff)
@@
-			continue;
-		if (range->start == vma->vm_pgoff) {
+			break;
+		if (range->start == desc->pgoff) {
 			found = 1;
 			break;
 		}
 	}
 	if (!found)
-		return -EINVAL;
+		return -EINVAL; //~ leaves the loop if
@@
-	if (vma->vm_flags & VM_WRITE)
+	if (vma_desc_test_flags(desc, VMA_WRITE_BIT))
@@
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
//- change other rounds, and nothing refused behind loops
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	struct lamp *lamp = file->private_data;
+	struct lamp *lamp = desc->file->private_data;
@@
-	if (!smp_load_acquire(&lamp->granted))
-		return -EACCES;
-	for (i = 0; i < 3; i++)
-		if (lamp->locked[i] == vma->vm_pgoff)
-			return -EPERM;
+	for (i = 0; i < 2; i++)
+		if (lamp->locked[i] == desc->pgoff)
+			return -EPERM; //~ loops while round <= 1
@@
-		if (range->start == vma->vm_pgoff) {
+		if (range->start == desc->pgoff) {
@@
-		return -EINVAL;
+		return -EINVAL; //~ lamp_mmap returned -EACCES
@@
-			return 0;
-		return -ENXIO;
+			return 0; //~ lamp_mmap returned -EACCES
+		return -ENXIO; //~ lamp_mmap returned -EACCES
@@
-	} while (lamp->turns < lamp->least);
-	if (vma->vm_flags & VM_WRITE)
-		return -EPERM;
-	return 0;
+	} while (lamp->turns < lamp->most);
+	return 0; //~ lamp_mmap returned -EPERM
@@
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,

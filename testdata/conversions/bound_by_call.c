// A populating call that checks the size of its array, and a helper that only other modules call.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

int lamp_core_map(struct lamp *lamp, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff > lamp->pages)
		return -EINVAL;
	return vm_iomap_memory(vma, lamp->base, lamp->size);
}
EXPORT_SYMBOL(lamp_core_map);

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	struct lamp_range *range;

	for_each_range(lamp, range)
		if (range->is_dark)
			return -EIO;
	return vm_map_pages(vma, lamp->array, lamp->count);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- change faithful
@@
 EXPORT_SYMBOL(lamp_core_map);
 
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+int lamp_core_map_prepare(struct lamp *lamp, struct vm_area_desc *desc)
 {
-	struct lamp *lamp = file->private_data;
+	if (desc->pgoff > lamp->pages)
+		return -EINVAL;
+	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
+	return 0;
+}
+
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
+{
+	struct lamp *lamp = desc->file->private_data;
@@
-	return vm_map_pages(vma, lamp->array, lamp->count);
+	if (desc->pgoff >= lamp->count || vma_desc_pages(desc) > lamp->count - desc->pgoff)
+		return -ENXIO;
+	mmap_action_map_kernel_pages_full(desc, lamp->array + desc->pgoff);
+	return 0;
@@
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
//- change without the bounds, and of other ranges
@@
 EXPORT_SYMBOL(lamp_core_map);
 
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+int lamp_core_map_prepare(struct lamp *lamp, struct vm_area_desc *desc)
 {
-	struct lamp *lamp = file->private_data;
+	mmap_action_simple_ioremap(desc, lamp->base, lamp->size);
+	return 0; //~ lamp_core_map returned -EINVAL
+}
+
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
+{
+	struct lamp *lamp = desc->file->private_data;
@@
-	for_each_range(lamp, range)
-		if (range->is_dark)
-			return -EIO;
-	return vm_map_pages(vma, lamp->array, lamp->count);
+	for_each_range(lamp->twin, range)
+		if (range->is_dark)
+			return -EIO; //~ loops over
+	mmap_action_map_kernel_pages_full(desc, lamp->array + desc->pgoff); //~ does not check that the mapping ends within
+	return 0;
@@
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,

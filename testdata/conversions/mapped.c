// State per mapping that a conversion takes in vm_ops->mapped.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	struct kref ref;
	atomic_t users;
};

static void lamp_open(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	kref_get(&lamp->ref);
	atomic_inc(&lamp->users);
}

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	atomic_dec(&lamp->users);
	kref_put(&lamp->ref, lamp_release);
}

static const struct vm_operations_struct lamp_vm_ops = {
	.open = lamp_open,
	.close = lamp_close,
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &lamp_vm_ops;
	lamp_open(vma);
	return 0;
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- change faithful
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data)
+{
+	struct lamp *lamp = *vm_private_data;
+
+	kref_get(&lamp->ref);
+	atomic_inc(&lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change by other calls
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data)
+{
+	struct lamp *lamp = *vm_private_data;
+
+	if (!refcount_inc_not_zero(&lamp->ref.refcount))
+		return -ENOENT;
+	atomic_add(1, &lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change by a getter that may fail
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data)
+{
+	struct lamp *lamp = *vm_private_data;
+
+	if (!kref_get_unless_zero(&lamp->ref))
+		return -ENOENT;
+	atomic_inc(&lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change with less in mapped
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data) //~ lamp_mapped does not take a reference or count (ref), unlike lamp_mmap
+{
+	struct lamp *lamp = *vm_private_data;
+
+	atomic_inc(&lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change with a count the wrong way
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data) //~ lamp_mapped does not take a reference or count (users)
+{
+	struct lamp *lamp = *vm_private_data;
+
+	kref_get(&lamp->ref);
+	atomic_dec(&lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change with a reference twice
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data) //~ lamp_mapped takes a reference or count (ref) more often
+{
+	struct lamp *lamp = *vm_private_data;
+
+	kref_get(&lamp->ref);
+	kref_get(&lamp->ref);
+	atomic_inc(&lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change with another reference too
@@
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data) //~ lamp_mapped takes a reference or count (parent_ref) too
+{
+	struct lamp *lamp = *vm_private_data;
+
+	kref_get(&lamp->ref);
+	kref_get(&lamp->parent->parent_ref);
+	atomic_inc(&lamp->users);
+	return 0;
+}
+
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
 	return 0;
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };
//- change with a close that keeps its reference
@@
 	atomic_dec(&lamp->users);
-	kref_put(&lamp->ref, lamp_release);
+}
+
+static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data)
+{
+	struct lamp *lamp = *vm_private_data;
+
+	kref_get(&lamp->ref);
+	atomic_inc(&lamp->users);
+	return 0;
 }
@@
 static const struct vm_operations_struct lamp_vm_ops = {
+	.mapped = lamp_mapped,
 	.open = lamp_open,
@@
-static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
+static int lamp_mmap_prepare(struct vm_area_desc *desc)
 {
-	vma->vm_private_data = file->private_data;
-	vma->vm_ops = &lamp_vm_ops;
-	lamp_open(vma);
-	return 0;
+	desc->private_data = desc->file->private_data;
+	desc->vm_ops = &lamp_vm_ops;
+	return 0; //~ lamp_close, which does not
 }
@@
 static const struct file_operations lamp_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap_prepare,
 };

// A hook of the driver's own struct, which the driver calls.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp_ops {
	int (*mmap)(struct lamp *lamp, struct vm_area_struct *vma);
};

static int bulb_mmap(struct lamp *lamp, struct vm_area_struct *vma)
{
	return io_remap_pfn_range(vma, vma->vm_start, lamp->frame, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct lamp_ops bulb_ops = {
	.mmap = bulb_mmap,
};

static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lamp *lamp = file->private_data;
	const struct lamp_ops *ops = lamp->ops;

	return ops->mmap(lamp, vma);
}

static const struct file_operations lamp_fops = {
	.mmap = lamp_mmap,
};
//- change with a hook that nothing calls
@@
 	int (*mmap)(struct lamp *lamp, struct vm_area_struct *vma);
+	int (*mmap_prepare)(struct lamp *lamp, struct vm_area_desc *desc);
 };
 
-static int bulb_mmap(struct lamp *lamp, struct vm_area_struct *vma)
+static int bulb_mmap_prepare(struct lamp *lamp, struct vm_area_desc *desc) //~ mmap() does not reach the handler
 {
-	return io_remap_pfn_range(vma, vma->vm_start, lamp->frame, vma->vm_end - vma->vm_start, vma->vm_page_prot);
+	mmap_action_ioremap_full(desc, lamp->frame);
+	return 0;
 }
@@
 static const struct lamp_ops bulb_ops = {
-	.mmap = bulb_mmap,
+	.mmap_prepare = bulb_mmap_prepare,
 };
+
+/* The hook of an open file is another. */
+static int lamp_pass(struct file *file, struct vm_area_desc *desc)
+{
+	return file->f_op->mmap_prepare(desc);
+}
//- whole with both converted
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp_ops {
	int (*mmap_prepare)(struct lamp *lamp, struct vm_area_desc *desc);
};

static int bulb_mmap_prepare(struct lamp *lamp, struct vm_area_desc *desc)
{
	mmap_action_ioremap_full(desc, lamp->frame);
	return 0;
}

static const struct lamp_ops bulb_ops = {
	.mmap_prepare = bulb_mmap_prepare,
};

static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
	struct lamp *lamp = desc->file->private_data;
	const struct lamp_ops *ops = lamp->ops;

	return ops->mmap_prepare(lamp, desc);
}

static const struct file_operations lamp_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};

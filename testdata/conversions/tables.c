// A driver with several tables, one of which an #if decides. Each conversion is the whole driver.
//- before
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	unsigned int users;
};

static void lamp_open(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users++;
}

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users--;
}

static const struct vm_operations_struct lamp_vm_ops = {
	.open = lamp_open,
	.close = lamp_close,
	.fault = lamp_fault,
};

#ifdef LAMP_HAS_PAGES
static int lamp_mmap(struct file *file, struct vm_area_struct *vma)
{
#ifdef CONFIG_LAMP_SHARED
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
#endif
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &lamp_vm_ops;
	lamp_open(vma);
	return 0;
}
#else
#define lamp_mmap NULL
#endif

static const struct file_operations lamp_fops = {
	.open = lamp_file_open,
	.mmap = lamp_mmap,
};

static const struct file_operations lamp_quiet_fops = {
	.mmap = lamp_mmap,
};
//- whole faithful
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	unsigned int users;
};

static void lamp_get(struct lamp *lamp)
{
	lamp->users++;
}

static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **private)
{
	lamp_get(*private);
	return 0;
}

static void lamp_open(struct vm_area_struct *vma)
{
	lamp_get(vma->vm_private_data);
}

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users--;
}

static const struct vm_operations_struct lamp_pages_vm_ops = {
	.open = lamp_open,
	.mapped = lamp_mapped,
	.close = lamp_close,
	.fault = lamp_fault,
};

#ifdef LAMP_HAS_PAGES
static int lamp_mmap_prepare(struct vm_area_desc *desc)
{
#ifdef CONFIG_LAMP_SHARED
	if (!vma_desc_test(desc, VMA_SHARED_BIT))
		return -EINVAL;
#endif
	desc->private_data = desc->file->private_data;
	desc->vm_ops = &lamp_pages_vm_ops;
	return 0;
}
#else
#define lamp_mmap_prepare NULL
#endif

static const struct file_operations lamp_fops = {
	.open = lamp_file_open,
	.mmap_prepare = lamp_mmap_prepare,
};

static const struct file_operations lamp_quiet_fops = {
	.mmap_prepare = lamp_mmap_prepare,
};
//- whole without close, the macro, an arm, and the hook of a table
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	unsigned int users;
};

static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **private)
{
	struct lamp *lamp = *private;

	lamp->users++;
	return 0;
}

static void lamp_open(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users++;
}

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users--;
}

static const struct vm_operations_struct lamp_vm_ops = {
	.open = lamp_open,
	.mapped = lamp_mapped,
	.fault = lamp_fault,
};

#ifdef LAMP_HAS_PAGES
static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ lamp_mmap was a macro too
{
	desc->private_data = desc->file->private_data;
	desc->vm_ops = &lamp_vm_ops;
	return 0; //~ leaves vm_ops->close alone //~ accepts the mapping
}
#endif

static const struct file_operations lamp_fops = {
	.open = lamp_file_open,
	.mmap_prepare = lamp_mmap_prepare,
};

static const struct file_operations lamp_quiet_fops = { //~ lamp_quiet_fops has no hook for mmap; it had .mmap = lamp_mmap
};
//- whole with a table that names what is gone
#include <linux/fs.h>
#include <linux/mm.h>

struct lamp {
	unsigned int users;
};

static int lamp_mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **private)
{
	struct lamp *lamp = *private;

	lamp->users++;
	return 0;
}

static void lamp_open(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users++;
}

static void lamp_close(struct vm_area_struct *vma)
{
	struct lamp *lamp = vma->vm_private_data;

	lamp->users--;
}

static const struct vm_operations_struct lamp_vm_ops = {
	.open = lamp_open,
	.mapped = lamp_mapped,
	.close = lamp_close,
	.fault = lamp_fault,
};

static int lamp_mmap_prepare(struct vm_area_desc *desc) //~ lamp_mmap was a macro too
{
#ifndef CONFIG_LAMP_SHARED
	if (!vma_desc_test(desc, VMA_SHARED_BIT))
		return -EINVAL; //~ returns -EINVAL if IS_ENABLED(CONFIG_LAMP_SHARED) == 0 and VM_SHARED is clear
#endif
	desc->private_data = desc->file->private_data;
	desc->vm_ops = &lamp_vm_ops;
	return 0; //~ accepts the mapping if IS_ENABLED(CONFIG_LAMP_SHARED) != 0 and VM_SHARED is clear
}

static const struct file_operations lamp_fops = {
	.open = lamp_file_open,
	.mmap_prepare = lamp_mmap_prepare,
};

static const struct file_operations lamp_quiet_fops = {
	.mmap = lamp_mmap, //~ registers lamp_mmap, which is gone
};
//- change lost-hook
@@
-static const struct file_operations lamp_fops = {
+static const struct file_operations lamp_fops = { //~ lamp_fops has no hook for mmap; it had .mmap = lamp_mmap
 	.open = lamp_file_open,
-	.mmap = lamp_mmap,
 };
//- change null-hook
@@
-static const struct file_operations lamp_quiet_fops = {
-	.mmap = lamp_mmap,
+static const struct file_operations lamp_quiet_fops = { //~ lamp_quiet_fops has no hook for mmap; it had .mmap = lamp_mmap
+	.mmap = NULL,
 };
//- change other-parameters
@@
 static const struct file_operations lamp_quiet_fops = {
-	.mmap = lamp_mmap,
+	.mmap_prepare = lamp_mmap, //~ registers lamp_mmap, whose parameters are not those of file_operations.mmap_prepare
 };
//- change set-at-run-time
@@
-static const struct file_operations lamp_quiet_fops = {
-	.mmap = lamp_mmap,
+static struct file_operations lamp_quiet_fops = {
+	.owner = THIS_MODULE,
 };
+
+void lamp_init(void)
+{
+	lamp_quiet_fops.mmap = lamp_mmap;
+}

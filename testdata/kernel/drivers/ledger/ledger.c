// SPDX-License-Identifier: GPL-2.0
/* Each mapping of a ledger holds a reference on its book, dropped when the mapping goes. */
#include <linux/fs.h>
#include <linux/mm.h>

static void ledger_vm_open(struct vm_area_struct *vma)
{
	struct ledger *ledger = vma->vm_private_data;

	kref_get(&ledger->ref);
	atomic_inc(&ledger->mappings);
}

static void ledger_vm_close(struct vm_area_struct *vma)
{
	struct ledger *ledger = vma->vm_private_data;

	atomic_dec(&ledger->mappings);
	kref_put(&ledger->ref, ledger_free);
}

static const struct vm_operations_struct ledger_vm_ops = {
	.open	= ledger_vm_open,
	.close	= ledger_vm_close,
};

static int ledger_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ledger *ledger = file->private_data;
	int ret;

	ret = vm_iomap_memory(vma, ledger->base, ledger->size);
	if (ret)
		return ret;

	vma->vm_private_data = ledger;
	vma->vm_ops = &ledger_vm_ops;
	ledger_vm_open(vma);
	return 0;
}

static const struct file_operations ledger_fops = {
	.mmap	= ledger_mmap,
};

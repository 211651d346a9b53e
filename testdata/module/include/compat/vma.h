/* SPDX-License-Identifier: GPL-2.0 */
/* What old kernels lack. */
#ifndef LANTERN_COMPAT_VMA_H
#define LANTERN_COMPAT_VMA_H

#include <linux/version.h>

static inline void lantern_hide_from_dumps(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, VM_DONTDUMP);
#else
	vma->vm_flags |= VM_DONTDUMP;
#endif
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/mm_types.h>

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	int (*mapped)(unsigned long start, unsigned long end, pgoff_t pgoff,
		      const struct file *file, void **vm_private_data);
	int (*may_split)(struct vm_area_struct *vma, unsigned long addr);
	vm_fault_t (*fault)(struct vm_fault *vmf);
};

int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long pfn, unsigned long size, pgprot_t prot);
int io_remap_pfn_range(struct vm_area_struct *vma, unsigned long addr,
		       unsigned long pfn, unsigned long size, pgprot_t prot);
int vm_iomap_memory(struct vm_area_struct *vma, phys_addr_t start,
		    unsigned long len);
int vm_insert_page(struct vm_area_struct *vma, unsigned long addr,
		   struct page *page);
int vm_map_pages(struct vm_area_struct *vma, struct page **pages,
		 unsigned long num);

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma_assert_write_locked(vma);
	ACCESS_PRIVATE(vma, __vm_flags) |= flags;
}

void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags);

/* A whole page table entry of 4K, whatever the page size. */
static inline int remap_small_page(struct vm_area_struct *vma,
				   unsigned long addr, unsigned long pfn,
				   pgprot_t prot)
{
	return remap_pfn_range(vma, addr, pfn, PAGE_SIZE, prot);
}

static inline void mmap_action_remap_full(struct vm_area_desc *desc,
					  unsigned long start_pfn);
static inline void mmap_action_simple_ioremap(struct vm_area_desc *desc,
					      phys_addr_t start,
					      unsigned long size);
static inline void mmap_action_map_kernel_pages(struct vm_area_desc *desc,
						unsigned long start,
						struct page **pages,
						unsigned long nr);
static inline void vma_desc_set_flags(struct vm_area_desc *desc, ...);
static inline bool vma_desc_is_cow_mapping(struct vm_area_desc *desc);

#endif

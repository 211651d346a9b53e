/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What v7.4 adds to the headers of testdata/kernel, written from the public text of its Documentation/filesystems/mmap_prepare.rst.
 * The argument lists of the four functions at the end are a guess.
 */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/mm_types.h>

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	int (*mapped)(unsigned long start, unsigned long end, pgoff_t pgoff,
		      const struct file *file, void **vm_private_data);
	vm_fault_t (*fault)(struct vm_fault *vmf);
};

struct discontig_kernel_page_state {
	unsigned long start;
	unsigned long end;
	unsigned long addr;
	pgoff_t pgoff;
	unsigned long nr_pages_mapped;
	unsigned long nr_pages_remain;
	void *vm_private_data;
	void *private;
};

struct discontig_kernel_page_ops {
	int (*init)(void *vm_private_data, void **private);
	int (*get)(struct discontig_kernel_page_state *state);
};

int discontig_kernel_map_page(struct discontig_kernel_page_state *state,
			      struct page *page);
int discontig_kernel_map_page_range(struct discontig_kernel_page_state *state,
				    struct page **pages, unsigned long nr);
int discontig_kernel_map_abort(struct discontig_kernel_page_state *state);
void mmap_action_map_discontig_kernel_pages(struct vm_area_desc *desc,
		const struct discontig_kernel_page_ops *ops, void *private);

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

void mmap_action_remap_full(struct vm_area_desc *desc,
					  unsigned long start_pfn);
void mmap_action_simple_ioremap(struct vm_area_desc *desc,
					      phys_addr_t start,
					      unsigned long size);
void mmap_action_map_kernel_pages(struct vm_area_desc *desc,
						unsigned long start,
						struct page **pages,
						unsigned long nr);
void vma_desc_set_flags(struct vm_area_desc *desc, ...);
bool vma_desc_is_cow_mapping(struct vm_area_desc *desc);

#endif

/* What a compiler needs to read the made-up headers: the types and names that they leave out. */
typedef unsigned long pgoff_t;
typedef unsigned long vm_flags_t;
typedef unsigned long phys_addr_t;
typedef unsigned long size_t;
typedef unsigned int vm_fault_t;
typedef struct { unsigned long bits; } vma_flags_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef _Bool bool;
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define EINVAL 22
#define EAGAIN 11
#define ENXIO 6
#define NULL ((void *)0)
enum { VMA_DONTEXPAND_BIT, VMA_MIXEDMAP_BIT };
struct page;
struct inode;
struct vm_fault;
struct vm_area_desc;
struct vm_area_struct;
struct page *vmalloc_to_page(const void *address);
unsigned long vma_desc_pages(const struct vm_area_desc *desc);
unsigned long vma_desc_size(const struct vm_area_desc *desc);

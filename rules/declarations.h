/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The structs with mmap hooks that drivers fill, as the newest known target (v7.3) declares them. An out-of-tree module is read with
 * these if there is neither a kernel tree nor installed headers. Members that are no hook are left out, and so are structs that only
 * a subsystem fills.
 */

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	pgprot_t vm_page_prot;
	const vm_flags_t vm_flags;
	const struct vm_operations_struct *vm_ops;
	unsigned long vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
};

struct mmap_action {
	enum mmap_action_type type;
	int error_override;
};

struct vm_area_desc {
	struct mm_struct *mm;
	struct file *file;
	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	struct file *vm_file;
	vma_flags_t vma_flags;
	pgprot_t page_prot;
	const struct vm_operations_struct *vm_ops;
	void *private_data;
	struct mmap_action action;
};

static inline bool vma_desc_is_cow_mapping(struct vm_area_desc *desc);
void mmap_action_simple_ioremap(struct vm_area_desc *desc, phys_addr_t start_phys_addr, unsigned long size);
void mmap_action_map_kernel_pages(struct vm_area_desc *desc, unsigned long start, struct page **pages, unsigned long nr_pages);

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	int (*mapped)(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file, void **vm_private_data);
	int (*may_split)(struct vm_area_struct *vma, unsigned long addr);
	int (*mremap)(struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
	vm_fault_t (*pfn_mkwrite)(struct vm_fault *vmf);
	int (*access)(struct vm_area_struct *vma, unsigned long addr, void *buf, int len, int write);
};

struct file_operations {
	int (*mmap)(struct file *, struct vm_area_struct *);
	int (*open)(struct inode *, struct file *);
	int (*release)(struct inode *, struct file *);
	int (*mmap_prepare)(struct vm_area_desc *);
};

struct proc_ops {
	int (*proc_mmap)(struct file *, struct vm_area_struct *);
};

struct bin_attribute {
	int (*mmap)(struct file *, struct kobject *, const struct bin_attribute *attr, struct vm_area_struct *vma);
};

struct dma_buf_ops {
	int (*mmap)(struct dma_buf *, struct vm_area_struct *vma);
};

struct drm_gem_object_funcs {
	int (*mmap)(struct drm_gem_object *obj, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};

struct v4l2_file_operations {
	int (*mmap)(struct file *, struct vm_area_struct *);
};

struct vb2_mem_ops {
	int (*mmap)(void *buf_priv, struct vm_area_struct *vma);
};

struct fb_ops {
	int (*fb_mmap)(struct fb_info *info, struct vm_area_struct *vma);
};

struct vfio_device_ops {
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
};

struct ib_device_ops {
	int (*mmap)(struct ib_ucontext *context, struct vm_area_struct *vma);
};

struct snd_pcm_ops {
	int (*mmap)(struct snd_pcm_substream *substream, struct vm_area_struct *vma);
};

struct snd_hwdep_ops {
	int (*mmap)(struct snd_hwdep *hw, struct file *file, struct vm_area_struct *vma);
};

struct snd_soc_component_driver {
	int (*mmap)(struct snd_soc_component *component, struct snd_pcm_substream *substream, struct vm_area_struct *vma);
};

struct proto_ops {
	int (*mmap)(struct file *file, struct socket *sock, struct vm_area_struct *vma);
};

struct dma_map_ops {
	int (*mmap)(struct device *, struct vm_area_struct *, void *, dma_addr_t, size_t, unsigned long attrs);
};

struct uio_info {
	int (*mmap_prepare)(struct uio_info *info, struct vm_area_desc *desc);
};

struct uacce_ops {
	int (*mmap)(struct uacce_queue *q, struct vm_area_struct *vma, struct uacce_qfile_region *qfr);
};

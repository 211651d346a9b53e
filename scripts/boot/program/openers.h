/* The openers of open/. Each takes what follows its name in the table of targets, and the flags of open(2). */
#ifndef OPENERS_H
#define OPENERS_H

int open_path(const char *path, int flags);
int open_fixture(const char *name, int flags);		/* /dev/mmap-NAME, or the DMA buffer that it gives */
int open_framebuffer(const char *id, int flags);	/* by fix.id */
int open_pci_resource(const char *id, int flags);	/* VENDOR:DEVICE/FILE in sysfs */
int open_proc_pci(const char *id, int flags);		/* VENDOR:DEVICE/BAR; the file offset is the address of the BAR */
int open_dumb(const char *driver, int flags);		/* a dumb buffer of the DRM driver */
int open_gem(const char *device, int flags);		/* the one object of a fixture's DRM device */
int open_heap(const char *name, int flags);		/* a buffer of /dev/dma_heap/NAME */
int open_udmabuf(const char *none, int flags);
int open_bpf_array(const char *none, int flags);
int open_socket(const char *numbers, int flags);	/* FAMILY,TYPE,PROTOCOL */
int open_tcp(const char *none, int flags);		/* the receiving end of a connection, with data */
int open_ublk(const char *numbers, int flags);		/* ID,DEPTH,FLAGS */
int open_kvm(const char *kind, int flags);
int open_tee(const char *kind, int flags);		/* alloc, register */
int open_ecryptfs(const char *path, int flags);		/* with the key that the guest mounted it with */
int open_vhost_vdpa(const char *device, int flags);	/* the name of the vDPA device */
int open_vduse(const char *none, int flags);		/* the bounce area */
int open_vfio_pci(const char *id, int flags);		/* VENDOR:DEVICE/REGION */
int open_mbochs(const char *kind, int flags);		/* memory, dmabuf */
int open_pcm(const char *numbers, int flags);		/* CARD,DEVICE */
int open_disconnected(const char *node, int flags);	/* a node of an ALSA card that goes away once it is open */

/* Opens a path; prints the error. */
int open_or_say(const char *path, int flags);
/* The folder in sysfs of the first PCI function of VENDOR:DEVICE/REST, and REST; NULL if there is none. */
const char *pci_folder(const char *id, const char **rest);
/* The first line of a file, without its end; false if it cannot be read. */
_Bool read_line(const char *path, char *text, unsigned long size);
/* Writes a line into a file. Returns 0 or the errno. */
int write_line(const char *path, const char *text);

#endif

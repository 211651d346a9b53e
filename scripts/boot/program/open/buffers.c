/* DMA buffers of heaps and of memory files, and BPF maps. */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

int open_heap(const char *name, int flags)
{
	struct dma_heap_allocation_data allocation = { .len = target.pages * PAGE, .fd_flags = O_RDWR | O_CLOEXEC };
	char path[64];
	int heap, error;

	snprintf(path, sizeof(path), "/dev/dma_heap/%s", name);
	heap = open_or_say(path, flags);
	if (heap < 0)
		return heap;
	error = error_of(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &allocation));
	close(heap);
	if (error)
		line("%s allocation: %s\n", target.label, error_name(error));
	return error ? -1 : (int)allocation.fd;
}

int open_udmabuf(const char *none, int flags)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = target.pages * PAGE };
	int device = open_or_say("/dev/udmabuf", flags), memory = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC), fd;

	if (device < 0 || ftruncate(memory, create.size) || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		return -1;
	create.memfd = memory;
	fd = ioctl(device, UDMABUF_CREATE, &create);
	if (fd < 0)
		line("%s create: %s\n", target.label, error_name(errno));
	close(memory);
	close(device);
	return fd;
}

int open_bpf_array(const char *none, int flags)
{
	union bpf_attr attributes;
	int fd;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = 4;
	attributes.value_size = 8;
	attributes.max_entries = target.pages * PAGE / 8;
	attributes.map_flags = BPF_F_MMAPABLE;
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
	if (fd < 0)
		line("%s map: %s\n", target.label, error_name(errno));
	return fd;
}

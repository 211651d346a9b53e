/* The doorbells of a vDPA device, and the memory of one that this program serves (VDUSE). */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <linux/vduse.h>
#include <linux/vhost.h>

int open_vhost_vdpa(const char *name, int flags)
{
	char folder[64], path[320];
	struct dirent *entry;
	DIR *device;
	int fd;

	snprintf(folder, sizeof(folder), "/sys/bus/vdpa/devices/%s", name);
	device = opendir(folder);
	while (device && (entry = readdir(device))) {
		if (strncmp(entry->d_name, "vhost-vdpa-", 11))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		closedir(device);
		fd = open(path, flags | O_CLOEXEC);
		/* One at a time may have it open. */
		if (fd < 0 && errno != EBUSY)
			line("%s open: %s\n", target.label, error_name(errno));
		if (fd >= 0)
			ioctl(fd, VHOST_SET_OWNER);
		return fd;
	}
	if (device)
		closedir(device);
	line("%s no vDPA device %s\n", target.label, name);
	return -1;
}

/* Answers what the kernel asks of the device, for ever. */
static void serve(int device)
{
	struct vduse_dev_response response;
	struct vduse_dev_request request;
	struct pollfd ready = { device, POLLIN, 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (read(device, &request, sizeof(request)) != sizeof(request)) {
			poll(&ready, 1, 1000);
			continue;
		}
		memset(&response, 0, sizeof(response));
		response.request_id = request.request_id;
		response.result = VDUSE_REQ_RESULT_OK;
		if (request.type == VDUSE_GET_VQ_STATE)
			response.vq_state.index = request.vq_state.index;
		if (write(device, &response, sizeof(response)) < 0)
			fprintf(stderr, "vduse: %m\n");
	}
}

static int create_disk(void)
{
	int control = open_or_say("/dev/vduse/control", O_RDWR), device;
	struct vduse_dev_config *config = calloc(1, sizeof(*config) + 256);
	struct vduse_vq_config queue = { .index = 0, .max_size = 16 };
	uint64_t version = 0;

	if (control < 0)
		return control;
	ioctl(control, VDUSE_SET_API_VERSION, &version);
	strcpy(config->name, "vd0");
	config->vendor_id = 0x1af4;
	config->device_id = 2;					/* a disk */
	config->features = (1ull << 33) | (1ull << 32);		/* VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_VERSION_1 */
	config->vq_num = 1;
	config->vq_align = 4096;
	config->config_size = 60;
	*(uint64_t *)config->config = 8;			/* sectors: the kernel looks for partitions */
	if (ioctl(control, VDUSE_CREATE_DEV, config)) {
		line("%s create: %s\n", target.label, error_name(errno));
		return -1;
	}
	device = open_or_say("/dev/vduse/vd0", O_RDWR);
	if (device >= 0 && ioctl(device, VDUSE_VQ_SETUP, &queue))
		line("%s queue: %s\n", target.label, error_name(errno));
	return device;
}

static int disk = -1;

int open_vduse(const char *none, int flags)
{
	int fd = -1;

	if (disk < 0) {
		disk = create_disk();
		if (disk < 0)
			return -1;
		fflush(stdout);
		if (!fork())
			serve(disk);
		if (!fork()) {
			execl("/bin/sh", "sh", "-c",
			      "vdpa dev add name vd0 mgmtdev vduse && echo vd0 > /sys/bus/vdpa/drivers/virtio_vdpa/bind", NULL);
			_exit(9);
		}
	}
	/* The bounce area is there once I/O was tried. */
	for (int i = 0; i < 100 && fd < 0; i++) {
		struct vduse_iotlb_entry entry = { .start = 0, .last = 0 };

		fd = ioctl(disk, VDUSE_IOTLB_GET_FD, &entry);
		if (fd < 0)
			usleep(100000);
	}
	if (fd < 0)
		line("%s memory: %s\n", target.label, error_name(errno));
	return fd;
}

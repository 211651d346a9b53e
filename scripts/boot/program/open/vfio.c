/* Regions of vfio devices. PCI functions are opened without an IOMMU, the sample display as a mediated device with one. */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vfio.h>

/* Opens a device of a group; the group and its container stay open with it, as vfio wants. */
static int open_device(const char *group_path, int iommu, const char *name)
{
	static int container = -1, group = -1;
	int fd;

	if (group < 0) {
		container = open_or_say("/dev/vfio/vfio", O_RDWR);
		group = open_or_say(group_path, O_RDWR);
		if (container < 0 || group < 0)
			return -1;
		if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) || ioctl(container, VFIO_SET_IOMMU, iommu))
			line("%s container: %s\n", target.label, error_name(errno));
	}
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (fd < 0)
		line("%s device: %s\n", target.label, error_name(errno));
	return fd;
}

static void base_of_region(int fd, unsigned int region)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = region };

	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		line("%s region: %s\n", target.label, error_name(errno));
	target.base = info.offset / PAGE;
}

/* The number of the group of a device in sysfs. */
static bool group_of(const char *folder, char *number, size_t size)
{
	char path[300], destination[300];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/iommu_group", folder);
	n = readlink(path, destination, sizeof(destination) - 1);
	if (n < 0) {
		line("%s has no group\n", target.label);
		return false;
	}
	destination[n] = 0;
	snprintf(number, size, "%s", strrchr(destination, '/') + 1);
	return true;
}

static bool bind_vfio(const char *folder)
{
	const char *slot = strrchr(folder, '/') + 1;
	char path[300];

	write_line("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "1");
	snprintf(path, sizeof(path), "%s/driver/unbind", folder);
	write_line(path, slot);
	snprintf(path, sizeof(path), "%s/driver_override", folder);
	write_line(path, "vfio-pci");
	return !write_line("/sys/bus/pci/drivers_probe", slot);
}

int open_vfio_pci(const char *id, int flags)
{
	const char *region, *folder = pci_folder(id, &region);
	static bool bound;
	char group[16], path[64];
	int fd;

	if (!folder)
		return -1;
	bound = bound || bind_vfio(folder);
	if (!group_of(folder, group, sizeof(group)))
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio/noiommu-%s", group);
	fd = open_device(path, VFIO_NOIOMMU_IOMMU, strrchr(folder, '/') + 1);
	if (fd >= 0)
		base_of_region(fd, atoi(region));
	return fd;
}

/* Sets a mode by the registers of the display (BAR 2), as a guest would, 64x64 with 32 bits, and asks for its buffer. */
static int display_buffer(int fd)
{
	static const struct { uint16_t index, value; } mode[] = { { 4, 0 }, { 1, 64 }, { 2, 64 }, { 3, 32 }, { 4, 0x41 } };
	struct vfio_region_info registers = { .argsz = sizeof(registers), .index = VFIO_PCI_BAR2_REGION_INDEX };
	struct vfio_device_gfx_plane_info plane = {
		.argsz = sizeof(plane), .flags = VFIO_GFX_PLANE_TYPE_DMABUF, .drm_plane_type = 1,
	};

	ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &registers);
	for (size_t i = 0; i < sizeof(mode) / sizeof(*mode); i++)
		if (pwrite(fd, &mode[i].value, 2, registers.offset + 0x500 + 2 * mode[i].index) < 0)
			line("%s mode: %s\n", target.label, error_name(errno));
	/* The sample makes the buffer at the first question, and has it at the second. */
	if (ioctl(fd, VFIO_DEVICE_QUERY_GFX_PLANE, &plane) && ioctl(fd, VFIO_DEVICE_QUERY_GFX_PLANE, &plane))
		line("%s plane: %s\n", target.label, error_name(errno));
	return ioctl(fd, VFIO_DEVICE_GET_GFX_DMABUF, &plane.dmabuf_id);
}

#define MDEV "c0ffee00-0000-4000-8000-000000000001"
#define TYPES "/sys/class/mdev_bus/mbochs/mdev_supported_types"

int open_mbochs(const char *kind, int flags)
{
	char group[16], path[64];
	int fd, buffer;

	if (access("/sys/bus/mdev/devices/" MDEV, F_OK) && write_line(TYPES "/mbochs-small/create", MDEV)) {
		line("%s create: %s\n", target.label, error_name(errno));
		return -1;
	}
	if (!group_of("/sys/bus/mdev/devices/" MDEV, group, sizeof(group)))
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	fd = open_device(path, VFIO_TYPE1_IOMMU, MDEV);
	if (fd < 0)
		return fd;
	if (!strcmp(kind, "memory")) {
		base_of_region(fd, VFIO_PCI_BAR0_REGION_INDEX);
		return fd;
	}
	buffer = display_buffer(fd);
	if (buffer < 0)
		line("%s buffer: %s\n", target.label, error_name(errno));
	/* The device may be opened once; the buffer keeps what it needs of it. */
	return buffer;
}

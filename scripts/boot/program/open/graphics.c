/* DRM devices: the page offset of an object is made up by the kernel. */
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <drm/drm.h>
#include <drm/drm_mode.h>

/* Where the first object of a DRM device lies: DRM_FILE_PAGE_OFFSET_START. */
#define FIRST_OBJECT 0x100000ul

/* The card for which `fits` says so. */
static int open_card(bool (*fits)(int number, int fd, const char *name), const char *name, int flags)
{
	for (int number = 0; number < 16; number++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", number);
		fd = open(path, flags | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fits(number, fd, name))
			return fd;
		close(fd);
	}
	line("%s no card of %s\n", target.label, name);
	return -1;
}

static bool of_driver(int number, int fd, const char *name)
{
	char found[32] = "";
	struct drm_version version = { .name = found, .name_len = sizeof(found) - 1 };

	return !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(found, name);
}

static bool of_device(int number, int fd, const char *name)
{
	char path[64], device[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/drm/card%d/device", number);
	n = readlink(path, device, sizeof(device) - 1);
	device[n > 0 ? n : 0] = 0;
	/* A platform device's name ends in a number. */
	return n > 0 && !strncmp(strrchr(device, '/') + 1, name, strlen(name));
}

int open_gem(const char *device, int flags)
{
	target.base = FIRST_OBJECT;
	return open_card(of_device, device, flags);
}

int open_dumb(const char *driver, int flags)
{
	struct drm_mode_create_dumb create = { .width = 64, .height = target.pages * 16, .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	int fd = open_card(of_driver, driver, flags);

	if (fd < 0)
		return fd;
	if (ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create)) {
		line("%s dumb buffer: %s\n", target.label, error_name(errno));
		close(fd);
		return -1;
	}
	map.handle = create.handle;
	if (ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		line("%s offset: %s\n", target.label, error_name(errno));
	target.base = map.offset / PAGE;
	return fd;
}

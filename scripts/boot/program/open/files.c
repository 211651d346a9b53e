/* Targets that are files, and how they are found. */
#include "../program.h"
#include "../openers.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/pci.h>

#define STAGE_GET_FD 0x7703

bool read_line(const char *path, char *text, unsigned long size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return true;
}

int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = fd < 0 ? errno : error_of(write(fd, text, strlen(text)));

	if (fd >= 0)
		close(fd);
	return error;
}

int open_or_say(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		line("%s open %s %d: %s\n", target.label, path, flags, error_name(errno));
	return fd;
}

int open_path(const char *path, int flags)
{
	return open_or_say(path, flags);
}

int open_fixture(const char *name, int flags)
{
	char path[64];
	int fd, buffer;

	snprintf(path, sizeof(path), "/dev/mmap-%s", name);
	fd = open_or_say(path, flags);
	buffer = fd < 0 ? -1 : ioctl(fd, STAGE_GET_FD, 0);
	if (buffer < 0)
		return fd;
	close(fd);
	return buffer;
}

int open_framebuffer(const char *id, int flags)
{
	char path[64], name[32];

	for (int i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "/sys/class/graphics/fb%d/name", i);
		if (!read_line(path, name, sizeof(name)) || strcmp(name, id))
			continue;
		snprintf(path, sizeof(path), "/dev/fb%d", i);
		return open_or_say(path, flags);
	}
	line("%s no framebuffer %s\n", target.label, id);
	return -1;
}

/* ---- PCI, by vendor and device: numbers of slots are QEMU's */
const char *pci_folder(const char *id, const char **rest)
{
	static char folder[64];
	const char *root = "/sys/bus/pci/devices";
	unsigned int vendor, device;
	struct dirent *entry;
	DIR *devices = opendir(root);

	*rest = strchr(id, '/') + 1;
	sscanf(id, "%x:%x", &vendor, &device);
	while (devices && (entry = readdir(devices))) {
		char path[400], text[16];

		snprintf(path, sizeof(path), "%s/%s/vendor", root, entry->d_name);
		if (!read_line(path, text, sizeof(text)) || strtoul(text, NULL, 0) != vendor)
			continue;
		snprintf(path, sizeof(path), "%s/%s/device", root, entry->d_name);
		if (!read_line(path, text, sizeof(text)) || strtoul(text, NULL, 0) != device)
			continue;
		snprintf(folder, sizeof(folder), "%s/%.20s", root, entry->d_name);
		closedir(devices);
		return folder;
	}
	if (devices)
		closedir(devices);
	line("%s no PCI function %s\n", target.label, id);
	return NULL;
}

int open_pci_resource(const char *id, int flags)
{
	const char *file, *folder = pci_folder(id, &file);
	char path[400];

	if (!folder)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return open_or_say(path, flags);
}

int open_proc_pci(const char *id, int flags)
{
	const char *bar, *folder = pci_folder(id, &bar), *slot;
	char path[400], resources[2048], *start;
	unsigned int bus;
	int fd;

	if (!folder)
		return -1;
	slot = strrchr(folder, '/') + 1;
	snprintf(path, sizeof(path), "%s/resource", folder);
	fd = open_or_say(path, O_RDONLY);
	if (fd < 0)
		return fd;
	resources[read(fd, resources, sizeof(resources) - 1)] = 0;
	close(fd);
	start = resources;
	for (int i = atoi(bar); i; i--)
		start = strchr(start, '\n') + 1;
	target.base = strtoul(start, NULL, 0) / PAGE;
	sscanf(slot, "%*x:%x:", &bus);
	snprintf(path, sizeof(path), "/proc/bus/pci/%02x/%s", bus, strrchr(slot, ':') + 1);
	fd = open_or_say(path, flags);
	if (fd >= 0 && ioctl(fd, PCIIOC_MMAP_IS_MEM) < 0)
		line("%s PCIIOC_MMAP_IS_MEM: %s\n", target.label, error_name(errno));
	return fd;
}

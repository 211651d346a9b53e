/* Openers by name. A new one is a function in open/ and a line here. */
#include "program.h"
#include "openers.h"
#include <string.h>

static const struct opener { const char *name; int (*open)(const char *argument, int flags); bool by_mode; } openers[] = {
	{ "path", open_path, true },
	{ "fixture", open_fixture },
	{ "framebuffer", open_framebuffer, true },
	{ "pci", open_pci_resource, true },
	{ "proc-pci", open_proc_pci },
	{ "dumb", open_dumb },
	{ "gem", open_gem },
	{ "heap", open_heap },
	{ "udmabuf", open_udmabuf },
	{ "bpf-array", open_bpf_array },
	{ "socket", open_socket },
	{ "tcp", open_tcp },
	{ "ublk", open_ublk, true },
	{ "kvm", open_kvm },
	{ "tee", open_tee },
	{ "ecryptfs", open_ecryptfs, true },
	{ "vhost-vdpa", open_vhost_vdpa },
	{ "vduse", open_vduse },
	{ "vfio-pci", open_vfio_pci },
	{ "mbochs", open_mbochs },
	{ "pcm", open_pcm },
	{ "disconnected", open_disconnected },
};

static const struct opener *opener_of(const char *text)
{
	size_t length = strcspn(text, ":");

	for (size_t i = 0; i < sizeof(openers) / sizeof(*openers); i++)
		if (strlen(openers[i].name) == length && !strncmp(openers[i].name, text, length))
			return &openers[i];
	return NULL;
}

bool opens_by_mode(const char *text)
{
	const struct opener *opener = opener_of(text);

	return opener && opener->by_mode;
}

int open_target(const char *text, int flags)
{
	const struct opener *opener = opener_of(text);
	const char *argument = strchr(text, ':');

	return opener ? opener->open(argument ? argument + 1 : "", flags) : -1;
}

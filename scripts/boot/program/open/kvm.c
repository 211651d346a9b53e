/* Files of KVM: the run area of a processor, devices, and memory of a guest. */
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kvm.h>

/* From 7.3; older headers lack it. */
#ifndef KVM_X86_SW_PROTECTED_VM
#define KVM_X86_SW_PROTECTED_VM 1
#endif

static int report(const char *what, int fd)
{
	if (fd < 0)
		line("%s %s: %s\n", target.label, what, error_name(errno));
	return fd;
}

static int processor(int kvm, int vm, bool ring)
{
	struct kvm_enable_cap capability = { .cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, .args = { 32768 } };

	target.pages = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0) / PAGE;
	if (ring)
		line("%s ring %s\n", target.label, error_name(error_of(ioctl(vm, KVM_ENABLE_CAP, &capability))));
	return report("processor", ioctl(vm, KVM_CREATE_VCPU, 0));
}

static int device(int vm, int type)
{
	struct kvm_create_device create = { .type = type };

	return report("device", ioctl(vm, KVM_CREATE_DEVICE, &create)) < 0 ? -1 : (int)create.fd;
}

static int memory(int vm, unsigned long long flags)
{
	struct kvm_create_guest_memfd create = { .size = target.pages * PAGE, .flags = flags };

	return report("memory", ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create));
}

int open_kvm(const char *kind, int flags)
{
	bool protected = !strcmp(kind, "memory-protected");
	int kvm = open_or_say("/dev/kvm", O_RDWR), vm, fd = -1;

	if (kvm < 0)
		return kvm;
	vm = report("machine", ioctl(kvm, KVM_CREATE_VM, protected ? KVM_X86_SW_PROTECTED_VM : 0));
	if (vm >= 0) {
		if (!strcmp(kind, "processor") || !strcmp(kind, "processor-ring"))
			fd = processor(kvm, vm, !strcmp(kind, "processor-ring"));
		else if (!strcmp(kind, "device-vfio"))
			fd = device(vm, KVM_DEV_TYPE_VFIO);
		else if (!strcmp(kind, "device-xive"))
			fd = device(vm, KVM_DEV_TYPE_XIVE);
		else
			/* 1: it may be mapped, 2: it begins as shared */
			fd = memory(vm, !strcmp(kind, "memory-shared") ? 3 : !strcmp(kind, "memory-private") ? 1 : 0);
		close(vm);
	}
	close(kvm);
	return fd;
}

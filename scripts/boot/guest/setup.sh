# What targets need before the program can open them. Each part says in setup.log what did not work.

say() { echo "$@" >> /results/setup.log; }

# Two filesystems on disks that the host made, with a file of five pages.
filesystems() {
	for disk in vda:udf vdb:gfs2; do
		mount -t ${disk#*:} /dev/${disk%:*} /${disk#*:} || say "no ${disk#*:}"
		dd if=/dev/zero bs=4096 count=5 2>/dev/null | tr '\0' 'f' > /${disk#*:}/f
	done
}

selinux() {
	mount -t selinuxfs sel /sys/fs/selinux
	dd if=/policy of=/sys/fs/selinux/load bs=16M 2>/dev/null || say "no policy"
}

# The simulator, with the doorbells of a fixture.
vdpa_simulator() {
	echo 0 > /sys/bus/vdpa/drivers_autoprobe
	vdpa dev add name sim0 mgmtdev vdpasim_net
	echo sim0 > /sys/bus/vdpa/drivers/vhost_vdpa/bind
	: < /dev/mmap-doorbells
}

setup_plain() {
	ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up
	filesystems
	selinux
	vdpa_simulator
	dmesg -c > /results/boot.dmesg
	say "$(ls -d /dev/mmap-* /dev/dri/* /dev/dma_heap/* /dev/snd/* /dev/usbmon* /dev/vfio/* 2>/dev/null)"
	say "$(cat /proc/asound/cards)"
}

setup_xen() {
	mount -t xenfs xen /proc/xen
	dmesg -c > /results/boot.dmesg
}

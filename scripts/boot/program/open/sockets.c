/* Sockets: one of each family, and a TCP connection whose data is received into the mapping. */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/tcp.h>

int open_socket(const char *numbers, int flags)
{
	int family, type, protocol, fd;

	if (sscanf(numbers, "%d,%d,%i", &family, &type, &protocol) != 3)
		return -1;
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		line("%s socket: %s\n", target.label, error_name(errno));
	return fd;
}

static int receiver;

/* Receives into the mapping without copying; loopback has the pages of the sender, so that all of it may be mapped. */
static void receive(char *address, unsigned long length)
{
	struct tcp_zerocopy_receive zerocopy = { .address = (uintptr_t)address, .length = length };
	socklen_t size = sizeof(zerocopy);
	int error = error_of(getsockopt(receiver, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zerocopy, &size));

	line("%s   zero copy %s, error %d\n", target.label, error_name(error), zerocopy.err);
	line("%s   madvise away %s\n", target.label, error_name(error_of(madvise(address, length, MADV_DONTNEED))));
}

int open_tcp(const char *none, int flags)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), sender = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(address);
	static char data[4 * PAGE] __attribute__((aligned(PAGE)));

	if (bind(listener, (void *)&address, size) || listen(listener, 1) || getsockname(listener, (void *)&address, &size) ||
	    connect(sender, (void *)&address, size) || (receiver = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0) {
		line("%s connection: %s\n", target.label, error_name(errno));
		return -1;
	}
	memset(data, 0x7c, sizeof(data));
	if (send(sender, data, sizeof(data), MSG_NOSIGNAL) < 0)
		line("%s send: %s\n", target.label, error_name(errno));
	close(listener);
	/* The sender stays open until the process ends, but for the races. */
	target.granted = receive;
	return receiver;
}

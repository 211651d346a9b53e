/* The character device of a ublk disk. Its control device takes commands by io_uring alone. */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/io_uring.h>
#include <linux/ublk_cmd.h>

#define ENTRIES 4

static int control(unsigned int operation, const struct ublksrv_ctrl_cmd *command)
{
	struct io_uring_params parameters = { .flags = IORING_SETUP_SQE128 };
	int device = open("/dev/ublk-control", O_RDWR | O_CLOEXEC), ring = syscall(SYS_io_uring_setup, ENTRIES, &parameters);
	unsigned long sq_size = parameters.sq_off.array + ENTRIES * 4, cq_size = parameters.cq_off.cqes + ENTRIES * 2 * 16;
	char *sq, *cq, *entries;
	struct io_uring_sqe *entry;
	int result;

	if (device < 0 || ring < 0)
		return -errno;
	sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	entries = mmap(NULL, ENTRIES * 128, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || entries == MAP_FAILED)
		return -errno;
	entry = (struct io_uring_sqe *)entries;
	memset(entry, 0, 128);
	entry->opcode = IORING_OP_URING_CMD;
	entry->fd = device;
	entry->cmd_op = operation;
	memcpy(entry->cmd, command, sizeof(*command));
	((unsigned int *)(sq + parameters.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned int *)(sq + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
	result = syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	result = result < 0 ? -errno : ((struct io_uring_cqe *)(cq + parameters.cq_off.cqes))->res;
	munmap(sq, sq_size);
	munmap(cq, cq_size);
	munmap(entries, ENTRIES * 128);
	close(ring);
	close(device);
	return result;
}

int open_ublk(const char *numbers, int flags)
{
	struct ublksrv_ctrl_dev_info info = { .nr_hw_queues = 2, .max_io_buf_bytes = 65536 };
	struct ublksrv_ctrl_cmd command = { .queue_id = -1, .len = sizeof(info), .addr = (uintptr_t)&info };
	unsigned long long features;
	unsigned int id, depth;
	char path[32];

	if (sscanf(numbers, "%u,%u,%lli", &id, &depth, (long long *)&features) != 3)
		return -1;
	snprintf(path, sizeof(path), "/dev/ublkc%u", id);
	if (access(path, F_OK)) {
		info.dev_id = command.dev_id = id;
		info.queue_depth = depth;
		info.flags = features;
		line("%s add %s\n", target.label, error_name(-control(UBLK_U_CMD_ADD_DEV, &command)));
		for (int i = 0; i < 50 && access(path, F_OK); i++)
			usleep(100000);
	}
	/* One may have it open, and a close takes effect a moment later. */
	for (int i = 0; i < 50; i++) {
		int fd = open(path, flags | O_CLOEXEC);

		if (fd >= 0 || errno != EBUSY)
			return fd;
		usleep(20000);
	}
	return -EBUSY;
}

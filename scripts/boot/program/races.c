/*
 * Two threads against each other: one maps and unmaps a file, the other opens, maps and closes it, and both do so in one address
 * space. What each call gives depends on who was first; that the kernel has no complaint is what counts.
 */
#include "program.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define ROUNDS 150

static atomic_int shared_fd;
static int open_flags;

static void map_once(int fd, char *at, int flags)
{
	unsigned long length = target.pages * PAGE;
	char *address = mmap(at, length, PROT_READ, flags, fd, target.base * PAGE);

	if (address == MAP_FAILED)
		return;
	madvise(address, PAGE, MADV_DONTNEED);
	if (target.pages > 1)
		munmap(address + PAGE, PAGE);
	munmap(address, length);
}

static void *mapper(void *argument)
{
	for (int round = 0; round < ROUNDS; round++)
		map_once(shared_fd, REGION, round % 2 ? MAP_SHARED : MAP_PRIVATE | MAP_FIXED);
	return argument;
}

static void *closer(void *argument)
{
	const char *opener = argument;

	for (int round = 0; round < ROUNDS; round++) {
		int fd = open_target(opener, open_flags), old;

		if (fd < 0)
			break;
		old = atomic_exchange(&shared_fd, fd);
		map_once(old, REGION + (round % 3) * PAGE, MAP_SHARED | MAP_FIXED);
		close(old);
	}
	return argument;
}

void run_races(const char *opener, int flags)
{
	pthread_t threads[2];

	open_flags = flags;
	shared_fd = open_target(opener, flags);
	if (shared_fd < 0)
		return;
	if (pthread_create(&threads[0], NULL, mapper, NULL) || pthread_create(&threads[1], NULL, closer, (void *)opener)) {
		line("%s races: no threads\n", target.label);
		return;
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	close(shared_fd);
	line("%s races ended, %lu mappings left\n", target.label, mappings_left());
}

/*
 * Every allocation of a call fails once, by /proc/self/fail-nth (Documentation/fault-injection). How many allocations there are may
 * differ between two kernels, and whether a slab has to be refilled differs from run to run; so the set of outcomes is printed.
 */
#include "program.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_ALLOCATIONS 200
#define MOST_OUTCOMES 32

static char outcomes[MOST_OUTCOMES][120];
static int outcome_count;

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void record(const char *outcome)
{
	for (int i = 0; i < outcome_count; i++)
		if (!strcmp(outcomes[i], outcome))
			return;
	if (outcome_count < MOST_OUTCOMES)
		snprintf(outcomes[outcome_count++], sizeof(outcomes[0]), "%s", outcome);
}

/* One call with its allocation number `nth` failing. False if there is none. */
static bool call_failing(int control, int fd, int nth, unsigned long length, int protection, int flags)
{
	char number[16], before[64], after[64], outcome[120], left[16] = "";
	long references = file_references(fd);
	char *address;
	int error;

	memory_counters(before, sizeof(before));
	snprintf(number, sizeof(number), "%d", nth);
	if (pwrite(control, number, strlen(number), 0) < 0)
		return false;
	address = (char *)syscall(SYS_mmap, REGION, length, protection, flags, fd, target.base * PAGE);
	error = address == MAP_FAILED ? errno : 0;
	if (pread(control, left, sizeof(left) - 1, 0) < 0 || atoi(left)) {
		if (pwrite(control, "0", 1, 0) < 0)
			exit(3);
		if (!error)
			munmap(address, length);
		return false;
	}
	snprintf(outcome, sizeof(outcome), "%s", error_name(error));
	if (!error)
		munmap(address, length);
	memory_counters(after, sizeof(after));
	if (strcmp(before, after))
		strcat(outcome, " counters moved");
	if (mappings_left())
		strcat(outcome, " mappings left");
	if (file_references(fd) != references)
		strcat(outcome, " references moved");
	/* Whether a call gets by without an allocation differs from run to run; that it leaves nothing behind does not. */
	if (strcmp(outcome, "ok"))
		record(outcome);
	return true;
}

void run_failures(int fd)
{
	static const struct { const char *name; int flags; } kinds[] = {
		{ "S", MAP_SHARED }, { "P", MAP_PRIVATE }, { "S-populate", MAP_SHARED | MAP_POPULATE },
	};
	int control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (control < 0) {
		line("%s failures: %s\n", target.label, error_name(errno));
		return;
	}
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (unsigned long pages = 1; pages <= target.pages; pages += target.pages > 1 ? target.pages - 1 : 1)
			for (int write = 0; write < 2; write++) {
				int protection = write ? PROT_READ | PROT_WRITE : PROT_READ, nth = 1;

				outcome_count = 0;
				while (nth < MOST_ALLOCATIONS &&
				       call_failing(control, fd, nth, pages * PAGE, protection, kinds[k].flags))
					nth++;
				qsort(outcomes, outcome_count, sizeof(outcomes[0]), by_text);
				line("%s failing allocations, %lu pages %s %s:", target.label, pages, write ? "rw-" : "r--",
				     kinds[k].name);
				for (int i = 0; i < outcome_count; i++)
					line(" (%s)", outcomes[i]);
				line("\n");
			}
	close(control);
}

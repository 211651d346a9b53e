/*
 * usage: program LABEL OPENER PAGES [OPTION]...
 *   OPTION: read-only, untouched, no-gigabyte, unchecked, no-failures, brief, +OFFSET (in pages, from the object's start)
 *           only=grid|failures|races
 */
#include "program.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct target target;
unsigned long calls, grants;

static bool option(const char *text, const char **only)
{
	if (!strcmp(text, "read-only"))
		target.read_only = true;
	else if (!strcmp(text, "untouched"))
		target.untouched = true;
	else if (!strcmp(text, "no-gigabyte"))
		target.no_gigabyte = true;
	else if (!strcmp(text, "unchecked"))
		target.unchecked = true;
	else if (!strcmp(text, "no-failures"))
		target.no_failures = true;
	else if (!strcmp(text, "brief"))
		target.brief = true;
	else if (!strncmp(text, "only=", 5))
		*only = text + 5;
	else if (*text == '+' && target.offset_count < (int)(sizeof(target.offsets) / sizeof(*target.offsets)))
		target.offsets[target.offset_count++] = strtoul(text + 1, NULL, 0);
	else
		return false;
	return true;
}

/* False if the target cannot be opened so. */
static bool run_grid_in(const char *opener, int flags, const char *mode, bool wanted)
{
	int fd = open_target(opener, flags);

	if (fd < 0)
		return false;
	if (wanted)
		run_grid(fd, mode);
	close(fd);
	return true;
}

static void run_failures_in(const char *opener, int flags)
{
	int fd = open_target(opener, flags);

	if (fd < 0)
		return;
	run_failures(fd);
	close(fd);
}

int main(int count, char **arguments)
{
	static char buffer[1 << 16];
	const char *only = NULL, *opener;
	bool grid;
	int flags;

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (count < 4) {
		fprintf(stderr, "usage: program LABEL OPENER PAGES [OPTION]...\n");
		return 2;
	}
	target.label = arguments[1];
	target.pages = strtoul(arguments[3], NULL, 0);
	for (int i = 4; i < count; i++)
		if (!option(arguments[i], &only)) {
			fprintf(stderr, "program: no option %s\n", arguments[i]);
			return 2;
		}
	opener = arguments[2];
	grid = !only || !strcmp(only, "grid");
	if (opens_by_mode(opener)) {
		run_grid_in(opener, O_RDONLY, "ro", grid);
		run_grid_in(opener, O_WRONLY, "wo", grid);
	}
	flags = run_grid_in(opener, O_RDWR, "rw", grid) ? O_RDWR : O_RDONLY;
	if (!target.brief && !target.no_failures && (!only || !strcmp(only, "failures")))
		run_failures_in(opener, flags);
	if (!target.brief && (!only || !strcmp(only, "races")))
		run_races(opener, flags);
	printf("%s end calls %lu granted %lu\n", target.label, calls, grants);
	fflush(stdout);
	return 0;
}

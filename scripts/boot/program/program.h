/*
 * One run of the program: the same mmap() calls on one target, one line for what came of each. The lines of two kernels are
 * compared, so nothing is printed that differs from run to run: no address, no inode, no time.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/types.h>

#define PAGE 4096ul
/* Where mappings are asked for: nothing else is near. */
#define REGION ((char *)0x200000000000ul)

struct target {
	const char *label;
	unsigned long pages;		/* of the object */
	unsigned long base;		/* its first page offset in the file */
	unsigned long offsets[8];	/* page offsets of its own, beyond those that every target gets */
	int offset_count;
	bool read_only;			/* its memory is never written */
	bool untouched;			/* nor read: a fault would kill or change something */
	bool no_gigabyte;		/* a large mapping of it would be populated page by page */
	bool unchecked;			/* its handler checks nothing: no call reaches beyond the object */
	bool no_failures;		/* something else in the call does not survive them */
	bool brief;			/* the short grid */
	void (*granted)(char *address, unsigned long length);	/* more to do with a mapping; may be NULL */
};
extern struct target target;
extern unsigned long calls, grants;

/* ---- openers.c and open/: how the file of a target comes about */

/*
 * Opens the target that `opener` names ("path:/dev/x", "socket:2,1,0"), with the flags of open(2). May set target.base and
 * target.pages. Returns a descriptor, or a negative errno.
 */
int open_target(const char *opener, int flags);
/* An opener that makes its file by system calls opens it in one way. */
bool opens_by_mode(const char *opener);

/* ---- grid.c: which calls */
void run_grid(int fd, const char *mode);
/* ---- exercise.c: what is done with a mapping that was granted */
void exercise(int fd, char *address, unsigned long length, unsigned long page_offset, int protection, int flags, bool deep,
	      const char *call);
/* ---- failures.c: every allocation of a call fails once */
void run_failures(int fd);
/* ---- races.c: two threads against each other */
void run_races(const char *opener, int flags);

/* ---- observe.c: what user space and the kernel see of a mapping */

/* Printed as the line's text; counts lines. */
void line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The name of an errno, "ok" for 0. */
const char *error_name(int error);
/* The result of a system call as an errno, 0 if it is not negative. */
int error_of(long result);
/* The byte at an address, or the signal that reading it raised, negative. */
int read_byte(const char *address);
/* Writes back the byte at an address. Returns 0, or the signal, negative. */
int write_byte(char *address);
/* A byte or a signal, as text; valid until eight more are asked for. */
const char *seen(int value);

struct mapping {
	bool present;
	unsigned long start, end, file_offset;
	char protection[8], flags[160], name[64];
	long resident, anonymous, locked;	/* KiB */
};
struct mapping mapping_at(const char *address);
/* Mappings in the region of the tests. */
unsigned long mappings_left(void);
/* "start+pages protection ...", relative to an address and an offset. */
void describe(char *text, size_t size, const struct mapping *mapping, const char *address, unsigned long file_offset);
/* What /dev/mmap-look tells of the mapping at an address, empty without it. */
void kernel_view(char *text, size_t size, const char *address);
/* References to the file of a descriptor, -1 without /dev/mmap-look. */
long file_references(int fd);
/* The counters of this address space: size, locked, pinned, data, in KiB. */
void memory_counters(char *text, size_t size);

#endif

/* What is done with a mapping that was granted. */
#include "program.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One mapping, and the call that made it. */
struct granted {
	int fd;
	char *address;
	unsigned long length, page_offset;
	int protection, flags;
	const char *call;
};

static char *map_as(const struct granted *g, char *address, unsigned long page_offset)
{
	calls++;
	return mmap(address, g->length, g->protection, g->flags, g->fd, (off_t)(page_offset * PAGE));
}

static unsigned long pages_of(struct mapping mapping)
{
	return (mapping.end - mapping.start) / PAGE;
}

static void show(const struct granted *g, const char *what)
{
	struct mapping mapping = mapping_at(g->address);
	char text[400], view[400];

	describe(text, sizeof(text), &mapping, g->address, g->page_offset * PAGE);
	kernel_view(view, sizeof(view), g->address);
	line("%s %s: %s%s\n", g->call, what, text, view);
}

static void touch(const struct granted *g)
{
	int first = read_byte(g->address), last = read_byte(g->address + g->length - PAGE);
	int written = target.read_only ? 0 : write_byte(g->address);
	char what[80];

	snprintf(what, sizeof(what), "  reads %s %s writes %s", seen(first), seen(last),
		 target.read_only ? "-" : written ? seen(written) : "ok");
	show(g, what);
}

/* A second mapping beside the first: do they merge? */
static void neighbour(const struct granted *g, const char *what, char *at, unsigned long page_offset)
{
	char *second = map_as(g, at, page_offset);

	if (second == MAP_FAILED) {
		line("%s   %s %s\n", g->call, what, error_name(errno));
		return;
	}
	line("%s   %s at %+ld first %lu second %lu mappings %lu\n", g->call, what, (long)(second - at),
	     pages_of(mapping_at(g->address)), pages_of(mapping_at(second)), mappings_left());
	munmap(second, g->length);
}

static void neighbours(const struct granted *g)
{
	unsigned long pages = g->length / PAGE;

	neighbour(g, "next", g->address + g->length, g->page_offset + pages);
	/* The same offset again is no continuation. */
	neighbour(g, "again", g->address + g->length, g->page_offset);
	if (g->page_offset >= pages)
		neighbour(g, "before", g->address - g->length, g->page_offset - pages);
}

/* Another way to the memory: vm_ops->access, VM_IO and VM_PFNMAP decide. */
static void through_proc(const struct granted *g)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	unsigned char byte = 0;
	int error = error_of(pread(memory, &byte, 1, (off_t)(uintptr_t)g->address));

	line("%s   /proc/self/mem %s %02x\n", g->call, error_name(error), error ? 0 : byte);
	close(memory);
}

static void forked(const struct granted *g)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		int first = read_byte(g->address);
		char what[40];

		snprintf(what, sizeof(what), "  child reads %s", seen(first));
		show(g, what);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (!WIFEXITED(status))
		line("%s   child died %x\n", g->call, status);
}

static void advised(const struct granted *g, bool large)
{
	static const struct { int advice; bool populates, writes; } advices[] = {
		{ MADV_DONTFORK }, { MADV_DOFORK }, { MADV_DONTDUMP }, { MADV_DODUMP }, { MADV_MERGEABLE }, { MADV_HUGEPAGE },
		{ MADV_NOHUGEPAGE }, { MADV_DONTNEED }, { MADV_FREE }, { MADV_WILLNEED }, { MADV_COLD },
		{ MADV_POPULATE_READ, true }, { MADV_POPULATE_WRITE, true, true },
	};

	line("%s   madvise", g->call);
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (!(advices[i].populates && large) && !(advices[i].writes && target.read_only))
			line(" %s", error_name(error_of(madvise(g->address, g->length, advices[i].advice))));
	line(" [%s]\n", mapping_at(g->address).flags);
}

static void locked(const struct granted *g, bool large)
{
	unsigned char resident[4096];

	line("%s   mlock %s", g->call, large ? "-" : error_name(error_of(mlock(g->address, g->length))));
	line(" [%s]", mapping_at(g->address).flags);
	line(" munlock %s", error_name(error_of(munlock(g->address, g->length))));
	line(" msync %s", error_name(error_of(msync(g->address, g->length, MS_SYNC))));
	line(" mincore %s\n", large ? "-" : error_name(error_of(mincore(g->address, g->length, resident))));
}

static void protected(const struct granted *g)
{
	static const int protections[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_EXEC | PROT_READ, PROT_NONE, PROT_WRITE };

	line("%s   mprotect", g->call);
	for (size_t i = 0; i < sizeof(protections) / sizeof(*protections); i++) {
		int error = error_of(mprotect(g->address, g->length, protections[i]));

		line(" %s", error_name(error));
		if (error)
			continue;
		if (protections[i] == (PROT_READ | PROT_WRITE) && !target.read_only)
			line("/%s", seen(write_byte(g->address)));
		if (protections[i] == PROT_READ)
			line("/%s", seen(read_byte(g->address)));
	}
	line("\n");
	line("%s   back %s, %lu pages\n", g->call, error_name(error_of(mprotect(g->address, g->length, g->protection))),
	     pages_of(mapping_at(g->address)));
	read_byte(g->address);
	show(g, "  protected as before");
}

static void resized(const struct granted *g)
{
	char *moved = mremap(g->address, g->length, g->length + PAGE, 0);

	line("%s   grow %s", g->call, error_name(moved == MAP_FAILED ? errno : 0));
	if (moved != MAP_FAILED) {
		line("/%s", seen(read_byte(moved + g->length)));
		line(" shrink %s", error_name(mremap(moved, g->length + PAGE, g->length, 0) == MAP_FAILED ? errno : 0));
	}
	moved = mremap(g->address, 0, g->length, MREMAP_MAYMOVE);
	line(" duplicate %s", error_name(moved == MAP_FAILED ? errno : 0));
	if (moved != MAP_FAILED) {
		line("/%s", seen(read_byte(moved)));
		munmap(moved, g->length);
	}
	line("\n");
}

static void moved(const struct granted *g)
{
	char text[400], *to = REGION + (1ul << 40);
	char *moved = mremap(g->address, g->length, g->length, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	struct mapping mapping;

	line("%s   move %s", g->call, error_name(moved == MAP_FAILED ? errno : 0));
	if (moved != MAP_FAILED) {
		mapping = mapping_at(moved);
		describe(text, sizeof(text), &mapping, moved, g->page_offset * PAGE);
		line("/%s %s", seen(read_byte(moved)), text);
		if (mremap(moved, g->length, g->length, MREMAP_MAYMOVE | MREMAP_FIXED, g->address) == MAP_FAILED) {
			line(" lost");
			munmap(moved, g->length);
		}
	}
	line("\n");
}

static void cut(const struct granted *g)
{
	unsigned long pages = g->length / PAGE, at = pages > 2 ? 1 : 0;

	if (pages < 2)
		return;
	line("%s   unmap page %lu %s", g->call, at, error_name(error_of(munmap(g->address + at * PAGE, PAGE))));
	line(" mappings %lu reads %s\n", mappings_left(), seen(read_byte(g->address + g->length - PAGE)));
}

void exercise(int fd, char *address, unsigned long length, unsigned long page_offset, int protection, int flags, bool deep,
	      const char *call)
{
	struct granted g = { fd, address, length, page_offset, protection, flags, call };
	bool large = length > 4096 * PAGE;

	if (deep)
		show(&g, "granted");
	touch(&g);
	if (!deep)
		return;
	if (target.granted)
		target.granted(address, length);
	neighbours(&g);
	if (target.brief)
		return;
	through_proc(&g);
	forked(&g);
	advised(&g, large);
	locked(&g, large);
	protected(&g);
	resized(&g);
	moved(&g);
	cut(&g);
}

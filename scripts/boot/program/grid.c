/* Which calls are made: lengths, offsets, protections and flags against each other. */
#include "program.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define GIGABYTE (1ul << 30)
#define TOO_LONG (1ul << 47)

struct size { unsigned long value; const char *name; };
struct offset { unsigned long pages; const char *name; bool extreme; };

static const struct kind { const char *name; int flags; bool plain; } kinds[] = {
	{ "S", MAP_SHARED, true },
	{ "P", MAP_PRIVATE, true },
	{ "S-fixed", MAP_SHARED | MAP_FIXED },
	{ "P-fixed", MAP_PRIVATE | MAP_FIXED },
	{ "S-populate", MAP_SHARED | MAP_POPULATE },
	{ "P-populate", MAP_PRIVATE | MAP_POPULATE },
	{ "S-locked", MAP_SHARED | MAP_LOCKED },
	{ "P-locked", MAP_PRIVATE | MAP_LOCKED },
	{ "S-validate", MAP_SHARED_VALIDATE },
	{ "S-sync", MAP_SHARED_VALIDATE | MAP_SYNC },
	{ "P-noreserve", MAP_PRIVATE | MAP_NORESERVE },
	{ "S-anywhere", MAP_SHARED },
	{ "P-growsdown", MAP_PRIVATE | MAP_GROWSDOWN },
};
static const struct { const char *name; int bits; bool deep, brief; } protections[] = {
	{ "---", PROT_NONE, false, true },
	{ "r--", PROT_READ, true, true },
	{ "-w-", PROT_WRITE },
	{ "rw-", PROT_READ | PROT_WRITE, true, true },
	{ "--x", PROT_EXEC },
	{ "r-x", PROT_READ | PROT_EXEC, false, true },
	{ "rwx", PROT_READ | PROT_WRITE | PROT_EXEC },
};

/* Something is there that a refused call may lose: a page before and behind. */
static char *occupy(unsigned long length)
{
	char *old = mmap(REGION, length + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (old == MAP_FAILED) {
		line("%s cannot occupy: %s\n", target.label, error_name(errno));
		exit(3);
	}
	memset(old, 0xa5, length + 2 * PAGE);
	return old + PAGE;
}

static void refused(const char *call, int error, bool occupied, unsigned long length, const char *before)
{
	char after[64];

	memory_counters(after, sizeof(after));
	line("%s %s%s", call, error_name(error), strcmp(before, after) ? " counters moved" : "");
	if (occupied) {
		struct mapping old = mapping_at(REGION + PAGE);

		line(" old %lu reads %s", old.present ? (old.end - old.start) / PAGE : 0, seen(read_byte(REGION + PAGE)));
		munmap(REGION, length + 2 * PAGE);
	}
	line("\n");
}

static void call_once(int fd, const char *mode, struct size size, struct offset offset, size_t p, const struct kind *kind)
{
	unsigned long length = (size.value + PAGE - 1) & ~(PAGE - 1);
	bool occupied = (kind->flags & MAP_FIXED) && length <= 64 * PAGE;
	bool anywhere = !strcmp(kind->name, "S-anywhere");
	char call[160], before[64], after[64], *hint, *address;
	unsigned long left;

	snprintf(call, sizeof(call), "%s %s length %s offset %s %s %s", target.label, mode, size.name, offset.name,
		 protections[p].name, kind->name);
	hint = occupied ? occupy(length) : anywhere ? NULL : REGION;
	memory_counters(before, sizeof(before));
	/* The system call itself: libc checks offsets of its own. */
	address = (char *)syscall(SYS_mmap, hint, size.value, protections[p].bits, kind->flags, fd, offset.pages * PAGE);
	calls++;
	if (address == MAP_FAILED) {
		refused(call, errno, occupied, length, before);
		return;
	}
	grants++;
	if (hint && address != hint)
		line("%s elsewhere\n", call);
	exercise(fd, address, length, offset.pages, protections[p].bits, kind->flags, kind->plain && protections[p].deep, call);
	munmap(address, length + PAGE);
	if (occupied) {
		line("%s   page before reads %s\n", call, seen(read_byte(REGION)));
		munmap(REGION, length + 2 * PAGE);
	} else {
		memory_counters(after, sizeof(after));
		if (strcmp(before, after))
			line("%s counters moved\n", call);
	}
	left = mappings_left();
	if (left)
		line("%s left %lu mappings\n", call, left);
}

/* All combinations would take hours and say little: rare flags are tried where they can work, and just past it. */
static bool worthwhile(const char *mode, struct size size, struct offset offset, size_t p, const struct kind *kind)
{
	bool rare = !kind->plain;

	if (target.brief)
		return !rare && protections[p].brief && size.value >= PAGE && size.value <= (target.pages + 1) * PAGE;
	if (target.unchecked && (size.value > target.pages * PAGE || offset.pages - target.base > target.pages - size.value / PAGE))
		return false;
	if (size.value >= GIGABYTE && (kind->flags & (MAP_POPULATE | MAP_LOCKED)))
		return false;
	if (size.value == GIGABYTE && target.no_gigabyte)
		return false;
	if ((size.value < PAGE || size.value == TOO_LONG) && rare)
		return false;
	if (rare && (size.value > (target.pages + 1) * PAGE || offset.extreme || p == 2 || p == 5))
		return false;
	/* A file that is open for writing alone cannot be mapped; that is soon seen. */
	if (!strcmp(mode, "wo"))
		return size.value <= 2 * PAGE && offset.pages <= target.base + 1 && kind - kinds < 6;
	return size.value || kind == kinds;
}

void run_grid(int fd, const char *mode)
{
	unsigned long pages = target.pages;
	const struct size sizes[] = {
		{ 0, "0" }, { 1, "1-byte" }, { PAGE, "1" }, { 2 * PAGE, "2" }, { pages * PAGE, "object" },
		{ (pages + 1) * PAGE, "object+1" }, { 3 * pages * PAGE, "3-objects" }, { GIGABYTE, "1G" }, { TOO_LONG, "128T" },
	};
	struct offset offsets[24] = {
		{ target.base, "0" }, { target.base + 1, "1" }, { target.base + pages - 1, "last" },
		{ target.base + pages, "behind" }, { 1ul << 18, "2^18", true }, { 1ul << 36, "2^36", true },
		{ (1ul << 51) - 1, "2^51-1", true }, { (1ul << 52) - 1, "max", true },
	};
	static char names[COUNT(target.offsets)][24];
	size_t count = 8;

	if (target.base)
		offsets[count++] = (struct offset){ 0, "start-of-file" };
	for (int i = 0; i < target.offset_count; i++) {
		snprintf(names[i], sizeof(names[i]), "+%#lx", target.offsets[i]);
		offsets[count++] = (struct offset){ target.base + target.offsets[i], names[i] };
	}
	for (size_t s = 0; s < COUNT(sizes); s++) {
		bool again = false;

		for (size_t before = 0; before < s; before++)
			again |= sizes[before].value == sizes[s].value;
		for (size_t o = 0; o < count && !again; o++) {
			bool same = false;

			for (size_t before = 0; before < o; before++)
				same |= offsets[before].pages == offsets[o].pages;
			for (size_t p = 0; p < COUNT(protections) && !same; p++)
				for (size_t k = 0; k < COUNT(kinds); k++)
					if (worthwhile(mode, sizes[s], offsets[o], p, &kinds[k]))
						call_once(fd, mode, sizes[s], offsets[o], p, &kinds[k]);
		}
	}
}

/* What user space and the kernel see of a mapping. */
#include "program.h"
#include "../fixtures/look.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
}

const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "ok";

	return name ? name : "E?";
}

int error_of(long result)
{
	return result < 0 ? errno : 0;
}

static sigjmp_buf fault;
static volatile sig_atomic_t guarded;

static void on_fault(int signal)
{
	if (guarded)
		siglongjmp(fault, signal);
	_exit(128 + signal);
}

__attribute__((constructor)) static void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

int read_byte(const char *address)
{
	int signal, value;

	if (target.untouched)
		return 0;
	signal = sigsetjmp(fault, 1);
	guarded = !signal;
	if (signal)
		return -signal;
	value = *(const volatile unsigned char *)address;
	guarded = 0;
	return value;
}

int write_byte(char *address)
{
	int signal;

	if (target.untouched)
		return 0;
	signal = sigsetjmp(fault, 1);
	guarded = !signal;
	if (signal)
		return -signal;
	__asm__ volatile("lock; addb $0, %0" : "+m"(*(volatile char *)address));
	guarded = 0;
	return 0;
}

const char *seen(int value)
{
	static char texts[8][8];
	static int next;
	char *text = texts[next = (next + 1) % 8];

	if (value < 0)
		return -value == SIGBUS ? "BUS" : -value == SIGSEGV ? "SEGV" : "SIG?";
	snprintf(text, sizeof(texts[0]), "%02x", value & 0xff);
	return text;
}

/* ---- /proc/self/maps and smaps */
static char text_of_maps[1 << 18];

/* Reads a file of /proc until `enough` says so of what was read. Producing smaps is the dearest thing that this program asks for. */
static void read_maps(const char *path, bool (*enough)(const char *text, unsigned long at), unsigned long at)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text_of_maps + length, sizeof(text_of_maps) - 1 - length)) > 0) {
		length += n;
		text_of_maps[length] = 0;
		if (enough && enough(text_of_maps, at))
			break;
	}
	text_of_maps[length] = 0;
	close(fd);
}

/* The head of a mapping: "start-end perms offset dev inode name". */
static bool head(const char *text, struct mapping *mapping)
{
	char name[64] = "";

	if (!strchr(text, '-') || strchr(text, '-') - text > 16 ||
	    sscanf(text, "%lx-%lx %7s %lx %*s %*s %63[^\n]", &mapping->start, &mapping->end, mapping->protection,
		   &mapping->file_offset, name) < 4)
		return false;
	/* Sockets are named by their inodes, which differ from run to run. */
	name[strcspn(name, "[")] = 0;
	strcpy(mapping->name, name);
	return true;
}

static void detail(char *text, struct mapping *mapping)
{
	if (!strncmp(text, "Rss:", 4))
		mapping->resident = atol(text + 4);
	if (!strncmp(text, "Anonymous:", 10))
		mapping->anonymous = atol(text + 10);
	if (!strncmp(text, "Locked:", 7))
		mapping->locked = atol(text + 7);
	if (!strncmp(text, "VmFlags:", 8)) {
		char *save, *into = mapping->flags;

		for (char *flag = strtok_r(text + 8, " ", &save); flag; flag = strtok_r(NULL, " ", &save))
			into += sprintf(into, "%s%s", into == mapping->flags ? "" : ",", flag);
	}
}

/* Whether a mapping behind the address was begun: that of the address is complete. */
static bool is_behind(const char *text, unsigned long at)
{
	struct mapping mapping;

	for (const char *end = strchr(text, '\n'); end; text = end + 1, end = strchr(text, '\n'))
		if (*text >= '0' && *text <= 'f' && (*text <= '9' || *text >= 'a') && head(text, &mapping) && mapping.start > at)
			return true;
	return false;
}

struct mapping mapping_at(const char *address)
{
	struct mapping found = { 0 }, mapping = { 0 };
	unsigned long at = (unsigned long)address;
	char *save;

	read_maps("/proc/self/smaps", is_behind, at);
	for (char *text = strtok_r(text_of_maps, "\n", &save); text; text = strtok_r(NULL, "\n", &save)) {
		if (head(text, &mapping)) {
			if (found.present)
				break;
			found = mapping;
			found.present = at >= found.start && at < found.end;
		} else if (found.present) {
			detail(text, &found);
		}
	}
	return found;
}

unsigned long mappings_left(void)
{
	struct mapping mapping = { 0 };
	unsigned long count = 0;
	char *save;

	read_maps("/proc/self/maps", NULL, 0);
	for (char *text = strtok_r(text_of_maps, "\n", &save); text; text = strtok_r(NULL, "\n", &save))
		count += head(text, &mapping) && mapping.start >= (unsigned long)REGION - (64ul << 30) &&
			 mapping.start < 0x7f0000000000ul;
	return count;
}

void describe(char *text, size_t size, const struct mapping *mapping, const char *address, unsigned long file_offset)
{
	if (!mapping->present) {
		snprintf(text, size, "gone");
		return;
	}
	snprintf(text, size, "%+ld+%lu %s offset%s resident%ld anonymous%ld locked%ld [%s] %s",
		 (long)(mapping->start - (unsigned long)address), (mapping->end - mapping->start) / PAGE, mapping->protection,
		 mapping->file_offset == file_offset ? "=" : "!", mapping->resident, mapping->anonymous, mapping->locked,
		 mapping->flags, mapping->name);
}

static int look_ioctl(unsigned long command, void *argument)
{
	static int device = -2;

	if (device == -2)
		device = open("/dev/mmap-look", O_RDONLY | O_CLOEXEC);
	return device < 0 ? -1 : ioctl(device, command, argument);
}

long file_references(int fd)
{
	return look_ioctl(LOOK_FILE, (void *)(long)fd);
}

void kernel_view(char *text, size_t size, const char *address)
{
	static const char *const owner[] = { "none", "file's", "other" };
	struct look look = { .address = (uintptr_t)address };

	text[0] = 0;
	if (look_ioctl(LOOK_AT, &look))
		return;
	snprintf(text, size, " {flags %llx page_prot %llx entry %llx frame %lld files %llu private %s ops %s}",
		 (unsigned long long)look.flags, (unsigned long long)look.page_prot, (unsigned long long)look.entry,
		 (long long)look.frame, (unsigned long long)look.file_references, owner[look.private_data], look.vm_ops);
}

void memory_counters(char *text, size_t size)
{
	static const char *const keys[] = { "VmSize:", "VmLck:", "VmPin:", "VmData:" };
	unsigned long values[4] = { 0 };
	char status[4096], *found;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, status, sizeof(status) - 1);

	close(fd);
	status[n > 0 ? n : 0] = 0;
	for (int i = 0; i < 4; i++)
		if ((found = strstr(status, keys[i])))
			values[i] = strtoul(found + strlen(keys[i]), NULL, 10);
	snprintf(text, size, "%lu/%lu/%lu/%lu", values[0], values[1], values[2], values[3]);
}

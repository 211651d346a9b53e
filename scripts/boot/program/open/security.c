/* Shared memory of a TEE, and files of ecryptfs, whose key has to be in the keyring of who opens them. */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/keyctl.h>
#include <linux/tee.h>

int open_tee(const char *kind, int flags)
{
	int tee = open_or_say("/dev/tee0", O_RDWR), fd;

	if (tee < 0)
		return tee;
	if (!strcmp(kind, "alloc")) {
		struct tee_ioctl_shm_alloc_data allocate = { .size = target.pages * PAGE };

		fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &allocate);
	} else {
		/* Memory that user space gave, which may not be mapped. */
		char *memory = aligned_alloc(PAGE, target.pages * PAGE);
		struct tee_ioctl_shm_register_data add = { .addr = (uintptr_t)memory, .length = target.pages * PAGE };

		memset(memory, 1, add.length);
		fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &add);
	}
	if (fd < 0)
		line("%s %s: %s\n", target.label, kind, error_name(errno));
	close(tee);
	return fd;
}

#define SIGNATURE "0123456789abcdef"

/* include/linux/ecryptfs.h, which is not for user space: a password's token with the key encryption key set. */
struct token {
	uint16_t version, type;
	uint32_t flags;
	struct { uint32_t flags, encrypted, decrypted; uint8_t encrypted_key[512], key[64]; } session;
	uint8_t reserved[32];
	struct {
		uint32_t password_bytes;
		int32_t hash;
		uint32_t iterations, key_bytes, flags;
		uint8_t key[64], signature[17], salt[8];
	} password;
} __attribute__((packed));

static bool mount_ecryptfs(const char *folder)
{
	static const char options[] = "ecryptfs_sig=" SIGNATURE ",ecryptfs_cipher=aes,ecryptfs_key_bytes=16";
	struct token token = { .version = 4, .password = { .key_bytes = 64, .flags = 2 } };
	char block[PAGE], path[64];
	int fd;

	memset(token.password.key, 7, sizeof(token.password.key));
	memcpy(token.password.signature, SIGNATURE, sizeof(SIGNATURE) - 1);
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (syscall(SYS_add_key, "user", SIGNATURE, &token, sizeof(token), KEY_SPEC_SESSION_KEYRING) < 0 ||
	    mount("/lower", folder, "ecryptfs", 0, options)) {
		line("%s mount: %s\n", target.label, error_name(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/f", folder);
	memset(block, 0xec, sizeof(block));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	for (unsigned long i = 0; i < target.pages; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			line("%s write: %s\n", target.label, error_name(errno));
	close(fd);
	return true;
}

int open_ecryptfs(const char *folder, int flags)
{
	static bool mounted;
	char path[64];

	if (!mounted)
		mounted = mount_ecryptfs(folder);
	if (!mounted)
		return -1;
	snprintf(path, sizeof(path), "%s/f", folder);
	return open_or_say(path, flags);
}

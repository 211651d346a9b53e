/* ALSA: the data of a PCM with parameters set, and files of a card that has gone. */
#define _GNU_SOURCE
#include "../program.h"
#include "../openers.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sound/asound.h>

/* Any value for each parameter; the driver refines them. */
static void any(struct snd_pcm_hw_params *parameters)
{
	memset(parameters, 0, sizeof(*parameters));
	for (size_t i = 0; i < sizeof(parameters->masks) / sizeof(*parameters->masks); i++)
		memset(&parameters->masks[i], 0xff, sizeof(parameters->masks[i]));
	for (size_t i = 0; i < sizeof(parameters->intervals) / sizeof(*parameters->intervals); i++)
		parameters->intervals[i].max = ~0u;
	parameters->rmask = ~0u;
	parameters->info = ~0u;
}

static void set(struct snd_pcm_hw_params *parameters, int name, unsigned int value)
{
	struct snd_interval *interval = &parameters->intervals[name - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	interval->min = interval->max = value;
	interval->integer = 1;
}

int open_pcm(const char *numbers, int flags)
{
	struct snd_pcm_hw_params parameters;
	char path[64], card[8], device[8];
	int fd;

	if (sscanf(numbers, "%7[^,],%7s", card, device) != 2)
		return -1;
	snprintf(path, sizeof(path), "/dev/snd/pcmC%sD%sp", card, device);
	/* A PCM with one substream may be opened once: no blocking, no word. */
	fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EBUSY)
			line("%s open: %s\n", target.label, error_name(errno));
		return fd;
	}
	any(&parameters);
	set(&parameters, SNDRV_PCM_HW_PARAM_BUFFER_BYTES, target.pages * PAGE);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &parameters))
		line("%s parameters: %s\n", target.label, error_name(errno));
	return fd;
}

/* The card is there once: the file that was open before it went is kept. */
int open_disconnected(const char *node, int flags)
{
	static int kept = -1;

	if (kept < 0) {
		kept = open_or_say(node, flags | O_NONBLOCK);
		if (kept < 0)
			return kept;
		fflush(stdout);
		/* Unbinding waits until the last file is closed; so a child does it, which has none. */
		if (!fork()) {
			close(kept);
			_exit(write_line("/sys/bus/platform/drivers/snd_dummy/unbind", "snd_dummy.0"));
		}
		sleep(1);
	}
	return dup(kept);
}

// SPDX-License-Identifier: GPL-2.0
/* A file system that leaves mapping to the page cache: its hook moves by name. */
#include <linux/fs.h>

const struct file_operations shelf_file_operations = {
	.open		= generic_file_open,
	.mmap		= generic_file_mmap,
};

/* And a second kind of file that has moved already. */
const struct file_operations shelf_stream_operations = {
	.open		= generic_file_open,
	.mmap_prepare	= generic_file_mmap_prepare,
};

/* Nobody maps the label of a shelf. */
const struct file_operations shelf_label_operations = {
	.open		= shelf_label_open,
	.mmap		= NULL,
};

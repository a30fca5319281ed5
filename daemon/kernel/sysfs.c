/* SPDX-License-Identifier: MIT */
/* sysfs.c - a sysfs of one namespace: the one that is mounted shows only that in which it was mounted. */
#include "sysfs.h"
#include <fcntl.h>
#include <linux/netdevice.h>
#include <sys/mount.h>

int sysfs_open(void)
{
	_cleanup_(closep) int fs = fsopen("sysfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}

bool sysfs_mac_is_set(int fd, const char *ifname)
{
	char path[64], type[8] = "";

	snprintf(path, sizeof(path), "class/net/%.15s/addr_assign_type", ifname);
	_cleanup_(closep) int file = fd < 0 ? -1 : openat(fd, path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, type, sizeof(type) - 1) <= 0)
		return true;
	return atoi(type) == NET_ADDR_SET;
}

/* SPDX-License-Identifier: MIT */
/* sysfs.h - what of an interface only sysfs tells. */
#pragma once
#include "base.h"

/* A sysfs of the namespace that the thread is in, which nobody else sees; -1: it is not permitted. */
int sysfs_open(void);
/* Whether somebody set the MAC address of the interface: it is neither the device's own nor random, nor that of
 * another one (NET_ADDR_SET, include/uapi/linux/netdevice.h).  @fd -1, or gone: it may be so. */
bool sysfs_mac_is_set(int fd, const char *ifname);

/* SPDX-License-Identifier: MIT */
/* listen_filter.h - filters of the sockets for events (listen.c). */
#pragma once

/* Attaches the one for rtnetlink; -1 with errno on failure. */
int listen_filter_rtnetlink(int fd);
/* Likewise, the one for nftables. */
int listen_filter_nftables(int fd);

/* SPDX-License-Identifier: MIT */
/* listen_filter.c - which events reach us: filters in the kernel, so that what changes all the time costs nothing. */
#include "listen_filter.h"
#include "model/owner.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* The protocols of routing daemons, in ranges: events of a router that fills its table would be
 * expensive for it and for us.  If one of its routes is in our way, we notice when it is needed. */
static const struct {
	uint8_t first, last;
} daemons[] = {
	{ RTPROT_GATED, RTPROT_GATED },
	{ RTPROT_MRT, RTPROT_NTK },
	{ RTPROT_MROUTED, RTPROT_MROUTED },
	{ RTPROT_BABEL, RTPROT_BABEL },
	{ RTPROT_OPENR, RTPROT_OPENR },
	{ RTPROT_BGP, 199 }, /* with all of FRR's: ISIS, OSPF, RIP and EIGRP are among them */
};

enum {
	FILTER_QDISC = 10,
	FILTER_NEIGHBOR = 14,
	FILTER_FDB = 23,
	FILTER_ROUTE = 25,
	FILTER_HEAD = 31,
	FILTER_SIZE = FILTER_HEAD + 2 * ARRAY_SIZE(daemons) + 2
};

/* Jumps from instruction @at: to the one that passes a message, to the one that drops it. */
#define PASS(at) (FILTER_SIZE - 2 - (at) - 1)
#define DROP(at) (FILTER_SIZE - 1 - (at) - 1)

/* Lets everything pass but, of traffic control, what is not about a root or about ours: classes, filters and actions
 * change as often as a program likes; of neighbours, those that do not carry our protocol, and of forwarding entries
 * those that age: what ARP and bridges learn never ends; and of routes, those of routing daemons and those of the kernel
 * that do not lead to the networks of addresses.  Numbers in the message are in host order, BPF loads network order. */
int listen_filter_rtnetlink(int fd)
{
	struct sock_filter code[FILTER_SIZE] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), FILTER_ROUTE - 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), FILTER_ROUTE - 3, 0),
		/* An odd number removes what the even one before it creates. */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, htons(0xfffe)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), FILTER_NEIGHBOR - 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWQDISC), FILTER_QDISC - 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWTCLASS), DROP(6), 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWTFILTER), DROP(7), 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWACTION), DROP(8), 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWCHAIN), DROP(9), PASS(9)),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NLMSG_HDRLEN + offsetof(struct tcmsg, tcm_parent)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TC_H_ROOT, PASS(11), 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, htonl(TC_H_MAJ_MASK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(QDISC_ROOT), PASS(13), DROP(13)),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_family)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_BRIDGE, FILTER_FDB - 16, 0),
		/* Searches the attributes, from that offset on: its own offset, or 0. */
		BPF_STMT(BPF_LD | BPF_IMM, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ndmsg))),
		BPF_STMT(BPF_LDX | BPF_IMM, NDA_PROTOCOL),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_NLATTR)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, DROP(19), 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, sizeof(struct nlattr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTOCOL, PASS(22), DROP(22)),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_state)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NUD_NOARP | NUD_PERMANENT), PASS(24), DROP(24)),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_protocol)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_KERNEL, 0, FILTER_HEAD - 27),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_table)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_TABLE_MAIN, 0, DROP(28)),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_UNICAST, PASS(30), DROP(30)),
	};
	struct sock_fprog program = { FILTER_SIZE, code };
	size_t n = FILTER_HEAD;

	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++, n += 2) {
		/* Below the first: not in this range; up to the last: in it. */
		code[n] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, daemons[i].first, 0, (uint8_t)PASS(n));
		code[n + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, daemons[i].last, 0,
							   (uint8_t)DROP(n + 1));
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Only the end of each transaction, which says who made it: it is a datagram of its own. */
int listen_filter_nftables(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* SPDX-License-Identifier: MIT */
/* sandbox_filter.c - the system calls that namespaces do not confine: each would reach the machine, or another one. */
#include "sandbox.h"
#include <linux/tty.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const struct {
	const char *name;
	int error; /* what a kernel without it says */
	/* Only where argument @arg is @value in its lower 32 bits; no more is looked at by the kernel. */
	bool one;
	unsigned arg, value;
} rows[] = {
	/* To the hypervisor, and to other virtual machines. */
	{ "socket", EAFNOSUPPORT, true, 0, AF_VSOCK },
	/* Makes sockets, and connects them, past this filter. */
	{ "io_uring_setup", ENOSYS, false, 0, 0 },
	/* The caller's keys; and a program of the machine, as root, that is asked for others. */
	{ "add_key", ENOSYS, false, 0, 0 },
	{ "keyctl", ENOSYS, false, 0, 0 },
	{ "request_key", ENOSYS, false, 0, 0 },
	/* Types into the terminal that we were started from. */
	{ "ioctl", EPERM, true, 1, TIOCSTI },
	{ "ioctl", EPERM, true, 1, TIOCLINUX },
};

/* Without a number it does not exist on this architecture. */
static int row_add(scmp_filter_ctx filter, size_t i)
{
	int call = seccomp_syscall_resolve_name(rows[i].name);

	if (call == __NR_SCMP_ERROR)
		return 0;
	if (rows[i].one)
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)rows[i].error), call, 1,
					SCMP_CMP(rows[i].arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, rows[i].value));
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)rows[i].error), call, 0);
}

int sandbox_filter(struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter ? 0 : -ENOMEM;

	/* Other architectures number them otherwise: none of their programs runs. */
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
		r = row_add(filter, i);
	r = r < 0 ? r : seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? err_kernel(e, r, NULL, "the sandbox needs seccomp(2) filters") : 0;
}

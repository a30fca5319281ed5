/* SPDX-License-Identifier: MIT */
/* fault.c - preloaded into netnsd, counts its system calls in a file that a test shares
 * with it; at the one that the test names it kills the process, stops it, fails the call,
 * or does half of it. seccomp(2) hands it every call, whichever library makes it. */
#include "base.h"
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <ucontext.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_RAX])
static const int arg_regs[] = { REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8 };
#define ARG(u, i) ((u)->uc_mcontext.gregs[arg_regs[i]])
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define RESULT(u) ((u)->uc_mcontext.regs[0])
#define ARG(u, i) ((u)->uc_mcontext.regs[i])
#else
#error "the registers of this machine are not known here"
#endif

/* In the sixth argument, which none of these calls has: marks our own calls, to be let through. */
#define MAGIC 0x6e65746e

enum { ARGS = 5, TRAIL = 8192, TEXT = 60, PATH_FIRST = 1, PATH_SECOND = 2 };
enum act { ACT_NONE, ACT_KILL, ACT_TERM, ACT_ERROR, ACT_SHORT, ACT_HOLD };

struct call {
	uint32_t nr;
	char text[TEXT];
};

/* As in fault.py. */
struct control {
	uint32_t armed, act;
	uint32_t reads;    /* calls that change nothing count, too */
	uint32_t at, last; /* the first and the last call that it happens to, from 1 */
	uint32_t only;     /* 0, or the only number of calls that count */
	int32_t error;
	uint32_t count, hits;
	struct call trail[TRAIL];
};

/* The calls that are intercepted; @path: which argument is a file name. */
static const struct {
	int nr, path;
	bool changes;
} calls[] = {
	{ SYS_openat, PATH_SECOND, false },
	{ SYS_renameat, PATH_SECOND, true },
	{ SYS_renameat2, PATH_SECOND, true },
	{ SYS_unlinkat, PATH_SECOND, true },
	{ SYS_mkdirat, PATH_SECOND, true },
#ifdef SYS_open
	{ SYS_open, PATH_FIRST, false },
	{ SYS_rename, PATH_FIRST, true },
	{ SYS_unlink, PATH_FIRST, true },
	{ SYS_mkdir, PATH_FIRST, true },
	{ SYS_rmdir, PATH_FIRST, true },
#endif
	{ SYS_mount, PATH_SECOND, true },
	{ SYS_umount2, PATH_FIRST, true },
	{ SYS_move_mount, 0, true },
	{ SYS_write, 0, true },
	{ SYS_pwrite64, 0, true },
	{ SYS_ftruncate, 0, true },
	{ SYS_fsync, 0, true },
	{ SYS_fdatasync, 0, true },
	{ SYS_unshare, 0, true },
	{ SYS_setns, 0, false },
	{ SYS_sendto, 0, false },
	{ SYS_sendmsg, 0, false },
	{ SYS_recvfrom, 0, false },
	{ SYS_recvmsg, 0, false },
	{ SYS_socket, 0, false },
	{ SYS_fcntl, 0, false },
	{ SYS_fsopen, 0, false },
	{ SYS_fsmount, 0, false },
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static struct control *control;

static long call(long nr, const long args[ARGS])
{
	long r = syscall(nr, args[0], args[1], args[2], args[3], args[4], (long)MAGIC);

	return r < 0 ? -errno : r;
}

static bool is_netlink(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK;
}

static bool is_netfilter(int fd)
{
	int protocol = 0;
	socklen_t size = sizeof(protocol);

	return is_netlink(fd) && getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == NETLINK_NETFILTER;
}

/* The type of the first message that is sent or 0; what is no netlink has none. */
static int message_type(long nr, const long args[ARGS])
{
	const struct nlmsghdr *h = (const void *)args[1];

	if ((nr != SYS_sendto && nr != SYS_sendmsg) || !is_netlink((int)args[0]))
		return 0;
	if (nr == SYS_sendmsg)
		h = ((const struct msghdr *)args[1])->msg_iov[0].iov_base;
	return h->nlmsg_type;
}

/* Whether it is a file of the run directory: a key of the kernel is never half written. */
static bool is_plain_file(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC;
}

static bool changes(size_t row, long nr, const long args[ARGS])
{
	if (nr == SYS_write || nr == SYS_pwrite64)
		return args[0] > STDERR_FILENO;
	if (nr == SYS_sendto || nr == SYS_sendmsg) {
		int type = message_type(nr, args);

		/* Of nftables, only transactions change something. */
		if (is_netfilter((int)args[0]))
			return type == NFNL_MSG_BATCH_BEGIN ||
			       type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
		/* In fours: NEW, DEL, GET, SET. */
		return type && type % 4 != 2;
	}
	if (nr == SYS_openat)
		return args[2] & (O_CREAT | O_WRONLY | O_RDWR);
#ifdef SYS_open
	if (nr == SYS_open)
		return args[1] & (O_CREAT | O_WRONLY | O_RDWR);
#endif
	return calls[row].changes;
}

/* Of those that change nothing, the ones that a machine short of resources may refuse. */
static bool can_fail(long nr, const long args[ARGS])
{
	if (nr == SYS_fcntl)
		return args[1] == F_DUPFD_CLOEXEC || args[1] == F_DUPFD;
	if (nr == SYS_recvfrom || nr == SYS_recvmsg)
		return is_netlink((int)args[0]);
	if (nr == SYS_sendto || nr == SYS_sendmsg)
		return message_type(nr, args) != 0;
	return nr != SYS_write && nr != SYS_pwrite64;
}

static void tell(uint32_t n, size_t row, long nr, const long args[ARGS])
{
	struct call *c = &control->trail[n % TRAIL];

	c->nr = (uint32_t)nr;
	c->text[0] = '\0';
	if (calls[row].path)
		strncpy(c->text, (const char *)args[calls[row].path - 1], TEXT - 1);
	else if (message_type(nr, args))
		snprintf(c->text, TEXT, is_netfilter((int)args[0]) ? "nft %d" : "%d", message_type(nr, args));
}

static long half(long nr, long args[ARGS])
{
	if ((nr != SYS_write && nr != SYS_pwrite64) || !is_plain_file((int)args[0]))
		return 0;
	args[2] = args[2] / 2;
	return call(nr, args);
}

static long happen(long nr, long args[ARGS])
{
	__atomic_add_fetch(&control->hits, 1, __ATOMIC_SEQ_CST);
	switch ((enum act)control->act) {
	case ACT_KILL:
		half(nr, args);
		kill(getpid(), SIGKILL);
		return -EINTR;
	case ACT_TERM:
	case ACT_HOLD:
		kill(getpid(), control->act == ACT_TERM ? SIGTERM : SIGSTOP);
		return call(nr, args);
	case ACT_ERROR:
		return control->error;
	case ACT_SHORT:
		return (nr == SYS_write || nr == SYS_pwrite64) && is_plain_file((int)args[0]) ? half(nr, args)
											      : call(nr, args);
	case ACT_NONE:
		break;
	}
	return call(nr, args);
}

static long count(long nr, long args[ARGS])
{
	size_t row = 0;
	uint32_t n;

	while (row < CALLS && calls[row].nr != nr)
		row++;
	if (!control->armed || row == CALLS || (control->only && control->only != (uint32_t)nr))
		return call(nr, args);
	if (!changes(row, nr, args) && !(control->reads && can_fail(nr, args)))
		return call(nr, args);
	n = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
	tell(n - 1, row, nr, args);
	return n >= control->at && n <= control->last ? happen(nr, args) : call(nr, args);
}

static void on_call(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	int before = errno;
	long args[ARGS];

	(void)number;
	for (int i = 0; i < ARGS; i++)
		args[i] = (long)ARG(u, i);
	RESULT(u) = count(info->si_syscall, args);
	errno = before;
}

#define LOAD(what) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(what))
#define IF(value, then, otherwise) \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (uint8_t)(then), otherwise)
#define END(how) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, how)
#define ARG_LOW(i) (offsetof(struct seccomp_data, args) + (i) * sizeof(uint64_t))

/* Every call of the table goes to on_call, except its own, and those with an address,
 * whose sixth argument is used. */
static void filter(void)
{
	enum { HEAD = 4, TAIL = 7 };
	struct sock_filter f[HEAD + CALLS + TAIL];
	size_t n = 0;

	f[n++] = LOAD(offsetof(struct seccomp_data, arch));
	f[n++] = IF(ARCH, 1, 0);
	f[n++] = END(SECCOMP_RET_ALLOW);
	f[n++] = LOAD(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < CALLS; i++) {
		bool address = calls[i].nr == SYS_sendto || calls[i].nr == SYS_recvfrom;

		f[n++] = IF(calls[i].nr, CALLS - i + (address ? 0 : 2), 0);
	}
	f[n++] = END(SECCOMP_RET_ALLOW);
	f[n++] = LOAD(ARG_LOW(4));
	f[n++] = IF(0, 0, 2);
	f[n++] = LOAD(ARG_LOW(5));
	f[n++] = IF(MAGIC, 0, 1);
	f[n++] = END(SECCOMP_RET_ALLOW);
	f[n++] = END(SECCOMP_RET_TRAP);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ (unsigned short)n, f }) < 0) {
		perror("fault: seccomp");
		abort();
	}
}

__attribute__((constructor)) static void begin(void)
{
	struct sigaction a = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART };
	const char *path = getenv("NETNSD_FAULT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (control == MAP_FAILED || sigaction(SIGSYS, &a, NULL) < 0)
		abort();
	filter();
}

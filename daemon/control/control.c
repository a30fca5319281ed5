/* SPDX-License-Identifier: MIT */
/* control.c - accepts connections, asks the kernel who the peer is, and counts them, so that no
 * user can lock the others out. */
#include "control.h"
#include "netnsd.h"
#include "usec.h"
#include "gate.h"
#include "base/log.h"
#include "base/trust.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

enum {
	CLIENTS_MAX = 256,
	CLIENTS_ROOT = 32, /* of those, reserved for root, which has no other limit */
	CLIENTS_USER = 32,
	LISTEN_MAX = 4,
	READER_MESSAGE_MAX = 64 << 10,
	CHANGER_MESSAGE_MAX = TOPOLOGY_MAX + ENVELOPE_MAX,
	GROUPS_MAX = 1 << 16, /* NGROUPS_MAX of the kernel */
	REST_USEC = 10 * 1000 * 1000,
	/* Connections may be accepted most of the time, a moment at a time: all users share the
	 * kernel's queue, and what is in front of root's connection must be rejected
	 * quickly. */
	ACCEPT_USEC = 1000,
	ACCEPT_EVERY_USEC = 10 * 1000,
	ACCEPT_TURNS = 8,
	SAY_USEC = 10 * 1000 * 1000, /* how often rejections are logged */
};

struct control {
	sd_event *event;
	struct control_options o;
	struct service *service;
	struct gate *gate;
	sd_event_source *listen[LISTEN_MAX];
	size_t n_listen;
	struct varlink *clients[CLIENTS_MAX];
	size_t n_clients;
	uint64_t said_usec; /* when a rejection was logged last */
	size_t refused;     /* connections rejected since */
};

/* Whether @gid is among the groups that the peer had when it connected. */
static bool peer_in_group(int fd, gid_t primary, gid_t gid)
{
	_cleanup_(freep) gid_t *groups = NULL;
	socklen_t size = 0;

	if (gid == GROUP_NONE)
		return false;
	if (primary == gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE ||
	    size > GROUPS_MAX * sizeof(gid_t))
		return false;
	groups = must(malloc(size));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* The most expensive check comes last, as most of a flood does not get so far. */
static void peer_read(const struct control *c, int fd, const struct ucred *cred, struct peer *ret)
{
	*ret = (struct peer){ .pid = cred->pid, .uid = cred->uid, .root = cred->uid == 0 || cred->uid == geteuid() };
	ret->may_change = ret->root || peer_in_group(fd, cred->gid, c->o.change_group);
	ret->may_read = ret->may_change || peer_in_group(fd, cred->gid, c->o.read_group);
}

static bool control_has_room(const struct control *c, uid_t uid)
{
	if (uid == 0)
		return c->n_clients < CLIENTS_MAX;
	return c->n_clients < CLIENTS_MAX - CLIENTS_ROOT && gate_count(c->gate, uid) < CLIENTS_USER;
}

static void control_called(struct call *call, void *arg)
{
	struct control *c = arg;

	service_called(call, c->service);
}

static void control_answered(const struct call *call, const char *error, const struct json_object *parameters,
			     void *arg)
{
	struct control *c = arg;

	service_answered(call, error, parameters, c->service);
}

static void control_closed(struct varlink *v, void *arg)
{
	struct control *c = arg;
	size_t i = 0;

	while (c->clients[i] != v)
		i++;
	c->clients[i] = c->clients[--c->n_clients];
	if (!varlink_peer(v)->root)
		gate_leave(c->gate, varlink_peer(v)->uid);
}

static int control_admit(struct control *c, int client, const struct peer *peer)
{
	const struct varlink_options options = {
		.message_max = peer->may_change ? CHANGER_MESSAGE_MAX : READER_MESSAGE_MAX,
		.rest_usec = REST_USEC,
		.called = control_called,
		/* A mistake that a test would have found is no reason to exit in production, or
		 * to check at all. */
		.answered = CHECK_ANSWERS ? control_answered : NULL,
		.closed = control_closed,
		.arg = c,
	};

	sd_event *event = peer->root ? c->event : gate_join(c->gate, peer->uid);
	int r;

	if (!event) {
		close(client);
		return -ENFILE;
	}
	r = varlink_new(&c->clients[c->n_clients], event, client, peer, &options);
	if (r < 0 && !peer->root)
		gate_leave(c->gate, peer->uid);
	return r;
}

/* A flood must not fill the journal. */
static void control_refuse(struct control *c, uid_t uid)
{
	uint64_t now = usec_now(CLOCK_MONOTONIC);

	c->refused++;
	if (c->said_usec && now < c->said_usec + SAY_USEC)
		return;
	log_warning("too many connections: %zu rejected, the last of user %u", c->refused, uid);
	c->said_usec = now;
	c->refused = 0;
}

/* False when there is no connection, or none can be accepted. */
static bool control_accept(struct control *c, int fd)
{
	_cleanup_(closep) int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred cred;
	socklen_t size = sizeof(cred);
	struct peer peer;
	int r;

	if (client < 0)
		return errno == ECONNABORTED || errno == EINTR;
	if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return true;
	if (!control_has_room(c, cred.uid)) {
		control_refuse(c, cred.uid);
		return true;
	}
	peer_read(c, client, &cred, &peer);
	r = control_admit(c, take_fd(&client), &peer);
	if (r < 0)
		log_say(LOG_WARNING, &(struct log_about){ .code = r }, "accepting a connection: %s", strerror(-r));
	else
		c->n_clients++;
	return r >= 0;
}

static int control_on_connect(sd_event_source *s _unused_, int fd, uint32_t events _unused_, void *arg)
{
	uint64_t began = usec_now(CLOCK_MONOTONIC);

	while (control_accept(arg, fd) && usec_now(CLOCK_MONOTONIC) - began < ACCEPT_USEC)
		;
	return 0;
}

int control_new(struct control **ret, sd_event *event, const struct control_options *options, struct err *e)
{
	struct control *c = must(calloc(1, sizeof(*c)));
	int r;

	c->o = *options;
	c->event = sd_event_ref(event);
	r = service_new(&c->service, &c->o.interface, e);
	if (r >= 0)
		r = gate_new(&c->gate, event, e);
	if (r < 0) {
		control_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	while (c->n_clients)
		varlink_free(c->clients[c->n_clients - 1]);
	control_drain(c);
	gate_free(c->gate);
	service_free(c->service);
	sd_event_unref(c->event);
	free(c);
}

int control_listen(struct control *c, int fd, struct err *e)
{
	sd_event_source *s;
	int r;

	if (c->n_listen == LISTEN_MAX)
		return err_set(e, E2BIG, "more than %d listening sockets", LISTEN_MAX);
	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
		return err_set(e, ENOTSOCK, "descriptor %d is not a listening Unix stream socket", fd);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return err_kernel(e, errno, NULL, "listening socket");
	r = sd_event_add_io(c->event, &s, fd, EPOLLIN, control_on_connect, c);
	if (r < 0)
		return err_kernel(e, r, NULL, "listening socket");
	sd_event_source_set_io_fd_own(s, true);
	/* Without a free descriptor the connection remains in the queue and wakes us again and again. */
	sd_event_source_set_ratelimit(s, ACCEPT_EVERY_USEC, ACCEPT_TURNS);
	c->listen[c->n_listen++] = s;
	return 0;
}

void control_turn(struct control *c, bool working)
{
	gate_turn(c->gate, working);
}

int control_listen_again(struct control *c, int fd, struct err *e)
{
	/* Connections on the other sockets are still to be accepted. */
	if (c->n_listen == LISTEN_MAX) {
		sd_event_source_disable_unref(c->listen[0]);
		memmove(c->listen, c->listen + 1, --c->n_listen * sizeof(*c->listen));
	}
	return control_listen(c, fd, e);
}

void control_drain(struct control *c)
{
	while (c->n_listen)
		sd_event_source_disable_unref(c->listen[--c->n_listen]);
	for (size_t i = 0; i < c->n_clients; i++)
		varlink_drain(c->clients[i]);
}

static int address_make(struct sockaddr_un *ret, const char *path, struct err *e)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(ret->sun_path))
		return err_set(e, ENAMETOOLONG, "\"%s\" has %zu bytes; the path of a socket has 1 to %zu", path,
			       strlen(path), sizeof(ret->sun_path) - 1);
	strcpy(ret->sun_path, path);
	return 0;
}

/* A socket is left over if nobody listens, and there is no other sign of it. */
static int socket_probe(const struct sockaddr_un *address, struct err *e)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_kernel(e, errno, NULL, "socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	    (errno == ECONNREFUSED || errno == ENOENT))
		return 0;
	return err_set(e, EADDRINUSE,
		       "another process, such as another netnsd, already listens on %s: use it with "
		       "netnsctl, stop it, or use --socket",
		       address->sun_path);
}

/* The directory may be missing, but not the one above it. */
static int dir_check(const char *path, struct err *e)
{
	_cleanup_(freep) char *dir = must(strdup(path));
	int fd = -ENOENT;
	struct stat st;

	for (int i = 0; i < 2 && fd == -ENOENT; i++) {
		*(strrchr(dir, '/') ?: dir) = '\0';
		fd = trust_open(dir, TRUST_LINK | TRUST_STICKY, e);
		/* A link that leads nowhere. */
		if (fd == -ENOENT && lstat(dir, &st) == 0)
			break;
	}
	if (fd < 0)
		return err_prefix(e, "the directory of the socket %s", path);
	closep(&fd);
	return 0;
}

int control_may_bind(const char *path, struct err *e)
{
	struct sockaddr_un address;
	struct stat st;

	if (address_make(&address, path, e) < 0 || dir_check(path, e) < 0)
		return e->code;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_kernel(e, errno, NULL, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, EEXIST, "%s exists and is not a socket; remove it, or use --socket", path);
	return socket_probe(&address, e);
}

int control_bind(const char *path, gid_t group, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un address;
	mode_t mask;
	int r;

	if (address_make(&address, path, e) < 0 || control_may_bind(path, e) < 0)
		return e->code;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_kernel(e, errno, NULL, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_kernel(e, errno, NULL, "socket");
	/* Nobody else's from the beginning; the group gets access only when it is known. */
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (r < 0)
		return err_kernel(e, errno, NULL, "%s", path);
	if ((group != GROUP_NONE && lchown(path, (uid_t)-1, group) < 0) || chmod(path, 0660) < 0)
		log_warning("%s remains accessible to root only: changing its group: %s", path, strerror(errno));
	if (listen(fd, SOMAXCONN) < 0)
		return err_kernel(e, errno, NULL, "%s", path);
	return take_fd(&fd);
}

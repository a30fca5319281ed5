# SPDX-License-Identifier: MIT
"""The nftables rules of a namespace, as lines without the numbers that differ from run to run: by netlink, which is ten times
faster than nft(8), and knows nothing about how netnsd writes them."""
import re
import socket
import struct

NETLINK_NETFILTER, NFTABLES, DUMP = 12, 10 << 8, 0x301  # REQUEST | DUMP
NEWCHAIN, GETCHAIN, NEWRULE, GETRULE = 3, 4, 6, 7
ERROR, DONE, INTERRUPTED = 2, 3, 0x10
# Of a chain and of a rule, the attributes that stay the same: names, hook, policy, type, flags, expressions, comment.
STEADY = {NEWCHAIN: (1, 3, 4, 5, 7, 10, 12), NEWRULE: (1, 2, 4, 7)}
NUMBERED = re.compile(rb"__(set|map)\d+")


def attributes(data):
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("HH", data, at)
        yield kind & 0x3fff, data[at + 4:at + size]
        at += max(4, (size + 3) & ~3)


def dump(s, kind):
    """The messages; None: it was disturbed."""
    s.send(struct.pack("IHHII", 20, NFTABLES | kind, DUMP, 0, 0) + bytes(4))
    found = []
    while True:
        data, at = s.recv(1 << 17), 0
        while at < len(data):
            size, what, flags = struct.unpack_from("IHH", data, at)
            if flags & INTERRUPTED:
                return None
            if what in (ERROR, DONE):
                return found
            found.append((what & 0xff, data[at + 20:at + size]))
            at += (size + 3) & ~3


def rules():
    """Of the namespace that the process is in."""
    while True:
        # After a dump that was disturbed the socket has the rest of it.
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as s:
            parts = [dump(s, kind) for kind in (GETCHAIN, GETRULE)]
        if None not in parts:
            break
    lines, counts = [], {}
    for what, body in parts[0] + parts[1]:
        told = [NUMBERED.sub(rb"__\1", value) for kind, value in attributes(body) if kind in STEADY[what]]
        names = " ".join(value.rstrip(b"\0").decode(errors="replace") for value in told[:2]) if what == NEWRULE else ""
        counts[names] = counts.get(names, 0) + 1
        lines.append(f"{'rule' if what == NEWRULE else 'chain'} {names} {counts[names] if names else ''} "
                     + " ".join(re.sub(r"[^ -~]+", ".", value.decode("latin-1")) + ":" + value.hex() for value in told))
    return lines

# SPDX-License-Identifier: MIT
"""A journal that nobody reads, for a netnsd that takes its standard error for one."""
import os
import socket

JOURNAL = "run/systemd/journal/socket"
TO_JOURNAL = "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) "


def unread(machine):
    """An unread socket in the journal's place."""
    path = machine.root / JOURNAL
    path.parent.mkdir(parents=True)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    # As in proc(5), the path through another root is too long for an address.
    here = os.open("/", os.O_PATH)
    try:
        os.chdir(path.parent)
        s.bind("socket")
    finally:
        os.fchdir(here)
        os.close(here)
    return s


def arrived(s):
    """The entries that wait to be read."""
    found = []
    try:
        while True:
            found.append(s.recv(1 << 17, socket.MSG_DONTWAIT))
    except BlockingIOError:
        return found


def fields(entry):
    return dict(line.split(b"=", 1) for line in entry.split(b"\n") if b"=" in line)

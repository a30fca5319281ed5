# SPDX-License-Identifier: MIT
"""Ctrl-C during an apply: netnsctl ends, and says that netnsd goes on. On a terminal of its own, against a daemon that
has begun and does not end."""
import fcntl
import json
import os
import pty
import select
import signal
import socket
import subprocess
import termios

import pytest
from ctl import EVERYDAY, NETNSCTL

STEPS = [{"action": "create", "kind": "namespace", "object": "ns1", "detail": "", "effect": "none"}] * 100
BEGUN = {"parameters": {"done": 50, "total": 100, "steps": STEPS[:50]}, "continues": True}


class Terminal:
    """netnsctl as the foreground process of a terminal."""

    def __init__(self, ctl, *args):
        self.master, slave = pty.openpty()
        self.text = b""
        self.process = subprocess.Popen(
            [NETNSCTL, *args], cwd=ctl.folder, env=ctl.environment, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def until(self, text):
        while text not in self.text:
            assert select.select([self.master], [], [], 20)[0], self.text
            try:
                self.text += os.read(self.master, 65536)
            except OSError:
                assert text in self.text, self.text
        return self.text

    def end(self):
        """All that was shown, and how it ended."""
        code = self.process.wait(20)
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.text += os.read(self.master, 65536)
            except OSError:
                break
        os.close(self.master)
        return self.text.decode().replace("\r\n", "\n"), code


@pytest.fixture
def listener(ctl):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(ctl.folder / "socket"))
        s.listen()
        yield s


def begun(ctl, listener, *args):
    """The terminal of an apply that netnsd has begun, and netnsd's end."""
    terminal = Terminal(ctl, "apply", *args)
    connection, _ = listener.accept()
    call = b""
    while not call.endswith(b"\0"):
        call += connection.recv(65536)
    assert json.loads(call[:-1])["method"] == "io.netnsd.Apply"
    connection.sendall(json.dumps(BEGUN).encode() + b"\0")
    terminal.until(b"50 of 100 steps")
    return terminal, connection


@pytest.mark.parametrize("options, more", [
    ([], ""),
    (["--confirm", "60"], "; it is rolled back after 60 s unless you run: netnsctl confirm everyday"),
])
def test_apply(ctl, listener, options, more):
    terminal, connection = begun(ctl, listener, *options, "everyday.json")
    os.write(terminal.master, b"\x03")
    shown, code = terminal.end()
    connection.close()
    assert code == -signal.SIGINT
    assert shown.splitlines()[-1] == \
        "netnsctl: interrupted, but netnsd goes on with everyday; to see the outcome: netnsctl status everyday; " \
        f"to undo it: netnsctl rollback everyday{more}"


def test_apply_of_several(ctl, listener):
    ctl.write("other.json", EVERYDAY)
    terminal, connection = begun(ctl, listener, "everyday.json", "other.json")
    os.write(terminal.master, b"\x03")
    shown, code = terminal.end()
    connection.close()
    assert code == -signal.SIGINT and shown.endswith("; no other file is applied after it\n")


def test_nothing_requested_yet(ctl, listener):
    """A pipe that nobody writes to is read first: nothing was sent, and nothing goes on."""
    terminal = Terminal(ctl, "apply", "--name", "x", "-")
    os.write(terminal.master, b"{\n")
    terminal.until(b"{")
    os.write(terminal.master, b"\x03")
    shown, code = terminal.end()
    assert code == -signal.SIGINT and "netnsctl" not in shown

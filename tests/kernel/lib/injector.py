# SPDX-License-Identifier: MIT
"""Interrupts the daemon at one of its system calls, or has that fail."""
import subprocess

from machine import wait_for
from varlink import Connection


def survived(machine):
    """Whether the daemon is still there, now that nothing happens to it any more; one that is killed answers nothing."""
    try:
        with Connection(machine.socket) as c:
            c.call("io.netnsd.Ping")
        return True
    except (OSError, AssertionError):
        machine.daemon.wait(10)
        return False


class Injector:
    """While active, strace does @what to the @when-th @call of the daemon."""

    def __init__(self, machine, call, what, when):
        self.machine = machine
        pid = machine.pid()
        self.strace = machine.popen("strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                    f"inject={call}:{what}:when={when}", "-p", pid, stderr=subprocess.DEVNULL)
        wait_for(lambda: "TracerPid:\t0" not in machine.sh(f"cat /proc/{pid}/status"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.machine.sh("pkill -x strace || true")
        self.strace.wait(10)

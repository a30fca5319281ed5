# SPDX-License-Identifier: MIT
"""Boot directories of a machine, and the end of systemd's notifications."""
import json
import shutil
import signal
import socket

from machine import wait_for


def put(machine, topology, name="lab", folder="topologies"):
    """A file in a boot directory, replaced as editors do it."""
    path = machine.folder / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(topology if isinstance(topology, str) else json.dumps(topology, indent=2))
    new.rename(path)
    return path


def status(machine):
    return {t["name"]: t for t in json.loads(machine.ctl("--json", "status").stdout)["topologies"]}


def boot(machine, **options):
    """Starts netnsd, and waits until what is to be there at boot has had its turn."""
    machine.start(**options)
    wait_for(lambda: "netnsd: ready: " in machine.log())


def restart(machine, number=signal.SIGTERM):
    machine.stop(number)
    boot(machine)


def reboot(machine):
    """The machine's kernel forgets all, and /run is empty."""
    machine.ctl("down", "--all")
    machine.stop()
    shutil.rmtree(machine.root / "run/netnsd")


class Manager:
    """The end of NOTIFY_SOCKET that systemd has."""

    def __init__(self, folder):
        path = folder / "n"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.environment = f"NOTIFY_SOCKET={path}"
        self.told = []

    def forget(self):
        """What was told up to now."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(4096):
                pass
        except BlockingIOError:
            pass

    def until(self, text, seconds=10):
        """All messages up to the one that has @text in it."""
        self.socket.settimeout(seconds)
        first = len(self.told)
        while not self.told[first:] or text not in self.told[-1]:
            self.told.append(self.socket.recv(4096).decode())
        return self.told[first:]


def start(machine, manager):
    """Starts netnsd; all that it tells until it is ready."""
    machine.start(environment=manager.environment)
    return manager.until("READY=1")

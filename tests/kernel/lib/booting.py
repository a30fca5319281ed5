# SPDX-License-Identifier: MIT
"""Boot directories of a machine, and the end of systemd's notifications."""
import json
import queue
import shutil
import signal
import socket
import threading

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
    return machine.topologies()


def boot(machine, **options):
    """Starts netnsd, and waits until everything for boot has had its turn."""
    machine.start(**options)
    wait_for(lambda: "netnsd: ready: " in machine.log())


def restart(machine, number=signal.SIGTERM):
    machine.stop(number)
    boot(machine)


def reboot(machine):
    """The machine's kernel forgets everything, and /run is empty."""
    machine.ctl("down", "--all")
    machine.stop()
    shutil.rmtree(machine.root / "run/netnsd")


class Manager:
    """systemd's end of NOTIFY_SOCKET; reads all the time, as a sender may wait for that."""

    def __init__(self, folder):
        path = folder / "n"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.environment = f"NOTIFY_SOCKET={path}"
        self.messages = queue.Queue()
        self.told = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while message := self.socket.recv(4096).decode():
            self.messages.put(message)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.socket.getsockname())
        self.reader.join()
        self.socket.close()

    def forget(self):
        """Drops the messages up to now."""
        while not self.messages.empty():
            self.messages.get()

    def until(self, text, seconds=20):
        """All messages up to the one that contains @text."""
        first = len(self.told)
        while not self.told[first:] or text not in self.told[-1]:
            self.told.append(self.messages.get(timeout=seconds))
        return self.told[first:]


def start(machine, manager):
    """Starts netnsd; all that it sends until it is ready."""
    machine.start(environment=manager.environment)
    return manager.until("READY=1")

# SPDX-License-Identifier: MIT
"""A machine whose netnsd can be interrupted, or refused, at any one of its system calls, and inspected quickly: one
process in it serves a whole test."""
import contextlib
import ctypes
import errno
import itertools
import json
import mmap
import platform
import subprocess
import time
from pathlib import Path

from machine import BUILD, lasting, one_by_one, sanitized
from varlink import Connection

LIBRARY = BUILD / "tests/fault.so"
KILL, TERM, ERROR, SHORT, HOLD = 1, 2, 3, 4, 5
FOREVER = 0xffffffff
MARK = "ipv4/tcp_fin_timeout"
ANSWER = 20  # seconds that a call may take

# In the machine's own numbers.
NUMBERS = {
    "x86_64": {"read": 0, "write": 1, "open": 2, "pwrite": 18, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47,
               "socket": 41, "fcntl": 72, "fsync": 74, "fdatasync": 75, "ftruncate": 77, "rename": 82, "mkdir": 83,
               "rmdir": 84, "unlink": 87, "mount": 165, "umount2": 166, "openat": 257, "mkdirat": 258, "unlinkat": 263,
               "renameat": 264, "unshare": 272, "setns": 308, "renameat2": 316, "move_mount": 429, "fsopen": 430,
               "fsmount": 432},
    "aarch64": {"fcntl": 25, "mkdirat": 34, "unlinkat": 35, "renameat": 38, "umount2": 39, "mount": 40, "ftruncate": 46,
                "openat": 56, "write": 64, "pwrite": 68, "fsync": 82, "fdatasync": 83, "unshare": 97, "socket": 198,
                "sendto": 206, "recvfrom": 207, "sendmsg": 211, "recvmsg": 212, "setns": 268, "renameat2": 276,
                "move_mount": 429, "fsopen": 430, "fsmount": 432},
}.get(platform.machine(), {})
NAMES = {number: name for name, number in NUMBERS.items()}


class Call(ctypes.Structure):
    _fields_ = [("nr", ctypes.c_uint32), ("text", ctypes.c_char * 60)]

    def __str__(self):
        return f"{NAMES.get(self.nr, self.nr)} {self.text.decode(errors='replace')}".strip()


class Control(ctypes.Structure):
    """As in fault.c."""
    _fields_ = [("armed", ctypes.c_uint32), ("act", ctypes.c_uint32), ("reads", ctypes.c_uint32), ("at", ctypes.c_uint32),
                ("last", ctypes.c_uint32), ("only", ctypes.c_uint32), ("error", ctypes.c_int32), ("count", ctypes.c_uint32),
                ("hits", ctypes.c_uint32), ("trail", Call * 8192)]


class Fault:
    """What happens to the calls of netnsd from now on; counts them."""

    def __init__(self, path):
        # If the library of the address sanitizer is loaded second it complains that it wants to be first.
        self.environment = f"NETNSD_FAULT={path} LD_PRELOAD={LIBRARY} ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 "
        path.write_bytes(bytes(ctypes.sizeof(Control)))
        with path.open("r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)
        self.control = Control.from_buffer(self.map)

    def close(self):
        del self.control
        self.map.close()

    def arm(self, act=0, at=0, last=None, error=0, reads=False, only=0):
        c = self.control
        c.armed = c.count = c.hits = 0
        c.act, c.at, c.last, c.error, c.reads, c.only = act, at, at if last is None else last, -error, reads, only
        c.armed = 1

    def disarm(self):
        self.control.armed = 0

    @property
    def hits(self):
        return self.control.hits

    def calls(self):
        """Those counted so far, as texts."""
        return [str(self.control.trail[i]) for i in range(min(self.control.count, 8192))]

    def numbers(self):
        return [self.control.trail[i].nr for i in range(min(self.control.count, 8192))]

    def refuse_each_message(self, machine, topology, unchanged):
        """Applies @topology as lab, and rolls it back; then again and again, the kernel refusing each of the messages in turn:
        none is applied, and unchanged() holds after each."""
        def attempt(number):
            self.arm(ERROR if number else 0, at=number, error=errno.EPERM, only=NUMBERS["sendto"])
            done = machine.apply(topology, "lab", code=None).returncode
            self.disarm()
            if not done:
                machine.ctl("rollback", "lab")
            unchanged()
            return done, self.control.count

        done, sent = attempt(0)
        assert done == 0 and sent
        assert all(attempt(number)[0] for number in range(1, sent + 1))


UNSTEADY = "ifindex", "link_index", "link_netnsid", "promiscuity", "allmulti", "link"


class Look:
    """What ip(8) and /proc/sys show, as lines without the numbers that differ from run to run, and the namespaces'
    inodes."""

    def __init__(self, found):
        self.inodes = {name: netns["inode"] for name, netns in found.items() if name != "host"}
        self.ends = {}  # (netns, ifindex): (name, index of the far end)
        self.lines = [f"netns {name}" for name in self.inodes]
        for name, netns in found.items():
            self.lines += [f"{name}: {key} = {value}" for key, value in netns["sysctl"].items()]
            self.lines += [f"{name}: nft {line}" for line in netns["nft"]]
            self.lines += [f"{path} {is_there!r}" for path, is_there in netns.get("etc", {}).items()]
            for entry in itertools.chain(*netns["ip"]):
                self.take(name, entry)
        for (netns, index), (name, far) in self.ends.items():
            peers = [f"{n}/{other[0]}" for (n, i), other in self.ends.items() if i == far and other[1] == index]
            self.lines.append(f"{netns}: {name} peer {sorted(peers)}")
        self.lines.sort()

    def take(self, netns, entry):
        if "linkinfo" in entry and "link_index" in entry:
            self.ends[netns, entry["ifindex"]] = entry["ifname"], entry["link_index"]
        for key in UNSTEADY:
            entry.pop(key, None)
        if entry.get("type") == "anycast":  # counted by the kernel, and wrongly when a link comes and goes
            return
        if entry := lasting(entry):
            self.lines += [f"{netns}: {line}" for line in one_by_one(entry)]


class Agent:
    """agent.py on the machine."""

    def __init__(self, machine):
        self.process = machine.popen("/usr/bin/python3", Path(__file__).with_name("agent.py"), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)

    def ask(self, do, **what):
        self.process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self, script):
        done = self.ask("run", script=script)
        assert done["code"] == 0, f"{script}: {done}"
        return done["out"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Ended(Exception):
    """netnsd ended in the middle of a call."""


class Rig:
    """A machine with netnsd under fault.so."""
    options = ()  # of netnsd

    def __init__(self, machine, keys):
        self.machine = machine
        self.fault = Fault(machine.folder / "fault")
        self.agent = Agent(machine)
        self.keys = [*keys, MARK]
        self.run_dir = machine.root / "run/netnsd"

    def close(self):
        self.fault.disarm()
        self.agent.close()
        self.fault.close()

    def look(self):
        return Look(self.agent.ask("look", patterns=self.keys))

    def steady(self):
        """An observation that equals the one before: IPv6 takes its time to settle its addresses."""
        before, found = None, self.look()
        while before is None or before.lines != found.lines:
            time.sleep(0.1)
            before, found = found, self.look()
        return found

    def settled(self, *wanted):
        """An observation, repeated until it is one of @wanted: carriers and route flags take a moment."""
        end = time.monotonic() + 3
        while (found := self.look()).lines not in [w.lines for w in wanted] and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def mark(self):
        """So that a recreated namespace can be told from the one before: its inode may be the same."""
        self.agent.ask("mark", key=MARK, value="33")

    # netnsd.

    def start(self, environment=""):
        """Whether it has come up."""
        self.machine.start(*self.options, wait=False, environment=environment + self.fault.environment)
        return self.answers()

    def answers(self):
        """Whether netnsd accepts connections; False if it has ended before it did."""
        end = time.monotonic() + ANSWER
        while time.monotonic() < end:
            try:
                Connection(self.machine.socket).close()
                return True
            except OSError:
                pass
            if self.machine.daemon.poll() is not None:
                return False
            time.sleep(0.002)
        raise AssertionError(f"netnsd does not answer{self.machine.log()}")

    def stop(self, code=0):
        """Waits for its end, after SIGTERM unless it has ended already."""
        if self.machine.daemon.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.agent.run("kill $(cat /run/netnsd.pid) 2>/dev/null || true")
        found = self.machine.daemon.wait(ANSWER)
        self.machine.daemon = None
        assert found == code, f"netnsd ended with {found}{self.machine.log()}"
        sanitized(self.machine.log())

    def is_alive(self):
        return self.machine.daemon.poll() is None

    def call(self, method, _more=False, **parameters):
        """The reply; VarlinkError, or Ended."""
        try:
            with Connection(self.machine.socket, ANSWER) as connection:
                return connection.call(f"io.netnsd.{method}", _more=_more, **parameters)
        except (AssertionError, ConnectionError, FileNotFoundError) as error:
            raise Ended from error

    def status(self, name="lab"):
        """The topology as netnsd sees it, {} if it does not have it."""
        return next((t for t in self.call("Status")["topologies"] if t["name"] == name), {})

    def apply(self, topology, **more):
        return self.call("Apply", name="lab", topology=topology, sure=True, **more)["summary"]

    def down(self):
        """Takes everything down."""
        for t in self.call("Status")["topologies"]:
            if "confirm_usec" in t:
                self.call("Confirm", name=t["name"])
            self.call("Down", names=[t["name"]], forget=True)

    def files(self):
        return sorted(f"{p.parent.name}/{p.name}" for p in self.run_dir.glob("[hkp]*/*"))

    def expire(self):
        """The time to confirm has expired at the next start."""
        path = self.run_dir / "known/lab.json"
        record = json.loads(path.read_text())
        assert record["confirm_usec"]
        record["confirm_usec"] = 1
        path.write_text(json.dumps(record))

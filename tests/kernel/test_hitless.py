# SPDX-License-Identifier: MIT
"""netnsd is stopped, killed and replaced by a new binary a hundred times while packets and a TCP connection pass
through what it manages: none is lost, and it writes nothing to the kernel."""
import contextlib
import json
import random
import re
import shutil
import signal
import subprocess
import time

import pytest
from machine import EXAMPLES, NETNSD, wait_for

pytestmark = pytest.mark.long

RESTARTS = 100
TRACED = 10  # one restart in this many is traced with strace

# Sends numbers until its input ends; the other side receives them, and says how many came in order.
SENDER = """
import socket, struct, sys, select
s = socket.create_connection(("10.0.4.10", 4000))
n = 0
while not select.select([sys.stdin], [], [], 0.002)[0]:
    s.sendall(b"".join(struct.pack("!Q", n + i) for i in range(1024)))
    n += 1024
s.shutdown(socket.SHUT_WR)
assert s.recv(1) == b""
print(n)
"""
RECEIVER = """
import socket, struct
s = socket.create_server(("10.0.4.10", 4000))
print("ready", flush=True)
c, n = s.accept()[0].makefile("rb"), 0
while data := c.read(8192):
    assert data == b"".join(struct.pack("!Q", n + i) for i in range(len(data) // 8))
    n += len(data) // 8
print(n)
"""
# From, to: over a veth pair, over the bridge, through the router, and from a namespace to the host.
PINGS = [("ns1", "10.0.0.1"), ("red", "10.0.2.3"), ("office", "10.0.4.10"), (None, "10.0.0.2")]


def inside(machine, netns, *command, **options):
    where = ["ip", "netns", "exec", netns] if netns else []
    return machine.popen(*where, *command, stderr=subprocess.STDOUT, **options)


class Ping:
    """One every 5 ms. Its output goes to a file: nobody reads it meanwhile."""

    def __init__(self, machine, netns, address):
        self.path = machine.folder / f"ping-{address}"
        self.began = time.monotonic()
        with self.path.open("w") as out:
            self.process = inside(machine, netns, "ping", "-n", "-i", "0.005", "-W", "5", address, stdout=out)

    def assert_none_lost(self):
        """Of all that were sent until the last one that came back; on a busy machine fewer do."""
        self.process.wait(10)
        text = self.path.read_text()
        seen = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", text)]
        assert seen == list(range(1, len(seen) + 1)), text[-500:]
        assert len(seen) > (time.monotonic() - self.began) * 20, text[-500:]
        return len(seen)


@contextlib.contextmanager
def traffic(machine):
    """Pings every 5 ms, and a TCP transfer; at the end all must have arrived."""
    pings = [Ping(machine, netns, address) for netns, address in PINGS]
    receiver = inside(machine, "lab", "python3", "-c", RECEIVER, stdout=subprocess.PIPE)
    assert receiver.stdout.readline() == "ready\n"
    sender = inside(machine, "office", "python3", "-c", SENDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield
    sent, received = sender.communicate("\n", timeout=20)[0], receiver.communicate(timeout=20)[0]
    assert sent == received and int(sent) > 100000, f"{sent} {received}"
    machine.sh("pkill -INT -x ping")
    counts = [p.assert_none_lost() for p in pings]
    print(f"{sum(counts)} packets, {int(sent) * 8} bytes")


class Binaries:
    """Copies of netnsd, of which always another one is the new version."""

    def __init__(self, folder):
        self.n = 0
        self.paths = [folder / f"version{i}/netnsd" for i in range(2)]
        for path in self.paths:
            path.parent.mkdir()
            shutil.copy2(NETNSD, path)

    def now(self):
        return self.paths[self.n % 2]

    def upgrade(self):
        """A new file under the old name, as a package installs it."""
        self.n += 1
        path = self.now()
        fresh = path.with_suffix(".new")
        shutil.copy2(NETNSD, fresh)
        fresh.rename(path)


def restart(machine, how, binaries, traced):
    if how == "upgrade":
        binaries.upgrade()
    number = signal.SIGKILL if how == "crash" else signal.SIGTERM
    machine.stop(number)
    machine.start(program=binaries.now(), strace=traced)
    # The run directory may become a mount, nothing else.
    if traced:
        assert [w for w in machine.writes() if not re.search(r'mount\(.*"/run/netns"', w)] == [], how


def deadline(machine, name):
    path = machine.root / f"run/netnsd/known/{name}.json"
    return json.loads(path.read_text())["confirm_usec"] if path.exists() else 0


def test_hundred_restarts(bare):
    rng = random.Random(20)
    binaries = Binaries(bare.folder)
    bare.start(program=binaries.now())
    for name in "everyday", "bridge", "router":
        bare.ctl("apply", EXAMPLES / f"{name}.json")
    # One that awaits confirmation all the time, and one whose time will expire.
    waiting = {"namespaces": {"w": {"interfaces": {"br0": {"kind": "bridge"}}}}}
    bare.apply(waiting, "waiting", "--confirm", 3600)
    due = deadline(bare, "waiting")
    before = bare.snapshot()
    bare.apply({"namespaces": {"gone": {}}}, "gone", "--confirm", 4)
    started = time.monotonic()
    with traffic(bare):
        for i in range(RESTARTS):
            how = rng.choice(["ended", "crash", "upgrade"])
            # While the rollback is due, something is written, as it should.
            restart(bare, how, binaries, i % TRACED == TRACED - 1 and not deadline(bare, "gone"))
        print(f"{RESTARTS} restarts in {time.monotonic() - started:.1f} s")
    wait_for(lambda: deadline(bare, "gone") == 0)
    assert deadline(bare, "waiting") == due
    wait_for(lambda: "gone" not in bare.namespaces())
    bare.assert_same(before)
    states = {t["name"]: t["state"] for t in json.loads(bare.ctl("--json", "status").stdout)["topologies"]}
    assert states.pop("gone") == "down" and set(states.values()) == {"up"}
    bare.ctl("confirm", "waiting")

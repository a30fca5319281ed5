# SPDX-License-Identifier: MIT
"""Users that send requests without end: root is answered and drift is healed all the same, about as if they were not
there. Everything is compared with the time without them only, and generously: without a share for each a flood takes
minutes."""
import json
import os
import re
import select
import statistics
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from machine import NETNSCTL, ROOT
from topologies import everyday
from varlink import Connection

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs users")

METHODS = re.findall(r"^method (\w+)", (ROOT / "daemon/io.netnsd.varlink").read_text(), re.M)
# Parameters that a method needs; one that is not listed is called without.
PARAMETERS = {
    "Plan": {"name": "q", "topology": {"host": {"interfaces": {f"e{i:x}": {"mtu": 1400} for i in range(1000)}}}},
    "Show": {"name": "chain"},
    "Status": {"name": "chain"},
    "Apply": {"name": "q", "topology": {}},
    "Adopt": {"name": "q"},
    "Rename": {"name": "q", "to": "r"},
    "Trace": {"source": "m0", "to": "m1", "seconds": 1},
    "Wait": {"names": ["nobody"], "timeout_seconds": 0},
}
READER, CHANGER = ("1", "daemon"), ("2", "bin")
CHANGERS = READER[0] + "," + CHANGER[0]  # the socket is the readers'
CHAIN = {"namespaces": {f"m{i}": {"interfaces": {"e": {"kind": "veth", "peer": f"m{i}/f"}, "f": {}}} for i in range(60)}}


@pytest.fixture
def busy(bare):
    """A machine with something to show, on which drift is always healed at once."""
    bare.start("--group", READER[1], "--admin-group", CHANGER[1], "--heal-burst", "1000/1")
    bare.apply(everyday(), "everyday")
    bare.apply(CHAIN, "chain")
    yield bare
    bare.restart()  # queued changes of users end with it
    bare.ctl("down", "--all", "--forget")


def ping_msec(machine):
    started = time.monotonic()
    with Connection(machine.socket) as c:
        c.call("io.netnsd.Ping")
    return (time.monotonic() - started) * 1000


HEAL = """ip -n ns1 addr del 10.0.0.2/24 dev veth-ns
until ip -n ns1 addr show dev veth-ns | grep -q "inet 10.0.0.2/"; do sleep 0.002; done"""


def heal_msec(machine):
    started = time.monotonic()
    machine.sh(HEAL)
    return (time.monotonic() - started) * 1000


def measure(machine):
    """The time of a Ping of root, and of a heal, in milliseconds."""
    pings = []
    for _ in range(21):
        pings.append(ping_msec(machine))
        time.sleep(0.005)
    return statistics.median(pings), statistics.median(heal_msec(machine) for _ in range(5))


@contextmanager
def flood(machine, how, message, groups=READER[0], users=("65534",)):
    flooders = [machine.popen("setpriv", f"--reuid={user}", "--regid=65534", f"--groups={groups}", "python3",
                              Path(__file__).with_name("lib") / "flood.py", "/run/netnsd/io.netnsd", how, json.dumps(message),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                for user in users]
    try:
        for f in flooders:
            assert select.select([f.stdout], [], [], 60)[0] and f.stdout.readline() == "begun\n"
        yield
        assert all(f.poll() is None for f in flooders)
    finally:
        for f in flooders:
            f.stdin.close()
            f.wait(20)
            f.stdout.close()


def check(machine, idle, what):
    """Without a share a Ping takes minutes and a heal twenty seconds; a busy machine may be slow, but not by that much."""
    ping, heal = measure(machine)
    assert ping < max(1000, 20 * idle[0]), (what, ping, idle)
    assert heal < 5 * idle[1] + 2000, (what, heal, idle)


def test_every_method(busy):
    """Also one that is added later: its caller pays for it."""
    idle = measure(busy)
    for method in METHODS:
        message = {"method": f"io.netnsd.{method}", "parameters": PARAMETERS.get(method, {}), "more": method in ("Monitor", "Trace")}
        with flood(busy, "ask", message):
            check(busy, idle, method)


LIST = {"method": "io.netnsd.List"}


@pytest.mark.parametrize("how", ["unread", "connect", "gone", "half", "garbage"])
def test_every_way(busy, how):
    idle = measure(busy)
    with flood(busy, how, LIST):
        # The kernel has one queue for all who connect, of 4096.
        check(busy, idle, how)


def test_nobody_waits_for_the_answer(busy):
    idle = measure(busy)
    with flood(busy, "ask", LIST | {"oneway": True}):
        check(busy, idle, "oneway")


def test_several_users(busy):
    """Each has its turn, and all together no more than one alone."""
    idle = measure(busy)
    with flood(busy, "ask", LIST, users=("65534", "65533", "65532")):
        check(busy, idle, "three users")
        started = time.monotonic()
        busy.run("setpriv", "--reuid=65531", "--regid=65534", f"--groups={READER[0]}", NETNSCTL, "list")
        assert time.monotonic() - started < 30


@pytest.mark.parametrize("method, parameters", [
    ("Apply", {"name": "q", "topology": {"namespaces": {"q": {}}}}), ("Down", {"names": ["q"]}), ("Up", {"names": ["chain"]}),
    ("Rollback", {"name": "q"}), ("Reload", {}), ("Down", {"names": ["nobody"] * 1000}),
])
def test_changes(busy, method, parameters):
    """Users that may change something come after healing and root, too."""
    idle = measure(busy)
    with flood(busy, "ask", {"method": f"io.netnsd.{method}", "parameters": parameters}, groups=CHANGERS):
        check(busy, idle, method)
        started = time.monotonic()
        busy.ctl("up", "everyday")
        assert time.monotonic() - started < 30


def test_what_the_dead_asked_for_is_dropped(busy):
    """Thousands of calls whose caller has disconnected: the next caller does not wait for their answers, which would
    take minutes."""
    one = json.dumps(LIST).encode() + b"\0"
    for _ in range(3):
        with Connection(busy.socket) as c:
            c.socket.setblocking(False)
            try:
                while c.socket.send(one * 1000):
                    pass
            except BlockingIOError:
                pass
    assert ping_msec(busy) < 20000


def test_sigterm_is_not_kept_waiting(busy):
    """Queued changes of users are not carried out first."""
    down = {"method": "io.netnsd.Down", "parameters": {"names": ["chain"] * 4000}}
    up = {"method": "io.netnsd.Up", "parameters": {"names": ["chain"] * 4000}}
    with flood(busy, "ask", down, groups=CHANGERS), flood(busy, "ask", up, groups=CHANGERS, users=("65533",)):
        started = time.monotonic()
        busy.stop()
        assert time.monotonic() - started < 30
    busy.start()

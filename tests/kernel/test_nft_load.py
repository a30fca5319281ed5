# SPDX-License-Identifier: MIT
"""Rules that change while packets pass: nothing is lost of what is allowed before and after, and nothing passes that is
forbidden before and after. Each test has a control, in which nft(8) does the same in a way that does lose or leak: it
shows that the counters see it."""
import json
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from machine import NEVER, wait_for

ROUTER = "192.0.2.1"
APPLIES = 100
# Namespaces of others that the router's links go to, so that the senders are there before it and after it.
ENDS = "ip netns add C; ip netns add S; ip -n C link set lo up; ip -n S link set lo up"
# A router of others' own.
LINKS = """ip netns add R; ip -n R link set lo up
ip -n C link add c0 type veth peer name lan netns R; ip -n S link add s0 type veth peer name wan netns R
ip -n C addr add 10.1.0.2/24 dev c0; ip -n C addr add 10.1.0.3/24 dev c0; ip -n S addr add 192.0.2.9/24 dev s0
ip -n R addr add 10.1.0.1/24 dev lan; ip -n R addr add 192.0.2.1/24 dev wan
ip -n C link set c0 up; ip -n S link set s0 up; ip -n R link set lan up; ip -n R link set wan up
ip -n C route add default via 10.1.0.1"""

ALLOW = [{"chain": "forward", "from": "10.1.0.2", "proto": "udp", "port": 7778, "action": "accept"},
         {"chain": "forward", "from": "10.1.0.2", "proto": "tcp", "port": 9000, "action": "accept", "comment": "stream"},
         {"chain": "forward", "icmp": "echo-request", "from": "10.1.0.2", "action": "accept"}]
MASQUERADE = {"from": "10.1.0.0/24", "out": "wan"}


def rules(n):
    """Two sets of rules that allow the same, and differ in everything else."""
    if n % 2 == 0:
        return {"nat": {"masquerade": [MASQUERADE]}, "filter": {"forward": "drop", "rules": ALLOW}}
    others = [{"chain": "forward", "from": f"10.9.{i}.0/24", "port": [80, 443], "proto": "tcp", "action": "accept"} for i in range(20)]
    return {"nat": {"masquerade": [{"from": "10.7.0.0/16"}, MASQUERADE],
                    "dnat": [{"proto": "tcp", "port": "8000-8010", "to": "10.1.0.2:9000-9010", "in": "wan"}]},
            "filter": {"forward": "drop", "input": "accept", "clamp_mss": True, "rules": [*others, *reversed(ALLOW)]}}


def router(**body):
    """A client, a server, and a router between them, which is netnsd's."""
    return {"namespaces": {
        "C": {"existing": True, "interfaces": {"c0": {"kind": "veth", "peer": "R/lan", "addresses": ["10.1.0.2/24", "10.1.0.3/24"]}},
              "routes": [{"to": "default", "via": "10.1.0.1"}]},
        "R": {"forwarding": "ipv4", "interfaces": {"lan": {"addresses": ["10.1.0.1/24"]}, "wan": {"addresses": [f"{ROUTER}/24"]}}, **body},
        "S": {"existing": True, "interfaces": {"s0": {"kind": "veth", "peer": "R/wan", "addresses": ["192.0.2.9/24"]}}}}}


def theirs(**body):
    """The router is somebody's own: only that it forwards, and what, is netnsd's."""
    return {"namespaces": {"R": {"existing": True, "forwarding": "ipv4", **body}}}


class Sender:
    """lib/through.py on the machine."""

    def __init__(self, machine, which):
        self.process = machine.popen("/usr/bin/python3", Path(__file__).parent / "lib/through.py", "C", "S", which, stdin=-1, stdout=-1)
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        """What became of what was sent."""
        return json.loads(self.process.communicate(timeout=60)[0])


@contextmanager
def sending(machine, which):
    """Fills in what became of it, at the end."""
    sender, found = Sender(machine, which), {}
    try:
        yield found
        found.update(sender.end())
        print(found)
    finally:
        if sender.process.poll() is None:
            sender.process.kill()
            sender.process.communicate()


@pytest.fixture
def ends(bare):
    bare.start("--heal-burst", NEVER, "--no-table-owner")
    bare.sh(ENDS)
    yield bare
    bare.ctl("down", "--all", code=None)
    bare.sh("ip netns del C; ip netns del S; ip netns del R 2>/dev/null || true")


def nft(machine, netns, text):
    machine.run("ip", "netns", "exec", netns, "nft", "-f", "-", text=text)


def assert_whole(found):
    """All that was allowed has arrived, from the router, and nothing else has."""
    assert found["lost"] == found["pings lost"] == found["bytes lost"] == 0, found
    assert found["sources"] == [ROUTER] and found.get("leaked", 0) == 0, found
    assert found["datagrams"] > 200 and found["pings"] > 20 and found["bytes"] > 100000, found


def let_others(machine):
    """From now on others may change the table."""
    machine.stop()
    machine.start("--heal-burst", NEVER, "--no-table-owner")


def applied(machine, n):
    machine.call("Apply", name="lab", topology=router(**rules(n)), replace=True)


def test_rules_are_replaced(ends):
    """A hundred times, by others that allow the same."""
    applied(ends, 0)
    with sending(ends, "both") as found:
        for n in range(1, APPLIES + 1):
            applied(ends, n)
        ends.apply(router(**rules(1)), "lab", "--replace")
    assert_whole(found)
    assert found["forbidden"] > 1000, found


def test_topology_is_renamed(ends):
    """A hundred times: its marks are on the links and chains that the packets pass."""
    applied(ends, 0)
    with sending(ends, "both") as found:
        for n in range(APPLIES):
            ends.call("Rename", name=["lab", "kit"][n % 2], to=["kit", "lab"][n % 2])
    assert_whole(found)
    assert found["forbidden"] > 1000, found
    assert not any("repaired" in line or "healed" in line for line in ends.log().splitlines())


def as_text(machine):
    """The table, as nft(8) takes it."""
    text = machine.run("ip", "netns", "exec", "R", "nft", "-s", "list", "table", "inet", "netnsd").stdout
    lines = text.replace(" # progname netnsd", "").splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("flags "))


def test_control_of_replacing(ends):
    """The same table under another name, deleted and added again: what is forbidden gets through, and what is allowed
    leaves as it is."""
    applied(ends, 0)
    table = as_text(ends).replace("table inet netnsd", "table inet control")
    ends.call("Apply", name="lab", topology=router(), replace=True)
    nft(ends, "R", table)

    def leaks():
        with sending(ends, "forbidden") as found:
            for _ in range(10):
                nft(ends, "R", "delete table inet control")
                nft(ends, "R", table)
        assert found["forbidden"] > 0
        return found["leaked"]
    wait_for(leaks, 60)
    nft(ends, "R", "delete table inet control")


# Each is undone by netnsd; none lets anything pass by itself.
EDITS = ["nft add rule inet netnsd forward_lab tcp dport 9 accept", "nft insert rule inet netnsd forward_lab tcp dport 9 accept",
         "nft add chain inet netnsd mine", "nft add set inet netnsd mine '{ type ipv4_addr; }'",
         "nft add rule inet netnsd postrouting_lab oifname nothing masquerade"]


def test_rules_are_healed(ends):
    """What others added to the table is removed while packets pass."""
    let_others(ends)
    applied(ends, 0)
    before = as_text(ends)
    with sending(ends, "both") as found:
        for edit in EDITS * 4:
            ends.run("ip", "netns", "exec", "R", "sh", "-c", edit)
            wait_for(lambda: as_text(ends) == before)
    assert_whole(found)


@pytest.mark.parametrize("whose", [router, theirs], ids=["ours", "existing"])
def test_nothing_passes_at_first_or_at_last(ends, whose):
    """A router that drops comes and goes amid a flood: rules are there before all else, and after all else. Without a
    filter the flood does arrive. The kernel takes up to a second until it sends on a link that is up."""
    if whose == theirs:
        ends.sh(LINKS)
    passes = {**rules(0), "filter": {"forward": "accept"}}
    for body, expected in (rules(0), False), (passes, True):
        with sending(ends, "forbidden") as found:
            for _ in range(5):
                ends.apply(whose(**body), "lab", "--sure")
                ends.run("ip", "netns", "exec", "C", "ping", "-n", "-q", "-c", 1, "-i", 0.05, "-w", 5, "-I", "10.1.0.2", "192.0.2.9")
                ends.ctl("down", "lab")
        assert found["forbidden"] > 100 and bool(found["leaked"]) == expected, found


# ---- no inner address leaves once it is to be translated ----

# A flow of one datagram every 5 ms; and who the outside sees it come from, when.
FLOW = """
import socket, sys, select
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("10.1.0.2", 5000))
while not select.select([sys.stdin], [], [], 0.005)[0]:
    s.sendto(b"x", ("192.0.2.9", 7000))
"""
SNIFF = """
import socket, sys, select, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
s.setsockopt(socket.SOL_SOCKET, 35, 1)
s.bind(("s0", 0))
while True:
    ready = select.select([s, sys.stdin], [], [])[0]
    if s not in ready:
        sys.exit()
    data, extra, _, _ = s.recvmsg(256, 256)
    at = struct.unpack("qq", extra[0][2][:16])
    if data[9] == socket.IPPROTO_UDP:
        print(f"{at[0] + at[1] / 1e9:.6f}", socket.inet_ntoa(data[12:16]), flush=True)
"""
INNER, LATE = "10.1.0.2", 0.05
TRACKED = "table ip other { chain c { type filter hook forward priority 0; ct state new accept; }; }"


class Wire:
    """What leaves the router."""

    def __init__(self, machine):
        self.machine = machine
        inside = "ip", "netns", "exec"
        self.path = machine.folder / "wire"
        with self.path.open("w") as out:
            self.processes = [machine.popen(*inside, "S", "/usr/bin/python3", "-c", SNIFF, stdin=subprocess.PIPE, stdout=out),
                              machine.popen(*inside, "C", "/usr/bin/python3", "-c", FLOW, stdin=subprocess.PIPE)]

    def seen(self):
        return [(float(at), source) for at, source in (line.split() for line in self.path.read_text().splitlines(True) if line.endswith("\n"))]

    def since(self, begin):
        """The sources that were seen after @begin, once there were enough packets."""
        return wait_for(lambda: len(found := [source for at, source in self.seen() if at > begin]) >= 20 and set(found))

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait(20)


@pytest.fixture
def wire(ends):
    """A flow that ran before there were rules; its connection is tracked."""
    ends.apply(router())
    nft(ends, "R", TRACKED)
    w = Wire(ends)
    assert w.since(time.time()) == {INNER}
    yield w
    w.close()


def test_a_flow_is_translated_soon(ends, wire):
    """By a rule that comes, by one that comes instead, and, untranslated, once it has gone."""
    ends.sh("ip -n R addr add 192.0.2.7/24 dev wan")
    for nat, source in (({"masquerade": [MASQUERADE]}, ROUTER), ({"masquerade": [{**MASQUERADE, "to": "192.0.2.7"}]}, "192.0.2.7"),
                        ({"masquerade": [{"from": "10.1.0.0/24", "out": "wa*"}]}, ROUTER), ({}, INNER)):
        ends.call("Apply", name="lab", topology=router(**({"nat": nat} if nat else {})), replace=True)
        assert wire.since(time.time() + LATE) == {source}, nat


def test_a_flow_is_translated_soon_after_a_heal(ends, wire):
    """One that has begun to leave with its inner address while the rules were gone."""
    let_others(ends)
    ends.call("Apply", name="lab", topology=router(nat={"masquerade": [MASQUERADE]}), replace=True)
    assert wire.since(time.time() + LATE) == {ROUTER}
    table = as_text(ends)
    ends.pause()
    ends.sh("ip netns exec R nft flush table inet netnsd; ip netns exec R conntrack -F 2>/dev/null")
    assert wire.since(time.time() + LATE) == {INNER}
    ends.resume()
    wait_for(lambda: as_text(ends) == table)
    ends.call("Status")
    assert wire.since(time.time() + LATE) == {ROUTER}


def test_control_of_translation(ends, wire):
    """A rule alone changes nothing for a flow that runs."""
    nft(ends, "R", "table ip control { chain c { type nat hook postrouting priority 100; ip saddr 10.1.0.0/24 masquerade; }; }")
    assert wire.since(time.time() + LATE) == {INNER}
    ends.sh("ip netns exec R conntrack -F 2>/dev/null")
    assert wire.since(time.time() + LATE) == {ROUTER}

# SPDX-License-Identifier: MIT
"""Any program that sets an address without its mark removes it. The mark is restored on the very address that had it;
one that somebody created again is left as it is, and shown without."""
import json

import pytest
from machine import at, wait_for
from monitor import events, log

ADDRESSES = ["10.0.0.1/24", "fd00::1/64"]
STRIP = ["change", "replace"]


def topology(netns, link, on_drift="heal"):
    """On an interface of others, ext0, or on one of ours, own0."""
    body = {"interfaces": {link: {"addresses": ADDRESSES, **({"kind": "veth", "peer": "far/e0"} if link == "own0" else {})}}}
    far = {"far": {}} if link == "own0" else {}
    if netns:
        return {"on_drift": on_drift, "namespaces": {netns: {"existing": True, **body}, **far}}
    return {"on_drift": on_drift, "host": body, "namespaces": far}


# ip(8) of Debian 12 does not know IFA_PROTO: prints the addresses of a link that have our mark.
DUMP = """
import socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
s.send(struct.pack("=IHHII BBBBi", 24, 22, 0x301, 1, 0, 0, 0, 0, 0, 0))
index = socket.if_nametoindex(sys.argv[1])
while True:
    data = s.recv(65536)
    while data:
        size, kind = struct.unpack_from("=IH", data)
        if kind == 3:
            sys.exit()
        family, length, _, _, number = struct.unpack_from("=BBBBi", data, 16)
        found, at = {}, 24
        while at < size:
            n, what = struct.unpack_from("=HH", data, at)
            found[what] = data[at + 4:at + n]
            at += (n + 3) & ~3
        if number == index and found.get(11) == bytes([78]):
            print(socket.inet_ntop(family, found.get(2, found[1])) + "/" + str(length))
        data = data[(size + 3) & ~3:]
"""


def with_mark(machine, netns, link):
    inside = ["ip", "netns", "exec", netns] if netns else []
    return set(machine.run(*inside, "/usr/bin/python3", "-c", DUMP, link).stdout.split())


def settled(machine, netns, link):
    wait_for(lambda: "tentative" not in machine.sh(f"ip {at(netns)}addr show dev {link} scope global"))


def conditions(machine, link):
    status = json.loads(machine.ctl("--json", "status", "lab").stdout)
    return {c["address"]: c["condition"] for n in status["namespaces"] for i in n["interfaces"] if i["name"] == link
            for c in i.get("conditions", [])}


def drift(machine):
    return json.loads(machine.ctl("--json", "status", "lab").stdout)["topologies"][0].get("drift", [])


@pytest.mark.parametrize("link", ["ext0", "own0"])
@pytest.mark.parametrize("strip", STRIP)
def test_lost_mark_comes_back(machine, place, link, strip):
    machine.apply(topology(place, link))
    settled(machine, place, link)
    assert with_mark(machine, place, link) == set(ADDRESSES)
    for address in ADDRESSES:
        told = events(machine).count("healed")
        machine.sh(f"ip {at(place)}addr {strip} {address} dev {link}")
        wait_for(lambda: with_mark(machine, place, link) == set(ADDRESSES))
        wait_for(lambda: events(machine).count("healed") > told)  # noqa: B023
    messages = [e["message"] for e in log(machine) if e["event"] == "drift"]
    assert len(messages) == 2 and all("mark lost" in m and "mark whole" in m for m in messages), messages
    assert machine.apply(topology(place, link)).stdout == "lab: unchanged\n"
    assert not conditions(machine, link)


@pytest.mark.parametrize("link", ["ext0", "own0"])
def test_lost_mark_is_reported_and_applied(machine, place, link):
    t = topology(place, link, "report")
    machine.apply(t)
    settled(machine, place, link)
    for address in ADDRESSES:
        machine.sh(f"ip {at(place)}addr change {address} dev {link}")
    wait_for(lambda: len([d for d in drift(machine) if "mark lost" in d["actual"]]) == 2)
    assert with_mark(machine, place, link) == set()
    plan = machine.ctl("plan", "--exit-code", machine.file(t), code=3).stdout
    assert plan.count("mark lost → whole") == 2, plan
    # A refused change adds no mark, and removes none.
    refused = json.loads(json.dumps(t))
    refused["namespaces"]["n"] = {"sysctl": {"net.ipv4.ip_default_ttl": 999}}
    machine.apply(refused, code=1)
    machine.apply(t)
    assert with_mark(machine, place, link) == set(ADDRESSES)
    assert machine.apply(t).stdout == "lab: unchanged\n"


def test_down_takes_what_lost_its_mark(machine, place):
    machine.apply(topology(place, "ext0", "report"))
    settled(machine, place, "ext0")
    machine.sh(f"ip {at(place)}addr change 10.0.0.1/24 dev ext0; ip {at(place)}addr add 10.9.0.1/24 dev ext0")
    machine.ctl("down", "lab")
    assert "10.0.0.1/" not in machine.sh(f"ip {at(place)}addr show dev ext0")
    assert "10.9.0.1/24" in machine.sh(f"ip {at(place)}addr show dev ext0")


@pytest.mark.parametrize("link", ["ext0", "own0"])
def test_another_address_of_the_same_value_gets_none(machine, place, link):
    """Anybody can create it; it is shown for what it is."""
    machine.apply(topology(place, link))
    settled(machine, place, link)
    machine.pause()
    for address in ADDRESSES:
        machine.sh(f"ip {at(place)}addr del {address} dev {link}; ip {at(place)}addr add {address} dev {link} nodad")
    machine.resume()
    wait_for(lambda: conditions(machine, link) == {address: "unmarked" for address in ADDRESSES})
    assert with_mark(machine, place, link) == set()
    assert machine.apply(topology(place, link)).stdout == "lab: unchanged\n"
    assert with_mark(machine, place, link) == set()
    assert "unmarked" in machine.ctl("status", "lab").stdout
    machine.ctl("down", "lab")


@pytest.mark.parametrize("link, shown", [("ext0", True), ("own0", False)])
def test_lost_while_netnsd_was_away(machine, place, link, shown):
    """Nobody knows who owns it. On an interface of ours it may be one that was adopted, without a mark."""
    machine.apply(topology(place, link))
    settled(machine, place, link)
    machine.stop()
    for address in ADDRESSES:
        machine.sh(f"ip {at(place)}addr change {address} dev {link}")
    machine.start()
    wait_for(lambda: conditions(machine, link) == ({address: "unmarked" for address in ADDRESSES} if shown else {}))
    assert with_mark(machine, place, link) == set()
    assert machine.apply(topology(place, link)).stdout == "lab: unchanged\n"
    machine.ctl("down", "lab")
    assert not with_mark(machine, place, "ext0")
    assert "10.0.0.1" not in machine.sh(f"ip {at(place)}addr")


def test_restarted_with_its_mark(machine, place):
    """An address with its mark is recognised by it, and from then on again."""
    machine.apply(topology(place, "ext0"))
    settled(machine, place, "ext0")
    machine.restart()
    assert not conditions(machine, "ext0")
    machine.sh(f"ip {at(place)}addr change 10.0.0.1/24 dev ext0")
    wait_for(lambda: with_mark(machine, place, "ext0") == set(ADDRESSES))

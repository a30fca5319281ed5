# SPDX-License-Identifier: MIT
"""Changes of others to a route of ours that still carries our mark: metrics, lifetime, preference, encapsulation."""
import pytest
from machine import at, wait_for
from monitor import events, log

FOUR, SIX = "10.9.0.0/24 via 10.0.0.2 dev e0", "fd09::/64 via fd00::2 dev e0"
# What is set, with which of the two, and what plan says about it: the old one is removed, the new one created.
SET = {
    "mtu": (FOUR, "mtu 1400", "mtu 1400"),
    "mtu locked": (FOUR, "mtu lock 1400", "mtu 1400 lock mtu"),
    "advmss": (FOUR, "advmss 500", "advmss 500"),
    "hoplimit": (FOUR, "hoplimit 3", "hoplimit 3"),
    "initcwnd": (FOUR, "initcwnd 2", "initcwnd 2"),
    "initrwnd": (FOUR, "initrwnd 2", "initrwnd 2"),
    "window": (FOUR, "window 1000", "window 1000"),
    "rtt": (FOUR, "rtt 500ms", "rtt"),
    "rttvar": (FOUR, "rttvar 500ms", "rttvar"),
    "ssthresh": (FOUR, "ssthresh 2", "ssthresh 2"),
    "cwnd locked": (FOUR, "cwnd lock 2", "cwnd 2 lock cwnd"),
    "reordering": (FOUR, "reordering 9", "reordering 9"),
    "rto_min": (FOUR, "rto_min 5s", "rto_min 5000 lock rto_min"),
    "quickack": (FOUR, "quickack 1", "quickack 1"),
    "fastopen": (FOUR, "fastopen_no_cookie 1", "fastopen_no_cookie 1"),
    "features": (FOUR, "features ecn", "features 1"),
    "congctl": (FOUR, "congctl reno", "congctl reno"),
    "realm": (FOUR, "realm 7", "realm 7"),
    "src": (FOUR, "src 10.0.0.1", "src 10.0.0.1"),
    "onlink": (FOUR, "onlink", "onlink true"),
    "encap": (FOUR, "encap ip id 5 dst 10.0.0.2", "encap of type"),
    "advmss 6": (SIX, "advmss 500", "advmss 500"),
    "mtu 6": (SIX, "mtu lock 1400", "mtu 1400 lock mtu"),
    "hoplimit 6": (SIX, "hoplimit 3", "hoplimit 3"),
    "expires": (SIX, "expires 1000", "expires"),
    "pref": (SIX, "pref high", "pref high"),
    "pref low": (SIX, "pref low", "pref low"),
    "encap 6": (SIX, "encap ip6 id 5 dst fd00::2", "encap of type"),
    "src 6": (SIX, "src fd00::1", "src fd00::1"),
}
# The whole route is another one.
CHANGED = {
    "no gateway": "10.9.0.0/24 dev e0 scope link",
    "scope": "10.9.0.0/24 via 10.0.0.2 dev e0 scope site",
    "gateway of IPv6": "10.9.0.0/24 via inet6 fd00::2 dev e0",
    "two": "10.9.0.0/24 nexthop via 10.0.0.2 dev e0 nexthop via 10.0.0.3 dev e0",
    "type": "unreachable 10.9.0.0/24",
    "next hop object": "10.9.0.0/24 nhid 5",
    "next hop object 6": "fd09::/64 nhid 6",
}


def topology(on_drift="heal", four=None, six=None):
    def body(n):
        return {"interfaces": {"e0": {"kind": "veth", "peer": f"far/e{n}", "addresses": ["10.0.0.1/24", "fd00::1/64"]}},
                "routes": [{"to": "10.9.0.0/24", "via": "10.0.0.2", **(four or {})}, {"to": "fd09::/64", "via": "fd00::2", **(six or {})}]}
    far = {f"e{n}": {"addresses": ["10.0.0.2/24", "fd00::2/64"]} for n in range(3)}
    return {"on_drift": on_drift, "host": body(0), "namespaces": {
        "ns": body(1), "old": {"existing": True, **body(2)}, "far": {"interfaces": far}}}


def routes(machine, netns):
    """All that the kernel reports about the two."""
    found = [r for family, to in (("-4", "10.9.0.0/24"), ("-6", "fd09::/64"))
             for r in machine.ip("-d", *machine.at(netns), family, "route", "show", to)]
    for r in found:
        if "expires" in r:  # the remaining seconds
            r["expires"] = True
    return found


PLACES = [None, "ns", "old"]


def change(machine, netns, words):
    family = "-6 " if words.startswith("fd") else ""
    return machine.run("sh", "-c", f"ip {at(netns)}{family}route change {words} proto 78", code=None)


def is_healed_told_and_rolled_back(machine, words, said, count=3):
    machine.apply(topology())
    for netns in PLACES:
        machine.sh(f"ip {at(netns)}nexthop add id 5 via 10.0.0.2 dev e0; ip {at(netns)}nexthop add id 6 via fd00::2 dev e0")
    before = [routes(machine, p) for p in PLACES]
    for netns in PLACES:
        healed = events(machine).count("healed")
        made = change(machine, netns, words)
        if made.returncode:
            pytest.skip(f"this kernel, or ip, has no such thing: {made.stderr}")
        wait_for(lambda: events(machine).count("healed") > healed)  # noqa: B023
        wait_for(lambda: [routes(machine, p) for p in PLACES] == before)
    machine.apply(topology("report"))
    for netns in PLACES:
        change(machine, netns, words)
    altered = [routes(machine, p) for p in PLACES]
    assert all(a != b for a, b in zip(altered, before))
    plan = machine.ctl("plan", "--exit-code", machine.file(topology("report")), code=3).stdout
    assert plan.count(said) == count, plan
    refused = topology("report")
    refused["namespaces"]["far"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert [routes(machine, p) for p in PLACES] == altered
    machine.apply(topology())
    assert [routes(machine, p) for p in PLACES] == before
    assert machine.apply(topology()).stdout == "lab: unchanged\n"


@pytest.mark.parametrize("which, words, said", SET.values(), ids=SET)
def test_option(somebodys, which, words, said):
    is_healed_told_and_rolled_back(somebodys, f"{which} {words}", said)


@pytest.mark.parametrize("words", CHANGED.values(), ids=CHANGED)
def test_another_route(somebodys, words):
    is_healed_told_and_rolled_back(somebodys, words, "fd09::/64" if words.startswith("fd") else "10.9.0.0/24", 6)


def test_declared(machine):
    fields = {"mtu": 1400, "advmss": 1000, "hoplimit": 9, "initcwnd": 20, "initrwnd": 30}
    machine.apply(topology_of(fields))
    for shown in routes(machine, "ns"):
        assert shown["metrics"] == [fields], shown
    assert machine.apply(topology_of(fields)).stdout == "lab: unchanged\n"
    before = routes(machine, "ns")
    for which in FOUR, SIX:
        machine.sh(f"ip -n ns {'-6 ' if which is SIX else ''}route change {which} proto 78")
        wait_for(lambda: routes(machine, "ns") == before)
    refused = topology_of({})
    refused["namespaces"]["far"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert routes(machine, "ns") == before
    machine.apply(topology_of({}))
    assert not any(r.get("metrics", [{}])[0] for r in routes(machine, "ns"))


def topology_of(fields):
    t = topology(four=fields, six=fields)
    del t["host"], t["namespaces"]["old"]
    t["namespaces"]["far"]["interfaces"] = {"e1": t["namespaces"]["far"]["interfaces"]["e1"]}
    return t


def test_for_some_packets(machine):
    """A type of service makes it another route: ours is missing when it is removed, and the other is left alone."""
    machine.apply(topology_of({}))
    machine.sh("ip -n ns route add 10.9.0.0/24 via 10.0.0.2 dev e0 tos 0x10 proto 78")
    assert machine.apply(topology_of({})).stdout == "lab: unchanged\n"
    ours = [r for r in routes(machine, "ns") if "tos" not in r]
    healed = events(machine).count("healed")
    machine.sh("ip -n ns route del 10.9.0.0/24 tos 0 proto 78")
    wait_for(lambda: events(machine).count("healed") > healed)
    assert [r for r in routes(machine, "ns") if "tos" not in r] == ours
    t = topology_of({})
    t["namespaces"]["ns"]["routes"] = []
    machine.apply(t)
    assert [r["tos"] for r in routes(machine, "ns")] == ["0x10"]


@pytest.mark.parametrize("which, beside", [(FOUR, True), (SIX, False)], ids=["4", "6"])
def test_mark_taken_by_another_protocol(machine, which, beside):
    """To the kernel another protocol's route takes the place of ours: it is reported, with how to remove it, and left
    alone."""
    machine.apply(topology_of({}))
    before = routes(machine, "ns")
    family = "-6 " if which is SIX else ""
    machine.sh(f"ip -n ns {family}route change {which} proto static")
    told = wait_for(lambda: [e["message"] for e in log(machine) if e["event"] == "drift" and "beside" in e["message"]])[0]
    assert "a route of proto static" in told and "remove it with" in told, told
    if beside:
        wait_for(lambda: [r["protocol"] for r in routes(machine, "ns")] == ["78", "static", "78"])
    else:
        wait_for(lambda: "proto static" in machine.ctl("plan", machine.file(topology_of({})), code=None).stderr)
    machine.sh(told[told.index("ip -n"):told.index('", use another')])
    wait_for(lambda: routes(machine, "ns") == before)
    assert machine.apply(topology_of({})).stdout == "lab: unchanged\n"

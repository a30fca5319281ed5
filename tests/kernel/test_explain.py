# SPDX-License-Identifier: MIT
"""netnsctl explain: each hop of the examples is broken in turn, with packets as the witness, and the one that is named is
the broken one."""
import json
import os
import select
import subprocess

import pytest
from explaining import BESIDE, CLEAN, answers, broken, explain, mend, start
from machine import EXAMPLES, NETNSCTL, wait_for
from varlink import Connection, encode

DROP = "add table ip x; add chain ip x c { type filter hook %s priority 0; policy drop; }"
# example: who asks whom, and how; what breaks it: the object that is named, and on which way
WAYS = {
    "router": (["office", "lab/eth0"], {
        "ip -n office link set eth0 down": ("office/eth0", "there"),
        "ip -n office route del default": ("office", "there"),
        "ip -n office route replace default via 10.0.3.9": ("office/eth0", "there"),
        "ip -n router link set office down": ("router/office", "there"),
        "ip -n router addr del 10.0.3.1/24 dev office": ("router/office", "there"),
        "ip netns exec router sysctl -qw net.ipv4.ip_forward=0": ("router", "there"),
        "ip netns exec router sysctl -qw net.ipv4.conf.office.forwarding=0": ("router/office", "there"),
        "ip netns exec router sysctl -qw net.ipv4.conf.office.rp_filter=1; ip -n router route add 10.0.3.10/32 dev lab":
            ("router/office", "there"),
        "ip -n router route add blackhole 10.0.4.10": ("router", "there"),
        "ip -n router route add unreachable 10.0.4.10": ("router", "there"),
        "ip -n router route add prohibit 10.0.4.10": ("router", "there"),
        "ip -n router route add blackhole 10.0.3.10": ("router", "back"),
        "ip -n router rule add to 10.0.4.10 prohibit": ("router", "there"),
        f"ip netns exec router nft '{DROP % 'forward'}'": ("router/office", "there"),
        f"ip netns exec lab nft '{DROP % 'input'}'": ("lab/eth0", "there"),
        f"ip netns exec lab nft '{DROP % 'output'}'": ("lab", "back"),
        f"ip netns exec office nft '{DROP % 'prerouting'}'": ("office/eth0", "back"),
        "ip -n router link set lab down": ("router/lab", "there"),
        "ip -n router link del lab": ("lab/eth0", "there"),
        "ip -n lab link set eth0 down": ("lab/eth0", "there"),
        "ip -n lab addr del 10.0.4.10/24 dev eth0": ("lab/eth0", "there"),
        "ip -n lab route del default": ("lab", "back"),
    }),
    "bridge": (["red", "blue/eth0"], {
        "ip -n red link set eth0 down": ("red/eth0", "there"),
        "ip -n switch link set port1 down": ("switch/port1", "there"),
        "ip -n switch link set port1 nomaster": ("switch/port1", "there"),
        "ip -n switch link set br0 down": ("switch/br0", "there"),
        "ip netns exec switch nft 'add table bridge x; add chain bridge x c { type filter hook forward priority 0; policy drop; }'":
            ("switch/br0", "there"),
        f"ip netns exec switch sysctl -qw net.bridge.bridge-nf-call-iptables=1; ip netns exec switch nft '{DROP % 'forward'}'":
            ("switch/br0", "there"),
        "ip -n switch link set port3 down": ("switch/port3", "there"),
        "ip -n switch link set port3 nomaster": ("switch/port3", "there"),
        "ip -n blue link set eth0 down": ("blue/eth0", "there"),
        "ip -n blue addr del 10.0.2.3/24 dev eth0": ("blue/eth0", "there"),
        "ip -n blue route add blackhole 10.0.2.1": ("blue", "back"),
    }),
    "internet": (["ns1", "192.0.2.1"], {
        "ip -n ns1 link set eth0 down": ("ns1/eth0", "there"),
        "ip -n ns1 route del default": ("ns1", "there"),
        "ip link set port1 down": ("host/port1", "there"),
        # The kernel answers ARP for all its addresses there, too: the way there is whole.
        "ip link set port1 nomaster": ("host/port1", "back"),
        "ip link set br0 down": ("host/br0", "there"),
        "sysctl -qw net.ipv4.ip_forward=0": ("host", "there"),
        f"nft '{DROP % 'forward'}'": ("host/br0", "there"),
        "ip -n inet link set eth0 down": ("inet/eth0", "there"),
        "ip -n inet route add blackhole 192.0.2.2": ("inet", "back"),
    }),
    "nat-routers": (["client", "203.0.113.2", "--proto", "tcp", "--port", "8080"], {
        "ip -n client route del default": ("client", "there"),
        "ip -n home link set eth1 down": ("home/eth1", "there"),
        "ip netns exec home sysctl -qw net.ipv4.ip_forward=0": ("home", "there"),
        "ip -n home link set eth0 down": ("home/eth0", "there"),
        "ip -n office link set eth0 down": ("office/eth0", "there"),
        "ip -n office addr del 203.0.113.2/24 dev eth0": ("office/eth0", "there"),
        "ip netns exec office sysctl -qw net.ipv4.ip_forward=0": ("office", "there"),
        "ip -n office link set eth1 down": ("office/eth1", "there"),
        "ip -n server link set eth0 down": ("server/eth0", "there"),
        "ip -n server addr del 192.168.1.20/24 dev eth0": ("server/eth0", "there"),
        "ip -n server route del default": ("server", "back"),
        "ip -n office route add blackhole 203.0.113.1": ("office", "back"),
    }),
    "policy-routing": (["guests", "198.51.100.1"], {
        "ip -n guests route del default": ("guests", "there"),
        "ip -n edge link set guests down": ("edge/guests", "there"),
        "ip netns exec edge sysctl -qw net.ipv4.ip_forward=0": ("edge", "there"),
        "ip -n edge rule add from 10.0.7.0/24 prohibit priority 900": ("edge", "there"),
        # Then it leaves by the other uplink, where nobody knows the way back.
        "ip -n edge rule del priority 1001": ("isp-a", "back"),
        "ip -n edge route del default table 102": ("isp-a", "back"),
        "ip -n isp-b link set edge down": ("isp-b/edge", "there"),
        "ip -n isp-b route del 10.0.7.0/24": ("isp-b", "back"),
        "ip -n isp-b addr del 198.51.100.1/32 dev lo": ("isp-b/lo", "there"),
    }),
}
CASES = [(example, breaks) for example, (_, broken) in WAYS.items() for breaks in broken]


@pytest.mark.parametrize("example", WAYS)
def test_arrives(machine, example):
    args = WAYS[example][0]
    start(machine, example)
    assert wait_for(lambda: answers(machine, args))
    assert broken(machine, *args) is None
    machine.sh(CLEAN)


@pytest.mark.parametrize("example, breaks", CASES)
def test_broken(machine, example, breaks):
    args, expected = WAYS[example][0], WAYS[example][1][breaks]
    start(machine, example)
    machine.sh(breaks)
    wait_for(lambda: not answers(machine, args))  # a namespace goes a while after its name
    # What is missing is known once netnsd has heard of it.
    wait_for(lambda: broken(machine, *args) == expected)
    mend(machine, args)
    machine.sh(CLEAN)


def test_lines(machine):
    start(machine, "router")
    assert machine.ctl("explain", "office", "lab/eth0").stdout == """\
office → lab/eth0, ping
  office         default via 10.0.3.1 dev eth0, table main
  office/eth0    to router/office
  router         10.0.4.0/24 dev lab, table main, forwarded
  router/lab     to lab/eth0
  lab/eth0       arrives: 10.0.4.10 is here
lab/eth0 → office, the answer
  lab            default via 10.0.4.1 dev eth0, table main
  lab/eth0       to router/lab
  router         10.0.3.0/24 dev office, table main, forwarded
  router/office  to office/eth0
  office/eth0    arrives: 10.0.3.10 is here
the packet arrives, and so does its answer
"""
    machine.sh("ip -n lab route del default")
    wait_for(lambda: machine.ctl("explain", "office", "10.0.4.10", code=3).stdout.splitlines()[-4:] == [
        "10.0.4.10 → office, the answer", "  lab          broken: there is no route to 10.0.3.10",
        "      netnsctl up lab", "the packet arrives; its answer does not"])
    assert broken(machine, "office", "lab", "--reverse") == ("lab", "there")


def test_nat_is_followed(machine):
    start(machine, "nat-routers")
    said = [h["message"] for h in explain(machine, *WAYS["nat-routers"][0])["hops"] if h["message"].startswith("NAT")]
    assert said == ["NAT: from 203.0.113.1 instead of 192.168.1.10", "NAT: to 192.168.1.20 port 80 instead of 203.0.113.2",
                    "NAT: from 203.0.113.2 again instead of 192.168.1.20", "NAT: to 192.168.1.10 again instead of 203.0.113.1"]
    assert broken(machine, "home", "192.168.1.20") == ("home/eth1", "there")


def test_filter_of_netnsd(machine):
    """Its own rules are gone through as the kernel does."""
    topology = json.loads((EXAMPLES / "router.json").read_text())
    topology["namespaces"]["router"]["filter"] = {
        "forward": "drop", "rules": [{"chain": "forward", "in": "office", "proto": "tcp", "port": [80, 443], "action": "accept"}]}
    machine.apply(topology)
    assert broken(machine, "office", "lab", "--proto", "tcp", "--port", "443") is None
    for args in (["--proto", "tcp", "--port", "22"], ["--proto", "udp", "--port", "80"], []):
        assert broken(machine, "office", "lab", *args) == ("router/office", "there")
    assert broken(machine, "lab", "office", "--proto", "tcp", "--port", "80") == ("router/lab", "there")


def test_ipv6(machine):
    """The kernel answers also where it does not forward."""
    ends = {n: {"interfaces": {"e": {"addresses": [f"fd00:{i}::2/64"]}}, "routes": [{"to": "default", "via": f"fd00:{i}::1"}]}
            for i, n in ((1, "a"), (2, "b"))}
    machine.apply({"on_drift": "report", "namespaces": {**ends, "r": {"forwarding": "ipv6", "interfaces": {
        n: {"kind": "veth", "peer": f"{n}/e", "addresses": [f"fd00:{i}::1/64"]} for i, n in ((1, "a"), (2, "b"))}}}})
    assert broken(machine, "a", "b") is None
    machine.sh("ip netns exec r sysctl -qw net.ipv6.conf.all.forwarding=0")
    assert broken(machine, "a", "b") == ("r", "there")
    machine.sh("ip netns exec r sysctl -qw net.ipv6.conf.all.forwarding=1; ip -n r -6 route add blackhole fd00:2::2")
    assert broken(machine, "a", "b/e") == ("r", "there")


def fits(machine, netns, address, size):
    return machine.run("ip", "netns", "exec", netns, "ping", "-qnc1", "-W0.5", "-Mdo", f"-s{size - 28}", address, code=None).returncode == 0


@pytest.mark.parametrize("example, smaller, args, address, expected", [
    ("router", "ip -n router link set lab mtu 1400", ["office", "lab/eth0"], "10.0.4.10",
     ("router/lab", "packets over 1400 bytes do not pass here unless they may be fragmented")),
    ("bridge", "ip -n switch link set port3 mtu 1400", ["red", "blue/eth0"], "10.0.2.3",
     ("switch/port3", "packets over 1400 bytes do not pass here, and nobody is told"))])
def test_mtu(machine, example, smaller, args, address, expected):
    """What fits arrives: it is not called broken."""
    start(machine, example)
    machine.sh(smaller)
    assert wait_for(lambda: fits(machine, args[0], address, 1400))
    assert not fits(machine, args[0], address, 1420)
    reply = explain(machine, *args)
    assert reply["arrives"] and [(h["object"], h["message"]) for h in reply["hops"] if "bytes" in h["message"] and not h["back"]] == [expected]


def test_loop(machine):
    start(machine, "router")
    machine.sh("ip netns exec lab sysctl -qw net.ipv4.ip_forward=1; ip -n router route add 10.9.0.0/16 via 10.0.4.10")
    assert explain(machine, "office", "10.9.0.1")["hops"][-1]["message"] == "a loop: the packet has been here before, 2 hops ago"
    machine.sh("ip netns exec office sysctl -qw net.ipv4.ip_forward=1; ip -n router route replace 10.9.0.0/16 via 10.0.3.10")
    last = explain(machine, "office", "10.9.0.1")["hops"][-1]
    assert (last["object"], last["message"]) == ("office/eth0", "a loop: the packet is back at its sender, which drops it")


EXPECTED = [(path.stem, e) for path in sorted(EXAMPLES.glob("*.json"))
            if path.stem not in ("trunk", "wan") for e in json.loads(path.read_text()).get("expect", []) if "ping" in e or "tcp" in e]


@pytest.mark.parametrize("example", sorted({name for name, _ in EXPECTED}))
def test_examples(machine, example):
    """What the examples expect, which test tries with packets, explain says without any."""
    start(machine, example)
    for _, e in (pair for pair in EXPECTED if pair[0] == example):
        flow = ["--proto", "tcp", "--port", str(e["port"])] if "tcp" in e else []
        assert explain(machine, e["from"], e.get("ping") or e["tcp"], *flow)["arrives"] == e.get("reach", True), e
    machine.sh(CLEAN)


IPV6 = ["provider", "2001:db8:100::20"]
# The bridge enables a port whose carrier comes (br_port_carrier_check of the kernel): not before that.
DISABLE = "until ip -n switch link show {0} | grep -q 'state UP'; do sleep 0.01; done; bridge -n switch link set dev {0} state 0"
# What strangers ask about: example, what they have done, who asks whom, the hop that is named, its command mends it
REPORTS = [
    ("router", "ip netns exec lab sysctl -qw net.ipv4.icmp_echo_ignore_all=1", ["office", "lab/eth0"], ("lab/eth0", "there"), True),
    ("router", "ip -n office neigh replace 10.0.3.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent", ["office", "lab/eth0"],
     ("office/eth0", "there"), True),
    ("router", "ip -n router rule add iif office blackhole", ["office", "lab/eth0"], ("router", "there"), True),
    ("router", "ip -n router rule add from 10.0.3.0/24 lookup 77; ip -n router route add unreachable default table 77",
     ["office", "lab/eth0"], ("router", "there"), True),
    # A rule about marks is not what stops a packet without one.
    ("router", "ip -n router rule add fwmark 1 prohibit; ip -n router route add prohibit 10.0.4.10", ["office", "lab/eth0"],
     ("router", "there"), True),
    ("router", "ip netns exec lab sysctl -qw net.ipv4.conf.all.rp_filter=1; ip -n lab route replace default dev lo",
     ["office", "lab/eth0"], ("lab/eth0", "there"), False),
    ("router", "ip -n office route add 10.0.4.10 dev eth0", ["office", "lab/eth0"], ("office/eth0", "there"), False),
    ("bridge", "bridge -n switch link set dev port1 isolated on; bridge -n switch link set dev port3 isolated on",
     ["red", "blue/eth0"], ("switch/port3", "there"), True),
    ("bridge", "ip -n switch link set br0 type bridge forward_delay 3000 stp_state 1; ip -n switch link set port1 down; "
     "ip -n switch link set port1 up", ["red", "blue/eth0"], ("switch/port1", "there"), False),
    ("bridge", "ip -n switch link set port1 type bridge_slave locked on; ip -n switch link set port1 type bridge_slave fdb_flush", ["red", "blue/eth0"], ("switch/port1", "there"), True),
    ("bridge", DISABLE.format("port3"), ["red", "blue/eth0"], ("switch/port3", "there"), True),
    ("bridge", DISABLE.format("port1"), ["red", "blue/eth0"], ("switch/port1", "there"), True),
    # A machine that was cloned.
    ("bridge", "ip -n blue link set eth0 address $(ip -n red -br link show eth0 | awk '{print $3}')", ["red", "blue/eth0"],
     ("blue/eth0", "there"), False),
    ("bridge", "ip netns exec switch nft 'add table bridge x; add chain bridge x c { type filter hook prerouting priority 0; "
     "policy drop; }'", ["red", "blue/eth0"], ("switch/br0", "there"), False),
    ("bridge", "ip netns exec switch nft 'add table bridge x; add chain bridge x c { type filter hook postrouting priority 0; "
     "policy drop; }'", ["red", "blue/eth0"], ("switch/br0", "there"), False),
    # The kernel does not tell of it, so that netnsd does not know yet.
    ("proxy-neighbors", "ip -n server neigh del proxy 198.51.100.20 dev uplink", ["provider", "198.51.100.20"],
     ("provider/rack", "there"), False),
    ("proxy-neighbors", "ip netns exec server sysctl -qw net.ipv6.conf.uplink.proxy_ndp=0", IPV6, ("server/uplink", "there"), True),
    ("proxy-neighbors", "ip -n guest neigh replace 10.0.8.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
     ["guest", "198.51.100.1"], ("guest/eth0", "there"), True),
    ("ipv6", "ip netns exec east sysctl -qw net.ipv6.icmp.echo_ignore_all=1", ["west", "2001:db8:5::2"], ("east/eth0", "there"), True),
]


@pytest.mark.parametrize("example, done, args, expected, mends", REPORTS)
def test_reports(machine, example, done, args, expected, mends):
    start(machine, example)
    machine.sh(done)
    wait_for(lambda: not answers(machine, args))
    wait_for(lambda: broken(machine, *args) == expected)
    if mends:
        mend(machine, args)


def test_two_links_in_one_network(machine):
    """The kernel sends by the first of them."""
    machine.apply({"on_drift": "report", "namespaces": {
        "r": {"interfaces": {n: {"kind": "veth", "peer": f"{n}/e", "addresses": [f"10.0.0.{i}/24"]} for i, n in ((1, "a"), (2, "b"))}},
        "a": {"interfaces": {"e": {"addresses": ["10.0.0.10/24"]}}},
        "b": {"interfaces": {"e": {"addresses": ["10.0.0.20/24"]}}}}})
    assert not answers(machine, ["r", "10.0.0.20"])
    assert broken(machine, "r", "10.0.0.20") == ("r/a", "there")
    last = explain(machine, "r", "b")["hops"][-1]
    assert last["message"] == "nobody in this network has 10.0.0.20: b/e, which has it, is behind b"
    machine.sh(last["command"])
    assert wait_for(lambda: answers(machine, ["r", "10.0.0.20"]))
    assert broken(machine, "r", "b") is None


# What looks wrong and is not.
HARMLESS = [
    ("router", "ip -n router rule add fwmark 1 blackhole; ip -n router rule add iif lab to 10.9.9.9 prohibit", ["office", "lab/eth0"]),
    ("router", "ip -n office route add 10.0.4.10 dev eth0; ip netns exec router sysctl -qw net.ipv4.conf.office.proxy_arp=1",
     ["office", "lab/eth0"]),
    ("router", "ip -n office neigh replace 10.0.3.1 lladdr $(ip -n router -br link show office | awk '{print $3}') dev eth0 nud "
     "permanent", ["office", "lab/eth0"]),
    ("router", "ip -n router route add blackhole default metric 4000000000", ["office", "lab/eth0"]),
    ("router", "ip netns exec router sysctl -qw net.ipv4.conf.all.rp_filter=2; ip -n router route add 10.0.4.10 dev lab", ["office", "lab/eth0"]),
    ("bridge", "bridge -n switch link set dev port1 isolated on", ["red", "blue/eth0"]),
    # What is bridged passes no chain of these hooks.
    ("bridge", "ip netns exec switch nft 'add table bridge x; add chain bridge x c { type filter hook output priority 0; policy drop; }'",
     ["red", "blue/eth0"]),
    # Without a bridge between them equal MAC addresses do no harm.
    ("router", "ip -n office link set eth0 address $(ip -n router -br link show office | awk '{print $3}')", ["office", "lab/eth0"]),
    ("bridge", "ip netns exec switch sysctl -qw net.bridge.bridge-nf-call-iptables=0; ip netns exec switch nft 'add table ip x; "
     "add chain ip x c { type filter hook forward priority 0; policy drop; }'", ["red", "blue/eth0"]),
]


@pytest.mark.parametrize("example, done, args", HARMLESS)
def test_harmless(machine, example, done, args):
    start(machine, example)
    machine.sh(done)
    assert wait_for(lambda: answers(machine, args))
    assert broken(machine, *args) is None


def test_rules_of_others(machine):
    """They are not gone through: it is said that they are there. What their NAT may have changed is not called broken."""
    start(machine, "internet")
    machine.sh("nft 'add table ip x; add chain ip x c { type filter hook forward priority 0; }; add rule ip x c icmp type echo-request drop'")
    said = [h["message"] for h in explain(machine, "ns1", "192.0.2.1")["hops"]]
    assert said.count("passes if rules of another program let it: table ip x, chain c") == 2
    machine.sh(CLEAN)


def test_nat_of_others(machine):
    topology = json.loads((EXAMPLES / "internet.json").read_text())
    del topology["host"]["nat"]
    machine.sh(BESIDE["internet"])
    machine.apply(topology)
    assert broken(machine, "ns1", "192.0.2.1") == ("inet", "back")
    machine.sh("nft 'add table ip x; add chain ip x c { type nat hook postrouting priority 100; }; add rule ip x c oifname eth0 masquerade'")
    assert wait_for(lambda: answers(machine, ["ns1", "192.0.2.1"]))
    hops = explain(machine, "ns1", "192.0.2.1")["hops"]
    assert "another program's NAT may translate it: table ip x, chain c" in [h["message"] for h in hops]
    assert hops[-1]["state"] == "unknown" and "NAT" in hops[-1]["message"]
    machine.sh(CLEAN)


def test_address_twice(machine):
    """It is answered, by somebody else."""
    start(machine, "router")
    machine.sh("ip -n router addr add 10.0.4.10/32 dev lo")
    assert answers(machine, ["office", "lab/eth0"])
    assert broken(machine, "office", "lab/eth0") == ("router/office", "there")
    assert broken(machine, "office", "10.0.4.10") is None


def test_addresses_of_many(machine):
    start(machine, "router")
    for address in "10.0.3.255", "224.0.0.1", "255.255.255.255", "ff02::1":
        last = explain(machine, "office", address)["hops"][-1]
        assert last["state"] == "unknown" and "an address of many" in last["message"]


def test_gone(machine):
    """netnsd holds the namespace, whose processes go on; but nobody can find it by its name."""
    start(machine, "router")
    machine.sh("ip netns del lab")
    wait_for(lambda: broken(machine, "office", "lab/eth0") == ("lab/eth0", "there"))
    assert explain(machine, "office", "lab/eth0")["hops"][-1]["command"] == "netnsctl up lab"
    machine.ctl("up", "lab")
    assert broken(machine, "office", "lab/eth0") is None


def test_refused(machine):
    start(machine, "router")
    assert "there is no nobody" in machine.ctl("explain", "nobody", "lab", code=1).stderr
    assert "there is no lab/eth9" in machine.ctl("explain", "office", "lab/eth9", code=1).stderr
    assert "must be icmp" in machine.ctl("explain", "office", "lab", "--proto", "sctp", code=2).stderr
    assert "needs --proto" in machine.ctl("explain", "office", "lab", "--port", "80", code=2).stderr
    for port in "0", "65536", "x", "80x", "-1", "":
        assert "must be 1 to" in machine.ctl("explain", "office", "lab", "--proto", "tcp", "--port", port, code=2).stderr
    with Connection(machine.socket) as connection:
        for parameters in ({"source": "office"}, {"source": "x" * 200, "to": "lab"}, {"source": "office", "to": "lab", "port": 70000},
                           {"source": "office", "to": "lab", "proto": "sctp"}):
            connection.send(encode("io.netnsd.Explain", parameters))
            assert connection.receive()["error"] == "org.varlink.service.InvalidParameter"


def many(machine, asks):
    """A question of each of @asks, at once."""
    connections = [Connection(machine.socket) for _ in asks]
    for connection, ask in zip(connections, asks):
        connection.send(encode("io.netnsd." + ask, {"source": "m0", "to": "10.0.0.1"} if ask == "Explain" else None))
    return connections


def test_costly(machine):
    """One is answered, one of the same user waits, whatever the others ask; those who leave are forgotten."""
    machine.apply({"namespaces": {f"m{i}": {} for i in range(100)}})
    connections = many(machine, ["Explain", "Doctor", "Explain", "Doctor", "Explain"])
    answers = [c.receive() for c in connections]
    errors = [a["error"] for a in answers if "error" in a]
    assert len(errors) == 3 and set(errors) == {"io.netnsd.TooManyQuestions"}
    for connection in connections + many(machine, ["Explain"] * 2):
        connection.close()
    assert broken(machine, "m0", "10.0.0.1") == ("m0", "there")


def pings_meanwhile(machine):
    """How many calls of another connection are answered before an Explain is."""
    with Connection(machine.socket) as other:
        asking, = many(machine, ["Explain"])
        pings = 0
        while not select.select([asking.socket], [], [], 0)[0]:
            other.call("io.netnsd.Ping")
            pings += 1
        reply = asking.receive()
        assert reply.get("parameters", {}).get("arrives") is False, reply
        asking.close()
    return pings


def test_others_are_served(machine):
    """If it was answered in one go, at most one ping would come before it, and one wait for it. How many do depends on the load."""
    machine.apply({"namespaces": {f"m{i}": {"interfaces": {"e": {"kind": "veth", "peer": f"m{i}/f"}, "f": {}}} for i in range(300)}})
    wait_for(lambda: pings_meanwhile(machine) > 3)


def test_changes_nothing(bare):
    bare.start(strace=True)
    start(bare, "nat-routers")
    bare.writes()
    bare.ctl("explain", "client", "203.0.113.2")
    assert bare.writes() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_readers(bare):
    """Members of the group get the verdict; what others have there is for those who may change it."""
    bare.start("--group", "daemon")
    start(bare, "internet")

    def as_reader(*args, code):
        return bare.run("setpriv", "--reuid", 1, "--regid", 1, "--clear-groups", NETNSCTL, "--json", "explain", *args, code=code)
    hops = json.loads(as_reader("ns1", "192.0.2.1", code=0).stdout)["hops"]
    assert [h["message"] for h in hops if "another program" in h["object"]] == ["root sees what is there"] * 3
    assert "inet" not in json.dumps(hops)
    assert "there is no inet" in as_reader("ns1", "inet", code=1).stderr
    bare.sh(f"nft '{DROP % 'forward'}'")
    last = json.loads(as_reader("ns1", "192.0.2.1", code=3).stdout)["hops"][-1]
    assert last["object"] == "host/br0" and "command" not in last
    assert last["message"] == "meets policy drop of another program: root sees where"
    assert "table ip x, chain c" in explain(bare, "ns1", "192.0.2.1")["hops"][-1]["message"]
    bare.sh(CLEAN)

# SPDX-License-Identifier: MIT
"""What there is, as a topology: it makes the same again, whoever made it first."""
import json
import re
import select
import subprocess

import pytest
from machine import EXAMPLES, NETNSCTL, NETNSD, wait_for
from varlink import Connection, encode

FILES = sorted(EXAMPLES.glob("*.json"))
# What this machine's kernel may lack.
SECOND_KERNEL = [file for file in FILES if any(word in file.read_text() for word in ('"netem"', '"kind": "vlan"', '"locked"'))]


def told(machine, *command, code=0):
    """The topology, and what it cannot say."""
    result = machine.run(*command, code=code)
    return json.loads(result.stdout), result.stderr.splitlines()


def same(machine):
    """All that ip(8) shows, without the numbers of namespaces and links."""
    numbers = re.compile("^netns | (ifindex|link_index|link_netnsid) ")
    return [line for line in machine.snapshot() if not numbers.search(line)]


def without(value, *keys):
    """What was printed as JSON, without those members, wherever they are."""
    if isinstance(value, list):
        return [without(v, *keys) for v in value]
    return {k: without(v, *keys) for k, v in value.items() if k not in keys} if isinstance(value, dict) else value


def inside(machine, netns, *command):
    output = machine.run(*(["ip", "netns", "exec", netns] if netns else []), *command).stdout
    return json.loads(output) if output.strip() else []


def shaped_and_filtered(machine):
    """By namespace what tc(8) shows of qdiscs, and nft(8), without handles; the second kernel has no nftables."""
    has_nft = machine.run("nft", "list", "tables", code=None)
    assert has_nft.returncode == 0 or "Protocol not supported" in has_nft.stderr, has_nft.stderr
    return {netns: (sorted(without(inside(machine, netns, "tc", "-j", "qdisc"), "refcnt"), key=json.dumps),
                    [o for o in without(inside(machine, netns, "nft", "-j", "list", "ruleset"), "handle")["nftables"] if "metainfo" not in o]
                    if has_nft.returncode == 0 else [])
            for netns in [None, *machine.namespaces()]}


each_example = pytest.mark.parametrize("file", [
    pytest.param(file, id=file.stem, marks=pytest.mark.uml if file in SECOND_KERNEL else []) for file in FILES])


@each_example
def test_round_trip(bare, file):
    """Exported, taken down and applied again, an example is the same; applied to what is there, it changes nothing."""
    bare.start()
    bare.ctl("apply", file)
    before, queues_and_rules = same(bare), shaped_and_filtered(bare)
    topology, unsaid = told(bare, NETNSCTL, "export")
    assert unsaid == []
    again = bare.file(topology, "again")
    assert bare.ctl("apply", "--name", file.stem, "--replace", again).stdout == f"{file.stem}: unchanged\n"
    bare.ctl("down", "--forget", file.stem)
    bare.ctl("apply", "--name", file.stem, again)
    assert same(bare) == before
    assert shaped_and_filtered(bare) == queues_and_rules
    # What the file declares is in what was compared.
    shown = json.dumps([*queues_and_rules.values()])
    for key, word in ('"nat"', '"table"'), ('"filter"', '"table"'), ('"netem"', '"kind": "netem"'), ('"tbf"', '"kind": "tbf"'):
        assert key not in file.read_text() or word in shown, (key, shown)
    assert told(bare, NETNSCTL, "export")[0] == topology


BY_HAND = """
ip netns add left
ip netns add right
ip link add to-left type veth peer name eth0 netns left
ip -n left link add eth1 type veth peer name eth1 netns right
ip addr add 10.0.0.1/24 dev to-left
ip link set to-left up
for n in left right; do ip -n $n link set lo up; ip -n $n link set eth1 up; done
ip -n left addr add 10.0.0.2/24 dev eth0
ip -n left addr add 10.0.0.3/24 dev eth0
ip -n left addr add 10.0.1.1 peer 10.0.1.2/32 dev eth1
ip -n left link set eth0 up mtu 1400
ip -n left link set eth1 address 02:00:00:00:00:05
ip -n left route add default via 10.0.0.1
ip -n left route add 10.5.0.0/16 via 10.0.1.2 metric 7
ip -n left route add blackhole 10.6.0.0/16
ip -n left -6 route add unreachable fd00:6::/32
ip -n left route add 10.7.0.0/16 nexthop via 10.0.1.2 weight 3 nexthop via 10.0.0.1
ip -n left route add 10.8.0.0/16 via 10.0.0.1 table 100
ip -n left rule add priority 50 from 10.0.0.0/24 table 100
ip -n left rule add priority 60 table 100
ip -n left -6 rule add priority 60 table 100
ip -n left neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0
ip -n right addr add 10.0.1.2 peer 10.0.1.1/32 dev eth1
ip netns exec left sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n right link add br0 type bridge ageing_time 10000
ip -n right link add p0 type veth peer name p1
ip -n right link set p0 master br0
ip -n right link set br0 up
ip -n right link set p0 up
ip -n right link set p1 up
bridge -n right fdb add 02:00:00:00:00:11 dev p0 master static
"""
EXPECTED = {
    "host": {"interfaces": {"to-left": {"addresses": ["10.0.0.1/24"]}}},
    "namespaces": {
        "left": {
            "forwarding": "ipv4",
            "interfaces": {
                "eth0": {"kind": "veth", "mtu": 1400, "peer": "host/to-left", "addresses": ["10.0.0.2/24", "10.0.0.3/24"]},
                "eth1": {"kind": "veth", "mac": "02:00:00:00:00:05", "peer": "right/eth1",
                         "addresses": [{"address": "10.0.1.1", "peer": "10.0.1.2"}]},
            },
            "routes": [
                {"to": "10.8.0.0/16", "via": "10.0.0.1", "table": 100},
                {"to": "default", "via": "10.0.0.1"},
                {"to": "10.5.0.0/16", "via": "10.0.1.2", "metric": 7},
                {"type": "blackhole", "to": "10.6.0.0/16"},
                {"to": "10.7.0.0/16", "nexthops": [{"via": "10.0.1.2", "dev": "eth1", "weight": 3}, {"via": "10.0.0.1", "dev": "eth0"}]},
                {"type": "unreachable", "to": "fd00:6::/32"},
            ],
            "rules": [{"priority": 50, "from": "10.0.0.0/24", "table": 100}, {"priority": 60, "table": 100}],
            "neighbors": [{"address": "10.0.0.9", "mac": "02:00:00:00:00:09", "dev": "eth0"}],
        },
        "right": {
            "interfaces": {
                "eth1": {"addresses": [{"address": "10.0.1.2", "peer": "10.0.1.1"}]},
                "br0": {"kind": "bridge", "ageing_time": 10000},
                "p1": {"kind": "veth", "peer": "p0"},
                "p0": {"master": "br0"},
            },
            "fdb": [{"mac": "02:00:00:00:00:11", "dev": "p0"}],
        },
    },
}


def test_by_hand(bare):
    """Of what commands made nothing is said that the kernel or netnsd does by itself, and it makes the same again."""
    bare.sh(BY_HAND)
    topology, unsaid = told(bare, NETNSD, "--export")
    assert unsaid == []
    assert topology == EXPECTED
    bare.sh("ip netns del left; ip netns del right")


def test_end_outside(bare):
    """The host's end of a veth pair into a namespace that nobody can name, as a container's eth0, exists already."""
    bare.sh("ip netns add outside; ip link add eth0 type veth peer name eth0 netns outside; ip addr add 10.0.0.2/24 dev eth0; "
            "ip link set eth0 up; ip route add default via 10.0.0.1")
    with bare.popen("ip", "netns", "exec", "outside", "sh", "-c", "echo; exec cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as inside:
        inside.stdout.readline()
        bare.unname("outside")
        assert told(bare, NETNSD, "--export") == ({"host": {"interfaces": {"eth0": {"addresses": ["10.0.0.2/24"]}},
                                          "routes": [{"to": "default", "via": "10.0.0.1"}]}}, [])
        inside.stdin.close()
    wait_for(lambda: bare.links() == ["lo"])


def test_what_no_topology_can_say(bare):
    """It is left out, and named, a line each; the exit status says so."""
    bare.sh("""ip netns add a
        ip -n a link add vx type vxlan id 5 dstport 4789 2>/dev/null || ip -n a link add vx type ipvlan 2>/dev/null || ip tuntap add vx mode tun
        ip link set vx netns a 2>/dev/null || true
        ip -n a link add v type veth peer name "$(printf 'a\\377b')"
        ip -n a link set v up
        ip -n a addr add 10.0.0.1/24 dev v valid_lft 1000 preferred_lft 1000
        ip -n a link set lo up
        ip -n a addr add 10.1.0.1/24 dev lo
        ip -n a route add 10.5.0.0/16 dev lo proto bird
        ip -n a route add 10.6.0.0/16 dev lo
        ip -n a rule add not from 10.0.0.0/8 table 7
        touch '/run/netns/odd name' /run/netns/file""")
    topology, unsaid = told(bare, NETNSD, "--export", code=1)
    assert topology == {"namespaces": {"a": {
        "interfaces": {"lo": {"addresses": ["10.1.0.1/24"]}}, "routes": [{"to": "10.6.0.0/16", "dev": "lo"}]}}}
    for words in ("a/vx: no topology can declare an interface of kind", 'a/v: the other end of the veth pair has a name that',
                  "a/a?b: the name is not UTF-8", "routes of a: those of protocol 12 are left out", "rule a priority",
                  "namespace odd name: ", "namespace file: what has that name"):
        assert len([line for line in unsaid if words in line]) == 1, (words, unsaid)
    assert len(unsaid) == 7, unsaid
    bare.sh("ip netns del a; rm '/run/netns/odd name' /run/netns/file")


def test_value_that_no_topology_can_have_is_told_with_its_address(bare):
    bare.sh("""ip netns add a
        ip -n a link add v type veth peer name w
        ip -n a addr add 10.0.0.1/24 dev v
        ip -n a addr add 10.0.0.2 peer 10.0.0.9 dev v valid_lft 90000 preferred_lft 0""")
    _, unsaid = told(bare, NETNSD, "--export", code=1)
    assert len(unsaid) == 2, unsaid
    for line, field in zip(unsaid, ["valid_lft", "preferred_lft"]):
        assert f'address a/v 10.0.0.2 peer 10.0.0.9: no topology can declare "{field}", which is ' in line
    bare.sh("ip netns del a")


@pytest.mark.uml
def test_more_vlans_than_a_topology_can_list(bare):
    """The longest list is exported, and can be applied; one more is left out, and named."""
    bare.sh("ip netns add sw; ip -n sw link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0; ip -n sw link add p0 type dummy; "
            "ip -n sw link set p0 master br0")
    def add(first, last):
        words = (bare.folder / "vlans")
        words.write_text("".join(f"vlan add vid {v} dev p0 {'untagged' if v % 2 else ''}\n" for v in range(first, last + 1)))
        bare.run("bridge", "-n", "sw", "-batch", words)
    add(1, 1024)
    topology, unsaid = told(bare, NETNSD, "--export")
    assert unsaid == [] and len(topology["namespaces"]["sw"]["interfaces"]["p0"]["vlans"]) == 1024
    bare.run(NETNSCTL, "validate", bare.file(topology))
    add(1025, 1025)
    topology, unsaid = told(bare, NETNSD, "--export", code=1)
    assert unsaid == ['netnsd: sw/p0: has 1025 VLANs and ranges, a topology can list 1024; its "vlans" are left out'], unsaid
    assert "vlans" not in topology["namespaces"]["sw"]["interfaces"]["p0"]
    bare.run(NETNSCTL, "validate", bare.file(topology))
    bare.sh("ip netns del sw")


# What people set on a link, an address and in the rules that has no place in a file, and what is said of it.
SILENT = {
    "ip -n a link property add dev x altname uplink": "link a/x: no topology can declare altname uplink",
    "ip -n a link set x promisc on allmulticast on": "link a/x: no topology can declare promisc on, allmulticast on",
    "ip -n a link set x group 7 alias 'to the switch'": "link a/x: no topology can declare group 7, alias to the switch",
    "ip -n a addr add 10.1.0.1/24 brd 10.1.0.254 dev x":
        "address a/x 10.1.0.1/24: no topology can declare its broadcast address, which is 10.1.0.254",
    "ip -n a addr add 10.2.0.1/24 noprefixroute dev x":
        'address a/x 10.2.0.1/24 noprefixroute: no topology can declare "fixed_options", which is noprefixroute',
    "ip -n a rule del priority 32766":
        "rule a priority 32766 of IPv4: no topology can declare that the kernel's own, for the table main, is missing",
    # A topology makes these, or programs do without being asked.
    "ip -n a addr add 10.3.0.1/24 brd + dev x; ip -n a addr add 10.3.1.1/31 dev x": None,
    "ip -n a rule add priority 5 table main; ip -n a -6 rule add priority 5 table main": None,
    "ip -n a link add br0 type bridge; ip -n a link set y master br0": None,  # y is in promiscuous mode
}


@pytest.mark.parametrize("done, said", SILENT.items())
def test_nothing_is_lost_in_silence(bare, done, said):
    bare.sh("ip netns add a; ip -n a link set lo up; ip -n a link add x type veth peer name y")
    bare.sh(done)
    unsaid = told(bare, NETNSD, "--export", code=1 if said else 0)[1]
    assert unsaid == ([f"netnsd: {said}"] if said else [])
    bare.sh("ip netns del a")


def test_existing_keeps_what_is_not_said(bare):
    """On the host, which is there already, nothing of this is lost."""
    bare.sh("ip link add x type veth peer name y; ip link property add dev x altname uplink; ip rule del priority 32767")
    assert told(bare, NETNSD, "--export")[1] == []
    bare.sh("ip link del x; ip rule add priority 32767 table default")


def test_single_addresses(bare):
    """An exported file says what netnsd would ask about: a prefix length that is meant."""
    bare.sh("""ip netns add a; ip -n a link set lo up; ip -n a link add x type veth peer name y
        ip -n a link set y up; ip -n a link set x up; ip -n a addr add 10.0.0.2/32 dev x; ip -n a addr add 2001:db8::2/128 dev x nodad
        ip -n a addr add 10.9.0.1/32 dev lo; ip -n a addr add 10.1.0.1 peer 10.1.0.2/32 dev y""")
    topology, unsaid = told(bare, NETNSD, "--export")
    assert unsaid == []
    assert {name: link.get("addresses") for name, link in topology["namespaces"]["a"]["interfaces"].items()} == {
        "lo": ["10.9.0.1"], "x": ["10.0.0.2/32", "2001:db8::2/128"], "y": [{"address": "10.1.0.1", "peer": "10.1.0.2"}]}
    bare.sh("ip netns del a")
    bare.start()
    assert bare.ctl("apply", bare.file(topology)).stderr == ""
    assert bare.addresses("a", "x") == ["10.0.0.2/32", "2001:db8::2/128"]
    bare.ctl("down", "lab")


def test_names_and_options(bare):
    """Of a namespace that is not asked for only the other ends are told."""
    bare.start()
    bare.ctl("apply", EXAMPLES / "router.json")
    bare.sh("ip netns add other; ip -n other link set lo up; ip -n other link add eth0 type veth peer name out")
    ours = told(bare, NETNSCTL, "export")[0]
    assert set(ours["namespaces"]) == {"lab", "office", "router"}
    office = told(bare, NETNSCTL, "export", "office")[0]["namespaces"]
    assert office["office"] == ours["namespaces"]["office"] and set(office) == {"office", "router"}
    assert set(office["router"]) <= {"interfaces"} and len(office["router"]["interfaces"]) == 1
    everything = told(bare, NETNSCTL, "export", "--all")[0]["namespaces"]
    assert set(everything) == {"lab", "office", "other", "router"}
    assert "out" in json.dumps(everything["other"]) and "eth0" in json.dumps(everything["other"])
    assert told(bare, NETNSCTL, "export", "other")[0]["namespaces"] == {"other": everything["other"]}
    assert "there is no" in bare.ctl("export", "nobody", code=1).stderr
    assert "not both" in bare.ctl("export", "--all", "other", code=2).stderr
    bare.sh("ip netns del other")


def test_who_is_told_what(bare):
    """The group is told what topologies declare and what carries netnsd's mark; root, and who may change, everything."""
    bare.start("--group", "daemon")
    bare.ctl("apply", EXAMPLES / "everyday.json")
    bare.sh("""ip netns add secret; ip -n secret link add hidden0 type veth peer name hidden1
        ip -n ns1 addr add 10.99.0.1/24 dev lo; ip -n ns1 route add 10.98.0.0/16 via 10.0.0.1
        ip link add theirs type veth peer name theirs2; ip addr add 10.97.0.1/24 dev theirs""")
    for options in ([], ["--all"], ["ns1"]):
        result = bare.run("setpriv", "--reuid", 1, "--regid", 1, "--clear-groups", NETNSCTL, "export", *options)
        found = [word for word in ("secret", "hidden0", "10.99", "10.98", "theirs", "10.97") if word in result.stdout + result.stderr]
        assert found == []
        assert json.loads(result.stdout) == told(bare, NETNSCTL, "export")[0]
    everything = bare.ctl("export", "--all").stdout
    assert [word for word in ("secret", "hidden0", "10.99", "10.98", "theirs", "10.97") if word not in everything] == []
    bare.sh("ip netns del secret; ip link del theirs; ip -n ns1 addr del 10.99.0.1/24 dev lo; ip -n ns1 route del 10.98.0.0/16")


def test_many_routes(bare):
    """Thousands of routes: all of them, in the kernel's order, and the daemon goes on."""
    bare.start()
    bare.ctl("apply", EXAMPLES / "everyday.json")
    bare.sh("""i=0; while [ $i -lt 5000 ]; do echo route add 10.$((i / 250 + 20)).$((i % 250)).0/24 via 10.0.0.1; i=$((i + 1)); done |
        ip -n ns1 -batch -""")
    topology, unsaid = told(bare, NETNSCTL, "export", "ns1")
    assert unsaid == [] and len(topology["namespaces"]["ns1"]["routes"]) == 5001
    assert topology["namespaces"]["ns1"]["routes"][1] == {"to": "10.20.0.0/24", "via": "10.0.0.1"}
    bare.sh("ip -n ns1 route flush proto boot")


def test_namespaces_come_and_go(bare):
    """One that goes away meanwhile is missing, or told: no export fails."""
    bare.start()
    bare.ctl("apply", EXAMPLES / "everyday.json")
    ns1 = told(bare, NETNSCTL, "export", "--all")[0]["namespaces"]["ns1"]
    coming = bare.popen("sh", "-c", """until [ -e /run/stop ]; do ip netns add t; ip -n t link add e type veth peer name f; ip link add g type veth peer name h netns t
        ip netns del t; done""")
    try:
        for _ in range(40):
            for command in (NETNSCTL, "export", "--all"), (NETNSD, "--export"):
                result = bare.run(*command, code=None)
                # What it could not read of them, and nothing else, is told.
                assert result.returncode == (1 if result.stderr else 0)
                lines = result.stderr.splitlines()
                assert [line for line in lines if not re.match("netns(ctl|d): (namespace t: |t/[efh]: |host/g: )", line)] == []
                assert json.loads(result.stdout)["namespaces"]["ns1"] == ns1
    finally:
        bare.sh("touch /run/stop")
        coming.wait(20)
    bare.sh("ip netns del t 2>/dev/null || true; rm /run/stop")


ONE_ONLINK = {
    "10.7.0.0/16": ("10.7.0.0/16 nexthop via 10.0.0.9 dev v nexthop via 192.0.2.9 dev v onlink",
                    [{"via": "10.0.0.9", "dev": "v"}, {"via": "192.0.2.9", "dev": "v", "onlink": True}]),
    "fd07::/16": ("fd07::/16 nexthop via fd00::9 dev v nexthop via fd99::9 dev v onlink",
                  [{"via": "fd00::9", "dev": "v"}, {"via": "fd99::9", "dev": "v", "onlink": True}]),
}


@pytest.mark.parametrize("to", ONE_ONLINK)
def test_one_next_hop_that_is_onlink(bare, to):
    """The others stay what they are; where all are, the route is."""
    route, nexthops = ONE_ONLINK[to]
    family = "-6" if ":" in to else "-4"
    bare.sh(f"""ip netns add a
        ip -n a link set lo up
        ip -n a link add v type veth peer name w
        ip -n a link set v up
        ip -n a link set w up
        ip -n a addr add 10.0.0.1/24 dev v
        ip -n a addr add fd00::1/64 dev v nodad
        ip -n a {family} route add {route}""")
    def hops():
        found = next(r for r in bare.ip("-n", "a", family, "route", "show", to))
        return sorted((h["gateway"], h["flags"]) for h in found["nexthops"])
    by_hand = hops()
    topology, unsaid = told(bare, NETNSD, "--export")
    assert unsaid == [] and topology["namespaces"]["a"]["routes"] == [{"to": to, "nexthops": nexthops}]
    bare.sh("ip netns del a")
    bare.start()
    bare.apply(topology, "again")
    assert hops() == by_hand
    assert bare.apply(topology, "again").stdout == "again: unchanged\n"
    assert told(bare, NETNSCTL, "export") == (topology, [])
    every = json.loads(json.dumps(topology))
    for hop in every["namespaces"]["a"]["routes"][0]["nexthops"]:
        hop["onlink"] = True
    bare.apply(every, "again")
    assert [flags for _, flags in hops()] == [["onlink"], ["onlink"]]
    assert bare.apply(every, "again").stdout == "again: unchanged\n"
    assert told(bare, NETNSCTL, "export")[0]["namespaces"]["a"]["routes"] == [{"to": to, "nexthops": [
        {"via": hop["via"], "dev": "v"} for hop in nexthops], "onlink": True}]


MANY = 50000


def test_others_are_answered_meanwhile(bare):
    """However many routes a namespace has: each part of the export is short, and leaves the loop to others."""
    words = bare.folder / "routes"
    words.write_text("".join(f"route add 11.{i >> 16}.{i >> 8 & 255}.{i & 255} via 10.0.0.9\n" for i in range(MANY)))
    bare.sh("""ip netns add a
        ip -n a link set lo up
        ip -n a link add v type veth peer name w
        ip -n a link set v up
        ip -n a link set w up
        ip -n a addr add 10.0.0.1/24 dev v""")
    bare.run("ip", "-n", "a", "-batch", words)
    bare.start()
    with Connection(bare.socket) as asking, Connection(bare.socket) as others:
        asking.send(encode("io.netnsd.Export", {"namespaces": ["a"]}))
        answered = 0
        while not select.select([asking.socket], [], [], 0)[0]:
            others.call("org.varlink.service.GetInfo")
            answered += 1
        routes = asking.receive()["parameters"]["topology"]["namespaces"]["a"]["routes"]
    assert len(routes) == MANY and routes[0] == {"to": "11.0.0.0", "via": "10.0.0.9"}
    # In one piece, the parts are seven.
    assert answered >= 50
    bare.sh("ip netns del a")

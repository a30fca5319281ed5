# SPDX-License-Identifier: MIT
"""netnsctl doctor: each thing that is broken by hand is named, and nothing else; of a healthy machine nothing is."""
import json
import os
import select

import pytest
from machine import NETNSCTL, wait_for
from topologies import everyday
from varlink import Connection, encode

REPORT = {"on_drift": "report"}  # netnsd would mend it faster than anybody can look
PAIR = {**everyday(), **REPORT}
BRIDGE = {**REPORT, "namespaces": {
    "sw": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]},
                          "p1": {"kind": "veth", "peer": "a/e", "master": "br0"},
                          "p2": {"kind": "veth", "peer": "b/e", "master": "br0"}}},
    "a": {"interfaces": {"e": {"addresses": ["10.1.0.2/24"]}}},
    "b": {"interfaces": {"e": {"addresses": ["10.1.0.3/24"]}}}}}
SMALL_PORT = {"namespaces": {
    "sw": {"interfaces": {"br0": {"kind": "bridge", "mtu": 1500},
                          "p1": {"kind": "veth", "peer": "a/e", "master": "br0", "mtu": 1400}}},
    "a": {"interfaces": {"e": {"mtu": 1400}}}}}
ROUTER = {**REPORT, "namespaces": {
    "r": {"forwarding": "ipv4", "interfaces": {"a": {"kind": "veth", "peer": "a/e", "addresses": ["10.2.1.1/24"]},
                                               "b": {"kind": "veth", "peer": "b/e", "addresses": ["10.2.2.1/24"]}}},
    "a": {"interfaces": {"e": {"addresses": ["10.2.1.2/24"]}}, "routes": [{"to": "default", "via": "10.2.1.1"}]},
    "b": {"interfaces": {"e": {"addresses": ["10.2.2.2/24"]}}, "routes": [{"to": "default", "via": "10.2.2.1"}]}}}
RING = {**REPORT, "namespaces": {
    "r1": {"forwarding": "ipv4", "interfaces": {"a": {"kind": "veth", "peer": "r2/a", "addresses": ["10.3.1.1/30"]},
                                                "b": {"kind": "veth", "peer": "r2/b", "addresses": ["10.3.2.1/30"]},
                                                "lan": {"kind": "veth", "peer": "h/e", "addresses": ["10.3.9.1/24"]}},
           "routes": [{"to": "10.8.0.0/16", "via": "10.3.1.2"}]},
    "r2": {"forwarding": "ipv4", "interfaces": {"a": {"addresses": ["10.3.1.2/30"]}, "b": {"addresses": ["10.3.2.2/30"]}},
           "routes": [{"to": "10.3.9.0/24", "via": "10.3.2.1"}]},
    "h": {"interfaces": {"e": {"addresses": ["10.3.9.2/24"]}}, "routes": [{"to": "default", "via": "10.3.9.1"}]}}}
ROUTER6 = {**REPORT, "namespaces": {
    "r": {"forwarding": "ipv6", "interfaces": {"a": {"kind": "veth", "peer": "a/e", "addresses": ["fd00:1::1/64"]}}},
    "a": {"interfaces": {"e": {"addresses": ["fd00:1::2/64"]}}}}}
LINK = {"kind": "veth", "peer": "b/e"}
# A file of another program about the interface, by its number.
STATE_OF = "i=$(ip -o link show veth-host | cut -d: -f1); d=/run/%s; mkdir -p $d; cd $d; echo %s >$i"
# On a veth pair of its own netnsd has it off.
DAD = "ip netns exec b sysctl -qw net.ipv6.conf.e.accept_dad=1 net.ipv6.conf.e.dad_transmits=%d; "
DROP = "add table ip x; add chain ip x c { type filter hook %s priority 0; policy drop; }"


def nft(netns, rules):
    return f"ip netns exec {netns} nft '{rules}'"


def nat(**what):
    """The router with that."""
    return {**ROUTER, "namespaces": {**ROUTER["namespaces"], "r": {**ROUTER["namespaces"]["r"], "nat": what}}}


def ends(a, b, **more):
    """Two namespaces on a veth pair, with these interfaces."""
    return {"namespaces": {"a": {"interfaces": {"e": {**LINK, **a}}}, "b": {"interfaces": {"e": b}}}, **more}


def without(topology, netns, key):
    """@topology, whose namespace does not declare that."""
    body = {k: v for k, v in topology["namespaces"][netns].items() if k != key}
    return {**topology, "namespaces": {**topology["namespaces"], netns: body}}


# case: topology, what breaks it, the check, and the object that it names
BROKEN = {
    "namespace-missing": (PAIR, "ip netns del ns1", "ns1"),
    "link-missing": (PAIR, "ip link del veth-host", "ns1/veth-ns"),
    "link-missing, a bridge": (BRIDGE, "ip -n sw link del br0", "sw/br0"),
    "far-end": (PAIR, "ip netns add old; ip -n ns1 link set veth-ns netns old", "host/veth-host"),
    "address-missing": (PAIR, "ip -n ns1 addr del 10.0.0.2/24 dev veth-ns", "ns1/veth-ns"),
    "route-missing": (PAIR, "ip -n ns1 route del default", "ns1"),
    "route-missing, that of an address": (PAIR, "ip route del 10.0.0.0/24", "host/veth-host"),
    "changed": (PAIR, "ip -n ns1 addr add 10.9.9.9/24 dev veth-ns", "ns1/veth-ns"),
    "changed, a port": (BRIDGE, "ip -n sw link set p1 nomaster", "sw/p1"),
    "link-down": (PAIR, "ip -n ns1 link set veth-ns down", "ns1/veth-ns"),
    "link-down, the other end": (PAIR, "ip link set veth-host down", "host/veth-host"),
    "loopback-down": (PAIR, "ip -n ns1 link set lo down", "ns1/lo"),
    "no-carrier": ({"namespaces": {"sw": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]}}}}},
                   "", "sw/br0"),
    "gateway-nobody": (without(PAIR, "ns1", "routes"), "ip -n ns1 route add default via 10.0.0.9", "ns1/veth-ns"),
    "gateway-silent": (PAIR, "ip -n ns1 neigh replace 10.0.0.1 dev veth-ns nud failed", "ns1/veth-ns"),
    "no-gateway": (without(ROUTER, "a", "routes"), "", "a/e"),
    "mtu-pair": (PAIR, "ip link set veth-host mtu 9000", "host/veth-host"),
    "mtu-pair, declared": ({"namespaces": {"a": {"interfaces": {"e": {"kind": "veth", "peer": "b/e", "mtu": 1400}}}, "b": {}}},
                           "", "b/e"),
    "mtu-bridge": (SMALL_PORT, "", "sw/p1"),
    "forwarding-off": (ROUTER, "ip netns exec r sysctl -qw net.ipv4.ip_forward=0", "r"),
    "forwarding-off, not declared": (without(ROUTER, "r", "forwarding"), "", "r"),
    "forwarding-off, IPv6": (ROUTER6, "ip netns exec r sysctl -qw net.ipv6.conf.all.forwarding=0", "r"),
    "nat-without-forwarding": (without(nat(masquerade=[{"out": "b"}]), "r", "forwarding"), "", "r"),
    "port-forward-nobody": (nat(dnat=[{"proto": "tcp", "port": 80, "to": "10.2.2.9:80"}]), "", "r"),
    "rp-filter": (RING, "ip netns exec r2 sysctl -qw net.ipv4.conf.a.rp_filter=1", "r2/a"),
    "rp-filter, of all": (RING, "ip netns exec r2 sysctl -qw net.ipv4.conf.all.rp_filter=1", "r2/a"),
    "accept-ra": (ROUTER6, "ip netns exec r sysctl -qw net.ipv6.conf.a.accept_ra=1", "r/a"),
    "accept-ra, a name with a dot": (json.loads(json.dumps(ROUTER6).replace('{"a": {"kind"', '{"a.1": {"kind"')),
                                     "ip netns exec r sysctl -qw net/ipv6/conf/a.1/accept_ra=1", "r/a.1"),
    "firewall-forward": (ROUTER, nft("r", DROP % "forward"), "r"),
    "firewall-forward, a last rule": (ROUTER, nft("r", "add table inet x; add chain inet x c { type filter hook forward priority 0; }; "
                                                       "add rule inet x c counter reject"), "r"),
    "firewall-forward, a bridge": (BRIDGE, nft("sw", DROP.replace(" ip ", " bridge ") % "forward"), "sw"),
    "firewall-input": (PAIR, nft("ns1", DROP % "input"), "ns1"),
    "bridge-nf": (BRIDGE, "ip netns exec sw sysctl -qw net.bridge.bridge-nf-call-iptables=1; " + nft("sw", DROP % "forward"), "sw"),
    "address-twice": (BRIDGE, "ip netns add old; ip link add x netns old type veth peer name px netns sw; ip -n sw link set px "
                              "master br0 up; ip -n old link set x up; ip -n old addr add 10.1.0.2/24 dev x", "a/e"),
    "overlap": ({"namespaces": {"a": {"interfaces": {"e": {**LINK, "addresses": ["10.4.0.1/16"]},
                                                     "f": {"kind": "veth", "peer": "b/f", "addresses": ["10.4.1.1/24"]}}},
                                "b": {}}}, "", "a/f"),
    "host-prefix": (ends({"addresses": ["10.5.0.1/32"]}, {"addresses": ["10.5.0.2/24"]}), "", "a/e"),
    "dad-failed": (ends({"addresses": ["fd00:2::1/64"]}, {}, **REPORT), DAD % 1 + "ip -n b addr add fd00:2::1/64 dev e", "b/e"),
    "tentative": (ends({}, {}, **REPORT), DAD % 60 + "ip -n b addr add fd00:3::1/64 dev e", "b/e"),
    "other-manager, NetworkManager": (PAIR, STATE_OF % ("NetworkManager/devices", "managed=true"), "host/veth-host"),
    "other-manager, systemd-networkd": (PAIR, STATE_OF % ("systemd/netif/links", "ADMIN_STATE=configured"), "host/veth-host"),
    "other-manager, dhcpcd": (PAIR, "mkdir /run/dhcpcd; echo 1 >/run/dhcpcd/veth-host.pid", "host/veth-host"),
    "other-manager, ifupdown": (PAIR, "mkdir /run/network; echo veth-host=veth-host >/run/network/ifstate.veth-host",
                                "host/veth-host"),
    "udev-mac": ({**PAIR, "host": {"interfaces": {"veth-host": {"addresses": ["10.0.0.1/24"], "mac": "02:00:00:00:00:01"}}}},
                 STATE_OF % ("udev/data", "E:ID_NET_LINK_FILE=/x.link") + "; mv $i n$i; ip link set veth-host address 02:00:00:00:00:02",
                 "host/veth-host"),
    "stale-name": (PAIR, "touch /run/netns/stale", "stale"),
}
# Where the command only shows more, or there is none.
SHOWN = ("gateway-nobody", "firewall-forward", "firewall-input", "address-twice", "tentative", "other-manager", "udev-mac",
         "dad-failed")
# What is left on the machine besides the topology.
TIDY = """ip netns del old 2>/dev/null || true
rm -rf /run/netns/stale /run/NetworkManager /run/systemd /run/dhcpcd /run/network /run/udev"""


def doctor(machine, *args):
    """The findings, as (check, object)."""
    result = machine.ctl("--json", "doctor", *args, code=None)
    reply = json.loads(result.stdout)
    assert result.returncode == (3 if any(f["severity"] != "note" for f in reply["findings"]) else 0)
    assert "unread" not in reply
    return [(f["check"], f["object"]) for f in reply["findings"]]


@pytest.mark.parametrize("case", BROKEN)
def test_broken(machine, case):
    topology, commands, place = BROKEN[case]
    machine.apply(topology)
    if commands:
        assert doctor(machine) == []
        machine.sh(commands)
    expected = [(case.partition(",")[0], place)]
    wait_for(lambda: doctor(machine) == expected or not commands)
    assert doctor(machine) == expected
    assert doctor(machine, "lab") == ([] if place == "stale" else expected)
    machine.sh(TIDY)
    machine.ctl("down", "lab")
    assert doctor(machine) == []


@pytest.mark.parametrize("case", [c for c in BROKEN if BROKEN[c][1]])
def test_command(machine, case):
    """The command that a finding ends with mends it."""
    topology, commands, _ = BROKEN[case]
    machine.apply(topology)
    machine.sh(commands)
    wait_for(lambda: doctor(machine))
    for _ in range(3):  # it was named alone: what was behind it may show now
        for finding in json.loads(machine.ctl("--json", "doctor", code=None).stdout)["findings"]:
            machine.sh(finding["command"], code=None if case.partition(",")[0] in SHOWN else 0)
    if case.partition(",")[0] not in SHOWN:
        wait_for(lambda: not doctor(machine))
    machine.sh(TIDY)


def test_nameless(machine):
    """A namespace that is down, and that a process keeps alive; root is told which, others that there is one."""
    machine.apply(PAIR)
    with machine.popen("ip", "netns", "exec", "ns1", "sleep", "1000") as sleep:
        wait_for(lambda: [pid for pid, name, _ in machine.listed() if name == "sleep"])
        pid = next(pid for pid, name, _ in machine.listed() if name == "sleep")
        machine.ctl("down", "lab")
        found = json.loads(machine.ctl("--json", "doctor", code=3).stdout)["findings"]
        assert [f["check"] for f in found] == ["nameless"]
        assert f"sleep (pid {pid})" in found[0]["message"] and found[0]["command"] == f"kill {pid}"
        machine.sh(found[0]["command"])
        sleep.wait()
    assert doctor(machine) == []


def test_module_missing(bare):
    """A topology of the boot directory that this kernel has something missing for."""
    topology = {"namespaces": {"a": {"interfaces": {"e": {**LINK, "netem": {"delay": "1ms"}}}}, "b": {}}}
    (bare.folder / "topologies").mkdir(mode=0o755)
    (bare.folder / "topologies/lab.json").write_text(json.dumps(topology))
    bare.start()
    if wait_for(bare.state) == "up":
        pytest.skip("this kernel has netem")
    assert doctor(bare) == [("module-missing", "lab")]


def test_dhcp_checksum(machine):
    """As long as a client waits; a client that has an address was answered."""
    machine.apply(ends({}, {}))
    machine.sh("cp $(command -v sleep) /run/udhcpc")
    with machine.popen("ip", "netns", "exec", "b", "/run/udhcpc", "1000") as client:
        wait_for(lambda: doctor(machine) == [("dhcp-checksum", "b/e")])
        finding = json.loads(machine.ctl("--json", "doctor").stdout)["findings"][0]
        assert finding["command"] == "ip netns exec a ethtool -K e tx off" and finding["severity"] == "note"
        assert "udhcpc (pid " in finding["message"] and "a/e sends packets with unfinished checksums" in finding["message"]
        machine.sh(finding["command"])
        assert doctor(machine) == []
        machine.sh("ip netns exec a ethtool -K e tx on")
        assert doctor(machine) == [("dhcp-checksum", "b/e")]
        machine.apply(ends({}, {"addresses": ["10.0.0.2/24"]}))
        assert doctor(machine) == []
        machine.sh("pkill -x udhcpc; rm /run/udhcpc")
        client.wait()


def test_limits(machine):
    """More rules than are read: it says so, and goes on."""
    machine.apply(ROUTER)
    rules = "".join("add rule ip x c ip daddr 10.9.9.9 accept\n" for _ in range(10100))
    machine.run("ip", "netns", "exec", "r", "nft", "-f", "-", text=(DROP % "forward").replace("; add", "\nadd").replace(
        "policy drop", "policy accept") + "\n" + rules)
    result = machine.ctl("doctor")
    assert result.stdout == "" and result.stderr == "netnsctl: not looked at: r has more nftables rules than are read\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_readers(bare):
    """Members of the group get the verdict; what others have there is for those who may change it."""
    bare.start("--group", "daemon")
    bare.apply(ROUTER)
    bare.sh(nft("r", DROP % "forward") + "; touch /run/netns/stale")
    as_reader = bare.run("setpriv", "--reuid", 1, "--regid", 1, "--clear-groups", NETNSCTL, "--json", "doctor", code=3)
    found = json.loads(as_reader.stdout)["findings"]
    assert [(f["check"], f["object"]) for f in found] == [("firewall-forward", "r"), ("stale-name", "stale")]
    assert found[0]["message"] == "what is forwarded meets policy drop of another program: root sees where"
    assert "command" not in found[0]
    by_root = json.loads(bare.ctl("--json", "doctor", code=3).stdout)["findings"][0]
    assert "table ip x, chain c" in by_root["message"] and by_root["command"] == "ip netns exec r nft list chain ip x c"
    bare.sh("rm /run/netns/stale")


def test_probe(machine):
    """A gateway that has the address, and does not answer: nobody knows until somebody asks."""
    machine.apply(PAIR)
    machine.sh("ip -n ns1 neigh flush all; nft 'add table arp x; add chain arp x c { type filter hook input priority 0; policy drop; }'")
    assert doctor(machine) == []
    assert doctor(machine, "--probe") == [("gateway-silent", "ns1/veth-ns")]


def test_probe_answered(machine):
    machine.apply(ROUTER)
    assert doctor(machine, "--probe") == doctor(machine, "lab", "--probe") == []
    for netns in "a", "b":
        assert [n for n in machine.ip("-n", netns, "neigh") if "REACHABLE" in n["state"]]


def test_line(machine):
    machine.apply(PAIR)
    machine.sh("ip -n ns1 link set veth-ns down")
    result = machine.ctl("doctor", code=3)
    assert result.stdout == ("error: ns1/veth-ns: the interface is down: no packet passes, and its routes are gone: "
                             "ip -n ns1 link set veth-ns up\n")
    assert result.stderr == ""


def test_by_topology(machine):
    machine.apply(PAIR)
    machine.apply(BRIDGE, "other")
    machine.sh("ip -n ns1 link set veth-ns down; ip -n sw link set p1 down")
    assert doctor(machine) == [("link-down", "ns1/veth-ns"), ("link-down", "sw/p1")]
    assert doctor(machine, "lab") == [("link-down", "ns1/veth-ns")]
    assert doctor(machine, "other") == [("link-down", "sw/p1")]
    assert "there is no topology nobody" in machine.ctl("doctor", "nobody", code=1).stderr


def test_others_are_not_judged(machine):
    """Whatever is wrong with what netnsd has nothing to do with."""
    machine.apply(PAIR)
    machine.sh("ip netns add old; ip -n old link add x type veth peer name y; ip -n old addr add 10.0.0.1/24 dev x; "
               "ip link add z type veth peer name w mtu 1400; ip -n old route add 10.7.0.0/16 dev x || true")
    assert doctor(machine) == []
    machine.sh("ip link del z; ip netns del old")


def test_changes_nothing(bare):
    bare.start(strace=True)
    bare.apply(BRIDGE)
    bare.sh("ip -n sw link set p1 down")
    bare.writes()
    bare.ctl("doctor", code=3)
    assert bare.writes() == []


def test_many(machine):
    """A thousand namespaces: root's other calls are answered meanwhile, and it is one answer."""
    machine.apply({"namespaces": {f"m{i}": {"interfaces": {"e": {"kind": "veth", "peer": f"m{i}/f"}, "f": {}}}
                                  for i in range(300)}})
    with Connection(machine.socket) as asking, Connection(machine.socket) as other:
        asking.send(encode("io.netnsd.Doctor"))
        pings = 0
        while not select.select([asking.socket], [], [], 0)[0]:
            other.call("io.netnsd.Ping")
            pings += 1
        assert pings > 3
        assert asking.receive()["parameters"]["findings"] == []


def test_leaving(machine):
    """A client that goes away is no longer worked for; the next one is answered."""
    machine.apply(PAIR)
    for _ in range(20):
        with Connection(machine.socket) as connection:
            connection.send(encode("io.netnsd.Doctor"))
    assert doctor(machine) == []


def test_too_many(machine):
    machine.apply({"namespaces": {f"m{i}": {} for i in range(100)}})
    connections = [Connection(machine.socket) for _ in range(5)]
    for c in connections:
        c.send(encode("io.netnsd.Doctor"))
    answers = [c.receive() for c in connections]
    errors = [a["error"] for a in answers if "error" in a]
    assert len(errors) == 3 and set(errors) == {"io.netnsd.TooManyQuestions"}
    for c in connections:
        c.close()
    assert doctor(machine) == []

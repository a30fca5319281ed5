# SPDX-License-Identifier: MIT
"""NAT and filters, as packets see them: the host has an uplink, eth0, to a namespace that plays the internet, which knows
no way to what is behind the host."""
import json
import re

import pytest
from machine import EXAMPLES, NETNSCTL, NEVER, ROOT, wait_for
from nft_drifts import DRIFTS, OPEN

OUTSIDE, INSIDE = "203.0.113.2", "203.0.113.1"
UPLINK = f"""
ip netns add internet
ip link add eth0 type veth peer name eth0 netns internet
ip addr add {INSIDE}/24 dev eth0
ip -n internet addr add {OUTSIDE}/24 dev eth0
ip addr add 2001:db8::1/64 dev eth0 nodad
ip -n internet addr add 2001:db8::2/64 dev eth0 nodad
ip link set eth0 up
ip -n internet link set eth0 up; ip -n internet link set lo up
"""
# Answers each connection, or datagram, with its own port and the address that it came from.
SERVER = """
import selectors, socket, sys
s = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        one = socket.socket(socket.AF_INET6, kind)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            one.listen(64)
        s.register(one, 1, (kind, port))
s.register(sys.stdin, 1, (None, 0))
print("ready", flush=True)
while True:
    for key, _ in s.select():
        kind, port = key.data
        if kind is None:
            sys.exit()
        if kind == socket.SOCK_STREAM:
            c, peer = key.fileobj.accept()
            size = c.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) if port == 90 else ""
            c.sendall(f"{port} {peer[0]} {size}".rstrip().encode())
            c.close()
        else:
            _, peer = key.fileobj.recvfrom(64)
            key.fileobj.sendto(f"{port} {peer[0]}".encode(), peer)
"""
CLIENT = """
import socket, sys
kind, address, port = sys.argv[1:4]
kind = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
c = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
c.settimeout(float(sys.argv[4]))
c.bind(("", int(sys.argv[5])))
try:
    c.connect((address, int(port)))
    if kind == socket.SOCK_DGRAM:
        c.send(b"x")
    print(c.recv(64).decode().replace("::ffff:", ""))
except OSError as e:
    print(type(e).__name__)
"""


class Net:
    def __init__(self, machine):
        self.machine = machine
        self.servers = []
        machine.sh(UPLINK)
        self.bridge(0)

    def bridge(self, on):
        """Whether rules see what a bridge passes from port to port (br_netfilter)."""
        self.machine.sh(f"for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo {on} >$f; done")

    def close(self):
        for server in self.servers:
            server.stdin.close()
            server.wait(20)
            server.stdout.close()
        self.machine.ctl("down", "--all", code=None)
        self.bridge(1)
        self.machine.sh("ip link del eth0; ip netns del internet")

    def listen(self, netns, *ports):
        where = ["ip", "netns", "exec", netns] if netns else []
        server = self.machine.popen(*where, "/usr/bin/python3", "-c", SERVER, *ports, stdin=-1, stdout=-1)
        self.servers.append(server)
        assert server.stdout.readline() == "ready\n"

    def ask(self, netns, address, port, kind="tcp", seconds=5, sport=0):
        """What a server answers: its port and who it sees; or the name of the error."""
        where = ["ip", "netns", "exec", netns] if netns else []
        return self.machine.run(*where, "/usr/bin/python3", "-c", CLIENT, kind, address, port, seconds, sport).stdout.strip()

    def silent(self, netns, address, port, kind="tcp"):
        return self.ask(netns, address, port, kind, seconds=0.5) == "TimeoutError"


@pytest.fixture
def net(machine):
    net = Net(machine)
    yield net
    net.close()


def behind(nat=None, filter=None, forwarding=True):
    """Two namespaces behind a bridge of the host."""
    host = {"forwarding": forwarding, "interfaces": {
        "br0": {"kind": "bridge", "addresses": ["10.0.0.1/24", "fd00::1/64"]},
        "p2": {"kind": "veth", "peer": "ns2/eth0", "master": "br0"},
        "p3": {"kind": "veth", "peer": "ns3/eth0", "master": "br0"}}}
    if nat:
        host["nat"] = nat
    if filter:
        host["filter"] = filter
    return {"host": host, "namespaces": {f"ns{n}": {
        "interfaces": {"eth0": {"addresses": [f"10.0.0.{n}/24", f"fd00::{n}/64"]}},
        "routes": [{"to": "default", "via": "10.0.0.1"}, {"to": "::/0", "via": "fd00::1"}]} for n in (2, 3)}}


def test_internet(machine, net):
    """Rung 5: behind a bridge, and out; afterwards all is as it was."""
    before = machine.sh("nft list ruleset; cat /proc/sys/net/ipv4/ip_forward")
    net.listen("internet", 80)
    machine.ctl("apply", EXAMPLES / "internet.json")
    machine.ping("ns1", OUTSIDE)
    assert net.ask("ns1", OUTSIDE, 80) == f"80 {INSIDE}"
    assert net.ask("ns1", OUTSIDE, 80, "udp") == f"80 {INSIDE}"
    # To the host itself nothing is translated.
    net.listen(None, 81)
    assert net.ask("ns1", "192.168.100.1", 81) == "81 192.168.100.2"
    machine.ctl("down", "internet")
    assert machine.sh("nft list ruleset; cat /proc/sys/net/ipv4/ip_forward") == before


def test_masquerade_is_what_lets_out(machine, net):
    machine.apply(behind())
    machine.ping("ns2", OUTSIDE, ok=False)
    machine.apply(behind(nat={"masquerade": [{"from": "10.0.0.0/24"}]}))
    machine.ping("ns2", OUTSIDE)
    # Without "out" it is wherever they leave, but not among themselves.
    net.listen("ns3", 80)
    net.listen(None, 81)
    assert net.ask("ns2", "10.0.0.3", 80) == "80 10.0.0.2"
    assert net.ask("ns2", INSIDE, 81) == "81 10.0.0.2"
    machine.ping("ns2", "2001:db8::2", ok=False)
    machine.apply(behind(nat={"masquerade": [{"from": ["10.0.0.0/24", "fd00::/64"]}]}))
    machine.ping("ns2", "2001:db8::2")
    net.listen("internet", 82)
    assert net.ask("ns2", "2001:db8::2", 82) == "82 2001:db8::1"


def test_masquerade_to_an_address(machine, net):
    machine.sh("ip addr add 203.0.113.9/32 dev eth0")
    machine.apply(behind(nat={"masquerade": [{"from": "10.0.0.2", "out": "eth*", "to": "203.0.113.9"},
                                             {"from": "10.0.0.0/24", "out": "eth*"}]}))
    net.listen("internet", 80)
    assert net.ask("ns2", OUTSIDE, 80) == "80 203.0.113.9"
    assert net.ask("ns3", OUTSIDE, 80) == f"80 {INSIDE}"
    machine.sh("ip addr del 203.0.113.9/32 dev eth0")


@pytest.mark.parametrize("limit", [{}, {"in": "eth0"}], ids=["everywhere", "in"])
def test_dnat(machine, net, limit):
    """From outside with the client's address, from the machine itself, and from behind the same bridge."""
    machine.apply(behind(nat={"dnat": [{"proto": ["tcp", "udp"], "port": 8080, "to": "10.0.0.2:80", **limit}]}))
    net.listen("ns2", 80)
    for kind in "tcp", "udp":
        assert net.ask("internet", INSIDE, 8080, kind) == f"80 {OUTSIDE}"
        assert net.ask(None, INSIDE, 8080, kind) == f"80 {INSIDE}"
        assert net.ask("ns3", INSIDE, 8080, kind) == "80 10.0.0.1"
        assert net.ask("ns2", INSIDE, 8080, kind) == "80 10.0.0.1"
        assert net.ask("ns3", "10.0.0.2", 80, kind) == "80 10.0.0.3"
    # 127.0.0.1 only when it is asked for.
    assert net.ask(None, "127.0.0.1", 8080) == "ConnectionRefusedError"


def test_dnat_ranges(machine, net):
    machine.apply(behind(nat={"dnat": [
        {"proto": "tcp", "port": "8000-8002", "to": "10.0.0.2:9000-9002"},
        {"proto": "tcp", "port": "7000-7002", "to": "10.0.0.2"},
        {"proto": "tcp", "port": [6000, 6005], "to": "10.0.0.2:80"},
        {"proto": "tcp", "port": 5000, "to": "[fd00::3]:80", "in": "eth0"}]}))
    net.listen("ns2", 80, 7000, 7001, 7002, 9000, 9001, 9002)
    net.listen("ns3", 80)
    for n in range(3):
        assert net.ask("internet", INSIDE, 8000 + n) == f"{9000 + n} {OUTSIDE}"
        assert net.ask("internet", INSIDE, 7000 + n) == f"{7000 + n} {OUTSIDE}"
    for port in 6000, 6005:
        assert net.ask("internet", INSIDE, port) == f"80 {OUTSIDE}"
    assert net.ask("internet", "2001:db8::1", 5000) == "80 2001:db8::2"
    assert net.ask("ns2", "2001:db8::1", 5000) == "80 fd00::1"


def test_localhost(machine, net):
    """127.0.0.1 of the machine leads to the namespace, and no neighbour can use that to reach what listens there."""
    machine.apply(behind(nat={"dnat": [{"proto": "tcp", "port": 8080, "to": "10.0.0.2:80", "localhost": True}]}))
    net.listen("ns2", 80)
    assert net.ask(None, "127.0.0.1", 8080) == "80 10.0.0.1"
    assert net.ask("internet", INSIDE, 8080) == f"80 {OUTSIDE}"
    net.listen(None, 99)
    assert net.ask(None, "127.0.0.1", 99) == "99 127.0.0.1"
    # A neighbour that routes 127.0.0.1 to the bridge.
    machine.sh("ip netns exec ns3 sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet';"
               "ip -n ns3 addr del 127.0.0.1/8 dev lo; ip -n ns3 route add 127.0.0.1/32 via 10.0.0.1 src 10.0.0.3")
    assert machine.sysctl(None, "net.ipv4.conf.br0.route_localnet") == "1"
    assert net.silent("ns3", "127.0.0.1", 99)
    machine.sh("nft flush chain inet netnsd raw_prerouting 2>/dev/null || true")
    machine.ctl("down", "lab")
    assert machine.sh("nft list ruleset") == ""


RULES = [{"chain": "forward", "in": "br0", "out": "eth0", "proto": "tcp", "port": 80, "action": "accept"},
         {"chain": "forward", "icmp": "echo-request", "from": "10.0.0.0/24", "action": "accept"}]
MASQUERADE = [{"from": "10.0.0.0/24"}]


@pytest.mark.parametrize("policy", ["drop", "reject"])
def test_forward_policy(machine, net, policy):
    dnat = [{"proto": "tcp", "port": 8080, "to": "10.0.0.2:80"}]
    machine.apply(behind({"masquerade": MASQUERADE, "dnat": dnat}, {"forward": policy, "rules": RULES}), "lab", "--sure")
    net.listen("internet", 80, 81)
    net.listen("ns2", 80)
    assert net.ask("ns2", OUTSIDE, 80) == f"80 {INSIDE}"
    # Fragments are put together before the rules see them.
    machine.run("ip", "netns", "exec", "ns2", "ping", "-n", "-q", "-c", 1, "-s", 4000, "-W", 5, OUTSIDE)
    # What a dnat lets in passes.
    assert net.ask("internet", INSIDE, 8080) == f"80 {OUTSIDE}"
    tcp, udp = net.ask("ns2", OUTSIDE, 81, seconds=0.5), net.ask("ns2", OUTSIDE, 81, "udp", seconds=0.5)
    assert {tcp, udp} == ({"TimeoutError"} if policy == "drop" else {"ConnectionRefusedError"})
    # Among themselves nothing is forwarded by the host.
    net.listen("ns3", 80)
    assert net.ask("ns2", "10.0.0.3", 80) == "80 10.0.0.2"


def test_input_policy(machine, net):
    """Loopback, answers, and IPv6 with its neighbour discovery."""
    machine.apply(behind(filter={"input": "drop", "rules": [
        {"chain": "input", "in": "br0", "proto": "tcp", "port": 22, "action": "accept"},
        {"chain": "input", "in": "br0", "proto": "tcp", "port": 23, "action": "reject"}]}), "lab", "--sure")
    net.listen(None, 22, 23, 24)
    net.listen("internet", 80)
    assert net.ask(None, OUTSIDE, 80) == f"80 {INSIDE}"
    assert net.ask(None, "127.0.0.1", 24) == "24 127.0.0.1"
    assert net.ask("ns2", "10.0.0.1", 22) == "22 10.0.0.2"
    assert net.ask("ns2", "10.0.0.1", 23) == "ConnectionRefusedError"
    assert net.silent("ns2", "10.0.0.1", 24)
    assert net.silent("internet", INSIDE, 22)
    assert net.ask("ns2", "fd00::1", 22) == "22 fd00::2"
    machine.ping("ns2", "fd00::1", ok=False)


def test_clamp_mss(machine, net):
    """A path with a smaller MTU: the largest segment that the other side may send is smaller in both directions."""
    machine.apply(behind({"masquerade": MASQUERADE}, {"clamp_mss": True}))
    machine.sh("ip link set eth0 mtu 1300; ip -n internet link set eth0 mtu 1500")
    net.listen("internet", 90)
    # 1260, less 12 for time stamps.
    assert net.ask("ns2", OUTSIDE, 90) == f"90 {INSIDE} 1248"
    machine.apply(behind({"masquerade": MASQUERADE}))
    assert net.ask("ns2", OUTSIDE, 90) == f"90 {INSIDE} 1448"


def test_in_a_namespace(machine, net):
    """A router that is a namespace itself: nothing on the host is changed."""
    topology = {"namespaces": {
        "client": {"interfaces": {"eth0": {"kind": "veth", "peer": "router/lan", "addresses": ["10.1.0.2/24"]}},
                   "routes": [{"to": "default", "via": "10.1.0.1"}]},
        "router": {"forwarding": "ipv4", "interfaces": {
            "lan": {"addresses": ["10.1.0.1/24"]},
            "wan": {"kind": "veth", "peer": "server/eth0", "addresses": ["10.2.0.1/24"]}},
            "nat": {"masquerade": [{"from": "10.1.0.0/24", "out": "wan"}],
                    "dnat": [{"in": "wan", "proto": "tcp", "port": 8080, "to": "10.1.0.2:80"}]},
            "filter": {"forward": "drop", "rules": [{"chain": "forward", "in": "lan", "action": "accept"}]}},
        "server": {"interfaces": {"eth0": {"addresses": ["10.2.0.2/24"]}}}}}
    machine.apply(topology)
    net.listen("server", 80)
    net.listen("client", 80)
    assert net.ask("client", "10.2.0.2", 80) == "80 10.2.0.1"
    assert net.ask("server", "10.2.0.1", 8080) == "80 10.2.0.2"
    assert machine.sh("nft list ruleset") == ""
    assert machine.apply(topology).stdout.strip() == "lab: unchanged"
    # One rule changes, the others stay.
    topology["namespaces"]["router"]["filter"]["rules"].append({"chain": "forward", "proto": "icmp", "action": "accept"})
    plan = machine.ctl("plan", "--sure", machine.file(topology)).stdout
    assert "~ nft       router  1 rule added, 0 removed\n        + rule forward meta l4proto icmp accept\n" in plan, plan
    machine.apply(topology)
    machine.ctl("down", "lab")
    assert machine.namespaces() == ["internet"]


def test_bridge_of_a_namespace(machine, net):
    """Rules are for what it routes: its ports reach one another, and the target of a forward itself, also with br_netfilter."""
    ports = {f"p{n}": {"kind": "veth", "peer": f"ns{n}/eth0", "master": "br0"} for n in (2, 3)}
    machine.apply({"namespaces": {
        "switch": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.0.0.1/24"]}, **ports}, "forwarding": True,
                   "filter": {"forward": "drop"}, "nat": {"dnat": [{"proto": "tcp", "port": 8080, "to": "10.0.0.2:80"}]}},
        **{f"ns{n}": {"interfaces": {"eth0": {"addresses": [f"10.0.0.{n}/24"]}}} for n in (2, 3)}}})
    net.listen("ns2", 80)
    assert net.ask("ns3", "10.0.0.2", 80) == "80 10.0.0.3"
    assert net.ask("ns2", "10.0.0.1", 8080) == net.ask("ns3", "10.0.0.1", 8080) == "80 10.0.0.1"


def test_output_of_one_topology(machine):
    """The machine's answer has the lines of a step as a list."""
    file = machine.file(behind({"masquerade": MASQUERADE}))
    steps = json.loads(machine.ctl("--json", "plan", "--sure", file).stdout)["steps"]
    assert [s.get("lines") for s in steps if s["kind"] == "nft"] == [
        ["+ rule postrouting ip saddr 10.0.0.0/24 oifname != lo ip daddr != 10.0.0.0/24 ip daddr != 224.0.0.0/4 masquerade"]]


# ---- connections that are under way: the kernel decides at a flow's first packet, so that those which a change of rules
# concerns have to be forgotten, and no others ----

TRACKED = "nft add table ip other; nft 'add chain ip other c { type filter hook forward priority 0; }'; " \
          "nft add rule ip other c ct state new accept"
OTHERS = "nft add table ip other; nft 'add chain ip other c { type nat hook postrouting priority 90; }'; " \
         "nft add rule ip other c ip saddr 10.0.0.3 oifname eth0 masquerade"


def flows(machine, source):
    """The tracked datagrams from @source: the address that answers to each come to."""
    return [line.split("dst=")[2].split()[0]
            for line in machine.sh(f"conntrack -L -p udp --orig-src {source} 2>/dev/null").splitlines()]


def masquerade(source, **more):
    return {"masquerade": [{"from": source, **more}]}


@pytest.fixture
def others(machine, net):
    yield
    machine.sh("nft delete table ip other")


def test_before_the_rule(machine, net, others):
    """A flow that ran before the rule would leave with its inner address for ever."""
    machine.sh(TRACKED)
    machine.apply(behind())
    for ns in "ns2", "ns3":
        assert net.silent(ns, OUTSIDE, 80, "udp")
    assert flows(machine, "10.0.0.2") == ["10.0.0.2"] and flows(machine, "10.0.0.3") == ["10.0.0.3"]
    machine.apply(behind(nat=masquerade("10.0.0.2", out="eth0")))
    assert flows(machine, "10.0.0.2") == []
    assert flows(machine, "10.0.0.3") == ["10.0.0.3"]


@pytest.mark.parametrize("how", ["changed", "down"])
def test_after_the_rule(machine, net, others, how):
    machine.sh(TRACKED)
    both = {"masquerade": [{"from": f"10.0.0.{n}", "out": "eth0"} for n in (2, 3)]}
    machine.apply(behind(nat=both))
    net.listen("internet", 80)
    for ns in "ns2", "ns3":
        assert net.ask(ns, OUTSIDE, 80, "udp") == f"80 {INSIDE}"
    assert flows(machine, "10.0.0.2") == flows(machine, "10.0.0.3") == [INSIDE]
    if how == "down":
        machine.ctl("down", "lab")
    else:
        machine.apply(behind(nat=masquerade("10.0.0.3", out="eth0")))
    assert flows(machine, "10.0.0.2") == []
    assert flows(machine, "10.0.0.3") == ([] if how == "down" else [INSIDE])


@pytest.mark.parametrize("out", [{}, {"out": "eth0"}, {"out": "!br0"}], ids=["anywhere", "out", "not"])
def test_ways_out(machine, net, out):
    machine.apply(behind(nat=masquerade("10.0.0.0/24", **out)))
    net.listen("internet", 80)
    assert net.ask("ns2", OUTSIDE, 80, "udp") == f"80 {INSIDE}"
    machine.apply(behind())
    assert flows(machine, "10.0.0.2") == []


def test_address_that_was_named(machine, net):
    """It is of the rule that names it, and goes with it: the kernel may choose another."""
    machine.sh("ip addr add 203.0.113.9/24 dev eth0")
    net.listen("internet", 80)
    for address in "203.0.113.9", INSIDE:
        machine.apply(behind(nat=masquerade("10.0.0.2", out="eth0", to=address)))
        assert net.ask("ns2", OUTSIDE, 80, "udp") == f"80 {address}"
        machine.apply(behind(nat=masquerade("10.0.0.2", out="eth0")))
        assert flows(machine, "10.0.0.2") == []
        assert net.ask("ns2", OUTSIDE, 80, "udp") == f"80 {INSIDE}"


def test_many(machine, net):
    """Each destination has the kernel asked for its way out, amid the answer that lists the flows."""
    machine.apply(behind(nat=masquerade("10.0.0.0/24", out="eth0")))
    send = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); " \
           "[s.sendto(b'x', (f'203.0.113.{n}', 9)) for n in range(3, 103)]"
    machine.run("ip", "netns", "exec", "ns2", "/usr/bin/python3", "-c", send)
    assert flows(machine, "10.0.0.2") == [INSIDE] * 100
    machine.apply(behind())
    assert flows(machine, "10.0.0.2") == []


def test_others_are_served_meanwhile(machine, net):
    """Where many connections have to be forgotten, netnsd answers amid them: after the rules are gone, before the end."""
    send = f"import socket; s = socket.socket(type=socket.SOCK_DGRAM); [s.sendto(b'x', ('{OUTSIDE}', n)) for n in range(1, 20001)]"

    def served():
        machine.apply(behind(nat=masquerade("10.0.0.0/24", out="eth0")))
        machine.run("ip", "netns", "exec", "ns2", "/usr/bin/python3", "-c", send)
        assert len(flows(machine, "10.0.0.2")) == 20000
        apply, answers = machine.popen(NETNSCTL, "apply", machine.file(behind()), stdout=-1), 0
        wait_for(lambda: not machine.sh("nft list ruleset"))
        while apply.poll() is None:
            machine.call("Status")
            answers += 1
        apply.stdout.close()
        assert apply.returncode == 0
        assert flows(machine, "10.0.0.2") == []
        return answers > 3
    # The end may come before the beginning is seen.
    wait_for(served, 60)


UNTRANSLATED = f"conntrack -I -p udp -s 10.0.0.3 -d {OUTSIDE} --sport 4000 --dport 9 -t 600 2>/dev/null"


# What comes, and two connections: one that it concerns and one that it does not, in one thing that the kernel is asked for.
SHOWN = {
    "IPv4": (masquerade("10.0.0.2", out="eth0"), f"10.0.0.2 {OUTSIDE} 9", f"10.0.0.3 {OUTSIDE} 9"),
    "IPv6": (masquerade("fd00::2", out="eth0"), "fd00::2 2001:db8::2 9", "fd00::3 2001:db8::2 9"),
    "port": ({"dnat": [{"proto": "udp", "port": 53, "to": "192.0.2.5"}]}, f"{OUTSIDE} {INSIDE} 53", f"{OUTSIDE} {INSIDE} 54"),
    "at": ({"dnat": [{"proto": "udp", "port": 53, "at": INSIDE, "to": "192.0.2.5"}]}, f"{OUTSIDE} {INSIDE} 53", f"{OUTSIDE} 10.0.0.1 53"),
    "from": ({"dnat": [{"proto": "udp", "port": 53, "from": "2001:db8::2", "at": "2001:db8::1", "to": "2001:db8:1::5"}]},
             "2001:db8::2 2001:db8::1 53", "2001:db8::3 2001:db8::1 53"),
}


@pytest.mark.parametrize("what", SHOWN)
def test_the_kernel_is_asked_for_some(machine, net, what):
    nat, *two = SHOWN[what]
    machine.apply(behind())

    def conntrack(verb, flow, more=""):
        source, to, port = flow.split()
        return machine.sh(f"conntrack {verb} -p udp -s {source} -d {to} --sport 4000 --dport {port} {more} 2>/dev/null")
    for flow in two:
        conntrack("-I", flow, "-t 600")
    machine.apply(behind(nat=nat))
    assert [conntrack("-L", flow) != "" for flow in two] == [False, True]


def test_what_did_not_change(machine, net):
    """A change concerns the connections that match a rule in which it differs, and no others."""
    one, other = ({"proto": "udp", "port": port, "to": "10.0.0.2:80"} for port in (8080, 8081))
    machine.apply(behind(nat={**masquerade("10.0.0.0/24", out="eth0"), "dnat": [one]}))
    # It would be forgotten, had the masquerade come just now.
    machine.sh(UNTRANSLATED)
    for nat, filter in (({"dnat": [one]}, {"clamp_mss": True}), ({"dnat": [other, one]}, None),
                        ({"masquerade": [{"from": "10.0.0.2", "out": "br0"}, ALL]}, None)):
        machine.apply(behind(nat={**masquerade("10.0.0.0/24", out="eth0"), **nat}, filter=filter))
        assert flows(machine, "10.0.0.3") == ["10.0.0.3"], nat
    machine.apply(behind(nat={"masquerade": [{"from": "10.0.0.3", "out": "eth0"}, ALL]}))
    assert flows(machine, "10.0.0.3") == []


def test_of_others(machine, net, others):
    machine.sh(OTHERS)
    machine.apply(behind(nat=masquerade("10.0.0.2")))
    net.listen("internet", 80)
    assert net.ask("ns3", OUTSIDE, 80, "udp") == f"80 {INSIDE}"
    assert flows(machine, "10.0.0.3") == [INSIDE]
    machine.apply(behind())
    assert flows(machine, "10.0.0.3") == [INSIDE]


# What another program may masquerade, and whether that may be ns3's datagrams to the outside.
THEIRS = {
    "source": ("ip", "ip saddr 10.0.0.3", True), "other source": ("ip", "ip saddr 10.0.0.4", False),
    "prefix": ("ip", "ip saddr 10.0.0.0/30", True), "other prefix": ("ip", "ip saddr 10.0.0.4/30", False),
    "not": ("ip", "ip saddr != 10.0.0.0/24", False), "destination": ("ip", f"ip daddr {OUTSIDE}", True),
    "other destination": ("ip", f"ip daddr {INSIDE}", False), "out": ("ip", "oifname eth0", True), "outs": ("ip", 'oifname "et*"', True),
    "other out": ("ip", "oifname br0", False), "other outs": ("ip", 'oifname "br*"', False), "mark": ("ip", "meta mark 1", True),
    "set": ("inet", "ip saddr { 10.0.0.4, 10.0.0.5 }", True), "inet": ("inet", "ip saddr 10.0.0.3", True),
    "other inet": ("inet", "ip saddr 10.0.0.4", False), "other family": ("inet", "ip6 saddr fd00::3", False),
    "IPv6": ("ip6", "oifname eth0", False), "no rule": ("ip", None, False),
}


@pytest.mark.parametrize("what", THEIRS)
def test_may_be_of_others(machine, net, others, what):
    """A flow that ours has masqueraded and another program may have: it stays when our rule goes. Nobody knows whose it is."""
    family, match, may_be = THEIRS[what]
    machine.apply(behind(nat=masquerade("10.0.0.0/24", out="eth0")))
    net.listen("internet", 80)
    assert net.ask("ns3", OUTSIDE, 80, "udp") == f"80 {INSIDE}"
    machine.sh(f"nft add table {family} t; nft 'add chain {family} t c {{ type nat hook postrouting priority 110; }}'; "
               f"nft add table ip other" + (f"; nft add rule {family} t c '{match}' masquerade" if match else ""))
    machine.apply(behind())
    assert flows(machine, "10.0.0.3") == ([INSIDE] if may_be else [])
    machine.sh(f"nft delete table {family} t")


def test_of_others_and_like_ours(machine, net, others):
    """Another program has masqueraded it before ours could. One that got an address which a rule of ours names is ours."""
    machine.sh(OTHERS)
    machine.sh("ip addr add 203.0.113.9/32 dev lo; ip -n internet route add 203.0.113.9/32 via 203.0.113.1")
    machine.apply(behind(nat={"masquerade": [{"from": "10.0.0.2", "out": "eth0", "to": "203.0.113.9"}, ALL]}))
    net.listen("internet", 80)
    assert net.ask("ns3", OUTSIDE, 80, "udp") == f"80 {INSIDE}"
    assert net.ask("ns2", OUTSIDE, 80, "udp") == "80 203.0.113.9"
    machine.sh("nft add rule ip other c oifname eth0 masquerade")
    machine.apply(behind())
    assert flows(machine, "10.0.0.3") == [INSIDE]
    assert flows(machine, "10.0.0.2") == []
    machine.sh("ip addr del 203.0.113.9/32 dev lo")


def test_of_another_address(machine, net, others):
    """It got an address that masquerade does not give: it is not ours, though the rule that gave it is gone."""
    machine.sh("ip addr add 203.0.113.9/32 dev lo; ip -n internet route add 203.0.113.9/32 via 203.0.113.1;"
               "nft add table ip other; nft 'add chain ip other c { type nat hook postrouting priority 90; }'; "
               "nft add rule ip other c ip saddr 10.0.0.3 snat to 203.0.113.9")
    machine.apply(behind(nat=masquerade("10.0.0.0/24")))
    net.listen("internet", 80)
    assert net.ask("ns3", OUTSIDE, 80, "udp") == "80 203.0.113.9"
    machine.sh("nft flush chain ip other c")
    machine.apply(behind())
    assert flows(machine, "10.0.0.3") == ["203.0.113.9"]
    machine.sh("ip addr del 203.0.113.9/32 dev lo")


UDP = {"proto": "udp", "port": 53, "to": "10.0.0.2:80"}
ALL = {"from": "10.0.0.0/24", "out": "eth0"}
# NAT before and after; what answers then to a client outside, or who is seen there, instead of ns2.
ELSEWHERE = {
    "address": ({"dnat": [UDP]}, {"dnat": [{**UDP, "to": "10.0.0.3:83"}]}, f"83 {OUTSIDE}"),
    "port": ({"dnat": [UDP]}, {"dnat": [{**UDP, "to": "10.0.0.2:81"}]}, f"81 {OUTSIDE}"),
    "the same port": ({"dnat": [UDP]}, {"dnat": [{**UDP, "to": "10.0.0.2"}]}, f"53 {OUTSIDE}"),
    "range": ({"dnat": [{**UDP, "port": "52-54", "to": "10.0.0.2:80-82"}]},
              {"dnat": [{**UDP, "port": "53-55", "to": "10.0.0.2:80-82"}]}, f"80 {OUTSIDE}"),
    "before it": ({"dnat": [UDP]}, {"dnat": [{**UDP, "from": "203.0.113.0/24", "to": "10.0.0.3:83"}, UDP]}, f"83 {OUTSIDE}"),
    "of others": ({"dnat": [UDP]}, {"dnat": [{**UDP, "from": "198.51.100.1", "to": "10.0.0.3:83"}, UDP]}, f"80 {OUTSIDE}"),
    "source": ({"masquerade": [ALL]}, {"masquerade": [{**ALL, "from": "10.0.0.2", "to": "203.0.113.9"}, ALL]}, "53 203.0.113.9"),
    "masqueraded": ({"masquerade": [{**ALL, "to": "203.0.113.9"}]}, {"masquerade": [ALL]}, f"53 {INSIDE}"),
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_sent_elsewhere(machine, net, how):
    """The next datagram of the same client goes where that of a new one would."""
    before, after, expected = ELSEWHERE[how]
    machine.sh("ip addr add 203.0.113.9/32 dev eth0")
    machine.apply(behind(nat=before))
    net.listen("internet", 53)
    net.listen("ns2", 53, 80, 81, 82)
    net.listen("ns3", 83)
    client = ("ns2", OUTSIDE) if "masquerade" in before else ("internet", INSIDE)
    assert net.ask(*client, 53, "udp", sport=5555) != expected or how == "of others"
    machine.apply(behind(nat=after))
    assert net.ask(*client, 53, "udp", sport=5555) == expected
    machine.sh("ip addr del 203.0.113.9/32 dev eth0")


def test_policy_routing_decides_the_way_out(machine, net, others):
    """Masqueraded out of an interface that only packets from ns2 take."""
    machine.sh("ip link add wan type veth peer name wan netns internet; ip addr add 198.51.100.1/24 dev wan; ip link set wan up;"
               "ip -n internet link set wan up; ip route add 192.0.2.0/24 dev eth0; " + OTHERS)
    topology = behind(nat=masquerade("10.0.0.0/24", out="wan"))
    topology["host"] |= {"rules": [{"priority": 100, "from": "10.0.0.2", "table": 100}],
                         "routes": [{"to": "192.0.2.0/24", "dev": "wan", "table": 100}]}
    topology["host"]["interfaces"]["wan"] = {}
    machine.apply(topology)
    for ns in "ns2", "ns3":
        assert net.silent(ns, "192.0.2.1", 80, "udp")
    assert flows(machine, "10.0.0.2") == ["198.51.100.1"] and flows(machine, "10.0.0.3") == [INSIDE]
    del topology["host"]["nat"]
    machine.apply(topology)
    assert flows(machine, "10.0.0.2") == [] and flows(machine, "10.0.0.3") == [INSIDE]
    machine.ctl("down", "lab")
    machine.sh("ip link del wan; ip route del 192.0.2.0/24 dev eth0")


# Sends as fast as it can, until its input ends.
FLOOD = """
import select, socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(50):
        try:
            s.send(b"x")
        except OSError:
            pass
"""


@pytest.mark.parametrize("how", DRIFTS)
def test_heals_under_a_flood(bare, how):
    """Whatever is changed: while it is repaired, and afterwards, nothing forbidden passes."""
    bare.start("--heal-burst", NEVER, "--no-table-owner")
    net = Net(bare)
    bare.sh("ip netns exec internet nft 'add table ip t; add chain ip t c { type filter hook prerouting priority 0; }; "
            "add counter ip t n; add rule ip t c udp dport 9 counter name n'")

    def passed():
        found = json.loads(bare.sh("ip netns exec internet nft -j reset counter ip t n"))
        return next(entry["counter"]["packets"] for entry in found["nftables"] if "counter" in entry)

    bare.apply(behind({"dnat": [{"proto": "tcp", "port": 80, "to": "10.0.0.2"}]},
                      {"forward": "drop", "rules": [{"chain": "forward", "icmp": "echo-request", "action": "accept"}]}),
               "lab", "--sure")
    before = bare.sh("nft -s list table inet netnsd")
    flood = bare.popen("ip", "netns", "exec", "ns2", "/usr/bin/python3", "-c", FLOOD, OUTSIDE, stdin=-1, stdout=-1)
    assert flood.stdout.readline() == "ready\n"
    for _ in range(5):
        bare.sh(DRIFTS[how])
        wait_for(lambda: bare.run("nft", "-s", "list", "table", "inet", "netnsd", code=None).stdout == before)
        assert passed() == 0 or how in OPEN
        bare.ping("ns2", "10.0.0.1")
        assert passed() == 0
    flood.stdin.close()
    flood.wait(20)
    flood.stdout.close()
    # Through the same way and the same counter it passes without the filter.
    bare.apply(behind(nat={"dnat": [{"proto": "tcp", "port": 80, "to": "10.0.0.2"}]}))
    assert net.ask("ns2", OUTSIDE, 9, "udp", seconds=0.1) and passed() == 1
    net.close()


# Sends from both ports; what listens has what came from the first of them that passes.
ANSWER = """
import socket, sys
for port in 548, 547:
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", port))
    s.sendto(b"x", (sys.argv[1], 546, 0, socket.if_nametoindex("server")))
"""
LEASE = """
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 546))
s.settimeout(20)
print("ready", flush=True)
print(s.recvfrom(64)[1][1])
"""


def test_dhcpv6_client(machine):
    """The rule that the manual gives lets in what a server answers to a client, and nothing else."""
    [rule] = re.findall(r'^(\{ "chain": "input".*"port": 546.*\})$', (ROOT / "docs/netnsd-topology.5.scd.in").read_text(), re.M)
    machine.apply({"namespaces": {
        "c": {"filter": {"input": "drop", "rules": [json.loads(rule)]}, "interfaces": {"client": {"kind": "veth", "peer": "s/server"}}},
        "s": {"interfaces": {"server": {"kind": "veth"}}}}})
    [link] = json.loads(machine.sh("ip -n c -j -6 addr show dev client scope link"))
    wait_for(lambda: "tentative" not in machine.sh("ip -n c -6 addr; ip -n s -6 addr"))
    client = machine.popen("ip", "netns", "exec", "c", "/usr/bin/python3", "-c", LEASE, stdout=-1)
    assert client.stdout.readline() == "ready\n"
    machine.run("ip", "netns", "exec", "s", "/usr/bin/python3", "-c", ANSWER, link["addr_info"][0]["local"])
    assert client.communicate(timeout=60)[0] == "547\n"

# SPDX-License-Identifier: MIT
"""What netnsctl record prints of a script, applied to an empty machine, is what the script makes there by hand."""
import contextlib
import difflib
import json
import os
import subprocess

import pytest
from machine import ENVIRONMENT, NETNSCTL, Machine, sanitized, wait_for

# The ladder of networks that a tutorial of ip(8) builds, with its own commands; (options, script).
EVERYDAY = ([], """
ip netns add ns1
ip link add veth-host type veth peer name veth-ns
ip link set veth-ns netns ns1
ip addr add 10.0.0.1/24 dev veth-host
ip link set veth-host up
ip netns exec ns1 ip addr add 10.0.0.2/24 dev veth-ns
ip netns exec ns1 ip link set lo up
ip netns exec ns1 ip link set veth-ns up
ip netns exec ns1 ip route add default via 10.0.0.1
""")
HOST_BRIDGE = ([], """
ip link add br0 type bridge
ip addr add 192.168.100.1/16 dev br0
ip link set br0 up
ip netns add ns1
ip link add veth1 type veth peer name eth0 netns ns1
ip link set veth1 master br0 up
ip -n ns1 link set lo up
ip -n ns1 link set eth0 up
ip -n ns1 addr add 192.168.100.2/16 dev eth0
ip -n ns1 route add default via 192.168.100.1
sysctl -w net.ipv4.ip_forward=1
""")
TWO = ([], """
sudo ip netns add ns1; sudo ip netns add ns2
sudo ip link add v1 netns ns1 type veth peer name v2 netns ns2
for n in 1 2; do
	sudo ip -n ns$n link set lo up
	sudo ip -n ns$n addr add 10.200.10.$n/16 dev v$n
	sudo ip -n ns$n link set v$n up mtu 1400
done
sudo ip netns exec ns1 ip -6 addr add fd00::1/64 dev v1
sudo ip netns exec ns2 ip -6 addr add fd00::2/64 dev v2
""")
BEHIND_BRIDGE = ([], """
ip link add br0 type bridge
ip link set br0 type bridge stp_state 0 ageing_time 10000
ip link set br0 up
ip addr add 172.18.0.1/24 dev br0
for i in 2 3 4; do
	ip netns add ns$i
	ip link add port$i type veth peer name eth0 netns ns$i
	ip link set port$i master br0
	ip link set port$i up
	ip -n ns$i link set lo up
	ip -n ns$i link set eth0 up
	ip -n ns$i addr add 172.18.0.$i/24 dev eth0
	ip -n ns$i route add default via 172.18.0.1
done
""")
ROUTERS = ([], """
for n in client r1 r2 r3 server; do ip netns add $n; ip -n $n link set lo up; done
cable() {  # ns address ns address network
	ip link add to-$3 netns $1 type veth peer name to-$1 netns $3
	ip -n $1 addr add $5.$2/24 dev to-$3; ip -n $1 link set to-$3 up
	ip -n $3 addr add $5.$4/24 dev to-$1; ip -n $3 link set to-$1 up
}
cable client 2 r1 1 192.168.10; cable r1 1 r2 2 192.168.20; cable r2 1 r3 2 192.168.30; cable r3 1 server 2 192.168.40
for r in r1 r2 r3; do ip netns exec $r sysctl -q -w net.ipv4.ip_forward=1; done
ip -n client route add default via 192.168.10.1; ip -n server route add default via 192.168.40.1
ip -n r1 route add 192.168.30.0/24 via 192.168.20.2; ip -n r1 route add 192.168.40.0/24 via 192.168.20.2
ip -n r2 route add 192.168.10.0/24 via 192.168.20.1; ip -n r2 route add 192.168.40.0/24 via 192.168.30.2
ip -n r3 route add 192.168.10.0/24 via 192.168.30.1 metric 50; ip -n r3 route add 192.168.20.0/24 via 192.168.30.1
""")
POLICY = (["--with", "eth0=192.0.2.2/24,via=192.0.2.1"], """
ip netns add lab
ip link add lab0 type veth peer name eth0 netns lab
ip addr add 10.1.0.1/24 dev lab0
ip link set lab0 up
ip -n lab link set lo up; ip -n lab link set eth0 up; ip -n lab addr add 10.1.0.2/24 dev eth0
ip -n lab route add default via 10.1.0.1
ip rule add priority 100 from 10.1.0.0/24 table 100
ip route add 10.9.0.0/16 via 192.0.2.1 table 100
ip route add blackhole 10.66.0.0/16
ip route add 10.8.0.0/16 via 192.0.2.1
ip addr add 192.0.2.77/24 dev eth0
ip -n lab neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev eth0
""")
LEAF_SPINE = ([], """
for s in 1 2; do ip netns add spine$s; ip -n spine$s link set lo up; ip netns exec spine$s sysctl -qw net.ipv4.ip_forward=1; done
for l in 1 2 3; do
	ip netns add leaf$l; ip -n leaf$l link set lo up; ip netns exec leaf$l sysctl -qw net.ipv4.ip_forward=1
	ip -n leaf$l link add br0 type bridge; ip -n leaf$l link set br0 up; ip -n leaf$l addr add 10.10.$l.1/24 dev br0
	for s in 1 2; do
		ip -n leaf$l link add up$s type veth peer name down$l netns spine$s
		ip -n leaf$l addr add 10.0.$s$l.2/30 dev up$s; ip -n leaf$l link set up$s up
		ip -n spine$s addr add 10.0.$s$l.1/30 dev down$l; ip -n spine$s link set down$l up
		ip -n spine$s route add 10.10.$l.0/24 via 10.0.$s$l.2
	done
	ip -n leaf$l route add 10.10.0.0/16 nexthop via 10.0.1$l.1 nexthop via 10.0.2$l.1
	ip netns add server$l; ip -n server$l link set lo up
	ip -n leaf$l link add port type veth peer name eth0 netns server$l
	ip -n leaf$l link set port master br0 up
	ip -n server$l link set eth0 up; ip -n server$l addr add 10.10.$l.11/24 dev eth0; ip -n server$l route add default via 10.10.$l.1
done
""")
TRUNK = ([], """
ip netns add sw; ip -n sw link set lo up
ip -n sw link add br0 type bridge vlan_filtering 1
ip -n sw link set br0 up
ip netns add r; ip -n r link set lo up
ip -n sw link add trunk type veth peer name eth0 netns r
ip -n sw link set trunk master br0 up; ip -n r link set eth0 up
for v in 10 20; do
	ip -n r link add link eth0 name eth0.$v type vlan id $v
	ip -n r link set eth0.$v up
	ip -n r addr add 10.0.$v.1/24 dev eth0.$v
done
ip netns exec r sysctl -qw net.ipv4.ip_forward=1
""")
NAT = (["--with", "eth0=192.0.2.2/24,via=192.0.2.1"], """
ip link add br0 type bridge
ip addr add 192.168.100.1/16 dev br0
ip link set br0 up
ip netns add ns1
ip link add veth1 type veth peer name eth0 netns ns1
ip link set veth1 master br0 up
ip -n ns1 link set lo up; ip -n ns1 link set eth0 up
ip -n ns1 addr add 192.168.100.2/16 dev eth0
ip -n ns1 route add default via 192.168.100.1
sysctl -w net.ipv4.ip_forward=1
nft add table ip nat
nft 'add chain ip nat postrouting { type nat hook postrouting priority srcnat; }'
nft add rule ip nat postrouting ip saddr 192.168.0.0/16 oifname eth0 masquerade
""")
IPTABLES = (NAT[0], NAT[1][:NAT[1].index("nft")] + """
iptables -t nat -A POSTROUTING -s 192.168.0.0/16 -o eth0 -j MASQUERADE
iptables -A FORWARD -i br0 -o eth0 -j ACCEPT
iptables -A FORWARD -i eth0 -o br0 -d 192.168.0.0/16 -j ACCEPT
iptables -P FORWARD DROP
""")
FILTER = ([], """
ip netns add r; ip -n r link set lo up
for n in lan wan; do ip netns add $n; ip -n r link add $n type veth peer name eth0 netns $n; ip -n r link set $n up; ip -n $n link set eth0 up; done
ip netns exec r sysctl -q -w net.ipv4.ip_forward=1
ip netns exec r nft -f - <<'END'
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lan" oifname "wan" counter accept
		iifname != "lan" ip daddr 10.0.0.0/24 tcp dport { 22, 80 } accept
		ip6 saddr fd00::1-fd00::9 udp dport 1000-2000 drop
		meta nfproto ipv4 meta mark 0x00000005 accept
	}
	chain input {
		type filter hook input priority filter; policy accept;
		ip saddr 10.1.128.0/17 drop
	}
	chain output { type filter hook output priority filter; policy accept; }
}
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat;
		oifname "wan" snat to 192.0.2.1
	}
}
END
""")
WAN = ([], """
ip netns add a; ip netns add b
ip link add eth0 netns a type veth peer name eth0 netns b
for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done
ip -n a addr add 10.0.0.1/24 dev eth0; ip -n b addr add 10.0.0.2/24 dev eth0
tc -n a qdisc add dev eth0 root netem delay 20ms 2ms loss 1% limit 500
tc -n b qdisc add dev eth0 root tbf rate 10mbit burst 32kb latency 50ms
""")
RUNGS = {"everyday": EVERYDAY, "host bridge": HOST_BRIDGE, "two": TWO, "behind a bridge": BEHIND_BRIDGE, "routers": ROUTERS,
         "policy, on a host": POLICY, "leaf and spine": LEAF_SPINE, "trunk": TRUNK,
         "NAT": NAT, "NAT by iptables": IPTABLES, "filter": FILTER, "WAN": WAN}
SECOND_KERNEL = ["trunk", "WAN"]
# What the options stand in for.
HOST = """
ip link add eth0 type veth peer name outside
ip addr add 192.0.2.2/24 dev eth0; ip link set outside up; ip link set eth0 up; ip route add default via 192.0.2.1
"""
SUDO = 'sudo() { "$@"; }\n'

each_rung = pytest.mark.parametrize("rung", [
    pytest.param(name, marks=pytest.mark.uml if name in SECOND_KERNEL else []) for name in RUNGS])


def record(script, *options, code=0):
    """The topology that it prints, and what it says."""
    p = subprocess.run([NETNSCTL, "record", *options, "--", "bash", "-es"], input=script, env=ENVIRONMENT, text=True, timeout=120,
                       capture_output=True, check=False)
    sanitized(p.stderr)
    assert p.returncode == code, f"exit code {p.returncode}\n{p.stdout}{p.stderr}"
    return p.stdout, p.stderr


def link_of(link):
    """What people declare of an entry of ip -d -j address."""
    info = link.get("linkinfo", {})
    data = {k: v for k, v in info.get("info_data", {}).items()
            if k in ("ageing_time", "forward_delay", "stp_state", "priority", "vlan_filtering", "id", "protocol")}
    addresses = [(a["local"], a.get("address"), a["prefixlen"], a["scope"], a.get("label")) for a in link["addr_info"] if a["scope"] != "link"]
    return (link["ifname"], info.get("info_kind"), data, link["mtu"], "UP" in link["flags"], link.get("master"), addresses)


def unmarked(entry):
    """Without who made it."""
    return json.dumps({k: v for k, v in entry.items() if k not in ("protocol", "flags", "pref")}, sort_keys=True)


def is_made(route):
    """The kernel adds those of IPv6 by itself, in its own time."""
    return ":" not in route["dst"] or (route.get("table") != "local" and not route["dst"].startswith(("fe80:", "ff00:")))


def inside(machine, at, *command):
    """What a command prints as JSON; nothing, if this kernel does not have that."""
    result = machine.run(*(["ip", "netns", "exec", *at[1:]] if at else []), *command, code=None)
    assert result.returncode == 0 or "not supported" in result.stderr, result.stderr
    return json.loads(result.stdout) if result.stdout.strip() else []


def qdiscs(machine, at):
    """Those that somebody asked for."""
    return sorted(json.dumps({k: v for k, v in q.items() if k not in ("handle", "refcnt")}, sort_keys=True)
                  for q in inside(machine, at, "tc", "-j", "qdisc") if q["kind"] in ("netem", "tbf"))


def is_said(expression):
    """That a counter counts, and that a packet is of the table's family, no topology says."""
    match = expression.get("match", {"left": None})
    return "counter" not in expression and "xt" not in expression and match["left"] != {"meta": {"key": "nfproto"}}


def is_empty(rule):
    """It is there for the order in which the kernel looks at fragments."""
    return rule[-1] == {"continue": None}


def rules(machine, at):
    """By type, hook and whether the table is of IPv4 only what each rule says, in order, in whatever chains."""
    ruleset = inside(machine, at, "nft", "-j", "list", "ruleset") or {"nftables": []}
    listed = [next(iter(o.items())) for o in ruleset["nftables"]]
    chains = {(c["family"], c["table"], c["name"]): c for kind, c in listed if kind == "chain"}
    found = {}
    def walk(base, chain):
        for kind, r in listed:
            if kind != "rule" or (r["family"], r["table"], r["chain"]) != chain:
                continue
            if "jump" in r["expr"][-1]:
                walk(base, (*chain[:2], r["expr"][-1]["jump"]["target"]))
                continue
            said = sorted((e for e in r["expr"] if is_said(e)), key=lambda e: "match" not in e)
            said = [{**e, "snat": {"addr": e["snat"]["addr"]}} if "snat" in e else e for e in said]
            if "xt" in r["expr"][-1]:
                said.append({r["expr"][-1]["xt"]["name"].lower(): None})
            if not is_empty(said):
                found.setdefault(base, []).append(sorted(json.dumps(e, sort_keys=True) for e in said))
    for key, chain in chains.items():
        if "hook" in chain:
            base = f"{chain['type']} {chain['hook']}"
            walk(base, key)
            if chain["policy"] == "drop":
                found.setdefault(base, []).append(['{"drop": null}'])
    return sorted(found.items())


def network(machine):
    """All that a script may have made, namespace by namespace."""
    found = {}
    for netns in [None, *machine.namespaces()]:
        at = machine.at(netns)
        kept = [r for family in ("-4", "-6") for r in machine.ip(*at, "-d", family, "route", "show", "table", "all")
                if is_made(r)]
        found[netns] = {
            "links": sorted((link_of(i) for i in machine.ip(*at, "-d", "addr")), key=str),
            "routes": sorted(map(unmarked, kept)),
            "rules": [unmarked(r) for family in ("-4", "-6") for r in machine.ip(*at, family, "rule")],
            "neighbors": list(map(unmarked, machine.ip(*at, "neigh", "show", "nud", "permanent"))),
            "qdiscs": qdiscs(machine, at),
            "nft": rules(machine, at),
            "forwarding": machine.sysctl(netns, "net.ipv4.ip_forward"),
        }
    return found


def difference(found, expected):
    """Lines, for people."""
    def lines(n):
        return [f"{netns}: {key}: {item}" for netns, body in n.items() for key, value in body.items()
                for item in (value if isinstance(value, list) else [value])]
    return "\n".join(difflib.unified_diff(lines(expected), lines(found), "by hand", "applied", n=0, lineterm=""))


@pytest.fixture
def hand(tmp_path):
    """A machine for the script itself."""
    folder = tmp_path / "hand"
    folder.mkdir()
    machine = Machine(folder)
    yield machine
    machine.close()


@each_rung
def test_round_trip(bare, hand, rung):
    options, script = RUNGS[rung]
    text, _ = record(script, *options)
    before = HOST if options else ""
    hand.run("bash", "-es", text=SUDO + before + script)
    bare.sh(before or "true")
    first = bare.snapshot()
    bare.start()
    bare.apply(text, "recorded", "--sure")
    expected = network(hand)
    with contextlib.suppress(AssertionError):
        wait_for(lambda: network(bare) == expected, 5)  # carriers settle
    assert not difference(network(bare), expected)
    # It is as declared, and goes without a trace.
    assert bare.apply(text, "recorded").stdout == "recorded: unchanged\n"
    bare.ctl("down", "recorded")
    bare.assert_same(first)
    bare.sh("ip link del eth0" if options else "true")


def test_by_another_user():
    """The same as root's."""
    user = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"] if os.geteuid() == 0 else []
    p = subprocess.run([*user, NETNSCTL, "record", "--", "sh", "-c", EVERYDAY[1]], env=ENVIRONMENT, cwd="/", text=True, timeout=60,
                       capture_output=True, check=True)
    assert json.loads(p.stdout) == json.loads(record(EVERYDAY[1])[0])


def test_namespace_without_name():
    """What only a process holds cannot be declared, and is said."""
    text, err = record("""unshare -n sleep 1000 &
        until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.01; done
        ip link add a0 type veth peer name b0 netns $!""", code=1)
    assert '"sleep 1000"' in err and "host/a0: no topology can create it" in err and "a0" in text


def test_covered_exporter():
    """What the command mounts over libraries and programs is not what the exporter runs."""
    text, err = record("""
ip netns add kept
for d in /usr/sbin /usr/local /etc /usr/lib/x86_64-linux-gnu; do [ ! -d $d ] || /usr/bin/mount -n -t tmpfs tmpfs $d || exit; done""")
    assert "kept" in json.loads(text)["namespaces"], err


# Where a name of a namespace is visible to nobody but the command.
HIDING = ["mount --make-rprivate /", "mount --make-rprivate /; mount -t tmpfs tmpfs /run",
          "ip netns add old; ip netns del old; umount -l /run/netns; mount --make-rprivate /run"]


@pytest.mark.parametrize("hiding", HIDING)
def test_names_that_only_the_command_sees(hiding):
    text, err = record(f"{hiding}\nip netns add a; ip netns add b; ip link add x netns a type veth peer name x netns b; "
                       "ip -n a addr add 10.0.0.1/24 dev x")
    namespaces = json.loads(text)["namespaces"]
    assert sorted(namespaces) == ["a", "b"] and err == ""
    assert namespaces["a"]["interfaces"]["x"]["addresses"] == ["10.0.0.1/24"]


def test_name_that_nobody_sees():
    """Of a namespace that is gone with the mounts of its process the name is said."""
    text, err = record("unshare -m ip netns add a", code=1)
    assert text == "{\n}\n" and "namespace a: what has that name in /run/netns is no network namespace" in err

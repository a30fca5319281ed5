# SPDX-License-Identifier: MIT
"""Two topologies with every kind of object, and what exists on the machine before them."""
import subprocess

# By hand, of others: an interface that is only managed, and an existing namespace.
SETUP = """ip link add wan address 02:00:00:00:00:01 type veth peer name isp address 02:00:00:00:00:02
ip link set wan up
ip link set isp up
ip addr add 192.0.2.1/24 dev wan
ip netns add out
ip -n out link set lo up
ip -n out link add stub address 02:00:00:00:00:03 type bridge
ip -n out link set stub up
mkdir /etc/netns/out
echo mine >/etc/netns/out/nsswitch.conf"""
TEARDOWN = "ip link del wan\nip netns del out\nrm -r /etc/netns/out"

# The sysctls that matter, below net.
KEYS = [
    "ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/ip_default_ttl", "ipv4/conf/*/forwarding",
    "ipv4/ip_unprivileged_port_start", "ipv4/ip_local_port_range", "ipv6/ip6frag_*_thresh", "ipv6/conf/*/hop_limit",
    "ipv6/conf/*/accept_ra", "ipv4/conf/*/rp_filter", "ipv6/conf/*/accept_dad", "ipv4/conf/*/promote_secondaries",
]


def tbf(rate):
    return {"rate": rate, "burst": "64kb", "latency": "50ms"}


def kernel_takes(script):
    return subprocess.run(["unshare", "-n", "sh", "-ec", script], stderr=subprocess.DEVNULL, check=False).returncode == 0


NETEM = kernel_takes("tc qdisc add dev lo root netem delay 1ms")
VLANS = kernel_takes("ip link add br0 type bridge vlan_filtering 1; bridge vlan add vid 2 dev br0 self")


def netem(delay):
    return {"netem": {"delay": delay}} if NETEM else {}


def bridge(*vlans, **more):
    """One that filters by VLAN, if the kernel can; so do its ports."""
    return {"kind": "bridge", **({"vlan_filtering": True} if VLANS else {}), **more, **carries(*vlans)}


def carries(*vlans):
    return {"vlans": [{"id": 1, "pvid": True, "untagged": True}, *vlans]} if VLANS and vlans else {}


def entry(number, dev, **more):
    return {"mac": f"02:00:00:00:88:0{number}", "dev": dev, **({"vlan": 1} if VLANS else {}), **more}


def neighbor(address, dev, number):
    return {"address": address, "dev": dev, "mac": f"02:00:00:00:77:0{number}"}


def proxy(address, dev):
    return {"address": address, "dev": dev, "proxy": True}


def first():
    return {
        "host": {
            "forwarding": "ipv4",
            "sysctl": {"net.ipv4.ip_default_ttl": 63, "net.ipv4.ip_unprivileged_port_start": 400, "net.ipv4.ip_local_port_range": "500 600"},
            "interfaces": {
                "wan": {"mtu": 1400, "addresses": ["198.51.100.1/24"], "tbf": tbf("10mbit")},
                "va": {"addresses": ["10.1.0.1/24", "2001:db8:1::1/64"]},
            },
            "routes": [{"to": "10.2.0.0/24", "via": "10.1.0.2"}, {"to": "2001:db8:2::/64", "via": "2001:db8:1::2"}],
            "rules": [{"priority": 100, "table": 100}, {"priority": 101, "from": "10.2.0.0/24", "table": 101}],
            "nat": {"masquerade": [{"from": "10.2.0.0/24", "out": "wan"}],
                    "dnat": [{"proto": "tcp", "port": 8080, "to": "10.1.0.2:80", "localhost": True}]},
            "filter": {"forward": "drop", "rules": [{"chain": "forward", "out": "wan", "action": "accept"}]},
            "neighbors": [neighbor("192.0.2.9", "wan", 1), neighbor("2001:db8:1::9", "va", 2), proxy("192.0.2.8", "wan")],
        },
        "namespaces": {
            "a": {
                "forwarding": True,
                "sysctl": {"net.ipv6.ip6frag_high_thresh": 2000, "net.ipv6.ip6frag_low_thresh": 1000,
                           "net.ipv6.conf.default.hop_limit": 33},
                "interfaces": {
                    "eth0": {"kind": "veth", "peer": "host/va", "addresses": ["10.1.0.2/24", "2001:db8:1::2/64"],
                             "tbf": tbf("900mbit")},
                    "eth1": {"addresses": ["10.2.0.1/24", "2001:db8:2::1/64"], **netem("2ms")},
                },
                "routes": [{"to": "default", "via": "10.1.0.1"}, {"to": "default", "via": "2001:db8:1::1"}],
                "dns": {"nameservers": ["10.1.0.1"], "search": ["example"]},
                "hosts": True,
                "rules": [{"priority": 100, "fwmark": "0x1/0xf", "table": 100}],
                "nat": {"masquerade": [{"from": ["10.2.0.0/24", "2001:db8:2::/64"], "out": ["eth0", "wg*"]}]},
                "filter": {"input": "reject", "forward": "drop", "rules": [
                    {"chain": "forward", "in": "eth1", "proto": "tcp", "port": [80, 443], "action": "accept", "comment": "web"},
                    {"chain": "forward", "icmp": "echo-request", "action": "accept"}]},
                "neighbors": [neighbor("10.1.0.9", "eth0", 1), proxy("10.2.0.9", "eth0")],
            },
            "b": {
                "sysctl": {"net.ipv4.ip_default_ttl": 17},
                "interfaces": {"eth0": {"addresses": ["10.2.0.2/24", "2001:db8:2::2/64"],
                                        "sysctl": {"ipv4.rp_filter": 1}}},
                "routes": [{"to": "default", "via": "10.2.0.1"}, {"to": "10.66.0.0/16", "type": "blackhole"},
                           {"to": "10.88.0.0/16", "via": "2001:db8:2::1"}],
                "dns": {"nameservers": ["10.1.0.1"]},
            },
            "sw": {"interfaces": {
                "br0": bridge(10),
                "p1": {"kind": "veth", "peer": "a/eth1", "master": "br0", **carries(10, "20-29")},
                "p2": {"kind": "veth", "peer": "b/eth0", "master": "br0", **carries(10)},
                "p3": {"kind": "veth", "peer": "out/up0", "master": "br0"},
            }, "fdb": [entry(1, "p1"), entry(2, "p2", sticky=True), entry(3, "br0")]},
            "out": {
                "existing": True,
                "forwarding": "ipv4",
                "sysctl": {"net.ipv4.conf.all.rp_filter": 1},
                "interfaces": {"up0": {"addresses": ["10.2.0.3/24"], "tbf": tbf("50mbit")}, "stub": {"mtu": 1300}},
                "routes": [{"to": "10.77.0.0/16", "via": "10.2.0.1"}],
                "dns": {"nameservers": ["2001:db8::53"]},
                "rules": [{"priority": 100, "from": "10.2.0.3", "table": 100}],
                "nat": {"dnat": [{"proto": ["tcp", "udp"], "port": "8000-8002", "to": "10.2.0.1:9000-9002"}]},
                "neighbors": [neighbor("10.2.0.9", "up0", 1), neighbor("10.99.0.9", "stub", 1)],
                "fdb": [{"mac": "02:00:00:00:88:01", "dev": "stub", "state": "local"}],
            },
        },
        "expect": [{"from": "b", "ping": "10.2.0.1"}],
    }


def second():
    """first() with something created, changed, replaced and removed of each."""
    t = first()
    host, a, sw, out = t["host"], *(t["namespaces"][name] for name in ("a", "sw", "out"))
    host["forwarding"] = True
    host["sysctl"] = {"net.ipv4.conf.all.rp_filter": 2, "net.ipv4.ip_unprivileged_port_start": 3000,
                      "net.ipv4.ip_local_port_range": "4000 5000"}
    host["interfaces"]["wan"] = {"mtu": 1300, "mac": "02:00:00:00:00:77", "txqlen": 77, "addresses": ["198.51.100.2/24"]}
    host["interfaces"]["va"] = {"mtu": 1400, "addresses": ["10.1.0.1/24", "10.1.0.7/24"]}
    host["routes"] = [{"to": "10.2.0.0/24", "via": "10.1.0.2", "metric": 7}]
    host["rules"] = [{"priority": 100, "table": 102}, {"priority": 101, "table": 101}]
    host["nat"]["masquerade"] = [{"from": "10.2.0.0/24", "out": "wan", "to": "198.51.100.2"}]
    host["filter"] = {"forward": "accept", "clamp_mss": True}
    a["nat"]["dnat"] = [{"proto": "tcp", "port": 22, "to": "10.2.0.4"}]
    a["filter"]["rules"].reverse()
    a["filter"]["input"] = "accept"
    a["interfaces"]["eth1"].update(netem("3ms"))
    t["expect"] = [{"from": "c", "ping": "10.2.0.1"}, {"from": "c", "tcp": "10.2.0.1", "port": 9, "reach": False}]
    host["neighbors"] = [neighbor("192.0.2.9", "wan", 3), neighbor("2001:db8:1::9", "va", 2), proxy("2001:db8:1::8", "va")]
    a["forwarding"] = "ipv4"
    a["sysctl"] = {"net.ipv6.ip6frag_high_thresh": 16777216, "net.ipv6.ip6frag_low_thresh": 8388608,
                   "net.ipv6.conf.default.hop_limit": 34}
    host["interfaces"]["va"]["tbf"] = tbf("1gbit")
    a["interfaces"]["eth0"]["tbf"] = tbf("800mbit")
    a["interfaces"]["eth0"]["addresses"] = ["10.1.0.2/24", "10.1.0.3/24"]
    a["routes"] = [{"to": "default", "nexthops": [{"via": "10.1.0.1"}, {"via": "10.1.0.7"}]}]
    a["neighbors"] = [{**neighbor("10.1.0.9", "eth0", 1), "router": True}, neighbor("10.2.0.9", "eth0", 3)]
    a["dns"] = {"nameservers": ["10.1.0.7"], "options": ["ndots:2"]}
    del out["dns"]
    out["hosts"] = {"10.2.0.1": ["a", "a.example"]}
    sw["interfaces"]["br0"] = bridge(11, forward_delay=200, priority=4096)
    sw["interfaces"]["p1"].update(carries("20-24", {"id": 25, "untagged": True}))
    sw["interfaces"]["p2"].update(peer="c/eth0", **carries(11))
    sw["interfaces"]["p3"].update(carries(11))
    sw["fdb"] = [entry(1, "p3"), entry(2, "p2"), entry(4, "br0")]
    del t["namespaces"]["b"]
    t["namespaces"]["c"] = {
        "interfaces": {"eth0": {"addresses": ["10.2.0.4/24"]}, "br1": {"kind": "bridge"}},
        "routes": [{"to": "default", "via": "10.2.0.1"}, {"to": "10.88.0.0/16", "via": "fe80::1", "dev": "eth0"}],
        "dns": {"nameservers": []},
        "filter": {"input": "drop", "output": "reject"},
    }
    del out["nat"]
    out["filter"] = {"input": "drop", "rules": [{"chain": "input", "proto": "tcp", "port": 22, "action": "accept"}]}
    out["forwarding"] = False
    out["sysctl"] = {"net.ipv4.ip_default_ttl": 33}
    out["interfaces"] = {"up0": {"addresses": ["10.2.0.3/24", "10.2.0.33/24"]}}
    out["routes"] = [{"to": "10.77.0.0/16", "via": "10.2.0.4"}]
    out["rules"] = [{"priority": 100, "from": "10.2.0.33", "table": 100}]
    out["neighbors"] = [neighbor("10.2.0.9", "up0", 2), proxy("10.2.0.9", "up0")]
    del out["fdb"]
    return t

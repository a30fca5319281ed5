# SPDX-License-Identifier: MIT
"""What each kind does in the kernel."""
import pytest
from machine import wait_for
from topologies import everyday, many, pair


def test_both_ends_in_one_namespace(machine):
    machine.apply({"namespaces": {"a": {"interfaces": {
        "x": {"kind": "veth", "peer": "y", "addresses": ["10.0.0.1/24"]},
        "y": {"addresses": ["10.0.1.1/24"]},
    }}}})
    assert machine.links("a") == ["lo", "x", "y"]
    assert {"UP", "LOWER_UP"} <= set(machine.link("a", "x")["flags"])
    assert machine.link("a", "x")["link"] == "y"
    machine.ping("a", "10.0.1.1")


def test_both_ends_on_the_host(machine):
    machine.apply({"host": {"interfaces": {
        "x": {"kind": "veth", "peer": "y", "addresses": ["10.0.0.1/24"]}, "y": {"kind": "veth", "peer": "x"}}}})
    assert machine.links() == ["lo", "x", "y"]
    assert machine.link(None, "x")["link"] == "y"


def test_peer_named_once_exists_with_defaults(machine):
    t = everyday()
    del t["host"]
    machine.apply(t)
    link = machine.link(None, "veth-host")
    assert "UP" in link["flags"] and link["mtu"] == 1500


def test_bridge_with_three_ports(machine):
    t = {"namespaces": {"s": {"interfaces": {
        "br0": {"kind": "bridge", "addresses": ["10.0.0.254/24"], "ageing_time": 100, "stp_state": False}}}}}
    for i in (1, 2, 3):
        t["namespaces"]["s"]["interfaces"][f"p{i}"] = {"master": "br0"}
        t["namespaces"][f"n{i}"] = {"interfaces": {"eth0": {
            "kind": "veth", "peer": f"s/p{i}", "addresses": [f"10.0.0.{i}/24"]}}}
    machine.apply(t)
    assert {machine.link("s", f"p{i}")["master"] for i in (1, 2, 3)} == {"br0"}
    assert machine.link("s", "br0")["linkinfo"]["info_kind"] == "bridge"
    for i in (1, 2, 3):
        for j in (1, 2, 3, 254):
            machine.ping(f"n{i}", f"10.0.0.{j}")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    del t["namespaces"]["s"]["interfaces"]["p3"]["master"]
    machine.apply(t)
    assert "master" not in machine.link("s", "p3")
    machine.ping("n1", "10.0.0.2")
    machine.ping("n1", "10.0.0.3", ok=False)


def test_bridge_options_change_in_place(machine):
    t = {"namespaces": {"s": {"interfaces": {"br0": {"kind": "bridge"}}}}}
    machine.apply(t)
    index = machine.link("s", "br0")["ifindex"]
    plain = machine.snapshot()
    t["namespaces"]["s"]["interfaces"]["br0"].update(stp_state=True, priority=4096)
    machine.apply(t)
    data = machine.link("s", "br0")
    assert data["ifindex"] == index
    assert data["linkinfo"]["info_data"]["stp_state"] == 1 and data["linkinfo"]["info_data"]["priority"] == 4096
    machine.apply({"namespaces": {"s": {"interfaces": {"br0": {"kind": "bridge"}}}}})
    machine.assert_same(plain)


def test_router(machine):
    t = {"namespaces": {
        "r": {"forwarding": True, "interfaces": {
            "x": {"addresses": ["10.0.1.1/24", "2001:db8:1::1/64"]},
            "y": {"addresses": ["10.0.2.1/24", "2001:db8:2::1/64"]}}},
        "a": {"interfaces": {"eth0": {"kind": "veth", "peer": "r/x", "addresses": ["10.0.1.2/24", "2001:db8:1::2/64"]}},
              "routes": [{"to": "default", "via": "10.0.1.1"}, {"to": "default", "via": "2001:db8:1::1"}]},
        "b": {"interfaces": {"eth0": {"kind": "veth", "peer": "r/y", "addresses": ["10.0.2.2/24", "2001:db8:2::2/64"]}},
              "routes": [{"to": "default", "via": "10.0.2.1"}, {"to": "default", "via": "2001:db8:2::1"}]},
    }}
    machine.apply(t)
    machine.ping("a", "10.0.2.2")
    machine.ping("a", "2001:db8:2::2")
    t["namespaces"]["r"]["forwarding"] = "ipv6"
    machine.apply(t)
    machine.ping("a", "10.0.2.2", ok=False)
    machine.ping("a", "2001:db8:2::2")


def test_ipv6_first_ping_at_once(machine):
    t = pair()
    for netns, address in ("a", "2001:db8::1/64"), ("b", "2001:db8::2/64"):
        t["namespaces"][netns]["interfaces"]["eth0"]["addresses"] = [address]
    machine.apply(t)
    machine.run("ip", "netns", "exec", "a", "ping", "-n", "-c", "1", "-W", "1", "2001:db8::2")
    info = machine.ip("-n", "a", "-6", "addr", "show", "dev", "eth0", "scope", "global")[0]["addr_info"][0]
    assert info.get("nodad") and not info.get("tentative")


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_routes_that_refuse(machine, kind):
    t = everyday()
    t["namespaces"]["ns1"]["routes"] += [{"to": "10.66.0.0/16", "type": kind}, {"to": "2001:db8:66::/48", "type": kind}]
    machine.apply(t)
    assert machine.routes("ns1", "type", kind)[0]["dst"] == "10.66.0.0/16"
    assert machine.ip("-n", "ns1", "-6", "route", "show", "type", kind)[0]["dst"] == "2001:db8:66::/48"
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.apply(everyday())
    assert machine.routes("ns1", "type", kind) == []


def test_several_next_hops(machine):
    t = {"namespaces": {
        "a": {"interfaces": {
            "x": {"kind": "veth", "peer": "b/x", "addresses": ["10.0.1.1/24", "2001:db8:1::1/64"]},
            "y": {"kind": "veth", "peer": "b/y", "addresses": ["10.0.2.1/24", "2001:db8:2::1/64"]}},
            "routes": [{"to": "10.9.0.0/24", "nexthops": [
                {"via": "10.0.1.2", "weight": 2}, {"via": "10.0.2.2", "dev": "y"}]},
                {"to": "2001:db8:9::/64", "nexthops": [{"via": "2001:db8:1::2"}, {"via": "2001:db8:2::2"}]}]},
        "b": {"interfaces": {
            "x": {"addresses": ["10.0.1.2/24", "2001:db8:1::2/64"]}, "y": {"addresses": ["10.0.2.2/24", "2001:db8:2::2/64"]}}},
    }}
    machine.apply(t)
    hops = machine.routes("a", "10.9.0.0/24")[0]["nexthops"]
    assert sorted((h["gateway"], h["dev"], h["weight"]) for h in hops) == [("10.0.1.2", "x", 2), ("10.0.2.2", "y", 1)]
    hops = machine.ip("-n", "a", "-6", "route", "show", "2001:db8:9::/64")[0]["nexthops"]
    assert sorted(h["gateway"] for h in hops) == ["2001:db8:1::2", "2001:db8:2::2"]
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    t["namespaces"]["a"]["routes"][0]["nexthops"].pop()
    t["namespaces"]["a"]["routes"][1]["nexthops"].pop()
    machine.apply(t)
    assert machine.routes("a", "10.9.0.0/24")[0]["gateway"] == "10.0.1.2"
    assert machine.ip("-n", "a", "-6", "route", "show", "2001:db8:9::/64")[0]["gateway"] == "2001:db8:1::2"
    machine.apply(t)


def test_two_hundred_next_hops(machine):
    """More than the buffers of a request once held."""
    hops = [{"via": f"10.0.{i // 100 + 1}.{i % 100 + 1}"} for i in range(200)]
    t = {"namespaces": {
        "a": {"interfaces": {"x": {"kind": "veth", "peer": "b/x", "addresses": ["10.0.0.1/16"]}},
              "routes": [{"to": "10.9.0.0/24", "nexthops": hops}]},
        "b": {}}}
    machine.apply(t)
    assert [h["gateway"] for h in machine.routes("a", "10.9.0.0/24")[0]["nexthops"]] == [h["via"] for h in hops]
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_many_routes_of_many_next_hops(machine):
    """All of them in batches that the socket accepts."""
    hops = [{"via": f"10.0.1.{i + 1}"} for i in range(29)]
    t = {"namespaces": {
        "a": {"interfaces": {"x": {"kind": "veth", "peer": "b/x", "addresses": ["10.0.0.1/16"]}},
              "routes": [{"to": f"10.{100 + i // 250}.{i % 250}.0/24", "nexthops": hops} for i in range(300)]},
        "b": {}}}
    machine.apply(t)
    assert sum(len(r.get("nexthops", [])) == 29 for r in machine.routes("a")) == 300
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


@pytest.mark.parametrize("address, shown", [
    ({"address": "10.0.0.1", "peer": "10.0.0.2/32"}, ("10.0.0.1", "10.0.0.2", 32)),
    ({"address": "10.0.0.1/32", "peer": "10.0.0.2/24"}, ("10.0.0.1", "10.0.0.2", 24)),
    ({"address": "10.0.0.1/24", "label": "x"}, ("10.0.0.1", None, 24)),
], ids=["host", "network", "label"])
def test_address_with_peer_or_label(machine, address, shown):
    t = {"namespaces": {"a": {"interfaces": {"x": {"kind": "veth", "peer": "b/x", "addresses": [address]}}}, "b": {}}}
    machine.apply(t)
    info = machine.ip("-n", "a", "-4", "addr", "show", "dev", "x")[0]["addr_info"]
    assert [(i["local"], i.get("address"), i["prefixlen"]) for i in info] == [shown]
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_host_end_below_the_mtu_of_ipv6(machine):
    """The kernel removes IPv6 and its keys from a link with an MTU below 1280."""
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["mtu"] = 1000
    machine.apply(t)
    assert machine.link(None, "veth-host")["mtu"] == 1000
    machine.ping("ns1", "10.0.0.1")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_metric_table_onlink_dev_src(machine):
    t = everyday()
    ns1 = t["namespaces"]["ns1"]
    ns1["interfaces"]["veth-ns"]["addresses"] += ["10.0.5.2/24"]
    ns1["routes"] = [
        {"to": "10.9.1.0/24", "via": "10.0.0.1", "metric": 7},
        {"to": "10.9.1.0/24", "via": "10.0.0.1", "metric": 8},
        {"to": "10.9.2.0/24", "via": "10.0.0.1", "table": 100},
        {"to": "10.9.3.0/24", "via": "10.77.0.1", "dev": "veth-ns", "onlink": True},
        {"to": "10.9.4.0/24", "dev": "veth-ns"},
        {"to": "10.9.5.0/24", "via": "10.0.0.1", "src": "10.0.5.2", "mtu": 1300},
        {"to": "10.9.6.1", "via": "10.0.0.1"},
    ]
    machine.apply(t)
    assert sorted(r["metric"] for r in machine.routes("ns1", "10.9.1.0/24")) == [7, 8]
    assert machine.routes("ns1", "table", 100)[0]["gateway"] == "10.0.0.1"
    assert "onlink" in machine.routes("ns1", "10.9.3.0/24")[0]["flags"]
    assert machine.routes("ns1", "10.9.4.0/24")[0]["scope"] == "link"
    assert machine.routes("ns1", "10.9.5.0/24")[0]["prefsrc"] == "10.0.5.2"
    assert machine.routes("ns1", "10.9.6.1")[0]["gateway"] == "10.0.0.1"
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    ns1["routes"][0]["via"] = "10.0.0.9"
    machine.apply(t)
    assert sorted((r["metric"], r["gateway"]) for r in machine.routes("ns1", "10.9.1.0/24")) == [
        (7, "10.0.0.9"), (8, "10.0.0.1")]
    machine.apply(everyday())
    assert len(machine.routes("ns1")) == 2


def test_route_on_the_host(machine):
    t = everyday()
    t["host"]["routes"] = [{"to": "10.9.0.0/24", "via": "10.0.0.2"}]
    machine.apply(t)
    assert machine.routes(None, "10.9.0.0/24")[0]["dev"] == "veth-host"
    machine.ctl("down", "--all")
    machine.assert_same(machine.at_first)


def test_sysctls(machine):
    t = everyday()
    ns1 = t["namespaces"]["ns1"]
    ns1["sysctl"] = {"net.ipv4.ip_default_ttl": 33, "net.ipv4.ip_local_port_range": "2000 3000"}
    ns1["interfaces"]["veth-ns"]["sysctl"] = {"ipv4.rp_filter": 1, "ipv6.hop_limit": 7}
    machine.apply(t)
    assert machine.sysctl("ns1", "net.ipv4.ip_default_ttl") == "33"
    assert machine.sysctl("ns1", "net.ipv4.ip_local_port_range").split() == ["2000", "3000"]
    assert machine.sysctl("ns1", "net.ipv4.conf.veth-ns.rp_filter") == "1"
    assert machine.sysctl("ns1", "net.ipv6.conf.veth-ns.hop_limit") == "7"
    assert machine.sysctl(None, "net.ipv4.ip_default_ttl") == "64"
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_forwarding_does_not_reset_other_sysctls(machine):
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["sysctl"] = {"ipv4.send_redirects": 0, "ipv4.accept_redirects": 1}
    machine.apply(t)
    t["namespaces"]["ns1"]["forwarding"] = True
    machine.apply(t)
    assert machine.sysctl("ns1", "net.ipv4.conf.veth-ns.send_redirects") == "0"
    assert machine.sysctl("ns1", "net.ipv4.conf.veth-ns.accept_redirects") == "1"


def test_names_at_their_limits(machine):
    netns, link = "n" * 64, "i" * 15
    machine.apply({"namespaces": {netns: {"interfaces": {link: {"kind": "veth", "peer": f"host/{'h' * 15}"}}}}},
                  "t" * 64)
    assert machine.namespaces() == [netns] and link in machine.links(netns)
    machine.ctl("down", "t" * 64)


@pytest.mark.parametrize("netns, link, words", [
    ("n" * 65, "x", "64"), ("n", "i" * 16, "16 bytes long, the kernel allows 15"), ("n", "a b", "space"), ("n", "..", "..")])
def test_names_beyond_their_limits(machine, netns, link, words):
    t = {"namespaces": {netns: {"interfaces": {link: {"kind": "veth", "peer": "host/h"}}}}}
    assert words in machine.apply(t, code=2).stderr


def test_lo_with_an_address(machine):
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["lo"] = {"addresses": ["10.255.0.1/32"]}
    machine.apply(t)
    assert "10.255.0.1/32" in machine.addresses("ns1", "lo") and "127.0.0.1/8" in machine.addresses("ns1", "lo")
    machine.apply(everyday())
    assert machine.addresses("ns1", "lo") == ["127.0.0.1/8", "::1/128"]


def test_addrgen_none(machine):
    t = pair()
    for netns in "a", "b":
        t["namespaces"][netns]["interfaces"]["eth0"]["addrgen"] = "none"
    machine.apply(t)
    for netns in "a", "b":
        assert machine.ip("-n", netns, "-6", "addr", "show", "dev", "eth0", "scope", "link") in ([], [{}])


def test_hundred_interfaces_in_one_namespace(machine):
    interfaces = {f"x{i}": {"kind": "veth", "peer": f"b/y{i}", "addresses": [f"10.1.{i}.1/24"]} for i in range(100)}
    t = {"namespaces": {"a": {"interfaces": interfaces}, "b": {}}}
    machine.apply(t)
    assert len(machine.links("a")) == len(machine.links("b")) == 101
    assert machine.apply(t).stdout.strip() == "lab: unchanged"


def test_many_namespaces(machine):
    """While hundreds of links settle, the kernel's tables change during every dump."""
    t = many(400)
    assert "lab: 2000 created" in machine.apply(t).stdout
    for i in (0, 399):
        machine.ping(f"ns{i}", t["host"]["interfaces"][f"vh{i}"]["addresses"][0].partition("/")[0])
    for _ in range(3):
        assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


def test_dumps_that_are_disturbed(machine):
    """Links of others come and go on the host, which has more than one message of a dump holds."""
    pairs = "".join(f"link add o{i} group 7 type veth peer name p{i}\n" for i in range(100))
    machine.run("ip", "-batch", "-", text=pairs)
    loop = machine.popen("sh", "-c", "for i in $(seq 100000); do [ -e /run/enough ] && break;"
                                     "ip link add w type veth peer name v; ip link del w; done")
    for _ in range(30):
        assert "lab: 5 created" in machine.apply(everyday()).stdout
        machine.ctl("down", "lab")
    assert loop.poll() is None
    machine.sh("touch /run/enough")
    assert loop.wait(10) == 0
    machine.sh("rm /run/enough; ip link del group 7")


@pytest.mark.parametrize("way, text", [
    ({"via": "2001:db8::2"}, "via inet6 2001:db8::2"),
    ({"via": "fe80::2", "dev": "a"}, "via inet6 fe80::2 dev a"),
    ({"nexthops": [{"via": "2001:db8::2"}, {"via": "10.9.0.2"}]}, "nexthop via inet6 2001:db8::2 nexthop via 10.9.0.2"),
])
@pytest.mark.parametrize("to", ["192.0.2.0/24", "0.0.0.0/0"])
def test_gateway_of_the_other_family(machine, way, text, to):
    """Created, read back, healed, adopted again after a restart, changed and removed."""
    def topology(*routes):
        return {"namespaces": {"ns1": {"routes": list(routes), "interfaces": {
            "a": {"kind": "veth", "peer": "b", "addresses": ["2001:db8::1/64", "10.9.0.1/24"]}, "b": {}}}}}
    def gateways():
        found = machine.routes("ns1", "proto", "78")
        return sorted(hop.get("via", {}).get("host") or hop["gateway"] for r in found for hop in r.get("nexthops", [r]))
    wanted = sorted(hop["via"] for hop in way.get("nexthops", [way]))
    machine.apply(topology())
    before = machine.snapshot()
    t = topology({"to": to, **way})
    shown = "default" if to == "0.0.0.0/0" else to
    assert f"ns1 {shown} {text}" in " ".join(machine.ctl("plan", machine.file(t)).stdout.split())
    machine.apply(t)
    assert gateways() == wanted
    there = machine.snapshot()
    machine.restart()
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.sh(f"ip -n ns1 route del {to}")
    wait_for(lambda: gateways() == wanted)
    wait_for(lambda: machine.status()["healed"])
    machine.assert_same(there)
    machine.apply(topology())
    machine.assert_same(before)
    error = machine.apply(topology({"to": to, "via": "2001:db8:1::2"}), code=2).stderr
    assert "2001:db8:1::2 is on no network of ns1 (it has 2001:db8::1/64 on a)" in error, error


@pytest.mark.parametrize("field", ["other_addresses", "move_from"])
def test_what_is_not_built_yet_is_refused_by_name(machine, field):
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"][field] = []
    result = machine.apply(t, code=2)
    assert f"{field}" in result.stderr and "not supported by this version" in result.stderr

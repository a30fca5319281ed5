# SPDX-License-Identifier: MIT
"""It stays so: whatever is removed or changed by hand is restored, on the host, in a namespace of ours and in one of
others; and what others add under their own mark stays."""
import errno
import re
import subprocess

import pytest
from fault import ERROR, NUMBERS as CALLS
from machine import NETNSCTL, NEVER, lines_of, wait_for
from monitor import Monitor, events, log
from topologies import everyday, many, veth


def everywhere():
    """The same in each of the three places: the host, a namespace of ours, a namespace of others."""
    def body(n, wan=None):
        t = {
            "interfaces": {
                "up0": veth(f"far/up{n}", f"10.{n}.0.1/24", f"2001:db8:{n}::1/64", mtu=1400, mac=f"02:00:00:00:0{n}:01",
                            sysctl={"ipv4.rp_filter": 2, "ipv6.accept_redirects": 0}),
                "br0": {"kind": "bridge", "addresses": [f"10.{n}.1.1/24"]},
                "p0": {"kind": "veth", "peer": f"far/p{n}", "master": "br0"},
                "off0": {"kind": "veth", "peer": f"far/off{n}", "up": False},
            },
            "routes": [{"to": f"10.{n}.8.0/24", "via": f"10.{n}.0.2"},
                       {"to": f"2001:db8:{n}8::/64", "via": f"2001:db8:{n}::2"},
                       {"to": f"10.{n}.9.0/24", "type": "blackhole"}],
            "sysctl": {"net.ipv4.ip_default_ttl": 60 + n, "net.ipv4.conf.all.rp_filter": 2},
            "forwarding": True,
        }
        if wan:
            t["interfaces"][wan] = {"mtu": 1300, "addresses": [f"10.{n}.2.1/24"], "up": True}
        return t

    far = {f"up{n}": {"addresses": [f"10.{n}.0.2/24", f"2001:db8:{n}::2/64"]} for n in (1, 2, 3)}
    return {"host": body(1, "wan"), "namespaces": {"ns": body(2), "old": {"existing": True, **body(3, "wan")},
                                                  "far": {"interfaces": far}}}


PLACES = {"host": (None, 1), "ours": ("ns", 2), "existing": ("old", 3)}

# What is done, {n} being the number of the place, and what is then reported as drifted.
BROKEN = {
    "address": ("ip addr del 10.{n}.0.1/24 dev up0", "address up0"),
    "address 6": ("ip addr del 2001:db8:{n}::1/64 dev up0", "address up0"),
    "both addresses": ("ip addr del 10.{n}.0.1/24 dev up0; ip addr del 2001:db8:{n}::1/64 dev up0", "address up0"),
    "route": ("ip route del 10.{n}.8.0/24", "route"),
    "route 6": ("ip -6 route del 2001:db8:{n}8::/64", "route"),
    "route without an interface": ("ip route del blackhole 10.{n}.9.0/24", "route"),
    "another route": ("ip route replace 10.{n}.8.0/24 via 10.{n}.0.7 proto 78", "route"),
    "veth pair": ("ip link del up0", "link up0"),
    "veth pair, the far end": ("ip -n far link del up{n}", "link up0"),
    "bridge": ("ip link del br0", "link br0"),
    "port": ("ip link set p0 nomaster", "link p0"),
    "port, and the bridge": ("ip link del p0; ip link del br0", "link br0"),
    "mtu": ("ip link set up0 mtu 1280", "link up0"),
    "small mtu": ("ip link set up0 mtu 1000", "link up0"),
    "mac": ("ip link set up0 address 02:00:00:00:00:99", "link up0"),
    "down": ("ip link set up0 down", "link up0"),
    "bridge down": ("ip link set br0 down", "link br0"),
    "up": ("ip link set off0 up", "link off0"),
    "name": ("ip link set up0 name other", "link up0"),
    "moved": ("ip link set up0 netns far name moved", "link up0"),
    "sysctl of an interface": ("echo 0 >/proc/sys/net/ipv4/conf/up0/rp_filter", "sysctl up0"),
    "sysctl": ("echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter", "sysctl"),
    "forwarding": ("echo 0 >/proc/sys/net/ipv4/ip_forward", "namespace"),
    "forwarding 6": ("echo 0 >/proc/sys/net/ipv6/conf/all/forwarding", "namespace"),
    "an address by hand": ("ip addr add 10.99.{n}.1/24 dev up0", "address up0"),
    "an address 6 by hand": ("ip addr add 2001:db8:99:{n}::1/64 dev up0", "address up0"),
}
# The kernel reports nothing; the audit finds it.
SILENT = {
    "sysctl": ("echo 99 >/proc/sys/net/ipv4/ip_default_ttl", "sysctl"),
    "sysctl of an interface": ("echo 1 >/proc/sys/net/ipv6/conf/up0/accept_redirects", "sysctl up0"),
}


# A namespace may be missing while it is being restored: then there is less than there should be.
LOOK = """
what='addr show
route show table all'
for n in host ns old far; do
	echo "@ $n"
	if [ $n = host ]; then
		echo "$what" | ip -d -j -batch -
		sh -c '{sysctls}'
	else
		echo "$what" | ip -n $n -d -j -batch - || true
		nsenter --net=/run/netns/$n sh -c '{sysctls}' || true
	fi
done
"""
SYSCTLS = """cd /proc/sys/net; grep -s . ipv4/ip_forward ipv6/conf/all/forwarding ipv4/ip_default_ttl ipv4/conf/all/rp_filter \\
	ipv4/conf/up0/rp_filter ipv6/conf/up0/accept_redirects || true"""
# Others, once a link has been recreated.
NUMBERS = re.compile(r": \S+ (ifindex|link_index|link_netnsid) ")


def state(machine):
    """All there is in the places."""
    return [line for line in lines_of(machine.sh(LOOK.format(sysctls=SYSCTLS))) if not NUMBERS.search(line)]


def settled(machine):
    """The state after an apply, once the kernel has joined the anycast address of each network of up0, which forwards: it
    does so later, by itself."""
    wanted = {f"2001:db8:{n}::" for _, n in PLACES.values()}

    def done():
        lines = state(machine)
        return lines if wanted <= {line.split('"dst": "')[1].split('"')[0] for line in lines if '"type": "anycast"' in line} else None
    return wait_for(done)


class Healer:
    """Breaks things, and waits until everything is as it was."""

    def __init__(self, machine):
        self.machine, self.before = machine, settled(machine)

    def breaks(self, netns, script):
        """The events that were reported about it."""
        enter = f"ip netns exec {netns} " if netns else ""
        with Monitor(self.machine) as m:
            self.machine.run(*enter.split(), "sh", "-ec", script)
            told = []
            wait_for(lambda: m.drain(told) and state(self.machine) == self.before and m.drain(told), 10)
        return told


def prepare(machine):
    machine.sh("""ip netns add old; ip -n old link set lo up
        ip link add wan type bridge; ip -n old link add wan type bridge""")


def tidy(machine):
    machine.ctl("down", "--all")
    machine.sh("ip netns del old; ip link del wan")


@pytest.mark.parametrize("place", PLACES)
def test_is_restored(bare, place):
    bare.start("--heal-burst", NEVER)
    prepare(bare)
    bare.apply(everywhere())
    netns, n = PLACES[place]
    healer = Healer(bare)
    for what, (script, drifted) in BROKEN.items():
        told = healer.breaks(netns, script.format(n=n))
        objects = {f"{e['kind']} {e['object']}" for e in told if e["event"] == "drift"}
        kind, _, link = drifted.partition(" ")
        # Of a veth pair one end is reported.
        assert objects & {f"{kind} {netns or 'host'}{'/' if link else ''}{link}", f"{kind} far/up{n}", f"{kind} far/p{n}"}, (what, objects)
        assert told[-1]["event"] == "healed", what
    tidy(bare)


def test_silent_changes_are_found_by_the_audit(bare):
    bare.start("--heal-burst", NEVER, "--audit", "1")
    prepare(bare)
    bare.apply(everywhere())
    before = settled(bare)
    for netns, n in PLACES.values():
        for script, _ in SILENT.values():
            bare.run(*bare_enter(netns), "sh", "-ec", script.format(n=n))
    wait_for(lambda: state(bare) == before, 10)
    told = {f"{e['kind']} {e['object']}" for e in log(bare) if e["event"] == "drift"}
    assert told == {f"sysctl {place}{link}" for place in ("host", "ns", "old") for link in ("", "/up0")}
    tidy(bare)


def bare_enter(netns):
    return ["ip", "netns", "exec", netns] if netns else []


def test_loopback(machine):
    machine.apply(everyday())
    machine.sh("ip -n ns1 link set lo down")
    wait_for(lambda: "UP" in machine.link("ns1", "lo")["flags"])
    machine.ping("ns1", "127.0.0.1")


COOKIE = "import socket; print(int.from_bytes(socket.socket().getsockopt(socket.SOL_SOCKET, 71, 8), 'little'))"
ECHO = """
import socket
with socket.create_server(("10.0.0.2", 7)) as s:
    print("ready", flush=True)
    with s.accept()[0] as c:
        while data := c.recv(99):
            c.sendall(data)
"""
TALK = """
import socket, sys
with socket.create_connection(("10.0.0.2", 7)) as s:
    for line in sys.stdin:
        s.sendall(line.encode())
        print(s.recv(99).decode(), end="", flush=True)
"""


def cookie(machine, netns):
    return machine.run("ip", "netns", "exec", netns, "/usr/bin/python3", "-c", COOKIE).stdout


class Talk:
    """A connection from the host into ns1, to a process that runs there."""

    def __init__(self, machine):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.server = machine.popen("ip", "netns", "exec", "ns1", "/usr/bin/python3", "-c", ECHO, **pipes)
        assert self.server.stdout.readline() == "ready\n"
        self.client = machine.popen("/usr/bin/python3", "-c", TALK, **pipes)
        self.goes_on()

    def goes_on(self):
        self.client.stdin.write("hello\n")
        self.client.stdin.flush()
        assert self.client.stdout.readline() == "hello\n"

    def end(self):
        self.client.communicate(timeout=10)
        assert self.server.wait(10) == 0 and self.client.returncode == 0
        self.server.communicate()


GONE = {
    "unmounted": "umount -l /run/netns/ns1",
    # On a busy machine netnsd may have restored it before the file is removed.
    "deleted": "ip netns del ns1 || true",
    "unmounted and removed": "umount -l /run/netns/ns1; rm -f /run/netns/ns1 || true",
    "moved": "umount -l /run/netns/ns1; mv /run/netns/ns1 /run/netns/old || true",
    "removed from afar": "unshare -m sh -ec 'umount -l /run/netns/ns1; rm /run/netns/ns1'",
    "directory unmounted": "umount -l /run/netns",
    "directory removed": "umount -l /run/netns; rm -rf /run/netns || true",
    "all of /run/netns": "for n in ns1 ns2 ns3; do ip netns del $n || true; done",
}


@pytest.mark.parametrize("script", GONE.values(), ids=GONE)
def test_namespace_is_restored_as_the_same(machine, script):
    t = everyday()
    t["namespaces"]["ns2"] = t["namespaces"]["ns3"] = {}
    machine.apply(t)
    before = {n: (machine.inode(n), cookie(machine, n)) for n in machine.namespaces()}
    links, names = machine.ip("-n", "ns1", "link"), machine.root / "run/netns"
    talk = Talk(machine)
    machine.sh(script)
    wait_for(lambda: set(before) <= set(machine.namespaces()))
    # It may be restored and, by the second command, be lost once more.
    wait_for(lambda: all(names.joinpath(n).exists() and machine.inode(n) == inode for n, (inode, _) in before.items()))
    assert {n: cookie(machine, n) for n in before} == {n: c for n, (_, c) in before.items()}
    talk.goes_on()
    # The processes in it are named.
    wait_for(lambda: re.search(r"healed in .*; ns1 is used by \d+ \(python3", machine.log()))
    assert machine.ip("-n", "ns1", "link") == links
    machine.restart()
    talk.goes_on()
    talk.end()
    assert not [line for line in machine.sh("ls /run/netns").split() if line not in (*before, "old")]
    machine.sh("rm -f /run/netns/old")


def test_another_namespace_under_our_name(machine):
    """It belongs to others, and is not touched; ours is restored when it goes."""
    machine.apply(everyday())
    inode = machine.inode("ns1")
    machine.sh("ip netns add other; ip -n other link add x type bridge; mount --bind /run/netns/other /run/netns/ns1")
    wait_for(lambda: machine.status()["state"] == "failed")
    assert "another program" in machine.status()["problem"]["message"]
    assert machine.links("ns1") == ["lo", "x"]
    machine.sh("ip netns del other; umount -l /run/netns/ns1")
    wait_for(lambda: machine.status()["state"] == "up" and machine.inode("ns1") == inode)
    machine.ping("ns1", "10.0.0.1")


def test_another_link_under_our_name(machine):
    machine.apply(everyday())
    machine.pause()
    machine.sh("ip link del veth-host; ip link add veth-host type bridge; ip addr add 10.66.0.1/24 dev veth-host")
    machine.resume()
    wait_for(lambda: machine.status()["state"] == "failed")
    assert "another program" in machine.status()["problem"]["message"]
    assert machine.addresses(None, "veth-host") == ["10.66.0.1/24"]
    machine.sh("ip link del veth-host")
    wait_for(lambda: machine.status()["state"] == "up")
    machine.ping("ns1", "10.0.0.1")


def test_what_others_add_stays(bare):
    """Links, addresses on them, and routes of others, also in our namespace, whatever is healed or audited."""
    bare.start("--heal-burst", NEVER, "--audit", "1")
    t = everyday()
    t["namespaces"]["ns1"]["sysctl"] = {"net.ipv4.ip_default_ttl": 70}
    bare.apply(t)
    for at in "", "-n ns1":
        bare.sh(f"""ip {at} link add x0 type bridge; ip {at} link set x0 up; ip {at} addr add 10.77.0.1/24 dev x0
            ip {at} link add x1 type veth peer name x2
            for p in bgp dhcp static boot 99; do ip {at} route add 10.78.$((i = i + 1)).0/24 via 10.77.0.2 proto $p; done
            ip {at} -6 route add 2001:db8:77::/64 dev x0 proto bird; ip {at} rule add to 10.79.0.0/16 table 9
            ip {at} neigh add 10.77.0.9 lladdr 02:00:00:00:00:99 dev x0""")
    before = bare.snapshot()
    bare.sh("ip -n ns1 route del default; ip addr del 10.0.0.1/24 dev veth-host")
    bare.assert_same(before)
    # This is found by an audit, which has seen everything.
    bare.sh("ip netns exec ns1 sh -c 'echo 3 >/proc/sys/net/ipv4/ip_default_ttl'")
    wait_for(lambda: bare.sysctl("ns1", "net.ipv4.ip_default_ttl") == "70")
    bare.assert_same(before)
    assert {e["kind"] for e in log(bare) if e["event"] == "drift"} == {"route", "address", "sysctl"}
    bare.sh("ip link del x0; ip link del x1; ip rule del to 10.79.0.0/16 table 9")


def test_our_own_changes_are_no_news(bare):
    """After an apply, and after a heal, there is nothing to do, and nothing is written."""
    bare.start(strace=True)
    prepare(bare)
    bare.apply(everywhere())
    bare.writes()
    with Monitor(bare) as m:
        for _ in range(2):
            # Events are in order: when this has been healed, all earlier ones have been received.
            bare.sh("ip addr del 10.1.0.1/24 dev up0")
            told = [m.event()]
            while told[-1]["event"] != "healed":
                told.append(m.event())
            # Which of the two is found missing first depends on what is observed just then.
            assert sorted((e["event"], e.get("kind", "")) for e in told) == \
                [("drift", "address"), ("drift", "route"), ("healed", "")]
    writes = bare.writes()
    assert len(writes) == 2 and all("RTM_NEWADDR" in w and "RTM_NEWROUTE" in w for w in writes), writes
    tidy(bare)


def test_audit_writes_nothing(bare):
    """Where everything is as declared."""
    bare.start("--audit", "1", strace=True)
    prepare(bare)
    t = everywhere()
    t["namespaces"]["zz"] = {"sysctl": {"net.ipv4.ip_default_ttl": 33}}
    bare.apply(t)
    bare.writes()
    for _ in range(2):
        # Only an audit finds that out, and there it comes last.
        bare.sh("ip netns exec zz sysctl -q net.ipv4.ip_default_ttl=34")
        wait_for(lambda: bare.sysctl("zz", "net.ipv4.ip_default_ttl") == "33")
    writes = bare.writes()
    assert len(writes) == 2 and all("ip_default_ttl" in w for w in writes), writes
    tidy(bare)


def drops(machine):
    """Events that netnsd's listener has lost."""
    rows = [line.split() for line in (machine.root / f"proc/{machine.pid()}/net/netlink").read_text().splitlines()[1:]]
    return sum(int(row[8]) for row in rows if row[1] == "0" and int(row[3], 16))


def test_overrun(bare):
    """More events than the listener can hold: nothing is missed."""
    bare.start("--heal-burst", NEVER)
    prepare(bare)
    bare.apply(everywhere())
    before = settled(bare)
    bare.pause()
    batch = bare.folder / "batch"
    batch.write_text("".join(f"addr {what} 10.66.0.1/32 dev wan\n" for _ in range(12000) for what in ("add", "del")))
    bare.run("ip", "-batch", batch)
    assert drops(bare) > 0
    for netns, n in PLACES.values():
        for what in "address", "route 6", "mtu", "port", "sysctl", "veth pair, the far end":
            bare.run(*bare_enter(netns), "sh", "-ec", BROKEN[what][0].format(n=n))
    bare.sh("ip netns del ns; ip -n old link del br0")  # netnsd is stopped
    # A link of ours under another name may be removed by us; a copy of its mark makes nothing ours.
    group = bare.link("far", "off1")["group"]
    bare.sh("ip link set br0 down; ip link set br0 name stray")
    bare.sh(f"ip link add copy group {group} type bridge; ip link set copy alias netnsd:lab")
    bare.resume()
    wait_for(lambda: [line for line in state(bare) if "copy" not in line] == before, 20)
    bare.sh("ip link del copy")
    wait_for(lambda: state(bare) == before)
    tidy(bare)


def test_heals_while_tables_change(bare):
    """Dumps that are disturbed restart."""
    bare.start("--heal-burst", NEVER)
    t = everyday()
    bare.apply(t)
    # So many that a dump takes several messages.
    churn = bare.folder / "churn"
    churn.write_text("".join(f"addr {what} 10.88.{i // 250}.{i % 250 + 1}/32 dev x0\n" for what in ("add", "del") for i in range(1500)))
    bare.sh("ip -n ns1 link add x0 type bridge")
    process = bare.popen("sh", "-c", f"while [ ! -e /run/end ]; do ip -n ns1 -batch {churn}; done", stdin=subprocess.DEVNULL)
    for _ in range(10):
        bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
        wait_for(lambda: "10.0.0.2" in bare.sh("ip -n ns1 addr show dev veth-ns; ip -n ns1 route show default") and bare.routes("ns1", "default"))
    bare.sh("touch /run/end")
    assert process.wait(20) == 0
    bare.sh("rm /run/end; ip -n ns1 link del x0")
    assert bare.status()["state"] == "up"


def test_router_beside_us(bare):
    """The events of a router that writes many routes are not received, and do not keep us from receiving the rest."""
    bare.start("--heal-burst", NEVER)
    bare.apply(everyday())
    batch = bare.folder / "batch"
    routes = [f"10.{i >> 14}.{i >> 6 & 255}.{(i & 63) << 2}/30 via 10.0.0.1 proto bgp table 77\n" for i in range(20000)]
    for what in "add", "del":
        batch.write_text("".join(f"route {what} {route}" for route in routes))
        process = bare.popen("ip", "-n", "ns1", "-batch", batch)
        bare.sh("ip -n ns1 route del default")
        wait_for(lambda: bare.routes("ns1", "default"))
        assert process.wait(60) == 0
        bare.sh("ip -n ns1 route del default")
        wait_for(lambda: bare.routes("ns1", "default"))
        assert len(bare.sh("ip -n ns1 route show table 77").splitlines()) == (20000 if what == "add" else 0)
    # Nor does what happens while it cannot read fill its buffer.
    bare.pause()
    for what in "add", "del":
        batch.write_text("".join(f"route {what} {route}" for route in routes))
        bare.run("ip", "-n", "ns1", "-batch", batch)
    bare.resume()
    bare.sh("ip -n ns1 route del default")
    wait_for(lambda: bare.routes("ns1", "default"))
    assert drops(bare) == 0
    assert len([e for e in log(bare) if e["event"] == "drift"]) == 5


def test_nothing_to_do_costs_nothing(machine):
    machine.apply(many(50))
    pid = machine.pid()

    def used():
        fields = (machine.root / f"proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def switches():
        return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (machine.root / f"proc/{pid}/status").read_text())[1])

    def quiet_second():
        before, woken = used(), switches()
        machine.sh("sleep 1")
        return used() - before <= 1 and switches() - woken <= 5
    # Effects of the apply itself, such as addresses that IPv6 takes time to settle, are over by then.
    wait_for(quiet_second, 10)


def test_heals_while_another_topology_is_changed(bare):
    """Both create links on the host, and number them."""
    bare.start("--heal-burst", NEVER)
    bare.apply({"host": {"interfaces": {"vx": veth("own/eth0", "10.0.0.1/24")}},
                "namespaces": {"own": {"interfaces": {"eth0": {"addresses": ["10.0.0.2/24"]}}}}})
    client = bare.popen(NETNSCTL, "apply", bare.file(many(300), "big"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while client.poll() is None:
        bare.sh("ip link del vx || true")
    out = client.communicate()[0]
    assert client.returncode == 0, out
    wait_for(lambda: "vx" in bare.links() and bare.addresses(None, "vx") == ["10.0.0.1/24"])
    wait_for(lambda: bare.addresses("own", "eth0") == ["10.0.0.2/24"])
    assert len([e for e in log(bare) if e["event"] == "drift"]) > 0
    # It may go while it is being created, but its number is never another's.
    assert not [e for e in log(bare) if e.get("errno") in (errno.EEXIST, errno.EBUSY)]


def test_address_by_hand_with_other_addresses(machine):
    """The list is complete only if there is one."""
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["br0"] = {"kind": "bridge"}
    machine.apply(t)
    machine.sh("ip -n ns1 addr add 10.9.0.1/24 dev br0; ip -n ns1 addr add 10.9.1.1/24 dev veth-ns")
    wait_for(lambda: machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"])
    assert machine.addresses("ns1", "br0") == ["10.9.0.1/24"]


def test_name_is_restored_among_mounts(machine):
    """A name that only lost its mount is found by checking all names, which a stream of mounts must not put off."""
    machine.apply(everyday())
    mounters = [machine.popen("sh", "-c", "mkdir -p $0; while [ ! -e /run/over ]; do mount --bind /tmp $0; umount $0; done",
                           f"/run/m{n}", stdin=subprocess.DEVNULL) for n in range(4)]
    for n in range(4):
        wait_for((machine.root / f"run/m{n}").exists)
    machine.sh("umount -l /run/netns/ns1")
    wait_for(lambda: machine.run("ip", "netns", "exec", "ns1", "true", code=None).returncode == 0)
    assert not [process for process in mounters if process.poll() is not None]
    machine.sh("touch /run/over")
    assert [process.wait(10) for process in mounters] == [0] * 4
    machine.sh("rm /run/over; rmdir /run/m?")
    machine.ping("ns1", "10.0.0.1")


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_flushed_table(machine, family):
    """The route to the network of an address is the kernel's; without it none of ours can be created again."""
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"].append("2001:db8::1/64")
    ns1 = t["namespaces"]["ns1"]
    ns1["interfaces"]["veth-ns"]["addresses"].append("2001:db8::2/64")
    ns1["routes"].append({"to": "2001:db8:1::/48", "via": "2001:db8::1"})
    machine.apply(t)
    def table():
        return [{k: v for k, v in r.items() if k != "flags"} for r in machine.ip("-n", "ns1", family, "route")
                if not r["dst"].startswith("fe80")]
    before = table()
    machine.sh(f"ip -n ns1 {family} route flush table main")
    wait_for(lambda: sorted(table(), key=str) == sorted(before, key=str))
    machine.ping("ns1", "10.0.0.1" if family == "-4" else "2001:db8::1")
    wait_for(lambda: machine.status()["state"] == "up")


ROUTE_GONE = {
    "the last one": ("route del 10.5.0.0/24 dev br0", "10.5.0.0/24"),
    "with all others": ("route flush table main", "10.5.0.0/24"),
    "of IPv6": ("-6 route del 2001:db8:5::/64 dev br0", "2001:db8:5::/64"),
    "of an address with a metric": ("route del 10.6.0.0/24 dev br0 metric 50", "10.6.0.0/24"),
    "of the other interface in that network": ("route del 10.5.0.0/24 dev br1", "10.5.0.0/24"),
    "of one IPv6 address alone": ("-6 route del 2001:db8:6::1/128 dev br0", "2001:db8:6::1"),
    "of an IPv6 address with a peer": ("-6 route del 2001:db8:8::/64 dev br0", "2001:db8:8::/64"),
    "of the peer of an IPv6 address": ("-6 route del 2001:db8:9::2 dev br0", "2001:db8:9::2"),
    "of a peer": ("route del 10.7.0.0/30 dev br0", "10.7.0.0/30"),
}


@pytest.mark.parametrize("gone, to", ROUTE_GONE.values(), ids=ROUTE_GONE)
def test_route_that_came_with_an_address(machine, gone, to):
    """The kernel created it; it is restored all the same, once for all addresses of a network, and no route of ours need
    depend on it."""
    machine.apply({"namespaces": {"ns1": {"interfaces": {"br0": {"kind": "bridge", "addresses": [
        "10.5.0.1/24", "10.5.0.2/24", "2001:db8:5::1/64", "2001:db8:5::2/64", {"address": "10.6.0.1/24", "metric": 50},
        {"address": "10.7.0.9/30", "peer": "10.7.0.2/30"}, "10.8.0.1/32", "2001:db8:6::1/128",
        {"address": "2001:db8:8::1/64", "peer": "2001:db8:9::2/64"}]},
        "br1": {"kind": "bridge", "addresses": ["10.5.0.3/24"]}, "lo": {"addresses": ["10.9.0.1/24", "2001:db8:7::1/64"]}}}}})
    def routes():
        return sorted([r["dst"], r["protocol"], r.get("prefsrc", ""), r.get("metric", 0), r.get("scope", ""), r["dev"]]
                      for family in ("-4", "-6") for r in machine.ip("-n", "ns1", family, "route") if not r["dst"].startswith("fe80"))
    before = routes()
    assert to in [route[0] for route in before]
    if "flush" in gone:
        # ip(8) continues until it finds none, which would be a fight.
        machine.pause()
    machine.sh(f"ip -n ns1 {gone}")
    if "flush" in gone:
        machine.resume()
    wait_for(lambda: "healed" in events(machine) and routes() == before)
    drifts = [e for e in log(machine, "lab") if e["event"] == "drift"]
    assert all(e["kind"] == "route" and "actual" not in e for e in drifts), drifts
    told = [e["expected"].split()[0] for e in drifts]
    assert to in told and ("flush" in gone or told == [to]), drifts
    assert events(machine).count("contested") == 0
    wait_for(lambda: not any(d["drifted"] for d in machine.status().get("drift", [])))


def test_route_that_goes_with_one_of_its_addresses(machine):
    """The kernel creates it with the address that is added again; that is no refusal of the other one's."""
    both = {"2001:db8:5::1", "2001:db8:5::2"}
    machine.apply({"namespaces": {"ns1": {"interfaces": {"br0": {"kind": "bridge", "addresses": [f"{a}/64" for a in sorted(both)]}}}}})
    machine.pause()
    machine.sh("ip -n ns1 addr del 2001:db8:5::2/64 dev br0; ip -n ns1 -6 route del 2001:db8:5::/64 dev br0")
    machine.resume()
    wait_for(lambda: "healed" in events(machine) and machine.ip("-n", "ns1", "-6", "route", "show", "2001:db8:5::/64"))
    assert both <= {a["local"] for a in machine.ip("-n", "ns1", "addr", "show", "dev", "br0")[0]["addr_info"]}
    assert "failed" not in events(machine)
    wait_for(lambda: not any(d["drifted"] for d in machine.status().get("drift", [])))


def test_route_that_somebody_wants_otherwise(machine):
    """netnsd creates none where the owner of the interface wants another one."""
    machine.stop()
    machine.start("--audit", "1")
    machine.sh("ip link add x type bridge; ip link set x up; ip netns add bare")
    machine.apply({"host": {"interfaces": {"x": {"addresses": ["2001:db8:5::1/64", "10.6.0.1/24"]}}},
                   "namespaces": {"bare": {"existing": True}, "ns1": {"sysctl": {"net.ipv4.ip_default_ttl": 33}}}})
    machine.pause()
    machine.sh("ip route replace 10.6.0.0/24 dev x mtu 1400")
    before = machine.sh("ip route show table main; ip -6 route show table main")
    machine.resume()
    # An audit, which checks everything, has run when this is back.
    machine.sh("ip netns exec ns1 sysctl -q net.ipv4.ip_default_ttl=34")
    wait_for(lambda: machine.sysctl("ns1", "net.ipv4.ip_default_ttl") == "33")
    assert machine.sh("ip route show table main; ip -6 route show table main") == before
    assert "failed" not in events(machine)
    machine.ctl("down", "lab")
    machine.sh("ip link del x; ip netns del bare")


def test_no_route_that_never_was(machine):
    """To everything, and into 0.0.0.0/8, the kernel creates none with an IPv4 address; after a start all are
    checked."""
    machine.apply({"namespaces": {"ns1": {"interfaces": {"x": {"kind": "bridge", "addresses": ["10.0.0.1/0", "1.2.3.4/5"]}},
                                          "sysctl": {"net.ipv4.ip_default_ttl": 33}}}})
    before = machine.sh("ip -n ns1 route")
    machine.stop()
    machine.sh("ip netns exec ns1 sysctl -q net.ipv4.ip_default_ttl=34")
    machine.start()
    wait_for(lambda: machine.sysctl("ns1", "net.ipv4.ip_default_ttl") == "33")
    wait_for(lambda: "healed" in events(machine))
    assert machine.sh("ip -n ns1 route") == before
    assert not [e for e in log(machine, "lab") if e.get("kind") == "route"]


def test_route_that_is_only_reported(machine):
    t = everyday()
    t["on_drift"] = "report"
    machine.apply(t)
    machine.sh("ip -n ns1 route flush table main; ip -n ns1 addr add 10.99.0.1/24 dev veth-ns")
    words = "route ns1/veth-ns 10.0.0.0/24 is missing"
    wait_for(lambda: words in machine.ctl("status", "lab").stdout and "10.99.0.1" in machine.ctl("status", "lab").stdout)
    assert not machine.ip("-n", "ns1", "route", "show", "10.0.0.0/24")


def test_route_that_is_reported_stays_so(machine):
    """On the host links are observed one by one; observing another one is no reason to take it for healed."""
    bridges = {name: {"kind": "bridge", "addresses": [f"10.{n}.0.1/24"]} for n, name in enumerate(("x", "y"), 60)}
    machine.apply({"on_drift": "report", "host": {"interfaces": bridges}})
    machine.sh("ip route del 10.60.0.0/24")

    def drifts():
        return [d.get("actual", d.get("expected")) for d in machine.status()["drift"]]
    gone = "10.60.0.0/24"
    wait_for(lambda: drifts() == [gone])
    for n, link in enumerate(("y", "x", "y", "x"), 2):
        machine.sh(f"ip addr add 10.99.{n}.1/24 dev {link}")
        wait_for(lambda: len(drifts()) == n)
        assert gone in drifts()


@pytest.mark.parametrize("gone, said", [("10.0.0.0/24", "route ns1/veth-ns"), ("default", "route ns1")])
def test_route_that_is_refused(bare, fault, gone, said):
    """It is reported, and retried."""
    bare.start(environment=fault.environment)
    bare.apply(everyday())
    fault.arm(ERROR, at=1, last=2, error=errno.ENOBUFS, only=CALLS["sendto"])
    bare.sh(f"ip -n ns1 route del {gone} dev veth-ns")
    wait_for(lambda: "failed" in events(bare))
    assert "No buffer space" in bare.ctl("log", "lab").stdout and said in bare.ctl("status", "lab").stdout
    wait_for(lambda: bare.status()["state"] == "up" and bare.ip("-n", "ns1", "route", "show", gone))
    assert events(bare)[1:] == ["drift", "failed", "healed"] and fault.hits == 2


def test_route_that_was_gone_before_a_start(machine):
    machine.apply(everyday())
    machine.stop()
    machine.sh("ip -n ns1 route del 10.0.0.0/24 dev veth-ns")
    machine.start()
    wait_for(lambda: machine.ip("-n", "ns1", "route", "show", "10.0.0.0/24"))


def test_route_that_went_before_an_apply(machine):
    machine.apply(everyday())
    machine.pause()
    machine.sh("ip -n ns1 route del 10.0.0.0/24 dev veth-ns")
    client = machine.popen(NETNSCTL, "apply", machine.file(everyday()), stdout=subprocess.DEVNULL)
    machine.resume()
    assert client.wait(10) == 0
    wait_for(lambda: machine.ip("-n", "ns1", "route", "show", "10.0.0.0/24"))


def test_fight_for_a_route_that_came_with_an_address(machine):
    machine.apply(everyday())
    fight = machine.popen("sh", "-c", "while [ ! -e /run/over ]; do ip -n ns1 route del 10.0.0.0/24 dev veth-ns 2>/dev/null; done")
    wait_for(lambda: "contested" in events(machine))
    # Healed in between, for a moment.
    wait_for(lambda: "10.0.0.0/24 is missing" in machine.ctl("status", "lab").stdout)
    machine.sh("touch /run/over")
    fight.wait(5)
    machine.sh("rm /run/over")
    wait_for(lambda: "10.0.0.0/24" in [r["dst"] for r in machine.ip("-n", "ns1", "route")], 30)


def test_heal_of_one_link_leaves_what_refers_to_another(machine):
    """A route out of a link, or a port of a bridge, that was not observed itself."""
    machine.apply({"host": {
        "interfaces": {"br0": {"kind": "bridge", "addresses": ["10.0.0.1/24"]}, "br1": {"kind": "bridge", "mtu": 1400},
                       "x": {"kind": "veth", "peer": "y", "master": "br0"}, "y": {"mtu": 1400}},
        "routes": [{"to": "10.9.0.0/24", "dev": "br0", "src": "10.0.0.1"}]}})
    for link in "br1", "y":
        before = machine.status()["healed"]
        machine.sh(f"ip link set {link} mtu 1300")
        wait_for(lambda: machine.link(None, link)["mtu"] == 1400 and machine.status()["healed"] > before)
        assert machine.status()["healed"] == before + 1, machine.log()
        assert "route" not in machine.log() and "master" not in machine.log(), machine.log()


def test_what_depends_on_an_interface_without_fields(machine):
    machine.sh("ip link add wan type bridge; ip netns add lab; ip -n lab link add port type bridge")
    wan = {"addresses": ["10.7.0.1/24"], "sysctl": {"ipv4.rp_filter": 1}}
    machine.apply({"host": {"interfaces": {"wan": wan}}, "namespaces": {"lab": {"existing": True, "interfaces": {"port": wan}}}})
    for netns, link in (None, "wan"), ("lab", "port"):
        where = " ".join(machine.at(netns))
        machine.sh(f"ip {where} addr del 10.7.0.1/24 dev {link}")
        wait_for(lambda: machine.addresses(netns, link) == ["10.7.0.1/24"])
        command = f"echo 0 >/proc/sys/net/ipv4/conf/{link}/rp_filter"
        machine.run(*(["ip", "netns", "exec", netns] if netns else []), "sh", "-c", command)
        wait_for(lambda: machine.sysctl(netns, f"net.ipv4.conf.{link}.rp_filter") == "1")
    machine.ctl("down", "lab")
    machine.sh("ip link del wan; ip netns del lab")


def test_port_that_is_recreated_before_its_bridge(machine):
    """The first attempt finds no master, and what it was to set besides is not lost."""
    machine.apply({"namespaces": {"a": {"interfaces": {"t1": {"kind": "bridge"},
                                                       "t3": {"kind": "veth", "peer": "b/v2", "master": "t1"}}}, "b": {}}})
    conf = "cat /proc/sys/net/ipv4/conf/t3/promote_secondaries"
    assert machine.sh(f"ip netns exec a {conf}").strip() == "1"
    machine.sh("ip netns exec a sh -c 'ip link set t3 down; ip link set t3 name stolen; ip link del t1'")
    wait_for(lambda: any(link.get("master") == "t1" and "UP" in link["flags"] for link in machine.ip("-n", "a", "link")))
    wait_for(lambda: machine.run("ip", "netns", "exec", "a", *conf.split(), code=None).stdout.strip() == "1")
    assert "stolen" not in [link["ifname"] for link in machine.ip("-n", "a", "link")]

# SPDX-License-Identifier: MIT
"""netnsctl capture: several interfaces of several namespaces in one file, read back by tshark, capinfos and tcpdump, and by
a reader of our own where those do not show it."""
import json
import os
import pty
import shutil
import signal
import subprocess

import pytest
from capture import Capture, CaptureFile
from machine import BUILD, EXAMPLES, NETNSCTL, wait_for

pytestmark = pytest.mark.skipif(not (BUILD / "netnsctl-capture").exists(), reason="built without libpcap")

ROUTER = json.loads((EXAMPLES / "router.json").read_text())
PATH = ["office/eth0", "router/office", "router/lab", "lab/eth0"]
ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="other users are only there for root")


def ping(machine, netns, address, count=1):
    """One request after the other, each once, whatever the load: the next one when the reply is there."""
    where = f"ip netns exec {netns}" if netns else ""
    machine.sh(f"for i in $(seq {count}); do {where} ping -nq -c 1 -W 10 {address} >/dev/null; done")


@pytest.fixture
def router(machine):
    machine.apply(ROUTER)
    # The links send, ARP is over, and so is what this ping has sent more than once.
    machine.ping("office", "10.0.4.10")
    ping(machine, "office", "10.0.4.10")
    return machine


def types(capture):
    """(interface, ICMP type) of each packet."""
    return [(p.interface, p.data[34]) for p in capture.packets]


def request_and_reply(places):
    return [(p, 8) for p in places] + [(p, 0) for p in reversed(places)]


# ---- one file, in order ----

def test_over_a_router(router):
    """A ping is followed from interface to interface and back, in order."""
    c = Capture(router, "-c", 24, *PATH, "icmp")
    ping(router, "office", "10.0.4.10", count=3)
    assert c.done() == "netnsctl: 24 packets from 4 interfaces: office/eth0 6, router/office 6, router/lab 6, lab/eth0 6\n"
    read = c.read()
    assert types(read) == request_and_reply(PATH) * 3
    read.assert_in_order()
    assert read.names() == PATH
    assert {i["filter"] for i in read.interfaces} == {"icmp"}
    assert [(i["accepted"], i["dropped"], i["ifdrop"], i["delivered"]) for i in read.interfaces] == [(6, 0, 0, 6)] * 4


def test_read_by_others(router):
    c = Capture(router, "-c", 8, *PATH, "icmp")
    ping(router, "office", "10.0.4.10")
    c.done()
    fields = router.run("tshark", "-r", c.file, "-T", "fields", "-e", "frame.interface_name", "-e", "icmp.type").stdout
    assert fields == "".join(f"{name}\t{kind}\n" for name, kind in request_and_reply(PATH))
    info = router.run("capinfos", c.file).stdout
    for line in ("Strict time order:   True", "File timestamp precision:  nanoseconds (9)", "Filter string = icmp",
                 "Number of interfaces in file: 4", "Number of stat entries = 1", "Name = router/lab"):
        assert line in info
    assert router.run("tcpdump", "-nr", c.file).stdout.count("ICMP echo re") == 8


def test_all_interfaces_of_a_namespace(router):
    """NS and NS/* are all interfaces of NS, each once, in the order of the command line."""
    for words in (["router"], ["router/*"], ["router", "router/lab"], ["router/*", "router"]):
        c = Capture(router, *words)
        c.end()
        assert c.read().names() == ["router/lo", "router/office", "router/lab"]
    c = Capture(router, "router/lab", "router", "host")
    c.end()
    assert c.read().names() == ["router/lab", "router/lo", "router/office", "host/lo"]


def test_all_up_to_the_signal(router):
    """What passed before Ctrl-C is in the file, also if the kernel had not handed it over yet."""
    for _ in range(5):
        c = Capture(router, *PATH, "icmp")
        ping(router, "office", "10.0.4.10")
        assert c.end().startswith("netnsctl: 8 packets from 4 interfaces")
        assert types(c.read()) == request_and_reply(PATH)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals(router, number):
    c = Capture(router, "lab/eth0", "icmp")
    assert c.end(number) == "netnsctl: 0 packets from lab/eth0\n"
    assert c.read().find("lab/eth0")["delivered"] == 0


def test_count_over_all(router):
    c = Capture(router, "-c", 5, *PATH, "icmp")
    ping(router, "office", "10.0.4.10", count=3)
    assert c.done().startswith("netnsctl: 5 packets from 4 interfaces")
    assert types(c.read()) == request_and_reply(PATH)[:5]


def test_pause_keeps_the_order(router):
    """However long the process does not run: it reads everything before it writes anything."""
    c = Capture(router, *PATH, "icmp")
    c.stop()
    ping(router, "office", "10.0.4.10", count=20)
    c.resume()
    assert "late" not in c.end()
    assert types(c.read()) == request_and_reply(PATH) * 20
    c.read().assert_in_order()


def test_snaplen(router):
    c = Capture(router, "-c", 1, "-s", 60, "lab/eth0", "icmp")
    router.run("ip", "netns", "exec", "office", "ping", "-c", 1, "-s", 1000, "10.0.4.10")
    c.done()
    read = c.read()
    assert [(p.captured, p.length, len(p.data)) for p in read.packets] == [(60, 1042, 60)]
    assert read.interfaces[0]["snaplen"] == 60
    for words in (["-s", 0], []):
        c = Capture(router, *words, "lab/eth0")
        c.end()
        assert c.read().interfaces[0]["snaplen"] == 262144


def test_loopback(machine):
    """Each packet once, although the loopback interface sends and receives it."""
    c = Capture(machine, "-c", 2, "host/lo", "icmp")
    ping(machine, None, "127.0.0.1")
    c.done()
    assert types(c.read()) == [("host/lo", 8), ("host/lo", 0)]


def test_sixty_interfaces(machine):
    names = [f"p{i}" for i in range(30)]
    machine.sh("ip netns add many\n" + "".join(
        f"ip -n many link add {n} type veth peer name {n}x; ip -n many link set {n} up; ip -n many link set {n}x up\n"
        for n in names))
    c = Capture(machine, "many")
    assert "netnsctl: capturing on 60 interfaces; Ctrl-C ends it\n" in c.errors()
    assert c.errors().startswith("netnsctl: left out, because down: many/lo\n")
    assert "from 60 interfaces\n" in c.end()
    assert c.read().names() == [f"many/{m}" for n in names for m in (f"{n}x", n)]
    machine.sh("ip netns del many")


def test_two_at_once(router):
    first, second = Capture(router, "-c", 8, *PATH, "icmp"), Capture(router, "-c", 8, *PATH, "icmp")
    ping(router, "office", "10.0.4.10")
    for c in first, second:
        c.done()
        assert types(c.read()) == request_and_reply(PATH)


def test_nothing_changes(router):
    """The interfaces are neither promiscuous nor otherwise touched: netnsd has nothing to heal."""
    before = router.snapshot()
    c = Capture(router, *PATH)
    assert router.snapshot() == before
    c.end()
    assert router.status()["healed"] == 0


# ---- where it goes ----

def test_standard_output_is_the_default(router):
    for to in "", "-w -":
        c = router.popen("sh", "-c", f"{NETNSCTL} capture {to} -c 8 {' '.join(PATH)} icmp | tcpdump -nr - 2>/dev/null",
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert "Ctrl-C" in c.stderr.readline()
        ping(router, "office", "10.0.4.10")
        out, err = c.communicate(timeout=30)
        assert out.count("ICMP echo re") == 8 and "8 packets" in err


def test_live(router):
    """A reader gets the interfaces at once and each packet when it has passed, not at the end."""
    c = Capture(router, *PATH, "icmp", stdout=subprocess.PIPE)
    fd = c.process.stdout.fileno()
    data = os.read(fd, 1 << 20)
    assert CaptureFile(data).names() == PATH
    ping(router, "office", "10.0.4.10")
    while len(CaptureFile(data).packets) < 8:
        data += os.read(fd, 1 << 20)
    assert c.process.poll() is None
    c.end()


def test_reader_goes(router):
    """It ends quietly, even if no packet comes any more that could not be written."""
    c = Capture(router, "lab/eth0", "icmp", stdout=subprocess.PIPE)
    c.process.stdout.close()
    assert c.done() == ""


def test_reader_goes_between(router):
    c = router.popen("sh", "-c", f"{NETNSCTL} capture office/eth0 icmp | head -c 10 >/dev/null", stderr=subprocess.PIPE)
    assert "Ctrl-C" in c.stderr.readline()
    assert (c.wait(30), c.stderr.read()) == (0, "")


@pytest.mark.parametrize("words", [[], ["-w", "-"]])
def test_not_on_a_terminal(router, words):
    ours, theirs = pty.openpty()
    c = router.popen(NETNSCTL, "capture", "office/eth0", *words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    assert c.communicate(timeout=20)[1] == \
        "netnsctl: a capture is not for a terminal: -w FILE, | tcpdump -nr -, or | wireshark -k -i -\n"
    os.close(ours)
    assert c.returncode == 2


def test_stdin_closed(router):
    c = Capture(router, "-c", 2, "lab/eth0", "icmp", before="exec <&-")
    ping(router, "office", "10.0.4.10")
    c.done()
    assert types(c.read()) == [("lab/eth0", 8), ("lab/eth0", 0)]


def test_file_is_private(router):
    c = Capture(router, "lab/eth0")
    c.end()
    assert (router.root / c.file.lstrip("/")).stat().st_mode & 0o777 == 0o600


def test_disk_full(router):
    """What has room is a whole file."""
    router.sh("mkdir /run/small; mount -t tmpfs -o size=64k tmpfs /run/small")
    c = Capture(router, "-w", "/run/small/f", "office/eth0", "icmp")
    router.run("ip", "netns", "exec", "office", "ping", "-q", "-c", 60, "-i", 0.01, "-s", 1400, "10.0.4.10")
    assert c.done(1) == "netnsctl: /run/small/f: No space left on device; the capture ends here\n"
    read = CaptureFile((router.root / "run/small/f").read_bytes())
    assert 40 <= len(read.packets) < 120
    router.sh("umount /run/small")


def test_device_full(router):
    assert router.ctl("capture", "lab/eth0", "-w", "/dev/full", code=1).stderr.endswith(
        "netnsctl: /dev/full: No space left on device; the capture ends here\n")


# ---- what is refused: nothing is created then ----

@pytest.mark.parametrize("code, words, message", [
    (1, "nowhere/eth0", "there is no namespace nowhere; ip netns lists all"),
    (1, "nowhere", "there is no namespace nowhere; ip netns lists all"),
    (1, "office/eth0 nowhere/eth0", "there is no namespace nowhere; ip netns lists all"),
    (1, "office/eth0 nowhere -- icmp", "there is no namespace nowhere; ip netns lists all"),
    (1, "office/eth1", "office has no interface eth1; did you mean eth0?"),
    (1, "office/wlan0", "office has no interface wlan0; ip -n office link lists all"),
    (1, "host/wlan0", "host has no interface wlan0; ip link lists all"),
    (1, "office/", "office/: an interface is missing after the /"),
    (1, "/eth0", '"" cannot be the name of a file in /run/netns'),
    (1, "../eth0", '".." cannot be the name of a file in /run/netns'),
    (1, "office/eth0 nowhere", 'the filter "nowhere" is wrong for office/eth0 (EN10MB): can\'t parse filter expression: syntax '
                               "error; see pcap-filter(7); there is no namespace nowhere either"),
    (1, "office/eth0 -- port http or", 'the filter "port http or" is wrong for office/eth0'),
    (2, "-- icmp", "name an interface before --: NS/IF"),
    (2, "", "too few arguments"),
    (2, "office/eth0 -c 0", '-c "0": a number from 1 to 9223372036854775807'),
    (2, "office/eth0 -c 1x", '-c "1x": a number from 1'),
    (2, "office/eth0 -c -1", '-c "-1": a number from 1'),
    (2, "office/eth0 -c 99999999999999999999", '-c "99999999999999999999": a number from 1'),
    (2, "office/eth0 -s 262145", '-s "262145": a number from 0 to 262144'),
    (2, "office/eth0 --json", "capture takes no --json"),
])
def test_refused(router, code, words, message):
    refused = router.ctl("capture", "-w", "/run/f", *words.split(), code=code)
    assert refused.stdout == "" and refused.stderr.startswith(f"netnsctl: {message}")
    assert not (router.root / "run/f").exists()


def test_files_that_cannot_be(router):
    for path, words in ("/run/nowhere/f", "No such file or directory"), ("/run", "Is a directory"):
        assert router.ctl("capture", "lab/eth0", "-w", path, code=1).stderr == f"netnsctl: {path}: {words}\n"


def test_too_many_interfaces(machine):
    machine.sh("ip netns add many\n" + "".join(f"ip -n many link add b{i} type bridge\n" for i in range(256)), timeout=300)
    assert machine.ctl("capture", "many", code=1).stderr == "netnsctl: more than 256 interfaces\n"
    machine.sh("ip netns del many")


def test_names_that_libpcap_takes_for_others(router):
    """"any" is all interfaces for libpcap, but one for the kernel."""
    router.sh("ip link add any type bridge; ip link set any up")
    assert router.ctl("capture", "host/any", code=1).stderr == \
        "netnsctl: host/any: libpcap does not capture on an interface of that name\n"
    router.sh("ip link del any")


# ---- filters ----

@pytest.mark.parametrize("words, text", [
    (["icmp"], "icmp"),
    (["icmp and host 10.0.4.10"], "icmp and host 10.0.4.10"),
    (["--", "icmp", "and", "host", "10.0.4.10"], "icmp and host 10.0.4.10"),
    (["icmp", "and", "net", "10.0.0.0/8"], "icmp and net 10.0.0.0/8"),
    (["host", "10.0.4.10", "and", "icmp"], "host 10.0.4.10 and icmp"),
    (["--", "icmp[icmptype] = icmp-echo or icmp[icmptype] == 0"], "icmp[icmptype] = icmp-echo or icmp[icmptype] == 0"),
])
def test_filter_is_told_from_places(router, words, text):
    c = Capture(router, "-c", 2, "lab/eth0", *words)
    router.run("ip", "netns", "exec", "lab", "ping", "-q", "-c", 1, "10.0.4.1")
    c.done()
    assert c.read().names() == ["lab/eth0"] and c.read().interfaces[0]["filter"] == text
    assert types(c.read()) == [("lab/eth0", 8), ("lab/eth0", 0)]


def test_options_before_and_after(router):
    c = Capture(router, "lab/eth0", "-c", 2, "--snaplen", 50, "--", "icmp")
    ping(router, "lab", "10.0.4.1")
    c.done()
    assert [p.captured for p in c.read().packets] == [50, 50]


def test_filter_lets_nothing_else_pass(router):
    """Nor what came before it was set."""
    flood = router.popen("ip", "netns", "exec", "office", "sh", "-c",
                         "echo $$ >/run/flood.pid; exec ping -q -i 0.002 10.0.4.10 >/dev/null")
    wait_for(lambda: router.sh("cat /run/flood.pid 2>/dev/null || true"))
    for _ in range(5):
        c = Capture(router, "lab/eth0", "router", "--", "udp and port 53")
        c.end()
        assert c.read().packets == []
    router.sh("kill $(cat /run/flood.pid)")
    flood.wait(20)


@pytest.fixture
def tunnel(machine):
    """A namespace with an interface without a link layer."""
    if machine.run("sh", "-c", "ip netns add tunnel && ip -n tunnel tuntap add tun0 mode tun", code=None).returncode:
        machine.run("ip", "netns", "del", "tunnel", code=None)
        pytest.skip("no tun here")
    machine.sh("ip -n tunnel link set tun0 up; ip -n tunnel link set lo up")
    yield machine
    machine.sh("ip netns del tunnel")


def test_link_types(tunnel):
    """A filter is compiled for each; the file has the number of files, not libpcap's own."""
    c = Capture(tunnel, "-c", 2, "tunnel/lo", "tunnel/tun0", "icmp and dst 127.0.0.1")
    ping(tunnel, "tunnel", "127.0.0.1")
    c.done()
    assert [(i["name"], i["link_type"]) for i in c.read().interfaces] == [("tunnel/lo", 1), ("tunnel/tun0", 101)]
    assert types(c.read()) == [("tunnel/lo", 8), ("tunnel/lo", 0)]


def test_filter_that_fits_one_link_type_only(tunnel):
    words = ["capture", "-w", "/run/f", "tunnel/lo", "tunnel/tun0", "ether host 02:00:00:00:00:01"]
    assert tunnel.ctl(*words, code=1).stderr.startswith(
        'netnsctl: the filter "ether host 02:00:00:00:00:01" is wrong for tunnel/tun0 (RAW): ')
    assert not (tunnel.root / "run/f").exists()


TAGGED = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for vlan in 5, 6:
    s.send(bytes.fromhex("ffffffffffff 020000000001 8100") + bytes([0, vlan]) + bytes.fromhex("88b5") + bytes(46))
"""


def test_vlan_tags(router):
    """The kernel takes tags off before it filters; the filter sees them, and the file has them."""
    c = Capture(router, "-c", 1, "router/office", "vlan 6")
    router.run("ip", "netns", "exec", "office", "python3", "-c", TAGGED)
    c.done()
    assert [p.data[12:18].hex() for p in c.read().packets] == ["8100000688b5"]


# ---- what happens meanwhile ----

def gone(name, c):
    return f"netnsctl: {name}: nothing more is captured there\n" in wait_for(
        lambda: c.errors() if "nothing more" in c.errors() else None)


def test_interface_is_removed(router):
    """Its block ends, the capture does not."""
    router.sh("ip netns add x; ip -n x link add v0 type veth peer name v1; ip -n x link set v0 up; ip -n x link set v1 up")
    c = Capture(router, "x/v0", "lab/eth0", "icmp")
    router.sh("ip -n x link del v0")
    assert gone("x/v0 is gone", c)
    ping(router, "office", "10.0.4.10")
    assert c.end().endswith("netnsctl: 2 packets from 2 interfaces: x/v0 0, lab/eth0 2\n")
    assert [i["delivered"] for i in c.read().interfaces] == [0, 2]
    router.sh("ip netns del x")


def test_interface_moves(router):
    router.sh("ip netns add x; ip netns add y; ip -n x link add v0 type veth peer name v1; ip -n x link set v0 up")
    c = Capture(router, "x/v0", "lab/eth0", "icmp")
    router.sh("ip -n x link set v0 netns y")
    assert gone("x/v0 is gone", c)
    c.end()
    router.sh("ip netns del x; ip netns del y")


def test_interface_is_renamed(router):
    """It is the same interface, up or down; its block keeps the first name."""
    c = Capture(router, "-c", 6, "host/lo", "office/eth0", "icmp")
    ping(router, "office", "10.0.3.1")
    router.sh("ip link add v0 type veth peer name v1; ip addr add 10.7.0.1/24 dev v0; ip link set v0 up; ip link set v1 up")
    d = Capture(router, "host/v0", "arp")
    router.sh("ip link set v0 down; ip link set v0 name w0; ip link set w0 up; ip addr replace 10.7.0.1/24 dev w0")
    router.run("ping", "-c", 1, "-W", 1, "10.7.0.2", code=1)
    assert "gone" not in d.end()
    assert len(d.read().of("host/v0")) >= 1
    router.sh("ip link del w0")
    ping(router, "office", "10.0.3.1", count=2)
    c.done()


def test_interface_goes_down_and_up(router):
    c = Capture(router, "lab/eth0", "icmp")
    ping(router, "office", "10.0.4.10")
    router.sh("ip -n lab link set eth0 down")
    # netnsd brings it up again, with its routes.
    wait_for(lambda: router.status()["healed"] > 0)
    router.ping("office", "10.0.4.10")
    assert "gone" not in c.end()
    assert len(c.read().packets) >= 4


def test_interface_that_is_down(router):
    """Named it is refused; as one of all it is left out, which is said."""
    router.sh("ip netns add x; ip -n x link add v0 type veth peer name v1; ip -n x link set v1 up")
    assert router.ctl("capture", "x/v0", "-w", "/run/f", code=1).stderr == \
        "netnsctl: x/v0 is down, and nothing can be captured there: ip -n x link set v0 up\n"
    assert router.ctl("capture", "host/lo", "x/v0", "x", "-w", "/run/f", code=1).stderr.startswith("netnsctl: x/v0 is down")
    assert not (router.root / "run/f").exists()
    c = Capture(router, "x")
    assert "netnsctl: left out, because down: x/lo, x/v0\n" in c.errors()
    c.end()
    assert c.read().names() == ["x/v1"]
    router.sh("ip -n x link set v1 down")
    assert router.ctl("capture", "x", "-w", "/run/f", code=1).stderr == \
        "netnsctl: there is nothing to capture on, because down: x/lo, x/v1, x/v0\n"
    router.sh("ip netns del x")


def test_namespace_is_deleted(router):
    """The capture does not keep it alive: the other end of its veth pair goes."""
    router.sh("ip netns add x; ip -n x link add v0 type veth peer name outside netns 1; ip -n x link set v0 up")
    c = Capture(router, "x/v0", "lab/eth0", "icmp")
    router.sh("ip netns del x")
    assert gone("x/v0 is gone with its namespace", c)
    wait_for(lambda: not router.link(None, "outside"))
    ping(router, "office", "10.0.4.10")
    assert "x/v0 0, lab/eth0 2" in c.end()


def test_nothing_is_left(router):
    c = Capture(router, *PATH, "icmp")
    ping(router, "office", "10.0.4.10")
    router.ctl("down", "lab")
    assert c.done(1).endswith("netnsctl: no interface is left to capture on\n")
    assert types(c.read()) == request_and_reply(PATH)


FLOOD = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20000):
    s.sendto(bytes(1400), ("10.0.4.10", 9))
"""


def test_flood(router):
    """What has no room in the ring is counted, in the file and on stderr: nothing is lost unsaid."""
    c = Capture(router, "office/eth0", "router/office", "udp and dst port 9")
    c.stop()
    router.run("ip", "netns", "exec", "office", "python3", "-c", FLOOD)
    c.resume()
    said = c.end()
    read = c.read()
    for name in "office/eth0", "router/office":
        i = read.find(name)
        assert i["dropped"] == i["ifdrop"] > 0 and i["accepted"] == 20000
        assert i["dropped"] + i["delivered"] == 20000 and len(read.of(name)) == i["delivered"]
        assert f"netnsctl: {name}: {i['dropped']} packets were dropped by the kernel" in said
    read.assert_in_order()


def test_few_system_calls(router):
    """Not one for each packet; so many that a slow machine gets them, too, of those that are sent."""
    c = Capture(router, "-c", 4000, "office/eth0", "udp and dst port 9",
                before='export ASAN_OPTIONS=detect_leaks=0; set -- strace -f -c -o /run/calls "$@"')
    router.run("ip", "netns", "exec", "office", "python3", "-c", FLOOD)
    c.done()
    total = router.sh("cat /run/calls").splitlines()[-1].split()
    assert total[-1] == "total" and int(total[-2 if total[-2].isdigit() else -3]) < 3000


def test_reader_that_does_not_read(router):
    """The first Ctrl-C ends in order, which may take forever then; the second does not wait."""
    ours, theirs = os.pipe()
    c = Capture(router, "office/eth0", "udp and dst port 9", stdout=theirs)
    os.close(theirs)
    router.run("ip", "netns", "exec", "office", "python3", "-c", FLOOD)
    wait_for(lambda: "pipe_write" in c.proc("wchan"))
    c.kill(signal.SIGINT)
    wait_for(lambda: not c.caught() & 1 << (signal.SIGINT - 1))
    assert c.process.poll() is None
    c.kill(signal.SIGINT)
    assert c.process.wait(30) in (-signal.SIGINT, 128 + signal.SIGINT)
    os.close(ours)


# ---- who opens the file ----

SUDO = "export SUDO_UID=12345 SUDO_GID=54321"


@needs_root
@pytest.mark.parametrize("uid, gid", [(12345, 54321), (1, 1)], ids=["without a name", "with a name"])
def test_file_is_the_callers(router, uid, gid):
    """After the sockets are opened nothing of root is left."""
    router.sh("mkdir -m 777 /run/all")
    c = Capture(router, "-c", 2, "-w", "/run/all/f", "lab/eth0", "icmp", before=f"export SUDO_UID={uid} SUDO_GID={gid}")
    status = dict(line.split(":\t", 1) for line in c.proc("status").splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(uid)] * 4 and status["Gid"].split() == [str(gid)] * 4
    assert status["Groups"].split() == [str(gid)] and status["NoNewPrivs"] == "1"
    assert {int(status[key], 16) for key in ("CapPrm", "CapEff", "CapAmb")} == {0}
    ping(router, "office", "10.0.4.10")
    c.done()
    st = (router.root / "run/all/f").stat()
    assert (st.st_uid, st.st_gid) == (uid, gid)
    assert len(CaptureFile((router.root / "run/all/f").read_bytes()).packets) == 2


@needs_root
def test_file_that_only_root_could_write(router):
    router.sh("mkdir /run/mine; echo precious >/run/mine/old")
    for name in "old", "new":
        refused = router.sh(f"{SUDO}; {NETNSCTL} capture lab/eth0 -w /run/mine/{name} 2>&1 && exit 1; test $? = 1")
        assert refused == f"netnsctl: /run/mine/{name}: Permission denied (opened as user 12345, who called sudo)\n"
    assert router.sh("ls /run/mine; cat /run/mine/old") == "old\nprecious\n"


@needs_root
@pytest.mark.parametrize("values", ["SUDO_UID=x SUDO_GID=1", "SUDO_UID=1", "SUDO_GID=1", "SUDO_UID=4294967295 SUDO_GID=1",
                                    "SUDO_UID= SUDO_GID=1", "SUDO_UID=-1 SUDO_GID=1", "SUDO_UID=1000 SUDO_GID=99999999999"])
def test_numbers_that_sudo_does_not_set(router, values):
    refused = router.run("env", *values.split(), NETNSCTL, "capture", "lab/eth0", "-w", "/run/f", code=1).stderr
    assert "which sudo does not set: nothing was captured" in refused
    assert not (router.root / "run/f").exists()


@needs_root
def test_namespace_is_deleted_under_sudo(router):
    """Also without root it is seen, and its sockets are closed."""
    router.sh("mkdir -m 777 /run/all; ip netns add x; ip -n x link set lo up")
    c = Capture(router, "-w", "/run/all/f", "x/lo", before=SUDO)
    router.sh("ip netns del x")
    assert c.done(1).startswith("netnsctl: x/lo is gone with its namespace: nothing more is captured there\n")


@needs_root
def test_without_root(router):
    refused = router.run("setpriv", "--reuid", 12345, "--clear-groups", NETNSCTL, "capture", "lab/eth0", code=5)
    assert refused.stderr == "netnsctl: not permitted to enter namespaces: use sudo\n" and refused.stdout == ""


# ---- the program ----

def test_helper_is_missing(router):
    """netnsctl itself has no libpcap: it says what to install."""
    shutil.copy(NETNSCTL, router.folder / "netnsctl")
    refused = router.run(router.folder / "netnsctl", "capture", "lab/eth0", code=1).stderr
    assert refused.startswith("netnsctl: capture needs ") and "apt install netnsd-capture" in refused
    linked = subprocess.run(["readelf", "-d", NETNSCTL, BUILD / "netnsd"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "NEEDED" in linked and "libpcap" not in linked


def test_helper_alone(router):
    refused = router.run(BUILD / "netnsctl-capture", "lab/eth0", code=2).stderr
    assert refused.endswith("is a part of netnsctl: netnsctl capture --help\n")

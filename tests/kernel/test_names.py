# SPDX-License-Identifier: MIT
"""dns and hosts: files in /etc/netns, created, changed, healed and removed like everything else; and the files of others
there, which stay."""
import errno
import json
import os
import signal
import subprocess

import pytest
from fault import ERROR, NUMBERS
from machine import ENVIRONMENT, NETNSCTL, wait_for

HEAD = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
DNS = {"nameservers": ["10.0.0.1", "2001:DB8::53"], "search": ["lab.example", "example"], "options": ["ndots:2", "edns0"]}
RESOLV = ["nameserver 10.0.0.1", "nameserver 2001:DB8::53", "search lab.example example", "options ndots:2 edns0"]


def topology(dns=None, hosts=None, netns="ns1", **more):
    body = {**({"dns": dns} if dns is not None else {}), **({"hosts": hosts} if hosts is not None else {}), **more}
    return {"namespaces": {netns: body}}


def lab(hosts=True):
    return {
        "host": {"interfaces": {"e0": {"addresses": ["10.0.0.254/24"]}}},
        "namespaces": {
            "a": {"hosts": hosts, "interfaces": {
                "e0": {"kind": "veth", "peer": "host/e0", "addresses": ["10.0.0.1/24", "fe80::1/64", "2001:db8::1/64"]},
                "lo": {"addresses": ["10.255.0.1/32"]}}},
            "b": {"hosts": hosts, "interfaces": {"br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]}}},
        }}


@pytest.fixture
def etc(bare):
    return bare.root / "etc/netns"


def lines(path):
    """Without the first one, which is netnsd's."""
    first, *rest = path.read_text().splitlines()
    assert first.startswith("# Written by netnsd for topology lab") and "edit the topology, not this file" in first
    return rest


def own_name():
    name = os.uname().nodename
    return f"127.0.1.1 {name}" + (f" {name.partition('.')[0]}" if "." in name else "")


def tree(etc):
    """Of what may be going just now."""
    return sorted(os.path.relpath(f"{at}/{name}", etc) for at, dirs, files in os.walk(etc) for name in dirs + files)


def test_resolv_conf(machine, etc):
    t = topology(DNS)
    assert f"+ dns        ns1  {'; '.join(RESOLV)}".split() in [line.split() for line in
                                                                machine.ctl("plan", machine.file(t)).stdout.splitlines()]
    assert tree(etc) == []
    machine.apply(t)
    path = etc / "ns1/resolv.conf"
    assert lines(path) == RESOLV
    assert (path.stat().st_mode & 0o7777, path.parent.stat().st_mode & 0o7777) == (0o644, 0o1755)
    assert "unchanged" in machine.apply(t).stdout
    inode = path.stat().st_ino
    # Shorter, then longer: in the file that services may have mounted elsewhere.
    for dns, text in (({"nameservers": []}, []), ({"nameservers": ["10.0.0.9"]}, ["nameserver 10.0.0.9"]), (DNS, RESOLV)):
        assert "1 changed" in machine.apply(topology(dns)).stdout
        assert lines(path) == text and path.stat().st_ino == inode
    change = machine.ctl("plan", machine.file(topology({**DNS, "nameservers": ["10.0.0.3"]}))).stdout
    assert f"- {RESOLV[0]}, - {RESOLV[1]}, + nameserver 10.0.0.3" in change
    assert machine.apply(topology(), code=None).returncode == 0
    assert tree(etc) == [] and machine.namespaces() == ["ns1"]


def test_hosts(machine, etc):
    """In the order of the file: of the topology's namespaces all addresses that others can reach."""
    machine.apply(lab())
    all_of_them = ["10.0.0.254 host", "10.0.0.1 a", "2001:db8::1 a", "10.255.0.1 a", "10.1.0.1 b"]
    for netns in "ab":
        assert lines(etc / netns / "hosts") == [*HEAD, own_name(), *all_of_them]
    machine.apply(lab({"192.0.2.1": ["db", "db.example"], "namespaces": True, "FD00::5%e0": "x"}), code=2)
    machine.apply(lab({"192.0.2.1": ["db", "db.example"], "namespaces": True, "FD00::5": "x_y"}))
    assert lines(etc / "a/hosts") == [*HEAD, own_name(), "192.0.2.1 db db.example", *all_of_them, "fd00::5 x_y"]
    # An address that changes anywhere changes all of them.
    t = lab({"192.0.2.1": ["db", "db.example"], "namespaces": True, "FD00::5": "x_y"})
    t["namespaces"]["b"]["interfaces"]["br0"]["addresses"] = ["10.1.0.2/24"]
    plan = machine.ctl("plan", machine.file(t)).stdout
    assert "- 10.1.0.1 b" in plan and "+ 10.1.0.2 b" in plan
    machine.apply(t)
    assert lines(etc / "a/hosts")[-2:] == ["10.1.0.2 b", "fd00::5 x_y"]
    machine.ctl("rollback", "lab")
    assert lines(etc / "a/hosts")[-2:] == ["10.1.0.1 b", "fd00::5 x_y"]
    machine.ctl("down", "lab")
    assert tree(etc) == []


def test_programs_use_them(machine, etc):
    """netnsctl exec and ip netns exec mount them over those of the machine."""
    machine.apply(lab())
    machine.sh("touch /etc/hosts /etc/resolv.conf")
    for command in ([NETNSCTL, "exec", "a"], ["ip", "netns", "exec", "a"]):
        assert machine.run(*command, "getent", "ahostsv4", "b").stdout.split()[0] == "10.1.0.1"
        assert machine.run(*command, "cat", "/etc/hosts").stdout == (etc / "a/hosts").read_text()
    shell = subprocess.run([*machine.enter, NETNSCTL, "shell", "b"], input="getent hosts a\n", capture_output=True,
                           text=True, env=ENVIRONMENT | {"SHELL": "/bin/sh"}, check=True)
    assert shell.stdout.split()[1] == "a"


def test_mounted_elsewhere(machine, etc):
    """A service has the file mounted: it sees each later text, also after a heal."""
    machine.apply(topology(DNS))
    machine.sh("touch /run/resolv.conf; mount --bind /etc/netns/ns1/resolv.conf /run/resolv.conf")
    machine.apply(topology({"nameservers": ["10.9.9.9"]}))
    seen = machine.root / "run/resolv.conf"
    assert lines(seen) == ["nameserver 10.9.9.9"]
    with (etc / "ns1/resolv.conf").open("a") as f:
        f.write("nameserver 6.6.6.6\n")
    wait_for(lambda: lines(seen) == ["nameserver 10.9.9.9"])
    machine.sh("umount /run/resolv.conf; rm /run/resolv.conf")


@pytest.mark.parametrize("drift", [
    "rm {}", "cd /etc/netns; mv ns1 gone; rm -r gone", "echo options rotate >>{}", "chmod 600 {}", "sed -i s/10.0.0.1/6.6.6.6/ {}",
    "mv {} {}.old", "truncate -s -5 {} && touch -a {} && : >>{}", "echo >>{}", "cp {0} /run/c && rm {0} && (cp /run/c {0} || true); chmod 640 {0}; rm /run/c"])
def test_healed(machine, etc, drift):
    machine.apply(topology(DNS, True))
    path = etc / "ns1/resolv.conf"
    before = path.read_text()
    machine.sh(drift.format(*["/etc/netns/ns1/resolv.conf"] * 3))
    wait_for(lambda: path.exists() and path.read_text() == before and
             path.stat().st_mode & 0o777 == 0o644)
    wait_for(lambda: machine.status()["healed"])
    assert machine.state() == "up" and lines(etc / "ns1/hosts")
    machine.sh("rm -f /etc/netns/ns1/resolv.conf.old")


def test_drift_is_described(bare, etc):
    bare.start()
    bare.apply({**topology(DNS), "on_drift": "report"})
    bare.sh("sed -i s/10.0.0.1/6.6.6.6/ /etc/netns/ns1/resolv.conf")
    drift = wait_for(lambda: bare.status().get("drift"))[0]
    assert (drift["kind"], drift["object"], drift["reason"]) == ("dns", "ns1", "on_drift_report")
    assert "nameserver 6.6.6.6" in drift["actual"] and "nameserver 10.0.0.1" in drift["expected"]
    assert "6.6.6.6" in (etc / "ns1/resolv.conf").read_text()


OTHERS = {
    "file": "echo nameserver 192.0.2.1 >resolv.conf", "empty": ": >resolv.conf", "link": "ln -s /etc/passwd resolv.conf",
    "dangling": "ln -s /nowhere resolv.conf", "directory": "mkdir resolv.conf", "fifo": "mkfifo resolv.conf",
    "socket": "/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"resolv.conf\")'",
    "huge": "truncate -s 1T resolv.conf || truncate -s 1G resolv.conf",
    "like ours": "echo '# Written by netnsd for topology lab' >resolv.conf",
    "cut off": "printf '# Written by netnsd for topology lab; edit the topology, not this file' >resolv.conf",
    "of a user": "{ echo '# Written by netnsd for topology lab; edit the topology, not this file'; echo nameserver 10.0.0.1; } >resolv.conf; "
                 "chown 65534 resolv.conf",
    "of another": "echo '# Written by netnsd for topology other; edit the topology, not this file' >resolv.conf",
}


def listed(machine):
    return machine.sh("cd /etc/netns; find . -printf '%y %i %m %p %l %s %T@\n' | sort")


@pytest.mark.parametrize("others", OTHERS)
def test_files_of_others_stay(machine, others):
    """Found before anything is changed, and named; nothing blocks."""
    if os.geteuid() != 0 and others == "of a user":
        pytest.skip("needs users")
    machine.sh(f"mkdir /etc/netns/ns1; cd /etc/netns/ns1; {OTHERS[others]}")
    before = listed(machine)
    for command in "plan", "apply":
        refused = machine.ctl(command, machine.file(topology(DNS, True)), code=1)
        assert "/etc/netns/ns1/resolv.conf" in refused.stderr and ("move it away" in refused.stderr or "remove " in refused.stderr)
    assert listed(machine) == before and machine.namespaces() == []
    machine.sh("rm -rf /etc/netns/ns1/resolv.conf")
    machine.apply(topology(DNS, True))
    machine.ctl("down", "lab")
    assert machine.sh("ls -A /etc/netns") == "ns1\n"  # it was there before
    machine.sh("rmdir /etc/netns/ns1")


@pytest.mark.parametrize("make", ["ln -s /run ns1", "touch ns1", "mkfifo ns1"])
def test_directory_of_others(machine, make):
    machine.sh(f"cd /etc/netns; {make}")
    before = listed(machine)
    refused = machine.apply(topology(DNS), code=1)
    assert "/etc/netns/ns1 is " in refused.stderr and "not a directory" in refused.stderr
    assert listed(machine) == before and machine.namespaces() == []
    machine.sh("rm /etc/netns/ns1")


def test_replaced_by_others(machine, etc):
    """A file that has lost the first line may be anybody's: it is left alone, and the status says so."""
    machine.apply(topology(DNS))
    (etc / "ns1/resolv.conf").write_text("nameserver 9.9.9.9\n")
    wait_for(lambda: machine.state() == "failed")
    assert "/etc/netns/ns1/resolv.conf already exists" in machine.ctl("status", "lab").stdout
    assert (etc / "ns1/resolv.conf").read_text() == "nameserver 9.9.9.9\n"
    machine.sh("rm /etc/netns/ns1/resolv.conf")
    wait_for(lambda: machine.state() == "up")
    assert lines(etc / "ns1/resolv.conf") == RESOLV
    (etc / "ns1/resolv.conf").write_text("nameserver 9.9.9.9\n")
    machine.ctl("down", "lab")
    assert (etc / "ns1/resolv.conf").read_text() == "nameserver 9.9.9.9\n"
    machine.sh("rm -r /etc/netns/ns1")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_given_to_a_user(machine, etc):
    """Who owns a file can write there what he likes: it is no longer netnsd's."""
    machine.apply(topology(DNS, True))
    machine.sh("chown 65534 /etc/netns/ns1/hosts")
    wait_for(lambda: machine.state() == "failed")
    assert "/etc/netns/ns1/hosts belongs to user 65534" in machine.ctl("status", "lab").stdout
    machine.sh("chown 0 /etc/netns/ns1/hosts")
    wait_for(lambda: machine.state() == "up")
    machine.sh("chown 65534 /etc/netns/ns1/hosts")
    machine.ctl("down", "lab")
    assert tree(etc) == ["ns1", "ns1/hosts"]
    machine.sh("rm -r /etc/netns/ns1")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_directory_of_a_user(machine, etc):
    """Nothing is written there, nor removed."""
    machine.sh("mkdir /etc/netns/ns1; chown 65534 /etc/netns/ns1")
    refused = machine.apply(topology(DNS), code=1).stderr
    assert "/etc/netns/ns1 belongs to user 65534, and netnsd leaves it alone; move it away" in refused, refused
    assert tree(etc) == ["ns1"] and machine.namespaces() == []
    machine.sh("chown 0 /etc/netns/ns1")
    machine.apply(topology(DNS))
    machine.sh("chown 65534 /etc/netns/ns1")
    wait_for(lambda: machine.state() == "failed")
    assert "/etc/netns/ns1 belongs to user 65534" in machine.ctl("status", "lab").stdout
    machine.ctl("down", "lab")
    assert tree(etc) == ["ns1", "ns1/resolv.conf"]
    machine.sh("rm -r /etc/netns/ns1")


@pytest.mark.parametrize("make", ["ln -s /nowhere .netnsd.ns1", "touch .netnsd.ns1", "mkdir -p .netnsd.ns1/more"])
def test_something_where_new_files_are_written(machine, etc, make):
    machine.sh(f"cd /etc/netns; {make}")
    refused = machine.apply(topology(DNS), code=1)
    assert "/etc/netns/.netnsd.ns1 is where new files are written" in refused.stderr, refused.stderr
    assert machine.namespaces() == [] and not (etc / "ns1").exists()
    machine.sh("rm -r /etc/netns/.netnsd.ns1")
    machine.apply(topology(DNS))


def test_the_rest_of_the_directory(machine, etc):
    """ip-netns(8) has more files there, and another topology may have one of the two."""
    machine.apply(topology(DNS))
    (etc / "ns1/nsswitch.conf").write_text("hosts: files dns\n")
    machine.apply({"namespaces": {"ns1": {"existing": True, "hosts": True}}}, "other")
    refused = machine.apply({"namespaces": {"ns1": {"existing": True, "dns": DNS}}}, "third", code=1)
    assert "dns ns1 already exists and belongs to the topology lab" in refused.stderr
    machine.ctl("down", "other")
    assert tree(etc) == ["ns1", "ns1/nsswitch.conf", "ns1/resolv.conf"]
    machine.ctl("down", "lab")
    assert tree(etc) == ["ns1", "ns1/nsswitch.conf"]
    machine.sh("rm -r /etc/netns/ns1")


def test_existing(machine, etc):
    machine.sh("ip netns add ns1; mkdir /etc/netns/ns1")
    machine.apply(topology(DNS, {"10.0.0.9": "x"}, existing=True))
    assert tree(etc) == ["ns1", "ns1/hosts", "ns1/resolv.conf"]
    machine.ctl("down", "lab")
    assert tree(etc) == ["ns1"] and machine.namespaces() == ["ns1"]
    machine.sh("ip netns del ns1; rmdir /etc/netns/ns1")


def test_all_or_nothing(machine, etc):
    """The last step of many is refused: the files are as before, with their inodes."""
    machine.apply(topology(DNS))
    before = listed(machine)
    t = topology({"nameservers": ["10.0.0.9"]}, True, sysctl={"net.ipv4.ip_default_ttl": 999})
    t["namespaces"]["ns2"] = {"dns": DNS}
    machine.apply(t, code=1)
    after = listed(machine)
    assert [line.split()[:5] for line in after.splitlines()] == [line.split()[:5] for line in before.splitlines()]
    assert lines(etc / "ns1/resolv.conf") == RESOLV


def test_no_disrupt(machine):
    machine.apply(topology(DNS, True))
    machine.apply(topology({"nameservers": []}), "lab", "--no-disrupt")


@pytest.mark.parametrize("state", ["full", "read-only"])
def test_file_system(machine, etc, state):
    """A clear error, and everything is as it was; asked again, it is done."""
    machine.apply(topology(DNS))
    before = listed(machine)
    machine.sh({"full": "dd if=/dev/zero of=/etc/netns/fill bs=4k 2>/dev/null || true",
                "read-only": "mount -o remount,ro /etc/netns"}[state])
    names = {f"10.{i}.{k}.1": f"host-{i}-{k}.example" for i in range(10) for k in range(200)}
    refused = machine.apply(topology({"nameservers": []} if state == "read-only" else DNS, names), code=1)
    words = {"full": "No space left on device", "read-only": "Read-only file system"}[state]
    assert f"/etc/netns/ns1/{'hosts' if state == 'full' else 'resolv.conf'}: {words}" in refused.stderr, refused.stderr
    machine.sh({"full": "rm /etc/netns/fill", "read-only": "mount -o remount,rw /etc/netns"}[state])
    assert [x for x in listed(machine).splitlines() if " ." not in x] == [x for x in before.splitlines() if " ." not in x]
    machine.apply(topology(DNS, names))
    assert len(lines(etc / "ns1/hosts")) == 3 + len(names)


def test_full_when_it_grows(machine, etc):
    """The text that is there is not touched before there is room for the new one."""
    machine.apply(topology(hosts={"10.0.0.1": "x"}))
    machine.sh("dd if=/dev/zero of=/etc/netns/fill bs=4k 2>/dev/null || true")
    names = {f"10.0.{i}.2": f"host-{i}.example" for i in range(256)}
    refused = machine.apply(topology(hosts=names), code=1)
    assert "/etc/netns/ns1/hosts: No space left on device" in refused.stderr
    assert lines(etc / "ns1/hosts")[3:] == ["10.0.0.1 x"]
    machine.sh("rm /etc/netns/fill")


@pytest.mark.parametrize("call", ["mkdirat", "renameat2", "pwrite", "fsync"])
def test_refused_calls(bare, fault, etc, call):
    bare.start(environment=fault.environment)
    t = topology(DNS, True)
    for at in 1, 2:
        fault.arm(ERROR, at, error=errno.EIO, only=NUMBERS[call], reads=True)
        done = bare.apply(t, code=None)
        fault.disarm()
        if done.returncode:
            assert "Input/output error" in done.stderr, done.stderr
            assert tree(etc) == [] and bare.namespaces() == []
        else:
            bare.ctl("down", "lab")
    bare.apply(t)


def test_interrupted_temporary(bare, etc):
    """What a crash left before the file had its name goes with the next change."""
    bare.start()
    bare.sh("mkdir /etc/netns/.netnsd.ns1; echo half >/etc/netns/.netnsd.ns1/resolv.conf")
    bare.apply(topology(DNS))
    assert tree(etc) == ["ns1", "ns1/resolv.conf"]


def test_after_a_reboot(bare, etc):
    """/run is empty, the files are still there: ours are taken over, and changed."""
    bare.start()
    bare.apply(topology(DNS))
    bare.stop(signal.SIGKILL)
    bare.sh("ip netns del ns1; rm -rf /run/netnsd; sed -i s/edns0/rotate/ /etc/netns/ns1/resolv.conf")
    bare.start()
    assert "2 created" not in bare.apply(topology(DNS)).stdout
    assert lines(etc / "ns1/resolv.conf") == RESOLV
    bare.ctl("down", "lab")
    assert tree(etc) == []


@pytest.mark.parametrize("back", [False, True], ids=["gone", "brought back"])
def test_of_another_boot(bare, etc, back):
    """What boot does not bring back leaves no files, in a namespace of others neither; but those of others, or ones that
    were written since, stay."""
    bare.sh("ip netns add theirs; mkdir /etc/netns/theirs")
    bare.start()
    bare.apply(topology(DNS))
    bare.apply(topology(DNS, True, "theirs", existing=True), "more", *(["--persist"] if back else []))
    bare.apply(topology(DNS, netns="new"), "new")
    bare.stop(signal.SIGKILL)
    # The reboot: namespaces and /run are gone.
    bare.sh("cd /etc/netns; echo mine >theirs/own; touch -d '20 years ago' theirs/* ns1/*; ip netns del ns1; ip netns del theirs; "
            "ip netns del new; rm -rf /run/netnsd; ip netns add theirs")
    bare.start()
    kept = ["theirs/hosts", "theirs/resolv.conf"] if back else []
    assert tree(etc) == sorted(["new", "new/resolv.conf", "theirs", "theirs/own", *kept])
    if back:
        wait_for(lambda: bare.state("more") == "up")
        bare.ctl("down", "more", "--forget")
    else:
        assert "3 files in /etc/netns of topologies that did not outlive the reboot removed" in bare.log()
    bare.sh("rm -r /etc/netns/new /etc/netns/theirs; ip netns del theirs")


def test_removed_while_nobody_watched(bare, etc):
    bare.start()
    bare.apply(topology(DNS, True))
    bare.stop()
    bare.sh("rm /etc/netns/ns1/*")
    bare.start("--audit", "3600")
    bare.ctl("down", "lab")
    assert tree(etc) == []


def test_restart_writes_nothing(bare, etc):
    bare.start()
    bare.apply(topology(DNS, True))
    before = listed(bare)
    bare.restart()
    assert bare.state() == "up" and listed(bare) == before


def test_once(bare, etc):
    bare.sh(f"netnsd --once --state {bare.folder}/state {bare.file(topology(DNS))}")
    assert lines(etc / "ns1/resolv.conf") == RESOLV
    bare.start()
    bare.ctl("down", "lab")
    assert tree(etc) == []


def test_adopt(machine, etc):
    """A file of others with just that text gets the first line, and keeps its inode."""
    machine.sh("ip netns add ns1; ip -n ns1 link set lo up; mkdir /etc/netns/ns1")
    path = etc / "ns1/resolv.conf"
    path.write_text("nameserver 10.0.0.9\n")
    inode = path.stat().st_ino
    refused = machine.ctl("adopt", machine.file(topology(DNS)), code=None)
    assert refused.returncode and "dns ns1" in refused.stderr and path.read_text() == "nameserver 10.0.0.9\n"
    machine.ctl("adopt", machine.file(topology({"nameservers": ["10.0.0.9"]})))
    assert lines(path) == ["nameserver 10.0.0.9"] and path.stat().st_ino == inode
    machine.ctl("down", "lab")
    assert tree(etc) == ["ns1"]
    machine.sh("rmdir /etc/netns/ns1")


REFUSED = [
    ("dns", {}, '"nameservers" is missing'),
    ("dns", {"nameservers": "10.0.0.1"}, "must be a list"),
    ("dns", {"nameservers": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]}, "uses only the first 3"),
    ("dns", {"nameservers": ["10.0.0.1\nnameserver 6.6.6.6"]}, "is not an IP address"),
    ("dns", {"nameservers": ["10.0.0.1:53"]}, "neither a prefix length nor a port"),
    ("dns", {"nameservers": ["10.0.0.1/24"]}, "is not an IP address"),
    ("dns", {"nameservers": ["dns.example"]}, "is not an IP address"),
    ("dns", {"nameservers": ["fe80::1"]}, "needs its interface"),
    ("dns", {"nameservers": ["fe80::1%a b"]}, "interface"),
    ("dns", {"nameservers": ["2001:db8::1%e0"]}, "only a link-local address"),
    ("dns", {"nameservers": ["0.0.0.0"]}, "no server"),
    ("dns", {"nameservers": ["224.0.0.251"]}, "not the address of one server"),
    ("dns", {"nameservers": ["127.0.0.53"]}, "systemd-resolved"),
    ("dns", {"nameservers": ["10.0.0.1", "10.0.0.1"]}, "listed twice"),
    ("dns", {"nameservers": [5]}, "must be a text"),
    ("dns", {"nameservers": ["10.0.0.1\u0000"]}, "must not contain a NUL"),
    ("dns", {"nameservers": [], "search": ["a\nb"]}, "consists of letters"),
    ("dns", {"nameservers": [], "search": ["a b"]}, "consists of letters"),
    ("dns", {"nameservers": [], "search": [""]}, "1 to 253 bytes"),
    ("dns", {"nameservers": [], "search": [f"a{i}" for i in range(33)]}, "at most 32"),
    ("dns", {"nameservers": [], "search": [f"{'a' * 60}.{i}" for i in range(20)]}, "1024 bytes"),
    ("dns", {"nameservers": [], "options": ["nodts:1"]}, "possible are ndots:N"),
    ("dns", {"nameservers": [], "options": ["ndots:99"]}, "from 0 to 15"),
    ("dns", {"nameservers": [], "options": ["ndots:1 debug"]}, "needs a whole number"),
    ("dns", {"nameservers": [], "options": ["edns0\nx"]}, "there is no option"),
    ("dns", {"nameservers": [], "sarch": []}, 'did you mean "search"'),
    ("hosts", False, "must be true"),
    ("hosts", [], "must be true"),
    ("hosts", {"10.0.0.1": []}, "has no names"),
    ("hosts", {"10.0.0.1": "a b"}, "consists of letters"),
    ("hosts", {"10.0.0.1": "a\n6.6.6.6 b"}, "consists of letters"),
    ("hosts", {"10.0.0.1": "a#b"}, "consists of letters"),
    ("hosts", {"10.0.0.1\n6.6.6.6": "a"}, "is not an IP address"),
    ("hosts", {"db": "10.0.0.1"}, "is not an IP address"),
    ("hosts", {"2001:db8::1": "a", "2001:DB8:0::1": "b"}, "listed twice"),
    ("hosts", {"10.0.0.1": 7}, "a name, or a list of names"),
    ("hosts", {"namespaces": 1}, "true or false"),
    ("hosts", {"10.0.0.1": [f"n{i}" for i in range(33)]}, "at most 32"),
    ("hosts", {f"10.{i >> 8}.{i & 255}.1": "a" for i in range(4097)}, "at most 4096"),
]


def test_refused_values(machine, etc):
    """All before anything is touched; no text of a topology can become a second line of a file."""
    for key, value, words in REFUSED:
        refused = machine.ctl("validate", machine.file(topology(**{key: value})), code=2)
        assert words in refused.stderr and f"/namespaces/ns1/{key}" in refused.stderr, (value, refused.stderr)
    for key, value in ("dns", DNS), ("hosts", True):
        refused = machine.ctl("validate", machine.file({"host": {key: value}}), code=2)
        assert f"/host/{key}: the host has its own /etc/" in refused.stderr
    machine.ctl("validate", machine.file(topology({"nameservers": ["127.0.0.53"]}, existing=True)))
    assert tree(etc) == []


def test_limit_of_all(machine):
    """Each of so many namespaces would have the addresses of all."""
    t = {"namespaces": {f"n{i}": {"hosts": True, "interfaces": {"lo": {"addresses": [f"10.{i >> 8}.{i & 255}.1/32"]}}}
                        for i in range(2000)}}
    refused = machine.ctl("validate", machine.file(t), code=2)
    assert refused.stderr.count("longer than 33554432 bytes in all") == 1
    t["namespaces"] = dict(list(t["namespaces"].items())[:1000])
    machine.ctl("validate", machine.file(t))


def test_many(machine, etc):
    t = {"namespaces": {f"n{i}": {"hosts": True, "dns": DNS, "interfaces": {"lo": {"addresses": [f"10.0.{i}.1/32"]}}}
                        for i in range(100)}}
    machine.apply(t)
    assert len(tree(etc)) == 300 and len(lines(etc / "n99/hosts")) == 103
    machine.sh("rm /etc/netns/n*/hosts")
    wait_for(lambda: len(tree(etc)) == 300)
    wait_for(lambda: machine.state() == "up")
    assert machine.call("Plan", name="lab", topology=t, replace=True)["steps"] == []
    machine.ctl("down", "lab")
    assert tree(etc) == []


def test_schema(machine):
    schema = json.loads(machine.ctl("schema").stdout)
    properties = schema["$defs"]["namespace"]["properties"]
    assert properties["dns"] == {"$ref": "#/$defs/dns"} and schema["$defs"]["dns"]["required"] == ["nameservers"]
    assert {"const": True} in properties["hosts"]["anyOf"]

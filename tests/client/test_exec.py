# SPDX-License-Identifier: MIT
"""netnsctl exec and shell in a namespace that ip(8) created, on a machine of their own: needs user namespaces or root,
and no daemon."""
import os
import subprocess

import pytest
from ctl import NETNSCTL

SETUP = """mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /mnt &&
ip netns add ns1 && ip -n ns1 link add br-inside type bridge && touch /run/netns/plain /run/netns/uts &&
mount --bind /proc/self/ns/uts /run/netns/uts || exit 77
"""


@pytest.fixture
def inside(tmp_path):
    def run(script, **environment):
        r = subprocess.run(["unshare", *(["-r"] if os.geteuid() else []), "-m", "-n", "sh", "-c", SETUP + script],
                           env={"PATH": f"{NETNSCTL.parent}:/usr/sbin:/usr/bin:/sbin:/bin"} | environment,
                           cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                           check=False)
        if r.returncode == 77:
            pytest.skip("no namespaces here: " + r.stderr.strip())
        assert "Sanitizer" not in r.stderr, r.stderr
        return r.returncode, r.stdout, r.stderr
    return run


def test_exec_sees_its_namespace(inside):
    """By netlink and in /sys; nothing is mounted outside."""
    code, out, err = inside("netnsctl exec ns1 sh -c 'ip -o link | grep -c br-inside; ls /sys/class/net'; "
                            "ls /sys/class/net; grep -c ' /sys ' /proc/self/mountinfo")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == ["1", "br-inside", "lo"] and "br-inside" not in out.splitlines()[3:]


def test_exec_passes_what_belongs_to_the_command(inside, tmp_path):
    assert inside("netnsctl exec ns1 sh -c 'pwd; echo $0 $1; exit 9' --json -h")[:2] == (9, f"{tmp_path}\n--json -h\n")


def test_exec_closes_descriptors(inside):
    assert inside("exec 7</dev/null; netnsctl exec ns1 sh -c 'ls /proc/$$/fd'")[:2] == (0, "0\n1\n2\n")


@pytest.mark.parametrize("name", ["plain", "uts"])
def test_exec_of_what_is_no_network_namespace(inside, name):
    assert inside(f"netnsctl exec {name} true") == (1, "", f"netnsctl: /run/netns/{name} is not a network namespace\n")


def test_exec_read_only_sys_stays_so(inside):
    code, out, _ = inside("mount -o remount,bind,ro /sys || exit 77; "
                          "netnsctl exec ns1 grep ' /sys sysfs ' /proc/mounts")
    assert code == 0 and " ro," in out


def test_exec_files_of_etc(inside):
    """/etc/netns/NS/x is mounted over /etc/x; without /etc/x it is mentioned and the command runs all the same."""
    code, out, err = inside("mkdir /mnt/up /mnt/work && "
                            "mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc && "
                            "mkdir -p /etc/netns/ns1 && echo nameserver 192.0.2.1 >/etc/netns/ns1/resolv.conf && "
                            "echo x >/etc/netns/ns1/not-there && touch /etc/resolv.conf || exit 77\n"
                            "netnsctl exec ns1 cat /etc/resolv.conf")
    assert (code, out) == (0, "nameserver 192.0.2.1\n")
    assert err == ("netnsctl: /etc/netns/ns1/not-there cannot be mounted over /etc/not-there: "
                   "No such file or directory\n")


def test_exec_resolv_conf_is_a_link(inside):
    """As systemd-resolved makes it: its target is replaced, for the command only; one without a target is mentioned."""
    code, out, err = inside("mkdir /mnt/up /mnt/work && "
                            "mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc && "
                            "mkdir -p /etc/netns/ns1 && echo nameserver 192.0.2.1 >/etc/netns/ns1/resolv.conf && "
                            "echo nameserver 127.0.0.53 >/run/stub.conf && ln -sf /run/stub.conf /etc/resolv.conf || exit 77\n"
                            "netnsctl exec ns1 cat /etc/resolv.conf; cat /etc/resolv.conf; rm /run/stub.conf; "
                            "netnsctl exec ns1 echo runs")
    assert (code, out) == (0, "nameserver 192.0.2.1\nnameserver 127.0.0.53\nruns\n")
    assert err == ("netnsctl: /etc/netns/ns1/resolv.conf cannot be mounted over /etc/resolv.conf: "
                   "No such file or directory\n")


def test_exec_without_rights(inside):
    code, _, err = inside("exec setpriv --bounding-set -all netnsctl exec ns1 true")
    assert (code, err) == (5, "netnsctl: entering ns1: Operation not permitted; use sudo\n")


def test_shell(inside):
    code, out, _ = inside("echo 'echo in $NETNS; ip -o link | grep -c br-inside; exit 3' | netnsctl shell ns1",
                          SHELL="/bin/sh")
    assert (code, out) == (3, "in ns1\n1\n")

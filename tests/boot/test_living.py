# SPDX-License-Identifier: MIT
"""Units that run in a namespace, as in netns@.service(8): active after boot, and unaffected by everything that happens
to netnsd."""
import json

import pytest
from guest import states, wait_for
from roots import ROOT

UNITS = "web.service", "web-watch.service"
PAGE = (ROOT / "docs/netns@.service.8.scd.in").read_text().split("```\n")[1::2]


def block(start):
    """The commands or the file of the manual page that starts so."""
    return next(text for text in PAGE if text.startswith(start))


@pytest.fixture
def living(guest):
    """A machine where the commands of the manual page were run."""
    guest.boot()
    guest.sh(block("cd /usr/share/doc/netnsd/examples"))
    return guest


def pids(guest):
    """The processes of the units; all are up, and have been all the time."""
    for unit in UNITS:
        assert guest.show(unit, "ActiveState") == "active", guest.run("systemctl", "status", unit, code=None).stdout
        assert guest.show(unit, "NRestarts") == "0"
    return [guest.show(unit, "MainPID") for unit in UNITS]


def namespace(guest, path):
    return guest.sh(f"stat -Lc %i {path}")


def test_after_boot(living):
    """Each is in its namespace, reachable over the veth pair and from nowhere else."""
    for again in lambda: None, living.reboot:
        again()
        web, watch = pids(living)
        assert namespace(living, f"/proc/{web}/ns/net") == namespace(living, "/run/netns/right")
        assert namespace(living, f"/proc/{watch}/ns/net") == namespace(living, "/run/netns/left")
        listing = living.run("ip", "netns", "exec", "left", "curl", "-sf", "http://10.0.1.2:8000/").stdout
        assert "examples" in listing
        living.run("curl", "-s", "--max-time", "1", "http://10.0.1.2:8000/", code=7)
        assert living.show("netns@right.service", "ActiveState") == "active"


def test_left_alone(living, packages):
    """Restart, stop, start, crash and upgrade of netnsd: the same processes, and answers all the time."""
    living.reboot()
    before = pids(living)
    living.run("systemctl", "restart", "netnsd.service", "netnsd.socket")
    assert pids(living) == before
    living.run("systemctl", "stop", "netnsd.service", "netnsd.socket")
    assert pids(living) == before
    living.run("ip", "netns", "exec", "left", "curl", "-sf", "http://10.0.1.2:8000/")
    living.run("systemctl", "start", "netnsd.service")
    pid = living.show("netnsd.service", "MainPID")
    living.run("systemctl", "kill", "-s", "KILL", "netnsd.service")
    wait_for(lambda: living.show("netnsd.service", "MainPID") not in ("0", pid))
    living.install(packages[1])
    assert pids(living) == before
    assert states(living) == {"two-namespaces": "up"}
    asked = len(living.sh("journalctl -b -u web.service --no-pager | grep GET").splitlines())
    wait_for(lambda: len(living.sh("journalctl -b -u web.service --no-pager | grep GET").splitlines()) > asked + 1)


def test_resolver(living):
    """The namespace's resolv.conf is mounted if there is one; otherwise the machine's is visible."""
    def seen():
        return living.run("nsenter", "-m", "-t", pids(living)[0], "cat", "/etc/resolv.conf").stdout
    living.write("etc/resolv.conf", "nameserver 192.0.2.1\n")
    living.run("systemctl", "restart", *UNITS)
    assert seen() == "nameserver 192.0.2.1\n"
    living.write("etc/netns/right/resolv.conf", "nameserver 192.0.2.2\n")
    living.run("systemctl", "restart", *UNITS)
    assert seen() == "nameserver 192.0.2.2\n"


def test_resolver_of_a_topology(living):
    """What netnsd writes in its sandbox, services can read; a change reaches them where they run."""
    def seen():
        return living.run("nsenter", "-m", "-t", pids(living)[0], "cat", "/etc/resolv.conf").stdout.splitlines()[1:]

    def apply(server):
        dns = {"nameservers": [server]}
        living.write("root/names.json", json.dumps({"namespaces": {"right": {"existing": True, "dns": dns}}}))
        living.run("netnsctl", "apply", "/root/names.json")
    living.sh("rm -rf /etc/netns/right")
    apply("192.0.2.3")
    assert living.sh("stat -c %a%u /etc/netns/right/resolv.conf /etc/netns/right").split() == ["6440", "17550"]
    living.run("systemctl", "restart", *UNITS)
    assert seen() == ["nameserver 192.0.2.3"]
    apply("192.0.2.4")
    assert seen() == ["nameserver 192.0.2.4"]
    living.sh("echo nameserver 6.6.6.6 >>/etc/netns/right/resolv.conf")
    wait_for(lambda: seen() == ["nameserver 192.0.2.4"])
    living.run("netnsctl", "down", "--forget", "names")
    assert living.sh("ls -A /etc/netns") == ""


def test_missing(living):
    """A namespace that does not appear fails what requires it, in time; one that is refused, at once."""
    living.write("etc/systemd/system/netns@right.service.d/override.conf", block("[Service]").replace("600", "1"))
    living.sh("systemctl stop web web-watch netns@right; netnsctl down two-namespaces; systemctl daemon-reload")
    living.run("systemctl", "start", "web.service", code=1)
    assert living.show("netns@right.service", "Result") == "exit-code"
    assert living.show("web.service", "ActiveState") == "inactive"
    living.sh("systemctl reset-failed; netnsctl up two-namespaces; systemctl start web.service")
    # Without the dependency, systemd's own answer.
    living.run("systemd-run", "--quiet", "--wait", "-pNetworkNamespacePath=/run/netns/nowhere", "true", code=225)

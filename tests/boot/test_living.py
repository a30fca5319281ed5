# SPDX-License-Identifier: MIT
"""Units that run in a namespace, as in netns@.service(8): active after boot, and unaffected by everything that happens
to netnsd."""
import json

import pytest
from guest import EVERYDAY, states, wait_for
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
    """A namespace that does not appear fails what requires it, in time; one that nothing is going to make, at once."""
    living.sh("systemctl stop web web-watch; netnsctl down two-namespaces")
    wait_for(lambda: living.show("netns@right.service", "ActiveState") == "inactive")
    living.run("systemctl", "start", "web.service", code=1, timeout=60)
    assert "no topology manages a namespace right: two-namespaces is down; netnsctl up two-namespaces" in \
        living.sh("journalctl -b -u netns@right --no-pager")
    living.write("etc/systemd/system/netns@right.service.d/override.conf", block("[Service]").replace("600", "1"))
    living.sh("systemctl daemon-reload")
    living.run("systemctl", "start", "web.service", code=1)
    assert "timed out: no topology manages a namespace right" in living.sh("journalctl -b -u netns@right --no-pager")
    assert living.show("netns@right.service", "Result") == "exit-code"
    assert living.show("web.service", "ActiveState") == "inactive"
    living.sh("systemctl reset-failed; netnsctl up two-namespaces; systemctl start web.service")
    # Without the dependency, systemd's own answer.
    living.run("systemd-run", "--quiet", "--wait", "-pNetworkNamespacePath=/run/netns/nowhere", "true", code=225)
    # A misspelt name is not waited for: the 90 seconds would be too long for this.
    living.run("systemctl", "start", "netns@rihgt.service", code=1, timeout=60)
    assert "no topology declares a namespace rihgt;" in living.sh("journalctl -b -u netns@rihgt --no-pager")


def test_gone(living):
    """The unit stops with the namespace, what is bound to it, too; what only requires it goes on, and does not fail with
    225 when it is started next. A name that somebody removes is restored, and nothing stops."""
    living.write("etc/systemd/system/bound.service", "[Unit]\nBindsTo=netns@right.service\nAfter=netns@right.service\n"
                 "[Service]\nNetworkNamespacePath=/run/netns/right\nExecStart=sleep 1000\n")
    living.sh("systemctl daemon-reload; systemctl start bound")
    before = [*pids(living), living.show("bound.service", "MainPID"), living.show("netns@right.service", "MainPID")]
    inode = namespace(living, "/run/netns/right")
    living.sh("umount -l /run/netns/right; rm -f /run/netns/right || true")
    wait_for(lambda: living.sh("netnsctl wait; stat -Lc %i /run/netns/right 2>/dev/null || true") == inode)
    living.run("netnsctl", "apply", EVERYDAY)
    living.run("netnsctl", "down", "everyday")
    assert [*pids(living), living.show("bound.service", "MainPID"), living.show("netns@right.service", "MainPID")] == before
    living.run("netnsctl", "down", "two-namespaces")
    for unit in "netns@right.service", "bound.service":
        wait_for(lambda unit=unit: living.show(unit, "ActiveState") == "inactive")
        assert living.show(unit, "Result") == "success"
    assert living.show("web.service", "ActiveState") == "active"
    living.run("netnsctl", "up", "two-namespaces")
    living.run("systemctl", "restart", "web.service")
    assert namespace(living, f"/proc/{living.show('web.service', 'MainPID')}/ns/net") == namespace(living, "/run/netns/right")
    assert living.show("netns@right.service", "ActiveState") == "active"


def test_misspelt_at_boot(guest):
    """During the boot a topology may be applied by a unit that netnsd knows nothing of."""
    guest.boot()
    guest.write("etc/systemd/system/own.service", "[Unit]\nAfter=netnsd.service\nRequires=netnsd.service\n[Service]\n"
                "Type=oneshot\nExecStart=sh -c 'while ! systemctl list-jobs | grep -q \"netns@ns1.service.*running\"; do :; "
                f"done; netnsctl apply {EVERYDAY}'\n[Install]\nWantedBy=multi-user.target\n")
    guest.write("etc/systemd/system/user.service", "[Unit]\nAfter=netns@ns1.service\nRequires=netns@ns1.service\n[Service]\n"
                "NetworkNamespacePath=/run/netns/ns1\nExecStart=sleep 1000\n[Install]\nWantedBy=multi-user.target\n")
    guest.sh("systemctl enable own user")
    guest.reboot()
    assert guest.show("user.service", "ActiveState") == "active"
    assert guest.show("netns@ns1.service", "ActiveState") == "active"

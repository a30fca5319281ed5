# SPDX-License-Identifier: MIT
"""netnsctl wait: until topologies are up and namespaces exist, over restarts, and not longer than requested."""
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from machine import NETNSCTL, NETNSD, wait_for
from topologies import everyday, many, pair
from varlink import Connection, VarlinkError


def waiting(machine, *args):
    """netnsctl wait, running; longer than a test waits for it."""
    return machine.popen(NETNSCTL, "wait", "--timeout", 120, *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process):
    """(exit code, its output)"""
    out, err = process.communicate(timeout=30)
    return process.returncode, out + err


def put(machine, topology, name="lab"):
    folder = machine.folder / "topologies"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(topology if isinstance(topology, str) else json.dumps(topology))


def test_what_exists_is_not_waited_for(machine):
    machine.apply(everyday())
    machine.apply(pair(), "other")
    for args in [], ["lab"], ["lab", "other"], ["--namespace", "ns1"], ["--namespace", "a", "--namespace", "b", "lab"]:
        assert machine.ctl("wait", "--timeout", 0, *args).stdout == ""


NEVER = {
    "name": (["x"], "timed out: there is no topology x"),
    "namespace": (["--namespace", "x"], "timed out: no topology manages a namespace x"),
    "foreign namespace": (["--namespace", "theirs"], "timed out: no topology manages a namespace theirs"),
    "both": (["lab", "x", "--namespace", "ns1", "--namespace", "y"],
             "timed out: there is no topology x; no topology manages a namespace y"),
    "down": (["other"], "timed out: other is down"),
    "namespace of what is down": (["--namespace", "a"], "timed out: no topology manages a namespace a: other is down"),
    "waits": (["card"], "timed out: card is waiting: link host/eth7 does not exist, and netnsd does not create it"),
    "all": ([], "timed out: card is waiting: link host/eth7 does not exist, and netnsd does not create it"),
}


def test_time_out(machine):
    machine.sh("ip netns add theirs")
    machine.apply(everyday())
    machine.apply(pair(), "other")
    machine.ctl("down", "other")
    machine.apply({"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card", code=1)
    for args, words in NEVER.values():
        assert machine.ctl("wait", "--timeout", 0, *args, code=124).stderr == f"netnsctl: {words}\n"
    began = time.monotonic()
    machine.ctl("wait", "--timeout", 1, "x", code=124)
    assert 1 <= time.monotonic() - began < 10
    machine.sh("ip netns del theirs")


def test_what_appears(machine):
    waits = [waiting(machine, "lab"), waiting(machine, "--namespace", "ns1", "--namespace", "a"), waiting(machine, "lab", "other")]
    machine.apply(everyday())
    assert ended(waits[0]) == (0, "")
    machine.apply(pair(), "other")
    assert [ended(w) for w in waits[1:]] == [(0, "")] * 2
    machine.ctl("down", "other")
    again = waiting(machine, "other")
    machine.ctl("up", "other")
    assert ended(again) == (0, "")


def test_what_it_waits_for_appears(machine):
    machine.apply({"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card", code=1)
    client = waiting(machine)
    machine.sh("ip link add eth7 type bridge")
    assert ended(client) == (0, "")
    machine.ctl("down", "--all")
    machine.sh("ip link del eth7")


def test_start_with_much_to_do(bare):
    put(bare, many(200), "many")
    put(bare, pair())
    bare.start()
    bare.ctl("wait")
    assert len(bare.namespaces()) == 202
    bare.ctl("wait", "--timeout", 0)


def test_failed_at_boot(bare):
    """It is not retried, so waiting is pointless."""
    bare.sh("ip link add veth-host type bridge")
    bare.at_first = bare.snapshot()
    put(bare, everyday())
    put(bare, "{", "bad")
    put(bare, pair(), "good")
    bare.start()
    bare.ctl("wait", "good", "--namespace", "a")
    for args in ["lab"], ["--namespace", "ns1"]:
        said = bare.ctl("wait", *args, code=1).stderr
        assert f"{bare.folder}/topologies/lab.json:1:" in said and "lab has failed; netnsctl status lab" in said
    for args in ["bad"], ["good", "bad"], []:
        assert "bad has failed; netnsctl status bad" in bare.ctl("wait", *args, code=1).stderr
    bare.ctl("down", "--all", "--forget")
    bare.sh("ip link del veth-host")
    bare.at_first = bare.snapshot()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restart_while_somebody_waits(machine, number):
    client = waiting(machine, "lab")
    wait_for(lambda: "io.netnsd" in machine.sh("ss -xHn state established"))
    machine.stop(number)
    machine.start()
    machine.apply(everyday())
    assert ended(client) == (0, "")


def test_daemon_that_does_not_come_back(machine):
    client = waiting(machine, "lab", "--timeout", 1)
    wait_for(lambda: "io.netnsd" in machine.sh("ss -xHn state established"))
    machine.stop()
    assert ended(client) == (124, "netnsctl: netnsd went away, and did not come back in time\n")


def test_no_daemon(bare):
    assert "netnsd is not running" in bare.ctl("wait", code=4).stderr


def listening(machine):
    """As netnsd.socket does."""
    path = machine.folder / "s"
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(path))
    s.listen()
    return path, s


def test_socket_that_nobody_serves(bare):
    path, s = listening(bare)
    with s:
        said = bare.ctl("--socket", path, "wait", "--timeout", 0, code=124).stderr
    assert "netnsd did not answer in time" in said


def test_socket_activation(bare):
    """A client that calls before the daemon runs waits for it, and then for what it does first."""
    put(bare, everyday())
    path, s = listening(bare)
    with s:
        client = waiting(bare, "--socket", path, "--namespace", "ns1")
        options = f"--topologies {bare.folder}/topologies --state {bare.folder}/state"
        log = bare.folder / "activated.log"
        with log.open("w") as out:
            daemon = bare.popen("sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {NETNSD} {options}", stdout=out, stderr=out,
                                pass_fds=[3], preexec_fn=lambda: os.dup2(s.fileno(), 3))
        assert ended(client) == (0, ""), log.read_text()
        assert bare.namespaces() == ["ns1"]
        bare.ctl("--socket", path, "down", "--all")
        bare.kill(signal.SIGTERM)
        assert daemon.wait(20) == 0


def test_declared(machine):
    """With --declared, what nobody is going to make is not waited for; what a topology may still make is."""
    machine.sh("ip netns add theirs")
    machine.apply(everyday())
    machine.apply(pair(), "other")
    machine.ctl("wait", "--namespace", "a", "--declared", "--timeout", 0)
    machine.ctl("down", "other")
    machine.apply({"host": {"interfaces": {"eth7": {}}}, "namespaces": {"late": {}}}, "card", code=1)
    for name, words in {
            "ns2": "no topology declares a namespace ns2; netnsctl list shows those that exist",
            "theirs": "no topology declares a namespace theirs; netnsctl list shows those that exist",
            "a": "no topology manages a namespace a: other is down; netnsctl up other"}.items():
        assert machine.ctl("wait", "--declared", "--namespace", "ns1", "--namespace", name, code=1).stderr == f"netnsctl: {words}\n"
    late = waiting(machine, "--declared", "--namespace", "late")
    machine.sh("ip link add eth7 type bridge")
    assert ended(late) == (0, "")
    # It is not what a topology has elsewhere: the name of a link, say.
    said = machine.ctl("wait", "--declared", "--namespace", "veth-ns", code=1).stderr
    assert said.startswith("netnsctl: no topology declares a namespace veth-ns;")
    with Connection(machine.socket) as c, pytest.raises(VarlinkError) as e:
        c.call("io.netnsd.Wait", namespaces=["ns1", "x"], declared=True)
    assert (e.value.name, e.value.parameters["namespace"]) == ("io.netnsd.NoSuchNamespace", "x")
    machine.ctl("down", "--all")
    machine.sh("ip link del eth7; ip netns del theirs")


def test_declared_only_at_boot(bare):
    """As long as there is something to apply, it is too early to say that nobody declares it."""
    put(bare, many(100), "many")
    path, s = listening(bare)
    with s:
        here, nowhere = (waiting(bare, "--socket", path, "--declared", "--namespace", n) for n in ("ns99", "nowhere"))
        options = f"--topologies {bare.folder}/topologies --state {bare.folder}/state"
        daemon = bare.popen("sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {NETNSD} {options}", stderr=subprocess.DEVNULL,
                            pass_fds=[3], preexec_fn=lambda: os.dup2(s.fileno(), 3))
        assert ended(nowhere)[0] == 1
        assert ended(here) == (0, "")
        bare.ctl("--socket", path, "down", "--all")
        bare.kill(signal.SIGTERM)
        assert daemon.wait(20) == 0


def sleeps(client):
    """netnsctl, which nsenter has as its child: it watches /run/netns, and has looked at everything in it."""
    child = Path(f"/proc/{client.pid}/task/{client.pid}/children").read_text().strip()
    try:
        process = Path(f"/proc/{child or client.pid}")
        watches = any("inotify wd:" in info.read_text() for info in (process / "fdinfo").iterdir())
        return process if watches and (process / "stat").read_text().rpartition(")")[2].split()[0] == "S" else None
    except OSError:
        return None


def sleeping(machine, *names):
    """netnsctl wait --until-gone, once it sleeps."""
    client = waiting(machine, "--until-gone", *(arg for name in names for arg in ("--namespace", name)))
    wait_for(lambda: sleeps(client))
    return client


def test_gone(machine):
    machine.ctl("wait", "--until-gone", "--namespace", "nowhere")
    machine.apply(everyday())
    machine.apply(pair(), "other")
    one, both = sleeping(machine, "ns1"), sleeping(machine, "ns1", "a")
    assert machine.ctl("wait", "--until-gone", "--namespace", "ns1", "--timeout", 0, code=124).stderr == \
        "netnsctl: timed out: namespace ns1 still exists\n"
    machine.ctl("down", "lab")
    assert ended(one) == (0, "")
    # The other namespace still has its name.
    assert both.poll() is None
    machine.ctl("down", "other")
    assert ended(both) == (0, "")


def test_gone_and_there_again(machine):
    """Another namespace of the same name is not the same, however fast it comes."""
    machine.apply(everyday())
    client = sleeping(machine, "ns1")
    machine.ctl("down", "lab")
    machine.ctl("up", "lab")
    assert ended(client) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_not_gone(machine, number):
    """A restart of netnsd, a change that keeps the namespace, others that come and go, a name that netnsd restores."""
    machine.apply(everyday())
    inode = machine.inode("ns1")
    client = sleeping(machine, "ns1")
    machine.restart(number)
    machine.sh("ip netns add theirs; ip netns del theirs")
    machine.apply(pair(), "other")
    machine.ctl("down", "other")
    machine.unname("ns1")
    wait_for(lambda: "ns1" in machine.namespaces())
    assert machine.inode("ns1") == inode
    machine.ctl("wait", "--namespace", "ns1")
    wait_for(lambda: sleeps(client))
    assert client.poll() is None
    machine.ctl("down", "lab")
    assert ended(client) == (0, "")


def test_gone_without_netnsd(bare):
    """Whoever made it. No descriptor keeps it alive."""
    bare.sh("ip netns add theirs")
    client = sleeping(bare, "theirs")
    opened = [os.readlink(fd) for fd in (sleeps(client) / "fd").iterdir()]
    assert [name for name in opened if name.startswith("net:")] == [], opened
    bare.sh("ip netns del theirs")
    assert ended(client) == (0, "")


def test_gone_by_mount_only(bare):
    """Something else is mounted over the name, or it is only unmounted."""
    for script in "umount /run/netns/theirs", "mount --bind /proc/self/ns/net /run/netns/theirs":
        bare.sh("ip netns add theirs")
        client = sleeping(bare, "theirs")
        bare.sh(script)
        assert ended(client) == (0, "")
        bare.sh("while umount -q /run/netns/theirs; do :; done; rm /run/netns/theirs")


def test_interface(machine):
    machine.apply(everyday())
    with Connection(machine.socket) as c:
        assert c.call("io.netnsd.Wait") == {}
        assert c.call("io.netnsd.Wait", names=["lab"], namespaces=["ns1"], timeout_seconds=0) == {}
        with pytest.raises(VarlinkError) as e:
            c.call("io.netnsd.Wait", names=["x", "lab"], namespaces=["y"], timeout_seconds=0)
        assert e.value.name == "io.netnsd.TimedOut"
        assert (e.value.parameters["names"], e.value.parameters["namespaces"]) == (["x"], ["y"])
        for wrong in ({"names": ["../x"]}, {"namespaces": [""]}, {"timeout_seconds": -1}, {"timeout_seconds": 86401}):
            with pytest.raises(VarlinkError) as e:
                c.call("io.netnsd.Wait", **wrong)
            assert e.value.name == "org.varlink.service.InvalidParameter"


def test_what_recovers_by_itself(machine):
    """There is nothing to heal then, and still waiting clients are answered."""
    wan = "ip link add wan mtu 1400 type veth peer name isp"
    machine.sh(wan)
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1400}}}})
    machine.sh("ip link del wan")
    wait_for(lambda: "waiting" in machine.ctl("status").stdout)
    again = waiting(machine, "lab")
    machine.sh(wan)
    assert ended(again) == (0, "")
    told = json.loads(machine.ctl("--json", "log", "lab").stdout)["events"]
    assert (told[-1]["event"], told[-1]["message"]) == ("healed", "everything is as declared again")
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")

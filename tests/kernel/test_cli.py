# SPDX-License-Identifier: MIT
"""netnsctl and netnsd --once as programs: exit codes, exec and shell, several clients."""
import json
import os
import re
import subprocess

import pytest
from machine import EXAMPLES, NETNSCTL
from topologies import everyday, many, pair

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs several users")
EVERYDAY = EXAMPLES / "everyday.json"


def test_no_daemon(bare):
    for command in ["status"], ["apply", EVERYDAY], ["down", "--all"], ["list"]:
        result = bare.ctl(*command, code=4)
        assert "netnsd is not running" in result.stderr and result.stderr.startswith("netnsctl: ")


@pytest.mark.parametrize("args", [["nonsense"], ["apply"], ["status", "a", "b"], ["--nonsense", "status"], ["exec", "ns1"],
                                  ["down"], ["show"]])
def test_usage(machine, args):
    result = machine.ctl(*args, code=2)
    assert result.stderr.startswith("netnsctl: ") and result.stdout == ""


def test_help_and_version(bare):
    assert "apply" in bare.ctl("-h").stdout
    assert "0.1.0" in bare.ctl("version").stdout
    assert "apply" in bare.ctl("apply", "-h").stdout
    assert "--socket" in bare.run("netnsd", "--help").stdout


def test_unknown_names(machine):
    for command in ["status", "x"], ["show", "x"], ["down", "x"], ["up", "x"]:
        assert "x" in machine.ctl(*command, code=1).stderr


def test_validate_and_schema_need_no_daemon(bare):
    bare.ctl("validate", *sorted(EXAMPLES.glob("*.json")))
    schema = json.loads(bare.ctl("schema").stdout)
    assert "2020-12" in schema["$schema"]


def test_no_colour_when_not_on_a_terminal(machine):
    machine.ctl("apply", EVERYDAY)
    for command in ["status"], ["status", "everyday"], ["list"], ["plan", EVERYDAY]:
        assert "\033" not in machine.ctl(*command).stdout


def test_exec(machine):
    machine.ctl("apply", EVERYDAY)
    assert "veth-ns" in machine.ctl("exec", "ns1", "ip", "-br", "link").stdout
    machine.ctl("exec", "ns1", "--", "sh", "-c", "exit 7", code=7)
    # /sys shows the namespace's own devices, as with ip netns exec.
    assert machine.ctl("exec", "ns1", "ls", "/sys/class/net").stdout.split() == ["lo", "veth-ns"]
    machine.ctl("exec", "nowhere", "true", code=1)
    assert "nsfs" not in machine.ctl("exec", "ns1", "true").stdout


@pytest.mark.parametrize("name", ["my ns", "a:b", "50%d", "ünï", "_x", ".hidden", "a\\b", "x" * 200, "two\nlines", "-x"])
def test_exec_in_a_namespace_of_any_name(bare, name):
    """Others choose any name."""
    bare.sh(f"ip netns add y; cd /run/netns; touch ./'{name}'; mount --bind y ./'{name}'; ip netns del y")
    bare.sh(f"cd /run/netns; nsenter --net=./'{name}' ip link set lo alias found")
    assert "found" in bare.ctl("exec", "--", name, "ip", "link", "show", "lo").stdout
    assert "found" in bare.ctl("shell", "--", name, text="ip link show lo\n").stdout
    bare.sh(f"cd /run/netns; umount ./'{name}'; rm ./'{name}'")


@pytest.mark.parametrize("name", ["", ".", "..", "../netns/good", "/run/netns/good", "good/", "x" * 256, "file"])
def test_exec_in_no_namespace(bare, name):
    bare.sh("ip netns add good; touch /run/netns/file")
    assert "netnsctl: " in bare.ctl("exec", name, "true", code=1).stderr
    bare.sh("ip netns del good; rm /run/netns/file")


def test_shell(machine):
    machine.ctl("apply", EVERYDAY)
    assert "veth-ns" in machine.ctl("shell", "ns1", text="ip -br link\n").stdout


def test_down_all_and_up(machine):
    machine.ctl("apply", EVERYDAY)
    machine.apply(pair())
    machine.ctl("down", "--all")
    machine.assert_same(machine.at_first)
    states = {t["name"]: t["state"] for t in json.loads(machine.ctl("--json", "status").stdout)["topologies"]}
    assert states == {"everyday": "down", "lab": "down"}
    machine.ctl("up", "lab")
    assert machine.namespaces() == ["a", "b"]
    machine.ctl("up")
    assert machine.namespaces() == ["a", "b", "ns1"]
    machine.ping("ns1", "10.0.0.1")
    machine.ctl("down", "everyday")
    machine.ctl("down", "everyday")
    assert machine.namespaces() == ["a", "b"]


def test_once(bare):
    bare.run("netnsd", "--once", EVERYDAY)
    assert bare.namespaces() == ["ns1"]
    bare.ping("ns1", "10.0.0.1")
    before = bare.snapshot()
    bare.run("netnsd", "--once", EVERYDAY)
    bare.assert_same(before)
    bare.start()
    assert bare.ctl("apply", EVERYDAY).stdout.strip() == "everyday: unchanged"
    assert bare.run("netnsd", "--once", EVERYDAY, code=1).stderr


def test_once_down(bare):
    """What --once applied, or a netnsd that was stopped, is taken down, as netnsctl down does."""
    user = {"namespaces": {"ns1": {"existing": True, "sysctl": {"net.ipv4.ip_forward": 1}}}}
    for file in EVERYDAY, bare.file(pair(), "two"), bare.file(user, "user"):
        bare.run("netnsd", "--once", file)
    for args, words in ([], "--once --down needs a NAME"), (["../x"], '"../x" is not the name of a topology'):
        assert words in bare.run("netnsd", "--once", "--down", *args, code=2).stderr
    assert "--down needs --once" in bare.run("netnsd", "--down", "two", code=2).stderr
    refused = bare.run("netnsd", "--once", "--down", "everyday", code=1)
    assert "in use by the topology user" in refused.stderr and refused.stdout == "" and "ns1" in bare.namespaces()
    # One that is not there does not keep the others up, and the order does not matter.
    with bare.popen("ip", "netns", "exec", "a", "sh", "-c", "echo; read x", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as inside:
        assert inside.stdout.readline() == "\n"
        done = bare.run("netnsd", "--once", "--down", "everyday", "nobody", "user", "two", code=1)
        inside.stdin.close()
    assert done.stderr == "netnsd: there is no topology nobody\n"
    assert [re.sub(r"in [0-9.]+ ms|[0-9]+ changed", "N", line) for line in done.stdout.splitlines()] == [
        "user: N N", "everyday: 2 removed N", "two: 2 removed N",
        f"a: still used by {re.search(r'by ([0-9]+) ', done.stdout)[1]} (sh)"]
    assert bare.namespaces() == []
    assert bare.run("netnsd", "--once", "--down", "two").stdout == "two: unchanged\n"
    bare.start()
    assert {t["state"] for t in bare.topologies().values()} == {"down"}
    assert "another netnsd" in bare.run("netnsd", "--once", "--down", "two", code=1).stderr


def test_once_bad_file(bare):
    path = bare.file('{"namespaces": {"a": {"nonsense": 1}}}')
    assert "nonsense" in bare.run("netnsd", "--once", path, code=2).stderr
    assert bare.namespaces() == []


def test_once_refused(bare):
    bare.sh("ip link add veth-host type bridge")
    assert "veth-host" in bare.run("netnsd", "--once", EVERYDAY, code=1).stderr
    assert bare.namespaces() == []
    bare.sh("ip link del veth-host")


def test_two_clients_at_once(machine):
    topologies = [(many(40), "many"), (pair(), "pair")]
    files = [machine.file(t, name) for t, name in topologies]
    clients = [machine.popen(NETNSCTL, "apply", file, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for file in files * 2]
    for client in clients:
        out, err = client.communicate(timeout=30)
        assert client.returncode == 0, out + err
    assert machine.namespaces() == sorted(["a", "b", *(f"ns{i}" for i in range(40))])
    for i in (0, 39):
        machine.ping(f"ns{i}", f"10.100.0.{i % 64 * 4 + 1}")


def test_status_while_applying(machine):
    file = machine.file(many(200))
    client = machine.popen(NETNSCTL, "apply", file, stdout=subprocess.DEVNULL)
    answers = 0
    while client.poll() is None:
        machine.ctl("status", timeout=20)
        answers += 1
    assert client.returncode == 0 and answers


@ROOT_ONLY
def test_others_may_not(machine):
    """The socket is for root and the group."""
    for command in ["status"], ["apply", EVERYDAY], ["down", "--all"]:
        result = machine.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", NETNSCTL, *command, code=5)
        assert "not permitted" in result.stderr
    assert machine.namespaces() == []


@ROOT_ONLY
def test_group_may_look_and_not_change(bare):
    bare.start("--group", "daemon")
    bare.ctl("apply", EVERYDAY)
    member = ["setpriv", "--reuid=65534", "--regid=65534", "--groups=1", NETNSCTL]
    assert "everyday" in bare.run(*member, "status").stdout
    bare.run(*member, "plan", EVERYDAY)
    for command in ["apply", EXAMPLES / "bridge.json"], ["down", "--all"]:
        assert "not permitted" in bare.run(*member, *command, code=5).stderr
    assert bare.namespaces() == ["ns1"]


@ROOT_ONLY
def test_modes(bare):
    bare.start("--group", "daemon")
    run = bare.root / "run/netnsd"
    socket = (run / "io.netnsd").stat()
    assert (socket.st_mode & 0o777, socket.st_uid, socket.st_gid) == (0o660, 0, 1)
    bare.ctl("apply", EVERYDAY)
    for path in run.rglob("*"):
        assert not path.is_file() or path.stat().st_mode & 0o077 == 0, path
    assert run.stat().st_mode & 0o022 == 0


def test_control_characters_are_escaped(machine):
    t = everyday()
    t["namespaces"]["ns1"]["\033[31mred"] = 1
    assert "\033" not in machine.apply(t, code=2).stderr
    path = machine.folder / "a\033[31mb.json"
    path.write_text(json.dumps(everyday()))
    assert "\033" not in machine.ctl("apply", "--name", "x", path).stderr
    assert "\033" not in machine.ctl("status").stdout


def test_what_is_shown_of_the_host(machine):
    """What is declared, and whose port it has become; nothing of the rest, however much that is."""
    machine.sh("ip link add theirs type bridge; ip addr add 10.66.0.1/24 dev theirs; ip link add other type bridge")
    machine.apply(everyday())
    machine.sh("ip link set veth-host master theirs")
    for command in ["status", "lab"], ["list"]:
        shown = json.loads(machine.ctl("--json", *command).stdout)["namespaces"]
        [host] = [n for n in shown if n["name"] == "host"]
        assert [i["name"] for i in host["interfaces"]] == ["veth-host"]
        assert host["interfaces"][0]["master"] == "theirs"
        assert "10.66.0.1/24" not in json.dumps(shown)
    machine.sh("ip link set veth-host nomaster; ip link del theirs; ip link del other")

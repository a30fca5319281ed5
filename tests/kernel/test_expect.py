# SPDX-License-Identifier: MIT
"""netnsctl test and apply --test: what a topology expects is tried with packets, and what could not be tried is neither
good nor bad."""
import json
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest
from machine import NETNSCTL, wait_for
from monitor import events
from topologies import everyday, pair


def expecting(*expect, topology=None):
    return (topology or pair()) | {"expect": list(expect)}


def outcomes(machine, *args, code=0, option="--json"):
    """The tests of the one topology, as netnsctl test reports them."""
    out = machine.ctl("test", option, *args, code=code).stdout
    return json.loads(out)["tests"]


def results(tests):
    return [t["result"] for t in tests]


PING = {"from": "a", "ping": "b/eth0"}
NOTHING = {"from": "a", "ping": "10.0.0.9", "within": 1}


def test_each_form_holds(machine):
    machine.apply(expecting(
        PING, {"from": "b", "ping": "10.0.0.1"}, {"from": "a", "tcp": "b/eth0", "port": 80},
        {"from": "a", "udp": "b/eth0", "port": 53}, {"from": "a", "route": "10.0.0.0/24", "dev": "eth0"},
        {"from": "a", "ping": "10.0.0.9", "reach": False}, {"from": "a", "tcp": "10.0.0.9", "port": 80, "reach": False},
        {"from": "b", "ping": "10.0.0.1", "loss_max": 0, "count": 20, "rtt_max": "1s"}))
    tests = outcomes(machine, "lab")
    assert results(tests) == ["holds"] * 8
    assert tests[-1]["sent"] == 20 and tests[-1]["lost"] == 0 and tests[-1]["rtt_usec"] < 1000000
    assert machine.run("ip", "netns", "exec", "b", "ss", "-Hlntu").stdout == "", "what listened is gone"
    assert "lab: 8 hold in" in machine.ctl("test").stdout


def test_ipv6(machine):
    t = expecting({"from": "a", "ping": "b/eth0", "family": "ipv6"}, {"from": "a", "tcp": "2001:db8::2", "port": 80},
                  {"from": "a", "udp": "b/eth0", "port": 53, "family": "ipv6"},
                  {"from": "a", "route": "default", "via": "2001:db8::2"},
                  {"from": "a", "ping": "2001:db8::9", "reach": False})
    for netns, address in ("a", "2001:db8::1/64"), ("b", "2001:db8::2/64"):
        t["namespaces"][netns]["interfaces"]["eth0"]["addresses"].append(address)
    t["namespaces"]["a"]["routes"] = [{"to": "default", "via": "2001:db8::2"}]
    machine.apply(t)
    assert results(outcomes(machine, "lab")) == ["holds"] * 5


def test_from_the_host_and_to_it(machine):
    machine.apply(expecting({"from": "host", "ping": "ns1/veth-ns"}, {"from": "ns1", "tcp": "host/veth-host", "port": 8},
                            topology=everyday()))
    assert results(outcomes(machine, "lab")) == ["holds"] * 2


def test_of_a_file_and_of_all(machine):
    machine.apply(pair())
    file = machine.file(expecting(PING), "lab")
    assert results(outcomes(machine, file)) == ["holds"]
    # What is up was applied without.
    assert "lab has no \"expect\", so nothing was tested" in machine.ctl("test", "lab", code=3).stderr
    assert "no topology that is up has an \"expect\"" in machine.ctl("test", code=3).stderr


@pytest.mark.parametrize("harm, of", [
    ("ip -n b link set eth0 address 02:00:00:00:00:09", [0, 1, 2, 4]),
    ("ip -n a addr del 10.0.0.1/24 dev eth0", [0, 1, 2, 3, 4]),
    ("ip netns exec b nft 'table inet t { chain c { type filter hook input priority 0; tcp dport 80 drop; }; }'", [1]),
    ("ip netns exec b nft 'table inet t { chain c { type filter hook input priority 0; udp dport 53 reject; }; }'", [2]),
])
def test_what_is_broken_fails(machine, harm, of):
    t = expecting(PING, {"from": "a", "tcp": "b/eth0", "port": 80}, {"from": "a", "udp": "b/eth0", "port": 53},
                  {"from": "a", "route": "10.0.0.0/24", "dev": "eth0"}, {"from": "b", "ping": "a/eth0"})
    for i, e in enumerate(t["expect"]):
        e["within"] = 1 if i in of else 30
    machine.apply(t | {"on_drift": "report"})
    # A neighbour that is known hides a new address.
    machine.sh(f"{harm}; ip -n a neigh replace 10.0.0.2 lladdr 02:00:00:00:00:07 dev eth0" if "address" in harm else harm)
    tests = outcomes(machine, "lab", code=1)
    assert results(tests) == ["fails" if i in of else "holds" for i in range(5)]
    assert all(tests[i]["found"].startswith("not within 1 s: ") for i in of)


def test_what_must_not_be_reached_is(machine):
    machine.apply(expecting({"from": "a", "ping": "b/eth0", "reach": False},
                            {"from": "a", "udp": "b/eth0", "port": 53, "reach": False},
                            {"from": "a", "tcp": "b/eth0", "port": 53, "reach": False}))
    tests = outcomes(machine, "lab", code=1)
    assert results(tests) == ["fails"] * 3 and tests[0]["found"].startswith("it was reached")


def test_silence_proves_nothing(machine):
    """What must not be reached is judged only if what must be is, and if its target is there."""
    machine.apply(expecting({"from": "a", "ping": "b/eth0", "reach": False}, NOTHING))
    tests = outcomes(machine, "lab", code=1)
    assert results(tests) == ["not_run", "fails"] and "not judged" in tests[0]["found"]
    machine.apply(expecting({"from": "a", "ping": "b/eth0", "reach": False}) | {"on_drift": "report"})
    machine.sh("ip -n b addr del 10.0.0.2/24 dev eth0")
    tests = outcomes(machine, "lab", code=3)
    assert results(tests) == ["not_run"] and "10.0.0.2 in b, which could not be reached by anybody" in tests[0]["found"]


def test_a_reset_is_not_reached(machine):
    machine.apply(expecting({"from": "a", "tcp": "b/eth0", "port": 80, "within": 1}))
    machine.sh("ip netns exec b nft 'table inet t { chain c { type filter hook input priority 0; "
               "tcp dport 80 reject with tcp reset; }; }'")
    assert "Connection refused" in outcomes(machine, "lab", code=1)[0]["found"]


def server(machine, netns, kind, port):
    code = f"import socket; s = socket.socket(type=socket.{kind}); s.bind(('', {port})); " \
           f"{'s.listen()' if kind == 'SOCK_STREAM' else 'pass'}; print('ready', flush=True); input()"
    p = machine.popen("ip", "netns", "exec", netns, "/usr/bin/python3", "-c", code, stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE)
    assert p.stdout.readline() == "ready\n"
    return p


def test_somebody_listens_already(machine):
    """A connection says enough; a packet that is not answered says nothing."""
    machine.apply(expecting({"from": "a", "tcp": "b/eth0", "port": 80}, {"from": "a", "udp": "b/eth0", "port": 53}))
    servers = [server(machine, "b", "SOCK_STREAM", 80), server(machine, "b", "SOCK_DGRAM", 53)]
    tests = outcomes(machine, "lab", code=3)
    assert results(tests) == ["holds", "not_run"] and "Address already in use" in tests[1]["found"]
    for p in servers:
        p.communicate("\n", timeout=10)


def test_somebody_else_answers(machine):
    """A program that a NAT leads to accepts connections for the one that should be reached."""
    machine.apply(expecting({"from": "a", "tcp": "b/eth0", "port": 80, "within": 1}))
    other = server(machine, "b", "SOCK_STREAM", 81)
    machine.sh("ip netns exec b nft 'table ip t { chain c { type nat hook prerouting priority -100; "
               "tcp dport 80 redirect to :81; }; }'")
    assert results(outcomes(machine, "lab", code=1)) == ["fails"]
    other.communicate("\n", timeout=10)


def test_listen_behind_a_nat(machine):
    machine.apply(expecting({"from": "a", "tcp": "b/eth0", "port": 80, "listen": "b/lo", "listen_port": 8080},
                            {"from": "a", "udp": "b/eth0", "port": 80, "listen": "10.0.0.2", "listen_port": 8080},
                            topology=pair()), code=0)
    machine.sh("ip netns exec b nft 'table ip t { chain c { type nat hook prerouting priority -100; "
               "meta l4proto { tcp, udp } th dport 80 redirect to :8080; }; }'")
    tests = outcomes(machine, "lab", code=3)
    assert results(tests) == ["not_run", "holds"] and "b/lo has no address" in tests[0]["found"]


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_arrives_where_another_is_expected(machine, proto):
    """Two forwards that were taken for one another: both ports are listened at, and each is answered by the wrong one."""
    machine.apply(expecting(*({"from": "a", proto: "b/eth0", "port": 80 + n, "listen": "b/eth0", "listen_port": 90 + n, "within": 1}
                              for n in (0, 1)), topology=pair()))
    machine.sh("ip netns exec b nft 'table ip t { chain c { type nat hook prerouting priority -100; "
               f"{proto} dport 80 redirect to :91; {proto} dport 81 redirect to :90; }}; }}'")
    tests = outcomes(machine, "lab", code=1)
    assert results(tests) == ["fails", "fails"] and "something else answered" in tests[0]["found"]
    machine.sh("ip netns exec b nft flush ruleset; ip netns exec b nft 'table ip t { chain c { type nat hook prerouting priority -100; "
               f"{proto} dport 80 redirect to :90; {proto} dport 81 redirect to :91; }}; }}'")
    assert results(outcomes(machine, "lab", code=0)) == ["holds", "holds"]


def test_outside_of_the_topology(machine):
    machine.apply(expecting({"from": "a", "udp": "10.0.0.9", "port": 53}, {"from": "a", "ping": "b/eth0"}))
    tests = outcomes(machine, "lab", code=3)
    assert results(tests) == ["not_run", "holds"] and "in no namespace of the topology" in tests[0]["found"]


def test_becomes_true_in_time(machine):
    machine.apply(expecting({"from": "a", "route": "10.9.0.0/24", "via": "10.0.0.2", "within": 30},
                            {"from": "a", "ping": "10.0.0.7", "within": 30}))
    p = machine.popen(NETNSCTL, "test", "--json", "lab", stdout=subprocess.PIPE)
    machine.sh("ip -n b addr add 10.0.0.7/32 dev lo; ip -n a route add 10.9.0.0/24 via 10.0.0.2 proto 99")
    assert results(json.loads(p.communicate(timeout=40)[0])["tests"]) == ["holds"] * 2 and p.returncode == 0


@pytest.mark.parametrize("route, holds", [
    ("10.9.0.0/24 nexthop via 10.0.0.2 nexthop via 10.0.0.3", True), ("10.9.0.0/25 via 10.0.0.2", False),
    ("10.9.0.0/24 via 10.0.0.3", False), ("unreachable 10.9.0.0/24", False), ("10.9.0.0/24 via 10.0.0.2 table 7", False),
    ("10.9.0.0/24 dev eth0", False),
])
def test_routes(machine, route, holds):
    machine.apply(expecting({"from": "a", "route": "10.9.0.0/24", "via": "10.0.0.2", "dev": "eth0", "within": 1}))
    machine.sh(f"ip -n a route add {route}")
    assert results(outcomes(machine, "lab", code=not holds)) == ["holds" if holds else "fails"]


@pytest.mark.parametrize("table, there, holds", [
    (7, 7, True), (1007, 1007, True), ("local", 255, True), (7, 254, False), (254, 7, False), (1007, 7, False), (263, 7, False), (7, None, False),
])
@pytest.mark.parametrize("family", [4, 6])
def test_routes_of_a_table(machine, family, table, there, holds):
    to = "10.9.0.0/24" if family == 4 else "2001:db8:9::/64"
    machine.apply(expecting({"from": "a", "route": to, "dev": "eth0", "table": table, "within": 1}))
    if there:
        machine.sh(f"ip -n a route add {to} dev eth0 table {there}")
    [test] = outcomes(machine, "lab", code=not holds)
    assert results([test]) == ["holds" if holds else "fails"]
    assert f"route {to} dev eth0{'' if table == 254 else f' table {table}'}\n" in machine.ctl("test", "lab", code=not holds).stdout.replace("  ", "\n")


def test_loss_and_time_are_measured(machine):
    machine.apply(expecting({"from": "a", "ping": "b/eth0", "loss_max": "1%"},
                            {"from": "a", "ping": "b/eth0", "rtt_min": "30s", "count": 10}))
    machine.sh("ip netns exec b nft 'table ip t { chain c { type filter hook input priority 0; "
               "icmp type echo-request meta length > 0 numgen inc mod 2 == 1 drop; }; }'")
    tests = outcomes(machine, "lab", code=1)
    assert results(tests) == ["fails"] * 2
    assert tests[0]["sent"] == 100 and 40 <= tests[0]["lost"] <= 60
    assert tests[1]["sent"] == 10 and tests[1].get("rtt_usec", 0) < 30000000


def test_namespace_that_is_removed_meanwhile(machine):
    machine.apply(expecting({"from": "a", "ping": "10.0.0.9", "within": 8}))
    p = machine.popen(NETNSCTL, "test", "--json", "lab", stdout=subprocess.PIPE)
    wait_for(lambda: machine.sh("ip -n a -j neigh").find("10.0.0.9") > 0)
    machine.ctl("down", "lab")
    tests = json.loads(p.communicate(timeout=20)[0])["tests"]
    assert results(tests) == ["not_run"] and p.returncode == 3 and "the namespace a was removed" in tests[0]["found"]


def test_what_is_not_up(machine):
    machine.apply(expecting(PING))
    machine.ctl("down", "lab")
    assert "lab is down, so nothing was tested: netnsctl up lab" in machine.ctl("test", "lab", code=3).stderr
    assert "no topology" in machine.ctl("test", "other", code=1).stderr


def test_ends_at_once(machine):
    machine.apply(expecting({"from": "a", "tcp": "b/eth0", "port": 80}, {"from": "a", "ping": "10.0.0.9", "within": 60}))
    p = machine.popen(NETNSCTL, "test", "lab", stdout=subprocess.PIPE)
    wait_for(lambda: ":80" in machine.sh("ip netns exec b ss -Hlnt"))
    machine.sh("kill -INT $(pidof netnsctl)")
    p.communicate(timeout=60)
    assert machine.sh("ip netns exec b ss -Hlnt") == ""


def test_a_thousand_at_once(machine):
    machine.apply(expecting(*[{"from": "ab"[i % 2], "ping": ["b/eth0", "a/eth0"][i % 2], "within": 60} for i in range(512)],
                            *[{"from": "a", "tcp": "b/eth0", "port": 1000 + i, "within": 60} for i in range(512)]))
    machine.run("sh", "-c", f"ulimit -Sn 64; exec {NETNSCTL} test lab", timeout=120)


def test_not_permitted(machine):
    machine.apply(expecting(PING))
    assert "not permitted to enter namespaces: use sudo" in machine.run(
        "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", NETNSCTL, "test", "lab", code=5).stderr


MIXED = expecting(PING, NOTHING, {"from": "a", "udp": "10.0.0.8", "port": 7})


def test_junit(machine):
    machine.apply(MIXED)
    out = machine.ctl("test", "--junit", "lab", code=1).stdout
    suite = xml.fromstring(out).find("testsuite")
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("lab", "3", "1", "1")
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"]]


def test_tap(machine):
    """prove(1) takes what could not be run for a failure, too."""
    machine.apply(MIXED)
    out = machine.ctl("test", "--tap", "lab", code=1).stdout
    assert out.startswith("TAP version 14\n1..3\nok 1 - lab: a: ping b/eth0\n  ---\n  result: holds\n")
    (machine.root / "run/report").write_text(out)
    told = machine.run("prove", "-e", "cat", "/run/report", code=1).stdout
    assert re.search(r"Failed tests: +2-3", told) and "Failed 2/3 subtests" in told, told
    (machine.root / "run/report").unlink()


def test_table(machine):
    machine.apply(MIXED)
    lines = machine.ctl("test", "lab", code=1).stdout.splitlines()
    assert lines[0].split() == ["RESULT", "FROM", "EXPECTED", "FOUND"]
    assert [line.split("  ")[0] for line in lines[1:4]] == ["holds", "FAILS", "NOT RUN"]
    assert lines[4].startswith("lab: 1 holds, 1 fails, 1 could not be run in ")


def test_only_the_expectations_change(machine):
    """Nothing in the kernel does, and the new ones count, also for a daemon that has started again."""
    machine.apply(expecting(NOTHING))
    assert machine.apply(expecting(PING)).stdout.strip() == "lab: unchanged"
    assert results(outcomes(machine, "lab")) == ["holds"]
    machine.restart()
    assert results(outcomes(machine, "lab")) == ["holds"]


# ---- apply --test

def test_apply_is_confirmed(machine):
    out = machine.apply(expecting(PING), "lab", "--test", "30").stdout
    assert "lab: 1 holds in" in out and out.endswith("lab: confirmed\n")
    status = json.loads(machine.ctl("status", "--json", "lab").stdout)
    assert "confirm_usec" not in status["topologies"][0]
    # Nothing to confirm: the tests decide alone, and nothing is rolled back.
    machine.sh("ip -n b link set eth0 down")
    machine.apply(expecting(NOTHING) | {"on_drift": "report"}, "lab")
    assert "fails" in machine.apply(expecting(NOTHING) | {"on_drift": "report"}, "lab", "--test", "30", code=1).stdout
    assert outcomes(machine, "lab", code=1)[0]["expected"] == "ping 10.0.0.9"


def test_apply_is_rolled_back(machine):
    machine.apply(expecting(PING))
    bad = expecting(PING, NOTHING)
    bad["namespaces"]["c"] = {}
    out = machine.apply(bad, "lab", "--test", "30", code=1).stdout
    assert "lab: 1 holds, 1 fails" in out and "rolled back: lab" in out
    assert machine.namespaces() == ["a", "b"] and results(outcomes(machine, "lab")) == ["holds"]
    # What could not be run is not good enough, either.
    machine.apply(expecting({"from": "a", "udp": "10.0.0.9", "port": 7}), "lab", "--test", "30", code=3)
    assert results(outcomes(machine, "lab")) == ["holds"]


def test_apply_of_several(machine):
    """One that could not be tested ends it like one that fails."""
    first = machine.file(expecting({"from": "a", "udp": "10.0.0.9", "port": 7}), "first")
    second = machine.file(expecting({"from": "ns1", "ping": "host/veth-host"}, topology=everyday()), "second")
    assert "second: not tried" in machine.ctl("apply", "--test", 30, first, second, code=3).stderr
    assert machine.namespaces() == []


def test_apply_first_is_rolled_back(machine):
    lines = machine.apply(expecting(NOTHING), "lab", "--test", "30", "--json", code=1).stdout.splitlines()
    assert machine.namespaces() == []
    assert [sorted(json.loads(line))[0] for line in lines] == ["changed", "duration_usec", "lingering"]


def test_apply_takes_too_long(machine):
    out = machine.apply(expecting({"from": "a", "ping": "10.0.0.9", "within": 60}), "lab", "--test", "1", code=None)
    assert out.returncode in (1, 3) and "there was no time left" in out.stdout
    # netnsd and netnsctl both roll it back; the second must not bring it back.
    assert "rolled back" in out.stdout
    assert machine.namespaces() == [] and machine.state() == "down"
    assert events(machine).count("rolled_back") == 1


def test_apply_killed(machine):
    """The daemon has the clock."""
    file = machine.file(expecting({"from": "a", "ping": "10.0.0.9", "within": 60}))
    p = machine.popen(NETNSCTL, "apply", "--test", "3", file, stdout=subprocess.PIPE)
    wait_for(lambda: machine.namespaces() == ["a", "b"])
    machine.sh("kill -KILL $(pidof netnsctl)")
    p.communicate(timeout=10)
    wait_for(lambda: machine.namespaces() == [])


def test_apply_interrupted(machine):
    file = machine.file(expecting({"from": "a", "ping": "10.0.0.9", "within": 60}))
    p = machine.popen(NETNSCTL, "apply", "--test", "600", file, stdout=subprocess.PIPE)
    wait_for(lambda: machine.namespaces() == ["a", "b"] and "10.0.0.9" in machine.sh("ip -n a neigh"))
    machine.sh("kill -INT $(pidof netnsctl)")
    out = p.communicate(timeout=20)[0]
    assert p.returncode == 3 and "interrupted" in out and machine.namespaces() == []


def test_apply_that_cannot_be_tested_is_refused(machine):
    assert "nothing was applied" in machine.apply(pair(), "lab", "--test", "9", code=2).stderr
    machine.run("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", NETNSCTL, "apply", "--test", "9",
                machine.file(expecting(PING)), code=5)
    assert machine.namespaces() == []

# SPDX-License-Identifier: MIT
"""Routing tables by name: what the files of iproute2 say when a topology is loaded."""
import json

import pytest
from machine import NETNSCTL, wait_for
from topologies import everyday

UNCHANGED = "lab: unchanged\n"
ROUTE, RULE = {"to": "192.0.2.0/24", "via": "10.0.0.1"}, {"priority": 100, "from": "10.0.0.2"}


def topology(table, **more):
    t = everyday()
    t["namespaces"]["ns1"]["routes"].append({**ROUTE, "table": table})
    t["namespaces"]["ns1"]["rules"] = [{**RULE, "table": table}]
    return {**t, **more}


class Tables:
    """The files, private to the machine."""
    def __init__(self, machine):
        self.machine = machine
        machine.sh("mount -t tmpfs tmpfs /etc/iproute2; mkdir /etc/iproute2/rt_tables.d")

    def write(self, text, path="rt_tables.d/lab.conf"):
        self.machine.run("sh", "-c", f"cat >/etc/iproute2/{path}", text=text)

    def found(self):
        """The numbers of the tables that have the route, and that the rule looks up."""
        routes = self.machine.ip("-N", "-n", "ns1", "route", "show", "table", "all", "192.0.2.0/24")
        rules = [r for r in self.machine.ip("-N", "-n", "ns1", "rule") if r["priority"] == 100]
        return sorted({int(r.get("table", 254)) for r in routes + rules}), len(routes), len(rules)


@pytest.fixture
def tables(machine):
    made = Tables(machine)
    yield made
    machine.ctl("down", "lab", code=None)
    machine.sh("umount /etc/iproute2")


def test_name(machine, tables):
    """Applied as its number, shown and printed as its name."""
    tables.write("100 isp1\n")
    file = machine.file(topology("isp1"))
    plan = machine.ctl("plan", file).stdout
    assert "192.0.2.0/24 via 10.0.0.1 table isp1\n" in plan and "lookup isp1\n" in plan
    machine.ctl("apply", file)
    assert tables.found() == ([100], 1, 1)
    assert machine.ip("-n", "ns1", "route", "show", "table", "isp1")
    assert json.loads(machine.ctl("show", "lab").stdout) == topology("isp1")
    assert machine.ctl("apply", file).stdout == UNCHANGED
    status = machine.ctl("status", "lab").stdout
    assert "table isp1" in status and "lookup isp1" in status
    machine.sh("ip -n ns1 route del 192.0.2.0/24 table 100; ip -n ns1 rule del priority 100")
    wait_for(lambda: tables.found() == ([100], 1, 1))


def test_number_that_has_a_name(machine, tables):
    tables.write("100 isp1\n")
    assert machine.apply(topology(100)).returncode == 0
    assert "table isp1" in machine.ctl("status", "lab").stdout
    assert machine.apply(topology("isp1")).stdout == UNCHANGED


@pytest.mark.parametrize("name, number", {"local": 255, "main": 254, "default": 253}.items())
def test_built_in(machine, tables, name, number):
    machine.apply(topology(name))
    assert tables.found() == ([number], 1, 1)


def test_unknown_name(machine, tables):
    """Refused by netnsctl and by netnsd, with what was meant, or with how to add it; nothing changes."""
    tables.write("100 isp1\nbad line\n")
    tables.write("101 uplink\n", "rt_tables.d/other.conf")
    for name, words in (("isp2", 'did you mean "isp1"?'), ("uplinq", 'did you mean "uplink"?'),
                        ("x", 'a line "NUMBER x" in /etc/iproute2/rt_tables.d/NAME.conf'), ("7", "a number has no quotes")):
        before = machine.snapshot()
        told = machine.ctl("validate", machine.file(topology(name)), code=2).stderr
        assert told.count("there is no routing table called") == 2 and words in told
        assert "/namespaces/ns1/routes/1/table: " in told and "/namespaces/ns1/rules/0/table: " in told
        with pytest.raises(Exception, match="there is no routing table called"):
            machine.call("Apply", name="lab", topology=topology(name))
        machine.assert_same(before)


def test_unreadable_file(machine, tables):
    machine.sh("mkfifo /etc/iproute2/rt_tables")
    told = machine.ctl("validate", machine.file(topology("isp1")), code=2).stderr
    assert "/etc/iproute2/rt_tables is not a regular file" in told


def test_not_zero(machine, tables):
    tables.write("0 unspec\n", "rt_tables")
    told = machine.ctl("validate", machine.file(topology("unspec")), code=2).stderr
    assert '"unspec" has the number 0 in /etc/iproute2/rt_tables, which is no table' in told, told


def test_another_number(machine, tables):
    """A change like any other, which a rollback reverts."""
    tables.write("100 isp1\n")
    machine.apply(topology("isp1"))
    tables.write("200 isp1\n")
    assert "isp1" in machine.ctl("plan", machine.file(topology("isp1"))).stdout
    assert tables.found() == ([100], 1, 1)
    machine.apply(topology("isp1"))
    assert tables.found() == ([200], 1, 1)
    machine.ctl("rollback", "lab")
    assert tables.found() == ([100], 1, 1)
    machine.ctl("rollback", "lab")
    assert tables.found() == ([200], 1, 1)


@pytest.mark.parametrize("after", ["", "200 isp1\n"], ids=["gone", "changed"])
def test_restart(machine, tables, after):
    """What is applied is the number, whatever the file says later."""
    tables.write("100 isp1\n")
    machine.apply(topology("isp1"))
    machine.apply(topology("isp1", description="again"))
    tables.write(after)
    machine.restart()
    assert machine.state() == "up" and tables.found() == ([100], 1, 1)
    machine.sh("ip -n ns1 route del 192.0.2.0/24 table 100")
    wait_for(lambda: tables.found() == ([100], 1, 1))
    machine.ctl("rollback", "lab")
    assert tables.found() == ([100], 1, 1)
    machine.ctl("down", "lab")
    machine.assert_clean()


def test_up_looks_again(machine, tables):
    tables.write("100 isp1\n")
    machine.apply(topology("isp1"))
    machine.ctl("down", "lab")
    tables.write("200 isp1\n")
    machine.ctl("up", "lab")
    assert tables.found() == ([200], 1, 1)


def test_read_once(machine, tables):
    """However many routes have a name, and however many files one command checks."""
    tables.write("".join(f"{n} t{n}\n" for n in range(1, 201)))
    t = everyday()
    t["namespaces"]["ns1"]["routes"] += [{**ROUTE, "table": f"t{n}"} for n in range(1, 201)]
    opened = machine.folder / "opened"
    for files in [machine.file(t)], [machine.file(t), machine.file({**t, "name": "other"}, name="other")]:
        # LeakSanitizer cannot work in a traced process.
        machine.run("env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-e", "trace=openat", "-o", opened, NETNSCTL, "validate", *files)
        assert opened.read_text().count("rt_tables.d/lab.conf") == 1
    machine.apply(t)
    assert len(machine.ip("-n", "ns1", "route", "show", "table", "all", "192.0.2.0/24")) == 200

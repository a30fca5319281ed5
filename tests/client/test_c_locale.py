# SPDX-License-Identifier: MIT
"""In the C locale netnsctl draws and speaks in ASCII. Names are as they are, unless a terminal shows them."""
import json
import subprocess

import pytest
from ctl import NETNSCTL

C = {"LC_ALL": "C"}
NS1 = {"topology": "everyday", "name": "ns1", "routes": ["default via 10.0.0.1 dev veth-ns"]}
HOST = {"topology": "everyday", "name": "host"}
TOPOLOGY = {"name": "everyday", "state": "up", "namespaces": 1, "links": 1, "healed": 0, "since_usec": 1, "source": "lab.json"}
STEP = {"action": "change", "kind": "link", "object": "host/eth0", "detail": "mtu 1500 → 9000"}


def interface(name, *addresses, **more):
    return {"name": name, "kind": "veth", "up": True, "carrier": True, "mtu": 1500, "addresses": list(addresses), **more}


STATUS = {"topologies": [TOPOLOGY], "namespaces": [
    NS1 | {"interfaces": [interface("lo", "127.0.0.1/8"), interface("veth-ns", "10.0.0.2/24", peer="host/veth-host")]},
    HOST | {"interfaces": [interface("veth-host", "10.0.0.1/24", peer="ns1/veth-ns")]}]}


def test_every_help(ctl):
    """The columns are as wide as what stands in them then."""
    text = ctl.out("--help", **C)
    assert text.isascii() and "[OPTION...] COMMAND ...\n" in text
    commands = [line for line in text.split("\nOptions")[0].splitlines() if line.startswith("  ")]
    at = commands[0].index("apply topologies")
    assert all(line[at - 2:at] == "  " and line[at] != " " for line in commands)
    for name in (line.split()[0] for line in commands):
        assert ctl.out(name, "--help", **C).isascii()


@pytest.mark.parametrize("variables, is_ascii", [
    ({"LANG": ""}, True), ({"LC_ALL": "POSIX"}, True), ({"LANG": "de_DE.ISO-8859-1"}, True),
    ({"LANG": "C.UTF-8", "LC_ALL": "C"}, True), ({"LANG": "C", "LC_CTYPE": "de_DE.utf8"}, False), ({"LC_ALL": "C.UTF-8"}, False)])
def test_which_locale(ctl, variables, is_ascii):
    """LC_ALL, else LC_CTYPE, else LANG, as everywhere; files and pipes are no other than terminals."""
    ctl.serve(Status=[STATUS])
    for text in ctl.out("status", "everyday", **variables), ctl.on_terminal("status", "everyday", **variables):
        assert text.isascii() == is_ascii and (("<-> ns1/veth-ns" in text) == is_ascii)
    _, _, err = ctl.run("apply", **variables)
    assert err.isascii() == is_ascii


def test_tables_stay_aligned(ctl):
    """What is longer in ASCII is so before the columns are measured."""
    ctl.serve(Plan=[{"name": "everyday", "steps": [STEP]}], Status=[STATUS])
    assert ctl.out("plan", "everyday.json", **C) == "everyday: 1 step\n  ~ link      host/eth0  mtu 1500 -> 9000\n"
    assert ctl.out("status", "everyday", **C).split("nothing healed\n")[1] == """\
  host
  `- veth-host  up  10.0.0.1/24  <-> ns1/veth-ns
  ns1
  |- lo         up  127.0.0.1/8
  `- veth-ns    up  10.0.0.2/24  <-> host/veth-host
     default via 10.0.0.1 dev veth-ns
"""


def test_names_from_outside(ctl):
    """A pipe gets them as they are. In a terminal that is not one of UTF-8 a byte of theirs could be a control character."""
    ctl.serve(List=[{"namespaces": [NS1 | {"name": "zürich", "interfaces": [interface("eth0ś")]}]}])
    assert "\nzürich     eth0ś " in ctl.out("list", **C)
    assert "\nz?rich     eth0? " in ctl.on_terminal("list", **C)


def test_data_is_as_it_is(ctl):
    """Programs read JSON, whose encoding no locale changes."""
    ctl.serve(Plan=[{"name": "everyday", "steps": [STEP]}], Show=[{"name": "lab", "topology": {"comment": "a → b"}}])
    assert json.loads(ctl.out("plan", "everyday.json", "--json", **C))["steps"] == [STEP]
    assert json.loads(ctl.out("show", "lab", **C)) == {"comment": "a → b"}


def test_long_output(ctl):
    """A sign that a buffer ends in is not torn: with a byte more before it each time, one does."""
    plans = [{"name": "everyday", "steps": [STEP | {"object": "x" * before}, *[STEP | {"detail": "→…µ" * 40}] * 200]}
             for before in range(4)]
    ctl.serve(Plan=plans)
    for plan in plans:
        ctl.daemon.replies["Plan"] = [plan]
        text = ctl.out("plan", "everyday.json", **C)
        assert text.isascii() and text.count("->...u") == 200 * 40 and "?" not in text


def test_colours_and_full_disk(ctl):
    """Standard output remains what it is: a terminal, or a file that cannot be written."""
    ctl.serve(Plan=[{"name": "everyday", "steps": [STEP]}])
    assert "\033[33m~\033[0m" in ctl.on_terminal("plan", "everyday.json", **C)
    with open("/dev/full", "w", encoding="utf-8") as full:
        r = subprocess.run([NETNSCTL, "plan", "everyday.json"], cwd=ctl.folder, env=ctl.environment | C, stdout=full,
                           stderr=subprocess.PIPE, text=True, check=False)
    assert (r.returncode, r.stderr) == (1, "netnsctl: cannot print the answer: No space left on device\n")

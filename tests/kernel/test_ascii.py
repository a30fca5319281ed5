# SPDX-License-Identifier: MIT
"""Every command of netnsctl in the C locale, against a real netnsd: nothing but ASCII, on standard output or standard error."""
import re

from machine import NETNSCTL
from topologies import everyday, pair


def commands(machine):
    """The names of all commands, as --help lists them."""
    return re.findall(r"^  (\w+) ", machine.ctl("--help").stdout.split("\nOptions")[0], re.M)


def test_every_command(machine):
    lab, bad, odd = machine.file(everyday(), "lab"), machine.file('{"namespaces": {"a b": 1}}', "bad"), \
        machine.file({"host": {"interfaces": {"vh": {"mtu": 1}}}}, "odd")
    other = everyday()
    other["namespaces"]["ns1"]["interfaces"]["veth-ns"]["mtu"] = 1400
    other["expect"] = [{"from": "ns1", "ping": "10.0.0.1"}, {"from": "ns1", "ping": "10.9.9.9"}]
    changed = machine.file(other, "changed")
    machine.apply(pair(), "pair")
    runs = [
        f"apply {lab}", f"apply {lab}", f"apply {bad}", f"apply {odd}", "apply", f"plan {changed} --name lab --replace",
        f"diff lab {changed}", f"apply {changed} --name lab --replace --confirm 600", "confirm lab", "confirm", "test lab",
        "rollback lab --dry-run", "rollback lab", "down", "down lab", "up lab", "status", "status lab", "status nowhere",
        "status --watch nowhere", "list", "show lab", "graph", "graph --format text", "graph --format nothing",
        "monitor nowhere extra -x", "log", "log lab", "reload", "wait lab", "wait nowhere --timeout 1", "doctor", "doctor lab",
        "explain ns1 10.0.0.1", "explain ns1 10.9.9.9", "metrics --format nothing", "capture nowhere/x -w /dev/null", "export ns1",
        "diff lab", f"validate {lab} {changed}", f"validate {bad}", "exec nowhere true", "exec ns1 true", "shell nowhere",
        "adopt nowhere", f"adopt {lab}", "record -- true", "rename lab other", "rename nowhere x", "schema", "version", "frobnicate", "down --all --forget",
    ]
    tried, wrong = set(), []
    for run in runs:
        machine.sh("ip link set veth-host mtu 1300 2>/dev/null || true")
        r = machine.run("sh", "-c", f"export LC_ALL=C; {NETNSCTL} {run}", code=None)
        tried.add(run.split()[0])
        assert r.stdout + r.stderr or run.startswith(("exec", "wait", "diff")), run
        wrong += [(run, line) for line in (r.stdout + r.stderr).splitlines() if not line.isascii()]
    assert wrong == []
    assert set(commands(machine)) - tried == set()

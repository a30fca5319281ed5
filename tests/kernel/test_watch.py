# SPDX-License-Identifier: MIT
"""netnsctl on a terminal: what stands on it while status is watched, while the size changes, while netnsd is killed; and
that it is as before however that ends."""
import json
import re
import signal

import pytest
from machine import wait_for
from screen import PROMPT, Screen
from topologies import everyday, pair


@pytest.fixture
def screen(machine):
    s = Screen(machine, 100)
    s.type("echo before")
    s.wait("^before")
    yield s
    s.close()


def is_restored(screen):
    """The screen, its cursor and its keyboard are as before."""
    wait_for(lambda: not screen.is_alternate() and screen.has_cursor())
    text = screen.text()
    assert "before" in text and "TOPOLOGY" not in text and "INTERFACE" not in text
    screen.type("stty -a | grep -o '[-]*echo ' | tr -d ' '; echo done")
    screen.wait("^done")
    assert "echo" in screen.lines() and "-echo" not in screen.lines()


@pytest.mark.parametrize("end", ["q", "C-c", "TERM", "HUP"])
def test_restored(machine, screen, end):
    machine.apply(everyday())
    screen.type("netnsctl status --watch")
    screen.wait("^TOPOLOGY|TOPOLOGY")
    assert screen.is_alternate() and not screen.has_cursor()
    assert re.search(r"● lab +up +1 +1 +0", screen.text()) and "before" not in screen.text()
    if end in ("q", "C-c"):
        screen.keys(end)
    else:
        machine.sh(f"pkill -{end} -x netnsctl")
    is_restored(screen)
    screen.type("netnsctl status --watch; echo ended $?")
    wait_for(screen.is_alternate)
    screen.keys("C-c")
    screen.wait("^ended 0")


def state(machine):
    """Of netnsctl: stopped (T) or waiting (S), in the foreground (+); "" if it does not run (yet)."""
    return machine.sh("ps -C netnsctl -o stat= || true").strip()


def test_stopped_and_continued(machine, screen):
    machine.apply(everyday())
    screen.type("netnsctl status lab --watch")
    screen.wait("veth-ns")
    screen.keys("C-z")
    wait_for(lambda: not screen.is_alternate())
    screen.type("echo meanwhile")
    screen.wait("^meanwhile")
    # Nobody tells it of a size that changes meanwhile.
    screen.resize(60, 20)
    screen.type("fg")
    screen.wait("veth-ns")
    wait_for(lambda: max(len(line) for line in screen.lines()) == 60)
    assert screen.is_alternate() and "meanwhile" not in screen.text()
    # Stopped by force it cannot restore anything; the shell has the terminal then, until it goes on.
    machine.sh("pkill -STOP -x netnsctl")
    wait_for(lambda: re.fullmatch("T[^+]*", state(machine)))
    screen.type("fg")
    wait_for(lambda: re.fullmatch(r"S.*\+", state(machine)))
    screen.wait("veth-ns")
    screen.keys("q")
    wait_for(lambda: not screen.is_alternate() and screen.has_cursor())


def test_in_the_background(machine, screen):
    """It waits for the terminal, instead of drawing over the shell."""
    machine.apply(everyday())
    screen.type("netnsctl status --watch &")
    wait_for(lambda: re.fullmatch("T[^+]*", state(machine)))
    assert not screen.is_alternate() and "TOPOLOGY" not in screen.text()
    screen.type("fg")
    screen.wait("TOPOLOGY")
    screen.keys("q")
    is_restored(screen)


def test_changes_are_shown(machine, screen):
    machine.apply(dict(everyday(), on_drift="report"))
    screen.type("netnsctl status lab --watch")
    screen.wait(r"veth-ns +up")
    assert "10.0.0.2/24" in screen.text() and "default via 10.0.0.1" in screen.text()
    assert "\x1b[7m" not in screen.text("-e")
    machine.ip("-n", "ns1", "link", "set", "veth-ns", "down")
    screen.wait(r"veth-ns +down")
    # What has changed is marked for a while.
    screen.wait("\x1b\\[7mdown", "-e")
    screen.wait("^lab: .*ns1/veth-ns")
    screen.wait("\x1b\\[7m", "-e", gone=True)
    # A line that is shorter than before leaves nothing behind.
    machine.ip("-n", "ns1", "link", "set", "veth-ns", "up")
    screen.wait(r"veth-ns +up")
    machine.ctl("down", "lab")
    screen.wait("lab: down since")
    screen.wait("veth-ns", gone=True)
    assert len([line for line in screen.lines() if line.strip()]) <= 3
    machine.ctl("down", "--forget", "lab")
    screen.wait("no such topology any more; as it was at")


def test_rates(machine, screen):
    machine.apply(everyday())
    screen.type("netnsctl status lab --watch")
    screen.wait(r"veth-ns +up +0 +0 +0 +10\.0\.0\.2")
    ping = machine.popen("ip", "netns", "exec", "ns1", "ping", "-q", "-i", "0.01", "10.0.0.1", stdout=-3)
    found = screen.wait(r"veth-ns +up +([\d.]+) kbit/s ([\d.]+) pps +([\d.]+) kbit/s ([\d.]+) pps +0")
    assert 0 < float(found[2]) < 1000 and 0 < float(found[4]) < 1000
    machine.sh("pkill -x ping")
    ping.wait(20)
    screen.keys("q")
    screen.type("netnsctl status --watch")
    screen.wait(r"^INTERFACE +STATE +RECEIVED +SENT +DROPPED")
    screen.wait(r"^ns1/veth-ns +up +0 +0 +0")


def test_drops(machine, screen):
    shaped = everyday()
    shaped["namespaces"]["ns1"]["interfaces"]["veth-ns"]["tbf"] = {"rate": "8kbit", "burst": "2kb", "latency": "1ms"}
    machine.apply(shaped)
    screen.type("netnsctl status lab --watch")
    screen.wait(r"veth-ns +up +\S")
    ping = machine.popen("ip", "netns", "exec", "ns1", "ping", "-q", "-i", "0.01", "-s", 900, "10.0.0.1", stdout=-3)
    screen.wait(r"veth-ns .* [\d.]+/s +10\.0\.0\.2")
    machine.sh("pkill -x ping")
    ping.wait(20)


def test_sizes(machine, screen):
    """Nothing is wider than the terminal, or wraps; the tiniest one is no mistake."""
    machine.apply(everyday())
    machine.apply(pair(), "a-name-that-is-quite-long-for-a-topology-but-allowed-by-the-rules"[:64])
    screen.type("netnsctl status --watch")
    screen.wait("TOPOLOGY")
    for columns, rows in (40, 10), (200, 50), (20, 5), (3, 2), (1, 1), (80, 24):
        screen.resize(columns, rows)
        if columns >= 40:
            screen.wait("TOPOLOGY")
        if columns == 40:
            # Each line stands in one row, cut off; and not everything fits.
            screen.wait("…$".replace("$", ""))
            wait_for(lambda: len(screen.lines()) <= 10 and "more" in screen.lines()[-1])
            assert all(len(line) <= 40 for line in screen.lines())
        if columns == 200:
            screen.wait("a-name-that-is-quite-long-for-a-topology-but-allowed-by-the-rule +up")
            screen.wait("^INTERFACE")
        if columns == 1:
            wait_for(lambda: screen.lines() and len(screen.lines()) == 1)
    screen.wait(r"● lab +up")
    screen.keys("q")
    is_restored(screen)


def test_netnsd_is_killed(machine, screen):
    machine.apply(everyday())
    screen.type("netnsctl status lab --watch")
    screen.wait(r"veth-ns +up")
    machine.stop(signal.SIGKILL)
    screen.wait("netnsd is not running; as it was at")
    assert re.search(r"veth-ns +up", screen.text()) and screen.is_alternate()
    machine.start()
    screen.wait("not running", gone=True)
    screen.wait(r"veth-ns +up")
    machine.pause()
    screen.wait("does not answer")
    screen.keys("C-c")
    wait_for(lambda: not screen.is_alternate())
    machine.resume()
    # At first that is an error.
    machine.stop()
    screen.type("netnsctl status --watch; echo code $?")
    screen.wait("^code 4")
    machine.start()
    screen.type("netnsctl status nowhere --watch; echo code $?")
    screen.wait("^code 1")


@pytest.mark.parametrize("environment, has, lacks", [
    ({"LC_ALL": "C"}, r"\*\S* lab", "[^\x00-\x7f]"), ({"NO_COLOR": "1"}, "● lab", "\x1b\\[[0-9]"), ({}, "\x1b\\[32m● ?", "\\* lab")])
def test_locale_and_colours(machine, environment, has, lacks):
    machine.apply(everyday())
    screen = Screen(machine, **environment)
    screen.type("netnsctl status --watch")
    screen.wait(has, "-e")
    assert not re.search(lacks, screen.text("-e"))
    screen.close()


def test_not_a_terminal(machine):
    """A new block for each change, and none without one."""
    machine.apply(everyday())
    out = machine.folder / "out"
    with out.open("w") as file:
        watch = machine.popen("netnsctl", "status", "--watch", stdout=file)
        wait_for(lambda: "● lab" in out.read_text())
        machine.apply(pair(), "other")
        wait_for(lambda: "● other" in out.read_text())
        machine.sh("pkill -INT -x netnsctl")
        assert watch.wait(20) == 0
    blocks = out.read_text().split("\n\n")
    assert len(blocks) == 2 and "other" not in blocks[0] and "\x1b" not in out.read_text()
    with out.open("w") as file:
        watch = machine.popen("netnsctl", "--json", "status", "lab", "--watch", stdout=file)
        wait_for(lambda: out.read_text().count("\n") == 1)
        machine.ctl("down", "lab")
        wait_for(lambda: out.read_text().count("\n") >= 2)
        machine.stop()
        assert watch.wait(20) == 4
    lines = [json.loads(line)["topologies"][0]["state"] for line in out.read_text().splitlines()]
    assert lines[0] == "up" and lines[-1] == "down"
    machine.start()
    # Whoever does not read any more is not waited for.
    machine.sh("netnsctl status --watch | head -n1")


def test_progress(machine, screen):
    """A line that counts the steps of the plan, and is gone in the end."""
    topology = {"namespaces": {f"n{i}": {"interfaces": {"e": {"kind": "veth", "peer": f"n{i}/f"}, "f": {}}} for i in range(60)}}
    path = machine.file(topology)
    steps = re.search(r"lab: (\d+) steps", machine.ctl("plan", path).stdout)[1]
    screen.type(f"netnsctl apply {path} | cat; echo {'x'}; netnsctl down lab; script -qc 'netnsctl apply {path}' {machine.folder}/typescript; echo over")
    screen.wait("^over")
    assert f"lab: {steps} created in" in screen.text() and "of" not in [w for line in screen.lines() if "created" in line for w in line.split()]
    told = re.findall(r"lab: (\d+) of (\d+) steps", (machine.folder / "typescript").read_text())
    assert told and {total for _, total in told} == {steps} and told[-1][0] == steps
    assert [int(done) for done, _ in told] == sorted(int(done) for done, _ in told)
    assert PROMPT in screen.text()

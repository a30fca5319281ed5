# SPDX-License-Identifier: MIT
"""README's two commands, in bare roots of Debian 12 and 13 without a network: what is to be installed is in apt's cache.
What ./try says at its end is done word by word."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import package
import pytest
from guest import states
from roots import ROOT

# Below /usr/lib; a few of those that are installed.
FILES = {"systemd/system/netnsd.service", "systemd/system/netnsd.socket", "systemd/system/netns@.service", "sysusers.d/netnsd.conf",
         "tmpfiles.d/netnsd.conf", "systemd/catalog/netnsd.catalog", "udev/rules.d/70-netnsd.rules",
         "systemd/network/70-netnsd.network"}


@pytest.fixture(params=["try-bookworm", "try-trixie"])
def clone(machines, request):
    """A machine with nothing of what a build needs, and a clone of this tree."""
    guest = machines(request.param)
    guest.boot()
    shutil.copytree(ROOT, Path(f"/proc/{guest.init}/root/root/netnsd"), ignore=package.LEFT_OUT)
    return guest


def commands(shown):
    """The commands at the end of what ./try has shown."""
    lines = re.search(r"What to do next:\n((?:  .*\n)+)", shown)[1].splitlines()
    return [line.split("#")[0].strip() for line in lines]


def test_try(clone):
    """It works, says what it is doing, and leaves nothing behind; then its own advice."""
    place = "ip -br link; find /run -name 'netns*'"  # systemd is still busy elsewhere in /run
    before = clone.sh(place)
    assert clone.run("which", "gcc", code=None).returncode
    shown = clone.sh("cd /root/netnsd && ./try 2>&1", timeout=1200)
    # Between the two apt complains that there is no network.
    assert re.search(r"^installing: .*meson[^$]*^building in build/, which takes about a minute the first time$", shown, re.M), shown
    assert "It works: " in shown and clone.sh(place) == before
    check, *steps, man = commands(shown)
    assert check == "./check" and man == "man netnsd-topology"
    assert [step.split()[0] for step in steps] == ["meson", "systemctl", "systemd-sysusers", "systemd-tmpfiles", "systemctl", "netnsctl"]
    for step in steps:
        clone.run("sh", "-c", f"cd /root/netnsd && {step}", timeout=600)
    assert states(clone) == {"everyday": "up"}
    assert clone.sh("systemctl is-active netnsd.socket netnsd.service").split() == ["active"] * 2
    assert clone.sh("systemctl is-enabled netnsd.socket netnsd.service").split() == ["enabled"] * 2
    clone.run("ping", "-c1", "-w5", "10.0.0.2")
    for page in "man1/netnsctl.1", "man5/netnsd-topology.5", "man8/netnsd.8":
        clone.run("test", "-s", f"/usr/local/share/man/{page}")
    # The second time there is nothing to install, and little to build.
    assert "\nbuilding what has changed\n" in "\n" + clone.sh("cd /root/netnsd && ./try", timeout=600)
    assert states(clone) == {"everyday": "up"}
    # For anybody but root each step begins with sudo.
    clone.sh("useradd -m somebody; cp -a /root/netnsd /home/somebody; chown -R somebody: /home/somebody/netnsd")
    asked = clone.sh("setpriv --reuid=somebody --regid=somebody --clear-groups sh -c 'cd /home/somebody/netnsd && ./try'", timeout=600)
    assert commands(asked) == [check, *(f"sudo {step}" for step in steps), man]


def test_check_installs(clone):
    """Every package that ./check wants exists in the release."""
    wanted = [line.split()[1] for line in (ROOT / ".ci/packages").read_text().splitlines() if re.match("(build|test|boot):", line)]
    done = clone.run("apt-get", "-s", "install", "--no-install-recommends", "-y", *wanted, code=None)
    assert done.returncode == 0, done.stdout + done.stderr
    # As does what README names for a build alone.
    done = clone.run("sh", "-c", "cd /root/netnsd && apt-get -s build-dep -y ./", code=None)
    assert done.returncode == 0, done.stdout + done.stderr


def test_units_without_systemd_pc(tmp_path):
    """Units are installed all the same, and it is said where."""
    environment = {**os.environ, "PKG_CONFIG": str(tmp_path / "pkg-config")}
    (tmp_path / "pkg-config").write_text('#!/bin/sh\nfor word; do [ "$word" != systemd ] || exit 1; done\nexec pkg-config "$@"\n')
    (tmp_path / "pkg-config").chmod(0o755)
    for options, expected in ([], FILES), (["-Dsystemd-unit-dir=-"], set()):
        folder = tmp_path / f"build{len(options)}"
        command = ["meson", "setup", folder, "-Dtests=disabled", *options]
        said = subprocess.run(command, cwd=ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE).stdout
        told = "systemd.pc is not installed: files for systemd go into /usr/lib/systemd/system, " in said
        assert told == bool(expected), said
        plan = subprocess.run(["meson", "introspect", "--install-plan", folder], check=True, text=True, stdout=subprocess.PIPE).stdout
        found = set(re.findall(r'"destination": "/usr/lib/([^"]*)"', plan))
        assert found >= expected if expected else not found, found

# SPDX-License-Identifier: MIT
"""Fixtures: packages, and machines that boot. Nothing may be left on the real machine."""
import os
import subprocess
from pathlib import Path

import package
import pytest
from guest import Guest, cgroup

RELEASES = "bookworm", "trixie"


def real_machine():
    """What tests must not touch."""
    links = subprocess.run(["ip", "-br", "link"], stdout=subprocess.PIPE, text=True, check=True).stdout
    netns = Path("/run/netns")
    return {
        "links": sorted(line.split()[0] for line in links.splitlines()),
        "namespaces": sorted(os.listdir(netns)) if netns.exists() else [],
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "groups": cgroup("ls"),
    }


@pytest.fixture(scope="session", autouse=True)
def possible():
    """Fails, loudly, where no machine can be booted: what was not tried has not passed."""
    assert os.geteuid() == 0, "the boot tests need root: systemd-nspawn boots a machine"


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The package of this tree, and that of a next version; those in $NETNSD_PACKAGES instead, if set."""
    if os.environ.get("NETNSD_PACKAGES"):
        return sorted(Path(os.environ["NETNSD_PACKAGES"]).glob("*/netnsd_*.deb"), key=lambda path: "+next" in path.name)
    folders = tmp_path_factory.mktemp("this"), tmp_path_factory.mktemp("next")
    builds = [package.start_build(folders[0]), package.start_build(folders[1], package.version() + "+next")]
    return [package.built(*pair) for pair in zip(folders, builds)]


@pytest.fixture(scope="session")
def installed(packages, tmp_path_factory):
    """release: the layer that installing the package on a bare root leaves, made on first use."""
    layers, guests = {}, []

    def layer(release):
        if release not in layers:
            guest = Guest(tmp_path_factory.mktemp(release), release)
            try:
                guest.boot()
                guest.install(packages[0])
                guest.power_off()
            finally:
                guest.leave()
            guests.append(guest)
            layers[release] = guest.upper
        return layers[release]
    yield layer
    for guest in guests:
        guest.remove()


@pytest.fixture(params=RELEASES)
def release(request):
    return request.param


@pytest.fixture
def machines(tmp_path):
    """Makes machines; all are gone after the test, without a trace."""
    before = real_machine()
    made = []

    def make(*args):
        made.append(Guest(tmp_path, *args))
        return made[-1]
    yield make
    for guest in made:
        guest.leave()
        guest.remove()
    assert real_machine() == before


@pytest.fixture
def bare(machines, release):
    """A bare root, booted."""
    guest = machines(release)
    guest.boot()
    return guest


@pytest.fixture
def guest(machines, release, installed):
    """A machine with the package installed, not yet booted."""
    return machines(release, [installed(release)])

# SPDX-License-Identifier: MIT
"""The fixture `machine`: a running netnsd on a machine of its own. After each test everything must be down, and nothing
may be left on the real machine."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).with_name("lib")))  # the helpers, by their bare names

from booting import Manager  # noqa: E402
from crash_topologies import KEYS, SETUP, TEARDOWN  # noqa: E402
from fault import Fault, Rig  # noqa: E402
from machine import NETNSCTL, NETNSD, Machine, at, wait_for  # noqa: E402


def real_machine():
    """What tests must not touch."""
    links = subprocess.run(["ip", "-br", "link"], stdout=subprocess.PIPE, text=True, check=True).stdout
    netns = Path("/run/netns")
    return {
        "links": sorted(line.split()[0] for line in links.splitlines()),
        "namespaces": sorted(os.listdir(netns)) if netns.exists() else [],
        "mounts": Path("/proc/self/mountinfo").read_text(),
    }


def inhabitants(pid_namespace):
    """The processes in a PID namespace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "ns/pid") == pid_namespace:
                found.append(process.name)
        except OSError:
            pass
    return found


def pytest_configure(config):
    config.addinivalue_line("markers", "long: run on one build only")
    config.addinivalue_line("markers", "uml: needs what this machine's kernel may lack; tests/uml/run runs it on another one")
    config.addinivalue_line("markers", "every_kernel: is run on this machine's kernel, and on the other one as well")
    for program in NETNSD, NETNSCTL:
        if not program.exists():
            pytest.exit(f"{program} is not there; build first", 2)


def pytest_collection_modifyitems(config, items):
    """Tests of a second kernel are not tests of this one."""
    other = [item for item in items if item.get_closest_marker("uml")] if "NETNSD_UML" not in os.environ else []
    config.hook.pytest_deselected(items=other)
    items[:] = [item for item in items if item not in other]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Workers get few tests at a time: by default one of them may be left alone with a hundred that are slow."""
    from xdist.scheduler import LoadScheduling

    class Few(LoadScheduling):
        def _send_tests(self, node, num):
            super()._send_tests(node, max(0, min(num, 4 - len(self.node2pending[node]))))

    return Few(config, log)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Lets the fixture know whether the test itself failed."""
    outcome = yield
    setattr(item, "report_" + outcome.get_result().when, outcome.get_result())


@pytest.fixture
def bare(request, tmp_path):
    """A machine without netnsd running."""
    before = real_machine()
    tmp_path.chmod(0o755)
    machine = Machine(tmp_path)
    pid_namespace = os.readlink(f"/proc/{machine.init}/ns/pid")
    try:
        yield machine
        if not getattr(request.node, "report_call", None) or request.node.report_call.passed:
            machine.assert_clean()
    finally:
        machine.close()
    wait_for(lambda: not inhabitants(pid_namespace))
    assert real_machine() == before


@pytest.fixture
def machine(bare):
    """A machine with netnsd running and nothing applied."""
    bare.start()
    return bare


@pytest.fixture
def somebodys(machine):
    """A machine with netnsd running, and a namespace `old` that is not netnsd's."""
    machine.sh("ip netns add old")
    yield machine
    machine.sh("ip netns del old")


@pytest.fixture(params=[None, "old"], ids=["host", "existing"])
def place(request, machine):
    """A namespace that is not netnsd's (None: the host), with a veth pair in it that is not netnsd's either."""
    if request.param:
        machine.sh(f"ip netns add {request.param}")
    machine.sh(f"ip {at(request.param)}link add ext0 type veth peer name ext1; ip {at(request.param)}link set ext0 up")
    machine.sh(f"ip {at(request.param)}link set ext1 up")
    yield request.param
    machine.sh(f"ip {at(request.param)}link del ext0" + (f"; ip netns del {request.param}" if request.param else ""))


@pytest.fixture
def manager(tmp_path):
    """What systemd would be told, with `start`."""
    m = Manager(tmp_path)
    yield m
    m.close()


@pytest.fixture
def rig(bare):
    """A machine with netnsd under fault.so, and something on it that is not netnsd's."""
    r = Rig(bare, KEYS)
    r.agent.run(SETUP)
    r.mark()
    r.start()
    yield r
    r.fault.disarm()
    if r.machine.daemon and r.is_alive():
        r.down()
    r.agent.run(TEARDOWN)
    r.close()


@pytest.fixture
def fault(bare):
    """What happens to the calls of a netnsd that is started with its environment."""
    f = Fault(bare.folder / "fault")
    yield f
    f.close()

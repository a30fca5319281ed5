# SPDX-License-Identifier: MIT
"""What README.md says under "At boot", command by command and sentence by sentence (the invalid file is in
test_at_boot.py, units in test_living.py)."""
import re

import pytest
from guest import states, wait_for
from roots import ROOT

SECTION = re.search(r"^## At boot\n(.*?)^## ", (ROOT / "README.md").read_text(), re.M | re.S)[1]
COMMANDS = [line.split("#")[0].strip().removeprefix("sudo ") for line in SECTION.splitlines() if line.startswith("    ")]


@pytest.fixture
def clone(guest):
    """A machine with this tree's examples, the working directory of the commands."""
    guest.boot()
    guest.write("root/clone/conf/examples/everyday.json", (ROOT / "conf/examples/everyday.json").read_text())
    guest.write("root/clone/conf/examples/bridge.json", (ROOT / "conf/examples/bridge.json").read_text())
    return guest


def address(guest):
    return guest.run("ip", "-n", "ns1", "-br", "addr", "show", "veth-ns").stdout.split()[2]


def test_commands(clone):
    """Each does what the text says, now and after the next boot."""
    after = [{"everyday": "down"}, {"everyday": "up"}, {"everyday": "up", "bridge": "up"}, {"everyday": "up"}]
    assert len(COMMANDS) == len(after)
    for command, expected in zip(COMMANDS, after):
        clone.sh(f"cd /root/clone; {command}")
        assert states(clone) == expected, command
        if "bridge" in expected:
            clone.reboot()
            assert states(clone) == expected
    clone.reboot()
    assert states(clone) == {"everyday": "up"}
    clone.run("ping", "-c1", "-w5", "10.0.0.2")


def test_changed_on_disk(clone):
    """Shown, and applied on request, by netnsctl reload or systemctl reload; not by a restart."""
    clone.sh(f"cd /root/clone; {COMMANDS[0]}; {COMMANDS[1]}")
    for new, reload in ("10.0.0.3/24", "netnsctl reload"), ("10.0.0.4/24", "systemctl reload netnsd"):
        old = address(clone)
        clone.run("sed", "-i", f"s|{old}|{new}|", "/etc/netnsd/topologies/everyday.json")
        clone.run("systemctl", "restart", "netnsd")
        assert address(clone) == old
        assert "changed on disk" in clone.run("netnsctl", "status").stdout
        clone.sh(reload)
        assert address(clone) == new
        assert "changed on disk" not in clone.run("netnsctl", "status").stdout


def test_down_by_hand(clone):
    """It stays down, whatever happens to netnsd, until the next boot."""
    clone.sh(f"cd /root/clone; {COMMANDS[0]}; {COMMANDS[1]}; netnsctl down everyday")
    clone.run("systemctl", "restart", "netnsd")
    assert states(clone) == {"everyday": "down"}
    clone.run("systemctl", "kill", "-s", "KILL", "netnsd")
    wait_for(lambda: clone.show("netnsd", "ActiveState") == "active")
    assert states(clone) == {"everyday": "down"}
    clone.reboot()
    assert states(clone) == {"everyday": "up"}

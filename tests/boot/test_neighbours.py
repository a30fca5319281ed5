# SPDX-License-Identifier: MIT
"""Together with other programs for the network: cloud-init, ifupdown, firewalld and NetworkManager of Debian."""
import pytest
from guest import EVERYDAY, TOPOLOGIES, entered, states

# cloud-init runs, at its place in the boot, and has nothing to do.
CLOUD = """
echo 'policy: enabled' >/etc/cloud/ds-identify.cfg
cat >/etc/cloud/cloud.cfg.d/99-idle.cfg <<END
datasource_list: [ None ]
cloud_init_modules: []
cloud_config_modules: []
cloud_final_modules: []
END
systemctl disable -q firewalld
"""
FIREWALL = "touch /etc/cloud/cloud-init.disabled"


# Debian's cloud-init and firewalld form a cycle by themselves already.
@pytest.mark.parametrize("settings, others", [(CLOUD, ["cloud-init.service"]), (FIREWALL, [])], ids=["cloud-init", "firewalld"])
def test_order(machines, packages, settings, others):
    """The boot has no cycle, and the topologies are up before any of these programs starts the network."""
    guest = machines("neighbours")
    guest.boot()
    guest.install(packages[0])
    guest.run("cp", EVERYDAY, TOPOLOGIES)
    guest.sh(settings)
    guest.reboot()
    verified = guest.run("systemd-analyze", "verify", "--man=no", "--generators=yes", "default.target", code=None)
    assert "cycle" not in verified.stderr and "netns" not in verified.stderr, verified.stderr
    assert "cycle" not in guest.run("journalctl", "-b", "--no-pager").stdout
    ready = entered(guest, "netnsd.service")
    assert ready > 0
    for unit in "networking.service", "NetworkManager.service", "network-pre.target", *others:
        assert ready <= entered(guest, unit), unit
    assert others or entered(guest, "firewalld.service") > 0
    assert states(guest) == {"everyday": "up"}
    # firewalld drops what arrives on a link without a zone, but not the answers.
    guest.run("ping", "-c1", "-w5", "10.0.0.2")

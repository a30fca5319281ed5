# SPDX-License-Identifier: MIT
"""What a container cannot show, on a machine with a kernel of its own (user-mode-linux) and with udev: other programs
leave our links alone, and nothing is inherited from the machine's first namespace."""
import subprocess
from pathlib import Path

import pytest
from guest import TOPOLOGIES, Guest

UML = Path(__file__).parent / "uml.sh"
# NetworkManager manages a veth only with such a name.
LAB = {"host": {"interfaces": {"eth7": {"addresses": ["10.0.0.1/24"]}}},
       "namespaces": {"ns1": {"interfaces": {"eth0": {"kind": "veth", "peer": "host/eth7", "addresses": ["10.0.0.2/24"]}}}}}
# Programs that take every link there is.
GREEDY = "[Match]\nName=eth*\n[Network]\nDHCP=yes\n"
LOOK = """[Unit]
After=multi-user.target systemd-networkd.service NetworkManager.service
[Service]
Type=oneshot
ExecStart=-sh -c 'sh /root/look >/root/seen 2>&1'
ExecStart=systemctl poweroff -ff
[Install]
WantedBy=graphical.target
"""
# eth8 is one that nobody leaves alone.
SCRIPT = """
ip link add eth8 type veth peer name farther
ip link set eth8 up; ip link set farther up
udevadm settle
echo "machine $(cat /proc/sys/net/ipv4/ip_forward)"
echo "ns1 $(ip netns exec ns1 cat /proc/sys/net/ipv4/ip_forward)"
ping -q -c1 -w5 10.0.0.2 && echo answers
for link in eth7 eth8; do
	echo "$link udev $(udevadm info -q property --property=ID_NET_MANAGED_BY,ID_NET_LINK_FILE --value /sys/class/net/$link | xargs)"
	echo "$link networkd $(networkctl list --no-legend $link | awk '{ print $5 }')"
	echo "$link nm $(nmcli -g GENERAL.STATE device show $link)"
done
"""


@pytest.fixture(scope="module")
def seen(packages, tmp_path_factory):
    """What LOOK found after the boot."""
    folder = tmp_path_factory.mktemp("uml")
    guest = Guest(folder, "neighbours")
    try:
        guest.boot()
        guest.install(packages[0])
        guest.write(f"{TOPOLOGIES}/lab.json", LAB)
        guest.sh("touch /etc/cloud/cloud-init.disabled; systemctl disable -q firewalld networking; "
                 "systemctl mask -q systemd-logind systemd-binfmt; "
                 "systemctl enable -q systemd-networkd")
        guest.write("etc/sysctl.d/forward.conf", "net.ipv4.ip_forward=1\n")
        guest.write("etc/systemd/network/80-greedy.network", GREEDY)
        guest.write("etc/systemd/system/look.service", LOOK)
        guest.write("root/look", SCRIPT)
        guest.sh("systemctl enable -q look.service")
        guest.power_off()
    finally:
        guest.leave()
    console = subprocess.run(["unshare", "-m", "-n", "-p", "--fork", "--kill-child", "--mount-proc", "sh", UML,
                              f"{guest.upper}:{guest.root}", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, timeout=120, check=False, stdin=subprocess.DEVNULL).stdout
    path = folder / "upper/root/seen"
    assert path.exists(), console
    yield path.read_text().splitlines()
    guest.remove()


def test_forwarding_is_not_inherited(seen):
    """A new namespace starts with forwarding off, even if the machine forwards, as it does for containers."""
    assert {"machine 1", "ns1 0", "answers"} <= set(seen)


def test_others_leave_it_alone(seen):
    """udev has no policy for its name and MAC address, networkd and NetworkManager leave it alone; not so for other
    links."""
    folder = "/usr/lib/systemd/network"
    assert {f"eth7 udev io.netnsd {folder}/70-netnsd.link", "eth7 networkd unmanaged", "eth7 nm 10 (unmanaged)"} <= set(seen)
    assert {f"eth8 udev {folder}/99-default.link", "eth8 networkd configuring"} <= set(seen)
    assert any(line.startswith("eth8 nm ") for line in seen) and "eth8 nm 10 (unmanaged)" not in seen

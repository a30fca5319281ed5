# SPDX-License-Identifier: MIT
"""The Debian package: its contents, installation, upgrade, and removal without a trace."""
import subprocess

import package
from guest import EVERYDAY
from pings import Pings
from roots import ROOT

# All files except those in which dpkg, apt and systemd log, and the group with its copies.
LISTING = r"""
find / -xdev \( -path /root -o -path /var/lib/dpkg -o -path /var/log -o -path /var/lib/apt -o -path /var/cache \
	-o -path /tmp -o -path /var/tmp -o -path '/etc/g*[pw]-' \) -prune -o -printf '%M %U %G %p %l\n' | sort
find /run -xdev \( -path /run/systemd -o -path /run/log -o -name 'agetty.*' \) -prune -o -printf '%M %U %G %p\n' | sort
find /etc -xdev -type f ! -name 'g*[pw]' ! -name 'g*[pw]-' ! -name ld.so.cache -exec sha256sum {} + | sort
"""


def test_version():
    """The changelog, meson and the program agree."""
    assert f"version: '{package.version()}'" in (ROOT / "meson.build").read_text()


def test_lintian(packages):
    """lintian finds nothing except what debian/*.lintian-overrides states."""
    changes = next(packages[0].parent.glob("*.changes"))
    result = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning,info", "-I", changes], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def installed_files(folder, prefix):
    """What "meson install" alone installs below @prefix, and elsewhere."""
    for command in (["meson", "setup", folder / "build", f"--prefix={prefix}", "-Dtests=disabled", "-Ddocs=enabled"],
                    ["meson", "install", "-C", folder / "build", "--destdir", folder / "root"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    paths = sorted("/" + str(path.relative_to(folder / "root")) for path in (folder / "root").rglob("*") if not path.is_dir())
    texts = [path.read_text() for path in (folder / "root").rglob("netns*.service")]
    assert len(texts) == 3 and all(f"={prefix}/" in text for text in texts)
    return ([path.removeprefix(prefix) for path in paths if path.startswith(prefix)],
            [path for path in paths if not path.startswith(prefix)])


def test_layout(tmp_path, packages):
    """It is the same under any prefix, and that of both packages together."""
    below, beside = installed_files(tmp_path / "opt", "/opt/x")
    assert "/sbin/netnsd" in below and "/bin/netnsctl" in below and "/share/man/man8/netnsd.8" in below
    assert "/etc/default/netnsd" in beside and "/lib/systemd/system/netnsd.service" in beside
    capture = next(packages[0].parent.glob("netnsd-capture_*.deb"))
    for deb in packages[0], capture:
        subprocess.run(["dpkg-deb", "-x", deb, tmp_path / "deb"], check=True)
    packed = sorted("/" + str(path.relative_to(tmp_path / "deb")) for path in (tmp_path / "deb").rglob("*") if not path.is_dir())
    packed = [path.removesuffix(".gz").replace("/zsh/vendor-completions/", "/zsh/site-functions/") for path in packed]
    own = {"/usr/share/lintian/overrides/netnsd"} | {f"/usr/share/doc/{name}/{file}" for name in ("netnsd", "netnsd-capture")
                                                     for file in ("changelog", "copyright")}
    assert set(packed) - own == {f"/usr{path}" for path in below if not path.endswith("/LICENSE")} | set(beside)
    listed = subprocess.run(["dpkg-deb", "-c", capture], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "/usr/libexec/netnsd/netnsctl-capture" in listed
    assert "libpcap" in subprocess.run(["dpkg-deb", "-f", capture, "Depends"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "libpcap" not in subprocess.run(["dpkg-deb", "-f", packages[0], "Depends"], stdout=subprocess.PIPE, text=True,
                                           check=True).stdout


def test_purge(bare, packages):
    """On a bare root it installs, runs, and is removed without a trace except the group."""
    before = bare.sh(LISTING).splitlines()
    bare.install(packages[0])
    assert bare.sh("systemctl is-active netnsd.socket netnsd.service").split() == ["active"] * 2
    assert bare.sh("systemctl is-enabled netnsd.socket netnsd.service").split() == ["enabled"] * 2
    bare.run("cp", EVERYDAY, "/etc/netnsd/topologies/")
    bare.run("netnsctl", "apply", EVERYDAY)
    bare.run("ping", "-c1", "-w5", "10.0.0.2")
    bare.run("netnsctl", "down", "--all")
    bare.run("apt-get", "purge", "-y", "netnsd")
    bare.run("apt-get", "autoremove", "--purge", "-y")
    after = bare.sh(LISTING).splitlines()
    # The folder of names is the machine's, as after "ip netns add".
    assert [line for line in after if line not in before and not line.endswith(" /run/netns")] == []
    assert [line for line in before if line not in after] == []
    assert " /run/netns/" not in bare.sh("cat /proc/1/mountinfo")
    assert "netnsd" not in bare.sh("systemctl list-units --all --no-legend")


def test_remove(guest):
    """Removing the package without "down" keeps the network, as stopping the service does."""
    guest.boot()
    guest.run("netnsctl", "apply", EVERYDAY)
    guest.run("apt-get", "remove", "-y", "netnsd")
    guest.run("ping", "-c1", "-w5", "10.0.0.2")


def test_upgrade(guest, packages):
    """An upgrade with traffic running: a new program, and no packet lost."""
    guest.boot()
    guest.run("netnsctl", "apply", EVERYDAY)
    names = guest.sh("stat -c %i /run/netns/ns1")
    old = guest.show("netnsd.service", "MainPID")
    pings = Pings(guest, "10.0.0.2")
    guest.install(packages[1])
    pings.assert_none_lost(0.5)
    assert guest.show("netnsd.service", "MainPID") not in (old, "0")
    assert guest.sh("systemctl is-active netnsd.socket netnsd.service").split() == ["active"] * 2
    assert guest.sh("netnsctl version").split()[-1] == package.version() + "+next"
    assert guest.sh("stat -c %i /run/netns/ns1") == names
    assert "unchanged" in guest.run("netnsctl", "apply", EVERYDAY).stdout


def test_autopkgtest(guest):
    """debian/tests/everyday, as autopkgtest runs it: with nothing but the package and its test dependencies."""
    guest.boot()
    guest.copy(ROOT / "debian/tests/everyday")
    guest.run("/root/everyday")
    assert guest.sh("ls /run/netns /etc/netnsd/topologies").split() == ["/etc/netnsd/topologies:", "/run/netns:"]

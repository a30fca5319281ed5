# SPDX-License-Identifier: MIT
"""The shell completions and the manual have every command and option that --help has, and no others."""
import os
import re
import subprocess

import pytest
from ctl import NETNSCTL, ROOT

BUILD = NETNSCTL.parent
PAGE = (ROOT / "docs/netnsctl.1.scd.in").read_text()


def help_of(*args):
    return subprocess.run([NETNSCTL, *args, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def commands():
    part = help_of().partition("Commands:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in part.splitlines()]


def options(command):
    return set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", help_of(command), re.M))


def complete_bash(*words):
    """What bash would offer after these words."""
    script = f"""source {BUILD}/conf/completion/netnsctl
compopt() {{ :; }}
COMP_WORDS=("$@"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _netnsctl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    r = subprocess.run(["bash", "-c", script, "bash", "netnsctl", *words], stdout=subprocess.PIPE, text=True, check=True,
                       env={"PATH": f"{BUILD}:/usr/bin:/bin", "NETNSD_SOCKET": "/none"})
    return r.stdout.split()


def test_help_has_commands():
    assert {"apply", "plan", "status", "exec", "version"} <= set(commands())


def test_bash_commands():
    assert complete_bash("") == commands()
    assert complete_bash("sta") == ["status"]


@pytest.mark.parametrize("command", commands())
def test_bash_options(command):
    assert set(complete_bash(command, "--")) == options(command)


def test_bash_values(tmp_path):
    assert complete_bash("apply", "--confirm", "") == []
    assert complete_bash("exec", "ho") == ["host"]
    assert "bash" in complete_bash("record", "--with", "eth0", "--", "bas")
    (tmp_path / "lab.json").touch()
    (tmp_path / "lab.txt").touch()
    assert complete_bash("apply", f"{tmp_path}/lab") == [f"{tmp_path}/lab.json"]
    assert complete_bash("capture", "hos") == ["host", *(f"host/{name}" for name in sorted(os.listdir("/sys/class/net")))]
    assert complete_bash("capture", "-w", f"{tmp_path}/lab.t") == [f"{tmp_path}/lab.txt"]
    # The value of an option is not an operand.
    assert complete_bash("shell", "--socket", "x", "ho") == ["host"]


@pytest.mark.parametrize("shell, name", [("zsh", "_netnsctl"), ("fish", "netnsctl.fish"), ("bash", "netnsctl")])
def test_syntax(shell, name):
    path = BUILD / "conf/completion" / name
    subprocess.run([shell, "-n", path], check=True)
    text = path.read_text()
    assert "@TABLES@" not in text
    for command in commands():
        assert command in text
        for option in options(command):
            assert option.lstrip("-") in text


def test_manual():
    """A paragraph for each, and none for what does not exist."""
    words = re.findall(r"^\*([\w-]+)\*", PAGE.partition("# COMMANDS")[2].partition("# OPTIONS")[0], re.M)
    assert sorted(words) == sorted(commands())
    part = PAGE.partition("# OPTIONS")[2].partition("# EXIT STATUS")[0]
    described = set(re.findall(r"(--[\w-]+)\*", "\n".join(re.findall(r"^\*-.*", part, re.M))))
    assert described == set().union(*map(options, commands()))

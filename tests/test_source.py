# SPDX-License-Identifier: MIT
"""The tests of the source on this tree, and proof that each fails when it should: on a copy with a planted fault."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent


def run(test, root):
    result = subprocess.run([sys.executable, TESTS / test, root], stdout=subprocess.PIPE, text=True, check=False)
    return result.returncode, result.stdout


@pytest.fixture
def copy(tmp_path):
    for folder in "include", "daemon", "client", "systemd":
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def append(path, text):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize("test", ["catalog.py", "format.py", "imports.py", "kinds.py", "layers.py", "size.py"])
def test_tree(test):
    code, out = run(test, ROOT)
    assert code == 0, out


@pytest.mark.parametrize("name, text, words", [
    ("daemon/base/err.h", '#include "model/plan.h"\n', "base/err includes model/plan, which is above it"),
    ("daemon/model/plan.c", "#include <netlink/netlink.h>\n", "libnl is not for model/plan"),
    ("daemon/model/plan.c", "#include <json-c/json.h>\n", "json-c is not for model/plan"),
    ("daemon/model/model.c", "#include <systemd/sd-event.h>\n", "sd-event is not for model/model"),
    ("daemon/kind/bridge.c", '#include "engine/engine.h"\n', "kind/bridge includes engine/engine, which is above it"),
    ("client/capture.c", "#include <pcap/pcap.h>\n", "libpcap is not for client/capture"),
    ("client/text.c", '#include "../daemon/engine/engine.h"\n', "client/text includes engine/engine, which is above it"),
    ("daemon/base/err.c", '#include "../../client/text.h"\n', "base/err includes the client's client/text"),
])
def test_layers_planted(copy, name, text, words):
    append(copy / name, text)
    code, out = run("layers.py", copy)
    assert code == 1 and words in out


def test_layers_circle_of_modules(copy):
    """Also where no header includes another in a circle: plan.c needs owner.h, and owner.c plan.h."""
    append(copy / "daemon/model/plan.c", '#include "owner.h"\n')
    append(copy / "daemon/model/owner.c", '#include "plan.h"\n')
    code, out = run("layers.py", copy)
    assert code == 1 and "modules go in a circle: model/owner, model/plan" in out


def test_layers_parts_of_a_module(copy):
    """x_part.c without a header of its own is x."""
    (copy / "daemon/model/plan_part.c").write_text('#include "plan.h"\n')
    assert run("layers.py", copy)[0] == 0


def test_layers_around_the_pass(copy):
    append(copy / "daemon/heal/heal.c", "\nint around(void)\n{\n\treturn plan_make(NULL, NULL, NULL, NULL);\n}\n")
    code, out = run("layers.py", copy)
    assert code == 1 and "daemon/heal/heal.c: calls plan_make(), which is for transaction/pass" in out


def test_layers_unknown_folder(copy):
    (copy / "daemon/attic").mkdir()
    (copy / "daemon/attic/stray.c").write_text('#include "base.h"\n')
    code, out = run("layers.py", copy)
    assert code == 1 and "the folder attic is in no layer" in out


@pytest.mark.parametrize("name, text, words", [
    ("daemon/kind/link.c", "extern const struct kind kind_veth;\n", "says kind_veth: that is for daemon/kind/veth.c"),
    ("daemon/kind/interface.c", 'const char *x = "bridge";\n', 'says "bridge": that is for daemon/kind/bridge.c'),
    ("daemon/heal/heal.c", 'int x = kind_field(object_kind(o), "stp_state");\n', 'says "stp_state": that is for daemon/kind/bridge.c'),
    ("client/text.c", 'bool x = object_says(o, "forward_delay");\n', 'says "forward_delay": that is for daemon/kind/bridge.c'),
])
def test_kinds_planted(copy, name, text, words):
    append(copy / name, text)
    code, out = run("kinds.py", copy)
    assert code == 1 and f"{name}:" in out and words in out


def test_kinds_in_their_files_and_comments(copy):
    append(copy / "daemon/kind/veth.c", 'const char *x = "veth", *y = "peer";\n')
    append(copy / "daemon/kind/route.c", 'const char *x = "priority";\n')
    append(copy / "daemon/kind/veth.c", 'const struct word modes[] = { { "bridge", MACVLAN_MODE_BRIDGE } };\n')
    append(copy / "daemon/kind/link.c", '/* "bridge", "stp_state" and kind_veth */\n')
    assert run("kinds.py", copy)[0] == 0


def test_kinds_that_are_new(copy):
    """A kind is watched from its row on."""
    folder = copy / "daemon/kind"
    (folder / "toy.c").write_text((folder / "veth.c").read_text().replace("veth", "toy").replace("peer", "other_end"))
    rows = (folder / "kinds.c").read_text()
    (folder / "kinds.c").write_text(rows.replace("\tKIND(veth) ", "\tKIND(toy) \\\n\tKIND(veth) "))
    assert run("kinds.py", copy)[0] == 0
    append(folder / "link.c", 'const char *x = "toy";\nbool y = object_says(o, "other_end");\n')
    code, out = run("kinds.py", copy)
    assert code == 1 and 'says "toy"' in out and 'says "other_end"' in out


def test_size_long_function(copy):
    append(copy / "daemon/base/arena.c", "\nstatic void long_one(int a,\n\t\t     int b)\n{\n" + "\ta = b;\n" * 57 + "}\n")
    assert run("size.py", copy) == (1, "daemon/base/arena.c: long_one has 61 lines, 60 are allowed\n")


def test_size_function_that_just_fits(copy):
    append(copy / "daemon/base/arena.c", "\nstatic void long_one(void)\n{\n" + "\tx();\n" * 57 + "}\n")
    assert run("size.py", copy)[0] == 0


def test_size_long_file(copy):
    append(copy / "daemon/base/arena.c", "/* */\n" * 450)
    code, out = run("size.py", copy)
    assert code == 1 and "450 are allowed" in out


def test_size_page_of_elsewhere(copy):
    append(copy / "daemon/base/arena.c", "/* as plans.md says */\n")
    code, out = run("size.py", copy)
    assert code == 1 and "daemon/base/arena.c: plans.md is not in the project" in out


def test_size_opening(copy):
    (copy / "daemon/stray.c").write_text("int x;\n")
    code, out = run("size.py", copy)
    assert code == 1 and "SPDX" in out and "what it is for" in out


@pytest.mark.parametrize("text", ["from test_heal import ROUTE_GONE\n", "    import test_heal as heal\n"])
def test_imports_planted(tmp_path, text):
    (tmp_path / "tests/kernel").mkdir(parents=True)
    test = tmp_path / "tests/kernel/test_x.py"
    test.write_text("import pytest\nfrom machine import wait_for\nCODE = 'import test_heal'\n")
    assert run("imports.py", tmp_path)[0] == 0
    append(test, text)
    code, out = run("imports.py", tmp_path)
    assert code == 1 and "tests/kernel/test_x.py: imports from test_heal" in out


def test_format_planted(copy):
    append(copy / "client/text.c", "int  stray;\n")
    code, out = run("format.py", copy)
    assert code == 1 and "client/text.c: is not formatted: python3 tests/format.py --write" in out


def test_format_needs_a_reason_for_an_exception(copy):
    append(copy / "client/text.c", "/* clang-format off */\nint  stray;\n")
    code, out = run("format.py", copy)
    assert code == 1 and "client/text.c:" in out and 'says no reason: "// clang-format off: reason"' in out


def test_format_without_the_version(copy, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    code, out = run("format.py", copy)
    assert code == 1 and "clang-format-19 is not installed, and another version would format differently" in out


def test_tidy():
    build = ROOT / os.environ.get("NETNSD_BUILD", "build")
    if not (build / "build.ninja").exists():
        pytest.skip(f"needs {build}, set up by meson")
    code, out = run("tidy.py", build)
    assert code == 0, out


def test_tidy_planted(tmp_path):
    fault = tmp_path / "fault.c"
    fault.write_text("#include <stdlib.h>\n#include <string.h>\nchar *f(char *s);\nchar *f(char *s)\n{\n\treturn malloc(strlen(s + 1));\n}\n")
    entry = {"directory": str(tmp_path), "file": "fault.c", "command": "cc -c fault.c"}
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    code, out = run("tidy.py", tmp_path)
    assert code == 1 and f"{fault}:6:" in out and "[bugprone-misplaced-operator-in-strlen-in-alloc" in out


def test_tidy_of_what_does_not_compile(tmp_path):
    (tmp_path / "fault.c").write_text("int f(void) { return g; }\n")
    entry = {"directory": str(tmp_path), "file": "fault.c", "command": "cc -c fault.c"}
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    code, out = run("tidy.py", tmp_path)
    assert code == 1 and "use of undeclared identifier 'g' [clang-diagnostic-error]" in out


def test_tidy_without_the_version(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    code, out = run("tidy.py", tmp_path)
    assert code == 1 and "clang-tidy-19 is not installed, and another version would find other things" in out


ID = "5f1d9e0a7c3b4d68a2f4c0917e6b3d52"


@pytest.mark.parametrize("name, old, new, words", [
    ("systemd/netnsd.catalog", f"-- {ID}", "-- " + "0" * 32, f"does not explain {ID}, the applied"),
    ("systemd/netnsd.catalog", f"-- {ID}", "-- " + "0" * 32, f"explains {'0' * 32}, which event.c has not"),
    ("systemd/netnsd.catalog", "@NETNSD_BY@", "@NETNSD_WHO@", "speaks of NETNSD_WHO"),
    ("systemd/netnsd.catalog", "Defined-By: netnsd\n", "", "has the headers ['Subject', 'Documentation']"),
    ("daemon/store/event.c", ID, ID[1:], "is no id of 32 hexadecimal digits"),
    ("daemon/store/event.c", '"applied"', '"up"', "has the events ['applied', "),
])
def test_catalog_planted(copy, name, old, new, words):
    path = copy / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    code, out = run("catalog.py", copy)
    assert code == 1 and words in out


def test_catalog_is_what_journalctl_reads(tmp_path):
    if not shutil.which("journalctl"):
        pytest.skip("needs journalctl")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "systemd/netnsd.catalog", folder)
    for action in "--update-catalog", "--dump-catalog":
        out = subprocess.run(["journalctl", f"--root={tmp_path}", action], stdout=subprocess.PIPE, text=True, check=True)
    catalog = (ROOT / "systemd/netnsd.catalog").read_text()
    assert sorted(out.stdout.split("-- ")[1:]) == sorted(part.rstrip() + "\n\n" for part in catalog.split("\n-- ")[1:])


def conflicts(root):
    """Where a merge has left its marks, as git grep shows them."""
    marks = subprocess.run(["git", "-C", root, "grep", "-nE", "^(<<<<<<<|=======|>>>>>>>)( |$)"], stdout=subprocess.PIPE,
                           text=True, check=False)
    assert marks.returncode in (0, 1)
    return marks.stdout


def test_no_marks_of_a_merge(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    assert conflicts(ROOT) == ""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "CHANGELOG.md").write_text("- ours\n=======\n- theirs\n>>>>>>> 0123456 (theirs)\n")
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    assert conflicts(tmp_path).count("\n") == 2

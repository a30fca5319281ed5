# SPDX-License-Identifier: MIT
"""netnsctl graph: what each format draws. UPDATE=1 rewrites the files it is compared with, tests/client/graph."""
import json
import os
import re
import shutil
import subprocess
import unicodedata

import graphs
import pytest
from ctl import ROOT

GOLDEN = ROOT / "tests/client/graph"
UTF8 = {"LANG": "C.UTF-8"}
SUFFIXES = {"text": "txt", "mermaid": "mmd", "dot": "dot", "d2": "d2"}


def draw(ctl, name, form, **environment):
    ctl.close()
    (ctl.folder / "socket").unlink(missing_ok=True)
    ctl.serve(Graph=[graphs.ALL[name]])
    return ctl.out("graph", "--format", form, **(UTF8 | environment))


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def compare(text, file):
    path = GOLDEN / file
    if os.environ.get("UPDATE"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", ["pair", "star4", "chain10", "ring5", "tree20", "states", "hostile", "pairs30"])
def test_text(ctl, name):
    compare(draw(ctl, name, "text"), f"{name}.txt")


def test_text_wide(ctl):
    compare(draw(ctl, "chain10", "text", COLUMNS="200"), "chain10-200.txt")


def test_text_narrow(ctl):
    compare(draw(ctl, "pair", "text", COLUMNS="40"), "pair-40.txt")


@pytest.mark.parametrize("variables", [{"LANG": ""}, {"LANG": "C.UTF-8", "LC_ALL": "C"}], ids=["none", "C"])
def test_text_ascii(ctl, variables):
    text = draw(ctl, "states", "text", **variables)
    assert text.isascii()
    compare(text, "states-ascii.txt")


@pytest.mark.parametrize("name", list(graphs.ALL))
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_text_fits(ctl, name, columns):
    """No line is wider than the terminal; what is not drawn, or cut, is said."""
    text = draw(ctl, name, "text", COLUMNS=str(columns))
    assert max((width(line) for line in text.splitlines() if "cut off at" not in line), default=0) <= columns
    cut = re.search(r"cut off at", text)
    for n in graphs.ALL[name]["namespaces"]:
        assert name == "hostile" or cut or f" {n['name']} " in text or f" {n['name']}\n" in text
    assert name.startswith("fabric") or columns == 40 or "not drawn" not in text


@pytest.mark.parametrize("name", ["states", "hostile"])
@pytest.mark.parametrize("form", ["mermaid", "dot", "d2"])
def test_languages(ctl, name, form):
    compare(draw(ctl, name, form), f"{name}.{SUFFIXES[form]}")


@pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")
@pytest.mark.parametrize("name", list(graphs.ALL))
def test_dot_is_read_by_graphviz(ctl, name):
    """And the names are what they were."""
    text = draw(ctl, name, "dot")
    r = subprocess.run(["dot", "-Tjson0"], input=text, capture_output=True, text=True, timeout=60, check=True)
    assert r.stderr == ""
    labels = {o["label"].split("\\n")[0] for o in json.loads(r.stdout).get("objects", ()) if o["name"].startswith("cluster")}
    want = {n["name"] for n in graphs.ALL[name]["namespaces"]}
    if name == "hostile":
        assert len(labels) == len(want) and "<script>alert(1)</script>" in labels
    elif name != "states":
        assert labels == want


def test_formats(ctl):
    ctl.serve(Graph=[graphs.pair()])
    assert ctl.out("graph") == ctl.out("graph", "--format", "mermaid")
    assert json.loads(ctl.out("graph", "--format", "json")) == json.loads(ctl.out("graph", "--json")) == graphs.pair()
    assert ctl.run("graph", "--format", "tex")[0::2] == (2, 'netnsctl: unknown format "tex"; did you mean text?\n')
    assert ctl.run("graph", "--format", "pdf")[0] == 2
    assert "┌─ host" in ctl.on_terminal("graph", LANG="C.UTF-8", NO_COLOR="1")


def test_names_are_passed(ctl):
    ctl.serve(Graph=[graphs.pair()])
    ctl.out("graph", "lab", "other")
    assert ctl.daemon.calls == [{"method": "io.netnsd.Graph", "parameters": {"names": ["lab", "other"]}}]
    ctl.out("graph")
    assert ctl.daemon.calls[1].get("parameters", {}) == {}


def test_colours_on_a_terminal(ctl):
    ctl.serve(Graph=[graphs.states()])
    text = ctl.on_terminal("graph", LANG="C.UTF-8", COLUMNS="100")
    assert "\033[31mdown" in re.sub(r"\033\[31m[^\033]*down", "\033[31mdown", text)
    assert "\033[" not in ctl.on_terminal("graph", LANG="C.UTF-8", NO_COLOR="1")


@pytest.mark.parametrize("reply", [{}, {"namespaces": 3, "cables": "x"}, {"namespaces": [1, None, {}], "cables": [{}, 7]},
                                   {"namespaces": [{"name": "a", "interfaces": [{"name": "b", "addresses": [1, None]}]}],
                                    "cables": [{"type": "pair", "from": "a/b", "to": "a/b"}, {"type": "port", "from": "a/b", "to": "a/b"}]}])
@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "d2"])
def test_odd_answers(ctl, reply, form):
    """Of another netnsd."""
    ctl.serve(Graph=[reply])
    assert ctl.run("graph", "--format", form)[0] == 0

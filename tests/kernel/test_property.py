# SPDX-License-Identifier: MIT
"""Whatever is done, in whatever order: what there is, is what was declared, and what is not ours stays as it was; and
at the end nothing is left. NETNSD_SEED=N walks the way N alone, and NETNSD_STEPS=3,7,9 only these steps of it."""
import os
import random

import pytest
from steps import STEPS, crowd
from walk import Walk

LENGTH = 50
WAYS = range(44)
# Ways on which something was found, and some that have it all; the others are walked on one build only.
FOUND = 4, 14, 17, 20, 22


def seeds(default):
    return [int(os.environ["NETNSD_SEED"])] if "NETNSD_SEED" in os.environ else default


def numbers():
    return [int(n) for n in os.environ["NETNSD_STEPS"].split(",")] if "NETNSD_STEPS" in os.environ else list(range(LENGTH))


def go(machine, seed):
    walk = Walk(machine, seed)
    try:
        walk.run(STEPS, numbers())
        crowd(walk, random.Random(f"{seed}/crowd"))
        walk.finish()
    except BaseException:
        taken = ",".join(map(str, numbers()[:walk.taken]))
        print(f"NETNSD_SEED={seed} NETNSD_STEPS={taken} is how to do it again. It went:", *walk.tale, sep="\n")
        print(machine.log())
        raise
    finally:
        walk.close()


@pytest.mark.parametrize("seed", seeds(FOUND))
def test_way_on_which_something_was_found(bare, seed):
    go(bare, seed)


@pytest.mark.storm
@pytest.mark.parametrize("seed", seeds([seed for seed in WAYS if seed not in FOUND]))
def test_way(bare, seed):
    go(bare, seed)

# SPDX-License-Identifier: MIT
"""Whatever is done, in whatever order: the state is what was declared, and what is not ours stays as it was; and in the
end nothing is left. NETNSD_SEED=N runs seed N alone, and NETNSD_STEPS=3,7,9 only these steps of it."""
import os
import random

import pytest
from random_ops import RandomOps
from steps import STEPS, crowd

LENGTH = 50
SEEDS = range(44)
# Those that have found something, and some that have everything; the others run on one build only.
FOUND = 4, 14, 17, 20, 22


def seeds(default):
    return [int(os.environ["NETNSD_SEED"])] if "NETNSD_SEED" in os.environ else default


def numbers():
    return [int(n) for n in os.environ["NETNSD_STEPS"].split(",")] if "NETNSD_STEPS" in os.environ else list(range(LENGTH))


def go(machine, seed):
    ops = RandomOps(machine, seed)
    try:
        ops.run(STEPS, numbers())
        crowd(ops, random.Random(f"{seed}/crowd"))
        ops.finish()
    except BaseException:
        taken = ",".join(map(str, numbers()[:ops.taken]))
        print(f"NETNSD_SEED={seed} NETNSD_STEPS={taken} is how to do it again. It went:", *ops.tale, sep="\n")
        print(machine.log())
        raise
    finally:
        ops.close()


@pytest.mark.parametrize("seed", seeds(FOUND))
def test_seed_that_found_something(bare, seed):
    go(bare, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", seeds([seed for seed in SEEDS if seed not in FOUND]))
def test_seed(bare, seed):
    go(bare, seed)

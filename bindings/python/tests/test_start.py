"""What a program pays for ``import okdok``."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys

import pytest
from conftest import RunPython

# Each of these takes longer to import than most of this package.
NOT_FOR_THIS = {"asyncio", "dataclasses", "inspect", "logging", "pathlib", "platform", "re", "tempfile", "typing"}


def test_nothing_heavy_is_imported(run_python: RunPython) -> None:
    program = "import sys; before = set(sys.modules); import okdok; print(*set(sys.modules) - before)"
    # Without site, which imports some of them itself.
    imported = set(run_python(program).stdout.split())
    assert "okdok._client" in imported
    assert imported & NOT_FOR_THIS == set()


def processor_seconds(program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
def test_ten_milliseconds_over_bare_python() -> None:
    with_it, bare = math.inf, math.inf
    # The least of many: a busy machine only adds to it.
    for n in range(150):
        with_it = min(with_it, processor_seconds("import okdok"))
        bare = min(bare, processor_seconds("pass"))
        if n >= 20 and with_it - bare <= 0.010:
            return
    raise AssertionError(f"{(with_it - bare) * 1000:.1f} ms")

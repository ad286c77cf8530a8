"""The cost of ``import okdok``."""

from __future__ import annotations

from conftest import RunPython

# Each of these takes longer to import than most of this package.
NOT_FOR_THIS = {"asyncio", "dataclasses", "inspect", "logging", "pathlib", "platform", "re", "tempfile", "typing"}


def test_nothing_heavy_is_imported(run_python: RunPython) -> None:
    program = "import sys; before = set(sys.modules); import okdok; print(*set(sys.modules) - before)"
    # Without site, which imports some of them itself.
    imported = set(run_python(program).stdout.split())
    assert "okdok._client" in imported
    assert imported & NOT_FOR_THIS == set()

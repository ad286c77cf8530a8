"""Delete many signature requests.

>>> from okdok import bulk
>>> with bulk.Run(client, ids, jobs=16, report="2026.jsonl", resume=True) as run:           # doctest: +SKIP
...     for outcome in run:
...         print(outcome.id, outcome.status.name)
>>> print(run.reason)                                                                      # doctest: +SKIP
"""

from ._outcome import Outcome
from ._report import ReportError
from ._run import Reason, Run

__all__ = ["Outcome", "Reason", "ReportError", "Run"]

for _kind in (Outcome, Reason, ReportError, Run):
    _kind.__module__ = __name__

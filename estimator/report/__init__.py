"""The capacity report: from past jobs and a cluster to a plan.

``jobs`` and ``cluster`` read; ``sections`` count, each a pure function from frames to a frozen
:class:`~estimator.report.types.Section`; ``simulate`` and ``forecast`` answer what-if and
what-next; ``render`` writes HTML, JSON and tables; ``build`` is the way through all of them.
"""

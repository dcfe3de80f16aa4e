"""What will be needed: daily series forecast by week, with bands from their own back-test.

``models`` forecast, ``backtest`` goes through the past and says how far off they were, ``series``
makes the series.
"""

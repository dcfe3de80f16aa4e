"""Work beside the requests that goes on whatever happens."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn


async def again_and_again(step: Callable[[], Awaitable[None]], seconds: float) -> NoReturn:
    """Do something every so many seconds; an error is told, and tried again after the same time.

    So a database that was away for a while is found again.
    """
    while True:
        try:
            await step()
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
        await asyncio.sleep(seconds)

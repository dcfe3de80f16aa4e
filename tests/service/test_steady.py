"""What goes on beside the requests survives an error."""

from __future__ import annotations

import asyncio

from estimator.service.steady import again_and_again


def test_an_error_is_told_and_tried_again(capfd):
    done = []

    async def step():
        done.append(len(done))
        if len(done) == 1:
            raise ConnectionError("the database is away")
        if len(done) == 3:
            raise asyncio.CancelledError

    async def run():
        try:
            await again_and_again(step, 0.0)
        except asyncio.CancelledError:
            return

    asyncio.run(run())
    assert done == [0, 1, 2]
    assert "the database is away" in capfd.readouterr().err

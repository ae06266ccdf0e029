"""We believe that a configurator that is slow or away keeps nobody but itself waiting."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from environments.replica.images.orders.orders.following import MOST_BYTES, Asking
from environments.replica.images.orders.orders.live import SilentError


class Configurator:
    """Answers as it is told; ``hangs`` holds answers until ``free`` is set."""

    def __init__(self) -> None:
        self.status, self.content, self.hangs = 200, b"signed", False
        self.free = asyncio.Event()
        self.asked: list[str] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.hangs:
            await self.free.wait()
        if self.status == 0:
            raise httpx.ConnectError("refused")
        return httpx.Response(self.status, content=self.content)


async def asking(configurator: Configurator) -> tuple[Asking, httpx.AsyncClient]:
    transport = httpx.MockTransport(configurator.answer)
    client = httpx.AsyncClient(transport=transport, base_url="http://configurator")
    return Asking(client, "/configuration/app-1"), client


def test_it_is_asked_for_what_this_instance_ought_to_have() -> None:
    async def body() -> None:
        configurator = Configurator()
        ask, client = await asking(configurator)
        async with client:
            assert await ask() == b"signed"
            assert configurator.asked == ["/configuration/app-1"]

    asyncio.run(body())


@pytest.mark.parametrize(
    ("status", "content", "why"),
    [
        (0, b"", "ConnectError: refused"),
        (503, b"away", "its answer is 503, 4 bytes"),
        (200, b"x" * (MOST_BYTES + 1), "its answer is 200, 100001 bytes"),
    ],
)
def test_what_is_no_usable_answer_is_silence(status: int, content: bytes, why: str) -> None:
    async def body() -> None:
        configurator = Configurator()
        configurator.status, configurator.content = status, content
        ask, client = await asking(configurator)
        async with client:
            with pytest.raises(SilentError, match=why):
                await ask()

    asyncio.run(body())


def test_one_that_is_slow_has_one_question_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "environments.replica.images.orders.orders.following.ANSWER_SECONDS", 0.01
    )

    async def body() -> None:
        configurator = Configurator()
        configurator.hangs = True
        ask, client = await asking(configurator)
        async with client:
            for _ in range(3):
                with pytest.raises(SilentError, match="nothing within"):
                    await ask()
            assert len(configurator.asked) == 1
            configurator.free.set()
            await asyncio.sleep(0)
            assert await ask() == b"signed"
            assert len(configurator.asked) == 1

    asyncio.run(body())

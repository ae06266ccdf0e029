"""We believe that, whatever arrives, the newest of what is good is in force, nothing else."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from configuration.document import Document, Signer
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.replica.images.orders.orders.live import BUILT_IN, Live, SilentError
from tests.unit.configuration.configurations import SEED, text_with

SIGNER, STRANGER = Signer.of(SEED), Signer.of("ab" * 32)
VERSIONS = st.integers(1, 6)
Arrival = tuple[int, bytes | None]  # a version, 0 where it is no good; None: nothing came


def limit(version: int) -> int:
    return 100 + version


def signed(version: int, signer: Signer = SIGNER, most_in_work: int | None = None) -> bytes:
    limited = limit(version) if most_in_work is None else most_in_work
    text = text_with(most_in_work=f"{limited}")
    return signer.sign(Document(version, text.encode()))


GOOD = VERSIONS.map(lambda version: (version, signed(version)))
BAD = st.one_of(
    st.just(b""),
    VERSIONS.map(lambda version: signed(version, STRANGER)),
    VERSIONS.map(lambda version: signed(version, most_in_work=513)),
    VERSIONS.map(lambda version: signed(version).replace(b"most", b"mast")),
).map(lambda raw: (0, raw))
SILENCE = st.just((0, None))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(GOOD, BAD, SILENCE),  # what the configurator has
            st.one_of(GOOD, BAD, SILENCE),  # what somebody put on the disk; None: nobody did
            st.booleans(),  # whether the instance is started again before
        ),
        max_size=8,
    )
)
def test_the_newest_of_what_is_good_is_in_force(
    turns: list[tuple[Arrival, Arrival, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "configuration"
        answer: bytes | None = None
        newest = kept = 0  # versions: in force, and good on the disk

        async def ask() -> bytes:
            if answer is None:
                raise SilentError("refused")
            return answer

        live = Live(ask, file, SIGNER.verifier)
        for (told_version, told), (put_version, put), restarts in turns:
            answer = told
            if restarts:
                live, newest = Live(ask, file, SIGNER.verifier), 0
            if put is not None:
                file.write_bytes(put)
                kept = put_version
            asyncio.run(live.turn())
            newest = max(newest, kept, told_version)
            in_force = live.current().admission.most_in_work
            assert in_force == (limit(newest) if newest else BUILT_IN.admission.most_in_work)
            if file.exists() and file.read_bytes() == live.raw:
                kept = newest

"""Faults of every kind, as properties draw them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from environments.model import Direction
from fixtures.faults import (
    Cut,
    Fault,
    Kill,
    LoseDns,
    LosePackets,
    Partition,
    Pause,
    Reset,
    Slow,
    Throttle,
)

targets = st.sampled_from(["db:primary", "db", "east-db-2", "app", "payments", "app,payments"])
others = st.sampled_from(["*", "db", "etcd", "app", "east-db-2,payments"])
links = st.sampled_from(["app-to-db", "app-to-payments"])
faults: st.SearchStrategy[Fault] = st.one_of(
    st.builds(Kill, targets),
    st.builds(Pause, targets),
    st.builds(Partition, targets, others, st.sampled_from(Direction)),
    st.builds(
        LosePackets, targets, others, st.sampled_from([1, 90]), st.sampled_from(Direction)
    ),
    st.builds(LoseDns, targets),
    st.builds(Slow, links, st.sampled_from([timedelta(seconds=1), timedelta(seconds=2)])),
    st.builds(Cut, links),
    st.builds(Reset, links),
    st.builds(Throttle, links, st.sampled_from([1, 100])),
)

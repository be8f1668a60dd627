"""Values of checkpoints in little space: the same when read back, refused when damaged, and as readable as before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from memory.encryption import serializer, state_types
from memory.persistence import PersistenceError, open_checkpointer
from state.result import Evidence, TaskResult

KEY = b"0123456789abcdef"
LONG = TaskResult(
    task="t1",
    status="done",
    value=[{"text": "Otters hold hands while they sleep. " * 50}],
    evidence=[Evidence(text="Otters hold hands while they sleep. " * 50, source="otters.txt")],
)


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("value", [LONG, {"t1": LONG}, "short", "long " * 1000, None, b"\x00" * 5000, [], 2**60])
def test_what_is_stored_is_read_back(key: bytes | None, value: Any) -> None:
    compressing = serializer(key, compressing=True)
    kind, data = compressing.dumps_typed(value)
    assert compressing.loads_typed((kind, data)) == value


def test_text_that_is_said_twice_takes_little_space() -> None:
    plain, compressed = (serializer(None, compressing=way).dumps_typed(LONG)[1] for way in (False, True))
    assert len(compressed) < len(plain) / 4


def test_values_from_before_are_read() -> None:
    assert serializer(None, compressing=True).loads_typed(serializer(None).dumps_typed(LONG)) == LONG


def test_types_stay_bounded() -> None:
    class Stranger:
        def model_dump(self) -> dict[str, str]:
            return {"text": "x" * 5000}

    found = serializer(None, compressing=True).loads_typed(serializer(None, compressing=True).dumps_typed(Stranger()))
    assert type(found) is dict
    assert TaskResult in state_types()


def test_what_is_damaged_is_told() -> None:
    compressing = serializer(None, compressing=True)
    kind, data = compressing.dumps_typed(LONG)
    for place in (3, len(data) // 2, len(data) - 2):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        with pytest.raises(PersistenceError, match="damaged"):
            compressing.loads_typed((kind, bytes(damaged)))


async def test_a_file_holds_less_than_its_values(tmp_path: Path) -> None:
    place: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    file = tmp_path / "c.sqlite"
    async with open_checkpointer(str(file)) as saver:
        checkpoint = {**empty_checkpoint(), "channel_values": {"results": {"t1": LONG}}}
        stored = await saver.aput(place, checkpoint, {"step": 1}, {})  # type: ignore[typeddict-item, arg-type]
        found = await saver.aget_tuple(stored)
    assert found is not None
    assert found.checkpoint["channel_values"] == {"results": {"t1": LONG}}
    with closing(sqlite3.connect(file)) as connection:
        ((size,),) = connection.execute("SELECT LENGTH(checkpoint) FROM checkpoints").fetchall()
    assert size < 1000

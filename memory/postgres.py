"""The saver of checkpoints on Postgres as this application opens it. Needs the `postgres` extra."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer


class _Sealed:
    """A text on its way to the encrypted blobs. LangGraph puts texts into a JSON column that it doesn't encrypt."""

    def __init__(self, text: str) -> None:
        self.text = text


class PostgresCheckpointer(AsyncPostgresSaver):
    """AsyncPostgresSaver that, when it encrypts, encrypts every text of the state, and not only what isn't text."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        if isinstance(self.serde, EncryptedSerializer):
            values = {
                channel: _Sealed(value) if isinstance(value, str) else value
                for channel, value in checkpoint["channel_values"].items()
            }
            checkpoint = {**checkpoint, "channel_values": values}
        return await super().aput(config, checkpoint, metadata, new_versions)

    def _dump_blobs(self, thread_id: str, checkpoint_ns: str, values: dict[str, Any], versions: ChannelVersions) -> Any:
        plain = {key: value.text if isinstance(value, _Sealed) else value for key, value in values.items()}
        return super()._dump_blobs(thread_id, checkpoint_ns, plain, versions)

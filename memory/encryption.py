"""What is stored, sealed: the strict serializer of checkpoints, the cipher, and the check of the key."""

from __future__ import annotations

import base64
import dataclasses
import enum
import importlib
import json
import pkgutil
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from memory.database import PersistenceError
from memory.settings import settings

if TYPE_CHECKING:
    from langgraph.checkpoint.serde.base import CipherProtocol, SerializerProtocol

_SEALED = "aes:"
KEY_CHECK = "orchestrate"
"""The text that is stored sealed, to tell a wrong key before anything is read or written with it."""


def configured_key() -> bytes | None:
    """The key of ORCHESTRATE_ENCRYPTION_KEY, None if there is none. Raises PersistenceError for one of a wrong size."""
    secret = settings().encryption_key
    if secret is None:
        return None
    key = secret.get_secret_value().encode()
    if len(key) not in (16, 24, 32):
        raise PersistenceError(f"ORCHESTRATE_ENCRYPTION_KEY must have 16, 24 or 32 bytes; it has {len(key)}")
    return key


class _Aes:
    """LangGraph's AES cipher (EAX: authenticated), whose failures are clear sentences."""

    def __init__(self, key: bytes) -> None:
        from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

        self._cipher = EncryptedSerializer.from_pycryptodome_aes(key=key).cipher

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        return self._cipher.encrypt(plaintext)

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        try:
            return self._cipher.decrypt(ciphername, ciphertext)
        except (ValueError, AssertionError) as error:
            raise PersistenceError(
                "what is stored can't be decrypted: ORCHESTRATE_ENCRYPTION_KEY isn't the key it was written with, "
                "or the data is damaged"
            ) from error


def cipher(key: bytes | None) -> CipherProtocol | None:
    """The cipher of a key, None for none."""
    return _Aes(key) if key else None


def serializer(key: bytes | None, *, compressing: bool = False) -> SerializerProtocol:
    """The serializer of checkpoints: strict msgpack whatever the environment says, encrypted if there is a key.

    `compressing`: for savers whose data nothing else reads.
    It makes objects of the types that are defined in the `state` package and of LangGraph's own safe ones. Any other
    type in the bytes comes back as the plain data it was made of; nothing is imported or called for it.
    """
    from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    from memory.compression import CompressingSerializer

    kind = CompressingSerializer if compressing else JsonPlusSerializer
    plain = kind(allowed_msgpack_modules=state_types())
    return EncryptedSerializer(_Aes(key), plain) if key else plain


def state_types() -> list[type]:
    """Every record, dataclass and enum that is defined in the `state` package."""
    import state

    types: dict[type, None] = {}
    for module in pkgutil.iter_modules(state.__path__, "state."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and value.__module__ == module.name and _is_data(value):
                types[value] = None
    return list(types)


def _is_data(value: type) -> bool:
    return issubclass(value, BaseModel | enum.Enum) or dataclasses.is_dataclass(value)


class JsonCodec:
    """JSON as text, sealed when there is a cipher: what the tables beside the checkpoints hold."""

    def __init__(self, cipher: CipherProtocol | None = None) -> None:
        self._cipher = cipher

    def dump(self, value: Any) -> str:
        """`value` as text. What JSON has no form for becomes its `str`: an outcome is never lost for its type."""
        text = json.dumps(value, default=str)
        if self._cipher is None:
            return text
        _, sealed = self._cipher.encrypt(text.encode())
        return _SEALED + base64.b64encode(sealed).decode()

    def load(self, text: str) -> Any:
        """The value of a text `dump` made. Raises PersistenceError if it is sealed and the key is missing or wrong."""
        if not text.startswith(_SEALED):
            return json.loads(text)
        if self._cipher is None:
            raise PersistenceError("what is stored is encrypted; set ORCHESTRATE_ENCRYPTION_KEY to its key")
        return json.loads(self._cipher.decrypt("aes", base64.b64decode(text[len(_SEALED) :])))

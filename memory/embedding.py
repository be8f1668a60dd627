"""Static embeddings of text: the weights ship inside the `wordllama` wheel, nothing is downloaded.

The wheel's two files are read directly. `import wordllama` costs 0.4 s, imports an HTTP client and
configures the root logger; its own loader looks for the tokenizer in a folder the wheel doesn't have.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 256
LONGEST_TEXT = 20_000
"""Characters of a text that are looked at; a mean over more than that says little."""

_WEIGHTS = Path("weights") / "l2_supercat_256.safetensors"
_TOKENIZER = Path("tokenizers") / "l2_supercat_tokenizer_config.json"
_BATCH = 1024


class EmbeddingError(RuntimeError):
    """The embedding model isn't installed as it should be. The message says what to do."""


@dataclass(frozen=True)
class _Model:
    vectors: NDArray[np.float32]
    tokenizer: Any

    def tokens(self, texts: list[str]) -> list[list[int]]:
        if len(texts) == 1:  # a batch wakes a pool of threads, for nothing
            return [self.tokenizer.encode(texts[0], add_special_tokens=False).ids]
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


_model: _Model | None = None
_loading = threading.Lock()


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """The embeddings of `texts`: float32 of shape (len(texts), 256), each row of length 1.

    The dot product of two rows is their cosine similarity. An empty text gives a row of zeros.
    The model is loaded at the first call (0.1 s) and shared by all threads. Raises EmbeddingError.
    """
    import numpy as np

    model = _load()
    pooled = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        batch = [_encodable(text) for text in texts[start : start + _BATCH]]
        for offset, ids in enumerate(model.tokens(batch)):
            if ids:
                pooled[start + offset] = model.vectors.take(ids, axis=0).sum(axis=0)
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    np.divide(pooled, lengths, out=pooled, where=lengths > 0)
    return pooled


def is_loaded() -> bool:
    """Whether the model is there, so that `embed` has nothing to wait for."""
    return _model is not None


def pieces(word: str) -> int:
    """Into how many pieces the model's tokenizer divides a word: one, if it is a common one. Raises EmbeddingError."""
    return len(_load().tokens([_encodable(word)])[0])


def _encodable(text: str) -> str:
    """`text` bounded, and without the lone surrogates that the tokenizer refuses."""
    return text[:LONGEST_TEXT].encode("utf-8", "ignore").decode("utf-8")


def _load() -> _Model:
    global _model
    if _model is None:
        with _loading:
            if _model is None:
                _model = _read_wheel()
    return _model


def _read_wheel() -> _Model:
    from importlib.util import find_spec

    import numpy as np
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise EmbeddingError("the package 'wordllama' is missing; install it with: pip install wordllama")
    wheel = Path(spec.origin).parent
    try:
        weights = load_file(wheel / _WEIGHTS)["embedding.weight"]
        tokenizer = Tokenizer.from_file(str(wheel / _TOKENIZER))
    except Exception as error:  # tokenizers raises bare Exception for an unreadable file
        repair = "install it again: pip install --force-reinstall wordllama"
        raise EmbeddingError(f"the embedding model inside 'wordllama' can't be read ({error}); {repair}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return _Model(vectors=np.ascontiguousarray(weights, dtype=np.float32), tokenizer=tokenizer)

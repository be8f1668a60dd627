"""The embedded model: its shape, its sense of likeness, and that it behaves in threads."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from memory.embedding import DIMENSIONS, embed


def test_rows_are_normalised_float32() -> None:
    vectors = embed(["How old must a senator be?", "pizza", "", "\ud800 lone surrogate", "x" * 100_000])
    assert vectors.shape == (5, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0, 1, 1], abs=1e-5)
    assert embed([]).shape == (0, DIMENSIONS)


def test_like_texts_are_near_and_unlike_texts_far() -> None:
    question, near, far = embed(["Who may become president?", "requirements to be elected president", "a pasta recipe"])
    assert question @ near > question @ far + 0.2


def test_it_agrees_with_the_package_the_weights_come_from() -> None:
    code = """
import logging, tempfile, pathlib, shutil, wordllama, numpy as np
wheel = pathlib.Path(wordllama.__file__).parent
with tempfile.TemporaryDirectory() as cache:
    shutil.copytree(wheel / "tokenizers", pathlib.Path(cache) / "tokenizers")
    shutil.copytree(wheel / "tokenizers", pathlib.Path(cache) / "tokenizer")
    theirs = wordllama.WordLlama.load(cache_dir=pathlib.Path(cache), disable_download=True)
texts = ["a short one", "We the People of the United States, in Order to form a more perfect Union"]
from memory.embedding import embed
assert np.allclose(theirs.embed(texts, norm=True), embed(texts), atol=1e-3)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)


def test_threads_share_one_model() -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: embed(["the same text"]), range(32)))
    assert all(np.array_equal(results[0], result) for result in results)

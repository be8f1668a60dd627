"""Commands for which permissions count, whoever runs the tests."""

from __future__ import annotations

import os
import shutil

import pytest


def without_privileges() -> list[str]:
    """What stands before a command so that permissions count for it: root may do anything unless that is taken away."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    return ["setpriv", "--bounding-set=-all"]

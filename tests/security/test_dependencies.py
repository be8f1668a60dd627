"""No version with a known hole is allowed, nor installed: the advisories of 2025 and 2026."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

FIXED_IN = {
    "langchain-core": ("1.2.22", "CVE-2026-34070 reads any file by a prompt's path; CVE-2025-68664 leaks secrets"),
    "langgraph": ("1.0.10", "CVE-2026-28277: objects made of checkpoint bytes"),
    "langgraph-checkpoint": ("4.0.0", "CVE-2026-27794 and CVE-2025-64439: code run from cached or stored bytes"),
    "langgraph-checkpoint-sqlite": ("3.0.1", "CVE-2025-67644, CVE-2025-64104, CVE-2025-8709: SQL by a filter's key"),
    "langgraph-sdk": ("0.3.15", "CVE-2026-48776: identifiers that lead to another resource"),
    "langchain-openai": ("1.1.14", "CVE-2026-41488: an image's URL that leads inside"),
    "langchain-community": ("0.3.27", "CVE-2025-6984: a document's entities read files"),
    "langsmith": ("0.6.3", "CVE-2026-25528: a header that sends traces elsewhere"),
    "simpleeval": ("1.0.5", "CVE-2026-32640: a way out of an expression by a module's names"),
    "filelock": ("3.20.3", "CVE-2025-68146 and CVE-2026-22701: a link in the place of a lock"),
    "lxml": ("6.1.0", "CVE-2026-41066: a document's entities read files"),
    "pypdf": ("6.21.4", "a dozen advisories of 2025 and 2026: documents that never end or fill the memory"),
    "httpcore": ("1.0.9", "brings h11 0.16; CVE-2025-43859: requests smuggled by chunks"),
    "starlette": ("1.3.1", "CVE-2026-48710, CVE-2026-54283, CVE-2025-62727: another path by the Host header; forms"),
}
ROOT = Path(__file__).parents[2]


def required() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return {requirement.name: requirement for requirement in map(Requirement, listed)}


@pytest.mark.parametrize("name", FIXED_IN)
def test_no_version_with_a_known_hole_is_allowed(name: str) -> None:
    fixed, why = FIXED_IN[name]
    lowest = min(Version(part.version) for part in required()[name].specifier if part.operator == ">=")
    assert lowest >= Version(fixed), why


@pytest.mark.parametrize("name", FIXED_IN)
def test_no_version_with_a_known_hole_is_installed(name: str) -> None:
    fixed, why = FIXED_IN[name]
    assert Version(importlib.metadata.version(name)) >= Version(fixed), why

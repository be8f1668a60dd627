"""Semantic Kernel's functions, where Semantic Kernel is installed."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from tools.bridges.semantic_kernel import semantic_kernel_tools

pytest.importorskip("semantic_kernel")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def kernel() -> Any:
    from semantic_kernel import Kernel
    from semantic_kernel.functions import kernel_function

    class Numbers:
        @kernel_function(name="double", description="Twice a number.")  # type: ignore[untyped-decorator]
        def double(self, n: Annotated[int, "The number."], note: str = "") -> dict[str, int]:
            return {"twice": 2 * n}

        @kernel_function(name="fail")  # type: ignore[untyped-decorator]
        def fail(self) -> str:
            raise ValueError("no luck")

    made = Kernel()
    made.add_plugin(Numbers(), plugin_name="numbers")
    return made


async def test_a_plugins_functions_keep_their_schema(kernel: Any) -> None:
    specs = {spec.name: spec for spec in semantic_kernel_tools(kernel, "numbers", risk="read")}
    assert set(specs) == {"numbers-double", "numbers-fail"}
    double = specs["numbers-double"]
    assert (await double.call({"n": 4})).value == {"twice": 8}
    assert double.description == "Twice a number."
    assert double.parameters["required"] == ["n"]
    assert double.parameters["properties"]["n"] == {"type": "integer", "description": "The number."}
    assert (double.risk, double.idempotent, double.trusted) == ("read", True, False)


async def test_an_error_of_a_function_is_raised(kernel: Any) -> None:
    specs = {spec.name: spec for spec in semantic_kernel_tools(kernel, "numbers")}
    with pytest.raises(ValueError, match="no luck"):
        await specs["numbers-fail"].call({})


def test_a_plugin_that_is_not_there_is_said(kernel: Any) -> None:
    with pytest.raises(ValueError, match="no plugin 'letters'; it has: numbers"):
        semantic_kernel_tools(kernel, "letters")

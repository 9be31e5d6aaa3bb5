"""One core for each measurement: what several threads share here is too small to be worth their waiting for each other.

On two busy cores, the regressions of :mod:`~.explicitness` took fifteen times as long with two threads as with one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def on_one_core(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """The function, with one thread for matrix products while it runs. For a moment, this holds for the whole process."""

    @wraps(function)
    def alone(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with _controller().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return alone


@lru_cache(1)
def _controller() -> Any:
    return ThreadpoolController()  # looking for the libraries takes milliseconds

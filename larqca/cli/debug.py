"""The flag ``--debug``, which may stand before and after the verb."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_on = [False]


def option(command: Command) -> Command:
    """Give a command the flag."""
    add = click.option("--debug", is_flag=True, is_eager=True, expose_value=False,
                       callback=_turn_on, help="Show tracebacks of errors.")
    return add(command)


def is_on() -> bool:
    """Whether the flag was given."""
    return _on[0]


@contextlib.contextmanager
def switch() -> Iterator[None]:
    """Off at the start of a command line, and off again after it."""
    _on[0] = False
    try:
        yield
    finally:
        _on[0] = False


def _turn_on(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        _on[0] = True

"""What all commands share: exit codes, progress bars, and how mistakes are told."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from zhiheng.lib.suggest import did_you_mean
from zhiheng.packs.loading import PackError, Packs, load_packs
from zhiheng.records.periods import Period, PeriodError
from zhiheng.sources import profile as profiles
from zhiheng.sources.profile import Profile, ProfileError

out = Console()
err = Console(stderr=True)


class Exit(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    FAILED = 1  # the work was done and found something wrong: a failing example, a pack with mistakes
    USAGE = 2  # the arguments are wrong: nothing was done
    NOTHING = 3  # the input held nothing that could be read: look at the rejects


def stop(message: str, code: Exit = Exit.USAGE) -> NoReturn:
    """End the command with a message that says what to do."""
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def now() -> datetime:
    """Return the moment that records of this run are received at."""
    return datetime.now(UTC)


def the_packs(name: str | None = None, root: Path | None = None) -> Packs:
    """Return all packs, or all versions of one; the command ends where one cannot be used."""
    try:
        return load_packs(root, only=[name] if name else None)
    except PackError as error:
        stop(str(error), Exit.FAILED)


def the_abbrs(names: str | None, packs: Packs) -> set[str] | None:
    """Return the packs named like "STEMI,THR", or None for all."""
    if not names:
        return None
    try:
        return {packs.newest(name.strip()).abbr for name in names.split(",") if name.strip()}
    except KeyError as error:
        stop(str(error.args[0]))


def the_profile(name: str) -> Profile:
    """Return a profile given as a folder, a file or the name of one that comes with Zhiheng."""
    path = Path(name)
    shipped = shipped_profiles()
    if not path.exists():
        if name not in shipped:
            stop(f'No profile "{name}": it is neither a folder nor one of ours.{did_you_mean(name, shipped)}')
        path = shipped[name]
    try:
        return profiles.load(path)
    except ProfileError as error:
        stop(str(error))


def shipped_profiles() -> dict[str, Path]:
    """Return the profiles that come with Zhiheng, by name."""
    package = Path(str(files("zhiheng")))
    installed = package / "_data" / "profiles"
    root = installed if installed.is_dir() else package.parent.parent / "profiles"
    return {path.parent.name: path.parent for path in sorted(root.glob("*/profile.yaml"))}


def the_period(text: str | None) -> Period | None:
    """Return the period, or None for all time."""
    try:
        return Period.parse(text) if text else None
    except PeriodError as error:
        stop(str(error))


def the_folder(path: Path) -> Path:
    """Return an input folder that exists."""
    if not path.is_dir():
        stop(f"No folder {path}. Name the folder that holds the exported files.")
    return path


class Bars:
    """Progress as bars on the terminal; nothing when the output is not a terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def start(self, name: str, total: int | None) -> None:
        self._tasks[name] = self._bars.add_task(name, total=total)

    def advance(self, name: str, done: int) -> None:
        self._bars.advance(self._tasks[name], done)

    def finish(self, name: str) -> None:
        self._bars.remove_task(self._tasks.pop(name))


@contextmanager
def progress() -> Iterator[Bars]:
    """Show bars while work goes on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not sys.stderr.isatty()) as bars:
        yield Bars(bars)

"""What people and jobs do in this stage, one function for each intention."""

from zhiheng.ingestion.actions.batches import (
    CannotDo,
    cancel,
    confirm,
    preview,
    purge_files,
    purge_old,
    receive,
    run_again,
    store,
)
from zhiheng.ingestion.actions.deciding import correct, dismiss, reopen, replay
from zhiheng.ingestion.actions.interfaces import add_interface, change_interface, folder_problem, inboxes
from zhiheng.ingestion.actions.watching import look, tidy

__all__ = [
    "CannotDo",
    "add_interface",
    "cancel",
    "change_interface",
    "confirm",
    "correct",
    "dismiss",
    "folder_problem",
    "inboxes",
    "look",
    "preview",
    "purge_files",
    "purge_old",
    "receive",
    "reopen",
    "replay",
    "run_again",
    "store",
    "tidy",
]

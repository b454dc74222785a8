"""Why a batch failed, for people. What the database and the system say may quote values: it stays out."""

from django.db import DatabaseError, OperationalError
from django.utils.translation import gettext as _

from zhiheng.sources.profile import ProfileError
from zhiheng.vault.sealing import CannotOpen


def is_expected(problem: Exception) -> bool:
    """Say whether `why` tells all there is; any other failure is the job's too, which tries again."""
    return isinstance(problem, ProfileError | CannotOpen | OSError | MemoryError)


def why(problem: Exception) -> str:
    """Return what happened and what to do."""
    match problem:
        case ProfileError():
            return _("The profile cannot be used:") + f"\n{problem}"
        case CannotOpen():
            return _("The stored files do not open: the keyring is another one, or they were changed on the disk.")
        case OperationalError():
            return _("The connection to the database was lost. The batch is tried again by itself.")
        case DatabaseError():
            said = _("The database refused the records (%(kind)s). Tell the maintainers of Zhiheng.")
        case OSError():
            said = _("A file could not be read or written (%(kind)s). Look at disk space and permissions.")
        case MemoryError():
            return _("There was not enough memory. Send the delivery in parts.")
        case _:
            said = _("An error of the program (%(kind)s). Tell the maintainers of Zhiheng.")
    return said % {"kind": type(problem).__name__}

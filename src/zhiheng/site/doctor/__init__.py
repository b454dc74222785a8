"""Look an installation over: each check passed, failed, did not apply or could not run, and says what to do."""

from zhiheng.site.doctor.outcomes import Outcome, Result
from zhiheng.site.doctor.rounds import examine

__all__ = ["Outcome", "Result", "examine"]

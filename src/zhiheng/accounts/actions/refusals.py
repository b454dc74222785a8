"""Why an action was not done, in words for the person who asked for it."""


class Refused(Exception):
    """The action was not done; nothing has changed. The message says why and what would help."""

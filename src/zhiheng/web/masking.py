"""Names and numbers as those see them who must not know whom they belong to: 张*, ****1234."""


def mask_name(name):
    """The first character; how long the rest is stays unknown, since a rare length can tell who it is."""
    return f"{name[0]}*" if name else ""


def mask_number(number):
    """The last four characters, where at least four others stay hidden; else none."""
    text = str(number or "")
    return f"****{text[-4:]}" if len(text) >= 8 else "****" if text else ""


MASKS = {"name": mask_name, "number": mask_number}

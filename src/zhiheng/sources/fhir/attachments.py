"""Attachments: the plain text that a document or report carries within itself."""

import base64
import binascii

from zhiheng.sources.fhir.elements import Node

DATA = 16 << 20  # characters of base64


def plain_texts(attachments: list[Node]) -> list[str]:
    """Return the texts; broken ones are reported, other formats and addresses elsewhere are left where they are."""
    return [text for attachment in attachments if (text := _text(attachment))]


def _text(attachment: Node) -> str | None:
    kind, data = attachment.text("contentType") or "", attachment.text("data", most=DATA)
    if not data or not kind.lower().startswith("text/plain"):
        return None
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
        return raw.decode(_charset(kind)).strip() or None
    except (binascii.Error, UnicodeDecodeError, LookupError) as error:
        attachment.report(
            "broken_attachment", "data", str(error), "附件内容无法解码", "请以 base64 编码的 UTF-8 纯文本导出"
        )
        return None


def _charset(content_type: str) -> str:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            value = value.strip(' "').lower()
            return "gb18030" if value in ("gbk", "gb2312") else value
    return "utf-8"

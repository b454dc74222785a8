"""The front page of the medical record (住院病案首页): one wide row for each visit -> canonical tables."""

from zhiheng.sources.frontpage.feed import Feed
from zhiheng.sources.frontpage.reader import FrontpageReader

__all__ = ["Feed", "reader"]

reader = FrontpageReader()

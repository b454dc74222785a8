"""Readers of hospital systems: one small folder each, the same few files, one conformance suite."""

from zhiheng.sources.reading import read as read

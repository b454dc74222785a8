"""A hospital that does not exist: two years of synthetic records, the same bytes for the same seed."""

from zhiheng.sources.demo.hospital import Demo, generate

__all__ = ["Demo", "generate"]

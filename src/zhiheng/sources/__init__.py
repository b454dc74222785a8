"""Readers of hospital systems: one small folder each, the same few files, one conformance suite."""

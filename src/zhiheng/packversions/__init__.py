"""Versions of packs as immutable rows: a case always opens in the form it was filled in."""

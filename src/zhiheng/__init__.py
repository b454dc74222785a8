"""Zhiheng (质衡): single-disease quality monitoring and reporting for hospitals."""

__version__ = "0.1.0"

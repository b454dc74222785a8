"""Tabular files: CSV, TSV, XLSX and NDJSON, also packed with gzip."""

from zhiheng.sources.files.feed import Feed as Feed
from zhiheng.sources.files.reader import FilesReader

reader = FilesReader()

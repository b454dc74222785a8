"""FHIR R4 resources as JSON."""

from zhiheng.sources.fhir.feed import Feed
from zhiheng.sources.fhir.reader import FhirReader, reader

__all__ = ["Feed", "FhirReader", "reader"]

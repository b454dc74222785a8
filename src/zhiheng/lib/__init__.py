"""Small helpers that know nothing of hospitals: YAML with places, suggestions, strict parsing."""

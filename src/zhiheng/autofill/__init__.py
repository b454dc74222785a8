"""Proposals: what the records prove for a case, with the evidence."""

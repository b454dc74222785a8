"""The answers of a case: typed, checked, confirmed, undone, each with its history."""

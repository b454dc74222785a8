"""Patient data at rest: sealed with a key that stands outside the database, found again by a blind index."""

"""Work in the background: what has happened is announced, what follows is queued in the same transaction."""

"""Which visits belong to which disease, and why, or why not."""

"""Records come in: batches, record tables with their versions, rejects."""

"""Pages: batches, uploads, rejects, interfaces."""

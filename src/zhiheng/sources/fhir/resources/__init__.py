"""One module for each kind of resource: how it becomes rows of the canonical tables."""

"""The commands: they read arguments, call the pipeline or the packs, and print. Nothing is decided here."""

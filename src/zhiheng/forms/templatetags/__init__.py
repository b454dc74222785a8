"""Tags and filters of the forms."""

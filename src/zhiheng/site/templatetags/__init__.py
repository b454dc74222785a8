"""Tags and filters of the desk."""

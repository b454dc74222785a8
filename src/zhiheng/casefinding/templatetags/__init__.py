"""Tags and filters of casefinding."""

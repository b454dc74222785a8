"""Composes the web product: settings, addresses, the desk and the case page."""

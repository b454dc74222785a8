"""Who did what, when: appended with the act, sealed into a chain, never changed."""

"""A hospital that does not exist, in a data folder of its own: departments, people, accounts, records."""

"""People: organisation, departments, staff, accounts, roles."""

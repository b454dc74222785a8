"""The stories: what happens to a patient, from the door to the discharge."""

"""What a hospital says, in one vocabulary: the canonical tables and what every reader needs to fill them."""

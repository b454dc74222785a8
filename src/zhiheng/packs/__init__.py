"""Disease packs: a disease is data. Models, loading, importing, checking, testing."""

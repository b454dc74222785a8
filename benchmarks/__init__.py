"""What is claimed to be fast, measured: `make bench`, or `python -m benchmarks --quick` for a trial."""

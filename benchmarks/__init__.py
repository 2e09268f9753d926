"""One runnable per published number. `make bench-NAME` writes `build/bench/NAME.json` and `docs/benchmarks/NAME.*`."""

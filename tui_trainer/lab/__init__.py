"""Beyond training one network: gradient checks, learning-rate range tests, ensembles, baselines."""

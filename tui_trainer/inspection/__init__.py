"""Looking into a trained network: what it gets wrong, what it has learnt, what it makes of a drawing. With torch, without a screen."""

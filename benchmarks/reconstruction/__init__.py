"""How well defaults reconstruct systems: clean, noisy, partly seen, short, and real."""

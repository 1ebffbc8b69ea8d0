"""Two-step structural equation modelling."""

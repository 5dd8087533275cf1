"""torch.save files for tests, written without torch."""

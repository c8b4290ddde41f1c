"""Learning: from updates to whole trainings on a real chain."""

"""Twelve lessons: each a card (idea, question, formula) and a scene, computed from runs that are there."""

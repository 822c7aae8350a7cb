"""Offline evaluation: a QA set and an index → figures with intervals, gates, a report."""

"""The upgrade of a centre: state, checklist, report."""

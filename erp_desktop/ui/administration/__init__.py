"""Administration: what only administrators keep, at the centre or in a stand-alone file."""

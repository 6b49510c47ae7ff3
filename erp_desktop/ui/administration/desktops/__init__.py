"""Devices of the centre: their list and acts, and the codes that enrol them."""

"""The exchange carried by hand while the line is down: what a cycle would send and receive, in sealed files."""

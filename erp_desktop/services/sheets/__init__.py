"""Tables as people have them: CSV of any separator and encoding, workbooks, title rows and notice sheets first."""

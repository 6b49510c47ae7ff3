"""A device's life: enrolment, first database, passwords, re-enrolment."""

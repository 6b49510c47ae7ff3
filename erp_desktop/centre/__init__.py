"""What lives in PostgreSQL beside the tables: roles, guards, functions; how they are installed and recognised."""

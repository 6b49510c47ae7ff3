"""What every replica computes of invoices from other rows: their totals, what is settled and due."""

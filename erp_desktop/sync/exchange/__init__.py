"""One exchange with the centre: line, outbox, units, batches, application of what comes."""

"""What watches the exchange: the background service, health, comparison with the centre."""

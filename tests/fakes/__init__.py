"""Stand-ins for services, which speak the real protocols on loopback."""

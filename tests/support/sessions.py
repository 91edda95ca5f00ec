"""Ends sessions of PostgreSQL, whatever its version."""


def ending(pid: int) -> str:
    """SQL that ends a session and waits until it is gone, up to ten seconds."""
    return (
        f"DO $$ BEGIN PERFORM pg_terminate_backend({pid}); FOR i IN 1..1000 LOOP PERFORM pg_stat_clear_snapshot(); "
        f"EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid}); PERFORM pg_sleep(0.01); "
        "END LOOP; END $$"
    )

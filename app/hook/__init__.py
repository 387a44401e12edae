"""The three pure functions behind the routes: sync, finalize, customize."""

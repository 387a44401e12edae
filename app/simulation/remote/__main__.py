"""`python -m app.simulation.remote`."""

from app.simulation.remote.process import main

raise SystemExit(main())

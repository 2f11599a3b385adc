"""services.integrations.trackers.main without its first wall."""

from services.integrations.trackers.main import main
from tests.integration.access.unwalled import run_unwalled

if __name__ == "__main__":
    run_unwalled(main)

"""services.customers.main without its first wall."""

from services.customers.main import main
from tests.integration.access.unwalled import run_unwalled

if __name__ == "__main__":
    run_unwalled(main)

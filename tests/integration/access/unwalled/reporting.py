"""services.reporting.main without its first wall."""

from services.reporting.main import main
from tests.integration.access.unwalled import take_the_first_wall_down

if __name__ == "__main__":
    take_the_first_wall_down()
    main()

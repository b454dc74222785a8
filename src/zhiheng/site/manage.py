"""Django's own commands for developers, with the embedded PostgreSQL: python -m zhiheng.site.manage makemigrations."""

import os
import sys
import warnings

from django.core.management import execute_from_command_line

from zhiheng.site import env, postgres, running

WITHOUT_DATABASE = {"makemigrations", "collectstatic", "findstatic", "check", "help"}


def main(arguments: list[str]) -> None:
    """Run a command of Django as the owner of the tables."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhiheng.site.settings")
    if not arguments or arguments[0] in WITHOUT_DATABASE:
        warnings.filterwarnings("ignore", message="Got an error checking a consistent migration history")
        return execute_from_command_line(["manage", *arguments])
    try:
        with running.database(env.read()) as urls:
            os.environ["DATABASE_URL"] = urls.owner
            return execute_from_command_line(["manage", *arguments])
    except (env.BadSettings, postgres.NoPostgres) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Entry point of ``python -m harness`` and of the ``lensbench`` command."""

from harness.cli.main import main

if __name__ == "__main__":
    main()

"""``python -m pipeline`` is the same as ``connectivity``."""

import signal

if __name__ == "__main__":
    # Ctrl-C while modules are still being imported ends the program without a traceback; main() takes over from there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from pipeline.cli.main import main

if __name__ == "__main__":
    main()

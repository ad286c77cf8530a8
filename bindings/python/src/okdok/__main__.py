"""``python -m okdok``"""

import sys

from .bulk._cli import main

sys.exit(main())

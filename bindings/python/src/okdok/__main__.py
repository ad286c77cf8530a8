"""``python -m okdok``"""

import sys

from ._cli import main

sys.exit(main())

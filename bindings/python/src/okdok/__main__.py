"""``python -m okdok``"""

import sys

from .bulk._command import main

sys.exit(main())

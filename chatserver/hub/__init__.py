"""Client sockets in an epoll of their own, which the reactor reads as one file.

The modules of this package can be imported only where there is epoll.
"""

import select

HAS_EPOLL = hasattr(select, "epoll")

"""How gunicorn serves the pages: a few processes with a few threads each. Sizes come from the settings."""

import os
from pathlib import Path

from zhiheng.site import env

_environment = env.read()
bind = f"{_environment.address}:{_environment.port}"
workers = _environment.web_workers or min(max(os.cpu_count() or 1, 2), 8)
threads = _environment.threads
worker_class = "gthread"
preload_app = True  # the code is loaded once and shared
timeout = 120
graceful_timeout = 30
keepalive = 5
max_requests, max_requests_jitter = 20_000, 2_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a slow disk must not look like a dead worker
forwarded_allow_ips = ",".join(_environment.proxies) or "127.0.0.1"
control_socket_disable = True
proc_name = "zhiheng"
accesslog = None  # who opened what stands in the audit trail
errorlog = "-"
loglevel = "warning"

"""
OpenStack Swift with its S3 interface, whole in one process on 127.0.0.1: for the tests of the S3 blob store, as a store that is not
ours and checks every signature and every payload hash. Objects are kept in memory. Debian has it as python3-swift.

    python3 s3-server.py DIRECTORY SECRET

prints its port when it is ready and ends when its standard input does. The access key is test:posthorn.
"""
import eventlet

eventlet.monkey_patch()

import os
import sys

from eventlet import wsgi
from eventlet.hubs import trampoline
from paste.deploy import loadapp
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol

DIRECTORY, SECRET = sys.argv[1:]

PROXY = f"""
[pipeline:main]
pipeline = gatekeeper s3api tempauth bulk slo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:gatekeeper]
use = egg:swift#gatekeeper

[filter:s3api]
use = egg:swift#s3api
location = us-east-1

[filter:tempauth]
use = egg:swift#tempauth
user_test_posthorn = {SECRET} .admin

[filter:bulk]
use = egg:swift#bulk

[filter:slo]
use = egg:swift#slo
"""


class Cache(dict):
    """What Swift would keep in memcached."""

    def __bool__(self):
        return True

    def get(self, key, raise_on_error=False):
        return super().get(key)

    def set(self, key, value, **_):
        self[key] = value

    def delete(self, key, **_):
        self.pop(key, None)


def load(name, sections):
    path = os.path.join(DIRECTORY, f'{name}.conf')
    with open(path, 'w') as conf:
        conf.write(f'[DEFAULT]\nswift_dir = {DIRECTORY}\ndevices = {DIRECTORY}\n')
        conf.write('mount_check = false\nlog_level = ERROR\n')
        conf.write(sections)
    return loadapp(f'config:{path}', name='main')


def serve(socket, app):
    eventlet.spawn(wsgi.server, socket, app, utils.NullLogger(), protocol=SwiftHttpProtocol, log_output=False)


def start_backends():
    sockets = {kind: eventlet.listen(('127.0.0.1', 0)) for kind in ('account', 'container', 'object')}
    for kind, socket in sockets.items():
        builder = RingBuilder(1, 1, 0)
        port = socket.getsockname()[1]
        builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk', 'weight': 1})
        builder.rebalance()
        builder.get_ring().save(os.path.join(DIRECTORY, f'{kind}.ring.gz'))
    for kind, socket in sockets.items():
        use = 'mem_object' if kind == 'object' else kind
        serve(socket, load(kind, f'[app:main]\nuse = egg:swift#{use}\n'))


def start_front():
    app = load('proxy', PROXY)
    cache = Cache()

    def with_cache(env, start_response):
        env['swift.cache'] = cache
        return app(env, start_response)

    socket = eventlet.listen(('127.0.0.1', 0))
    serve(socket, with_cache)
    return socket.getsockname()[1]


os.makedirs(os.path.join(DIRECTORY, 'disk'))
with open(os.path.join(DIRECTORY, 'swift.conf'), 'w') as conf:
    conf.write('[swift-hash]\nswift_hash_path_prefix = posthorn\nswift_hash_path_suffix = posthorn\n')
utils.set_swift_dir(DIRECTORY)
start_backends()
print(start_front(), flush=True)
while True:
    trampoline(0, read=True)
    if not os.read(0, 4096):
        break

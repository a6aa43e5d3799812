"""An Iceberg REST catalog on a free port of loopback: the protocol here, the catalog itself pyiceberg's.

Prints the port, and ends when its standard input does, so that it never outlives its caller. Every
warehouse that a client names is a catalog of its own, unless the name begins with `missing`; one whose
name begins with `locked` wants a token, which the client `tests` gets for the secret `open sesame`. A POST
to /faults/WAREHOUSE/KIND makes the next commit there fail: `busy` before it is made, `silent` after it,
without an answer that says so, `proxied` after it with the answer of `busy`, `refused` in place of it, and
`late` before it, but so that a POST to /faults/WAREHOUSE/arrive makes
it. `expire` ends the tokens that were given out.
"""

import json

from loopback import serve
from pyiceberg.catalog.rest import CreateTableRequest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import CommitTableRequest
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

SECRET = "open sesame"
STATUS = {
    NoSuchNamespaceError: 404,
    NoSuchTableError: 404,
    NamespaceAlreadyExistsError: 409,
    TableAlreadyExistsError: 409,
    CommitFailedException: 409,
}

ROUTES = Map([
    Rule("/v1/config", endpoint="config", methods=["GET"]),
    Rule("/v1/oauth/tokens", endpoint="token", methods=["POST"]),
    Rule("/faults/<warehouse>/<kind>", endpoint="fault", methods=["POST"]),
    Rule("/v1/<warehouse>/namespaces", endpoint="create_namespace", methods=["POST"]),
    Rule("/v1/<warehouse>/namespaces/<namespace>", endpoint="namespace", methods=["GET"]),
    Rule("/v1/<warehouse>/namespaces/<namespace>/tables", endpoint="create_table", methods=["POST"]),
    Rule("/v1/<warehouse>/namespaces/<namespace>/tables/<table>", endpoint="table", methods=["GET"]),
    Rule("/v1/<warehouse>/namespaces/<namespace>/tables/<table>", endpoint="commit", methods=["POST"]),
])


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def answer(body=None, status=200):
    if body is None:
        return Response(status=status)
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(text, status=status, content_type="application/json")


def failure(status, name, message):
    return answer({"error": {"message": message, "type": name, "code": status}}, status)


def described(metadata, location):
    metadata = json.loads(metadata.model_dump_json())
    return answer({"metadata-location": location, "metadata": metadata, "config": {}})


class Server:
    def __init__(self):
        self.catalogs = {}
        self.faults = {}
        self.late = {}
        self.expired = 0

    def catalog(self, warehouse):
        if warehouse not in self.catalogs:
            self.catalogs[warehouse] = SqlCatalog(warehouse, uri="sqlite:///:memory:")
        return self.catalogs[warehouse]

    def config(self, request):
        warehouse = request.args.get("warehouse", "default")
        if warehouse.startswith("missing"):
            raise Refused(404, f"there is no warehouse {warehouse}")
        self.check(request, warehouse)
        return answer({"defaults": {}, "overrides": {"prefix": warehouse}})

    def token(self, request):
        form = request.form
        known = form.get("client_id") == "tests" and form.get("client_secret") == SECRET
        if form.get("grant_type") != "client_credentials" or not known:
            raise Refused(401, "unknown client")
        return answer({"access_token": f"token {self.expired}", "token_type": "bearer", "expires_in": 3600})

    def fault(self, request, warehouse, kind):
        if kind == "arrive":
            return self.made(warehouse, *self.late.pop(warehouse))
        if kind == "expire":
            self.expired += 1
            return answer()
        self.faults[warehouse] = kind
        return answer()

    def check(self, request, warehouse):
        if not warehouse.startswith("locked"):
            return
        token = request.headers.get("Authorization")
        if token is None:
            raise Refused(401, "a token is missing")
        if token != f"Bearer token {self.expired}":
            raise Refused(419, "the token has ended")

    def create_namespace(self, request, warehouse):
        name = tuple(request.get_json()["namespace"])
        self.catalog(warehouse).create_namespace(name)
        return answer({"namespace": name, "properties": {}})

    def namespace(self, request, warehouse, namespace):
        name = tuple(namespace.split("\x1f"))
        properties = self.catalog(warehouse).load_namespace_properties(name)
        return answer({"namespace": name, "properties": properties})

    def create_table(self, request, warehouse, namespace):
        wanted = CreateTableRequest.model_validate_json(request.get_data())
        table = self.catalog(warehouse).create_table(
            (*namespace.split("\x1f"), wanted.name),
            wanted.table_schema,
            location=wanted.location,
            partition_spec=wanted.partition_spec or UNPARTITIONED_PARTITION_SPEC,
            sort_order=wanted.write_order or UNSORTED_SORT_ORDER,
            properties=wanted.properties,
        )
        return described(table.metadata, table.metadata_location)

    def table(self, request, warehouse, namespace, table):
        found = self.catalog(warehouse).load_table((*namespace.split("\x1f"), table))
        return described(found.metadata, found.metadata_location)

    def commit(self, request, warehouse, namespace, table):
        fault = self.faults.pop(warehouse, None)
        if fault == "busy":
            raise Refused(503, "busy")
        if fault == "refused":
            raise CommitFailedException("refused")
        wanted = CommitTableRequest.model_validate_json(request.get_data())
        if fault == "late":
            self.late[warehouse] = ((*namespace.split("\x1f"), table), wanted)
            raise Refused(500, "something went wrong")
        done = self.made(warehouse, (*namespace.split("\x1f"), table), wanted)
        if fault == "silent":
            raise Refused(500, "something went wrong")
        if fault == "proxied":
            raise Refused(503, "busy")
        return done

    def made(self, warehouse, name, wanted):
        catalog = self.catalog(warehouse)
        done = catalog.commit_table(catalog.load_table(name), wanted.requirements, wanted.updates)
        return described(done.metadata, done.metadata_location)

    def __call__(self, environ, start_response):
        return self.respond(Request(environ))(environ, start_response)

    def respond(self, request):
        try:
            endpoint, values = ROUTES.bind_to_environ(request.environ).match()
            if "warehouse" in values and endpoint != "fault":
                self.check(request, values["warehouse"])
            return getattr(self, endpoint)(request, **values)
        except Refused as error:
            return failure(error.status, "Refused", str(error))
        except HTTPException as error:
            return failure(error.code, error.name, error.description)
        except tuple(STATUS) as error:
            return failure(STATUS[type(error)], type(error).__name__, str(error))
        except Exception as error:  # A defect of the test: it is to be seen in the client's error.
            return failure(400, type(error).__name__, str(error))


# In one thread: a database in memory belongs to it.
serve(Server(), threaded=False)

"""AWS on loopback: moto's server, reached through real boto3, with calls counted and faults put in front of it."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, NamedTuple

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

REGION = "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
BUCKET = "results"
TABLE = "OrchestrationLogs"
GEMINI_SECRET = "query-generator/gemini"
RDS_SECRET = "query-generator/rds"


class Refusal(NamedTuple):
    """An error of AWS: the status, and a code and words in its body, which is empty without a code."""

    status: int
    code: str
    words: str

    def body(self, *, in_json: bool) -> bytes:
        """Write it as DynamoDB and Secrets Manager do, or as S3 does."""
        if not self.code:
            return b""
        if in_json:
            return json.dumps({"__type": f"com.amazonaws#{self.code}", "message": self.words}).encode()
        told = f"<Error><Code>{self.code}</Code><Message>{self.words}</Message><RequestId>1</RequestId></Error>"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{told}'.encode()


class AwsServer:
    """Moto on a free port. `calls` counts requests by operation: `GetSecretValue`, `PutItem`, or `PUT /bucket/key`."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failing: dict[str, Refusal] = {}
        self.on_call: Callable[[str], None] = lambda _: None  # told of each operation before it is answered
        self._clients: dict[str, Any] = {}
        self._app: Any = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Endpoint for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "AwsServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def client(self, service: Any) -> Any:
        """Make a real client of this server; the next time it is the same one."""
        if service not in self._clients:
            session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
            self._clients[service] = session.client(service, endpoint_url=self.url)
        return self._clients[service]

    def reset(self) -> None:
        """Forget everything, then make the bucket and the table of events."""
        self.failing.clear()
        self.on_call = lambda _: None
        import urllib.request

        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "job_id", "KeyType": "HASH"},
                {"AttributeName": "event_timestamp_id", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "job_id", "AttributeType": "S"},
                {"AttributeName": "event_timestamp_id", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.calls.clear()

    def put_secrets(self, gemini: str, rds: dict[str, Any] | str) -> None:
        """Store the two secrets of the standard set-up."""
        secrets = self.client("secretsmanager")
        secrets.create_secret(Name=GEMINI_SECRET, SecretString=gemini)
        secrets.create_secret(Name=RDS_SECRET, SecretString=rds if isinstance(rds, str) else json.dumps(rds))

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """Read the events of a job in their order."""
        from boto3.dynamodb.types import TypeDeserializer

        items = self.client("dynamodb").query(
            TableName=TABLE,
            KeyConditionExpression="job_id = :job",
            ExpressionAttributeValues={":job": {"S": job_id}},
        )["Items"]
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in items]

    def result(self, job_id: str, name: str = "results.json") -> dict[str, Any]:
        """Read an object of a job."""
        body = self.client("s3").get_object(Bucket=BUCKET, Key=f"query/{job_id}/{name}")["Body"].read()
        document: dict[str, Any] = json.loads(body)
        return document

    def fail(self, operation: str, status: int = 503, code: str = "", words: str = "") -> None:
        """Answer every call whose operation begins with this text with an error, until `reset`."""
        self.failing[operation] = Refusal(status, code, words)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        operation = target.rpartition(".")[2] or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.calls[operation] += 1
        self.on_call(operation)
        for prefix, refusal in self.failing.items():
            if operation.startswith(prefix):
                start_response(f"{refusal.status} Failing", [("Content-Type", "text/plain")])
                return [refusal.body(in_json=bool(target)) if environ["REQUEST_METHOD"] != "HEAD" else b""]
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer

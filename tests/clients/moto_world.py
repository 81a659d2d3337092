"""moto's server with two of S3's answers put right; started by tests/tests/moto.rs with a port.

moto names the root of a versioning answer after the operation, and answers GetBucketRequestPayment with a listing.
boto3 does not look at the root; other SDKs refuse such an answer.
"""

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

# moto's name, and S3's (BC:s3, and the answers in the API reference).
ROOTS = {
    b"GetBucketVersioningResponse": b"VersioningConfiguration",
}

# What S3 answers for a bucket whose owner pays, as every bucket here.
OWNER_PAYS = (
    b'<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
)


def put_right(app):
    def answer(environ, start_response):
        kept = {}

        def keep(status, headers, exc_info=None):
            kept.update(status=status, headers=headers)

        body = b"".join(app(environ, keep))
        for wrong, right in ROOTS.items():
            body = body.replace(b"<" + wrong, b"<" + right).replace(b"</" + wrong, b"</" + right)
        asks_who_pays = "requestPayment" in environ.get("QUERY_STRING", "")
        if asks_who_pays and environ["REQUEST_METHOD"] == "GET" and b"<ListBucketResult" in body:
            body = OWNER_PAYS
        headers = [pair for pair in kept["headers"] if pair[0].lower() != "content-length"]
        start_response(kept["status"], headers + [("Content-Length", str(len(body)))])
        return [body]

    return answer


if __name__ == "__main__":
    moto = put_right(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), moto, threaded=True)

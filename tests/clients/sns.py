"""Judges SNS with boto3 and a few lines of the AWS CLI: topics, policies, subscriptions, publishing, and the mailbox.

Messages are AWS's where their source is told; the others are only looked at by their code.
"""

import json

from s3_world import DESTINATION, ONCE, SOURCE, cli, control, create_key, document, expect, refused, session

BAD = "InvalidParameter"
# GH:hashicorp/terraform#12740
OUT_OF_SCOPE = "Invalid parameter: Policy statement action out of service scope!"
# GH:hashicorp/terraform#31538
NO_PRINCIPAL = "Invalid parameter: Policy Error: PrincipalNotFound"


def client(account=SOURCE, service="sns", role="sandbox", region="eu-west-1"):
    return session(account, role).client(service, config=ONCE, region_name=region)


def arn(name):
    return f"arn:aws:sns:eu-west-1:{SOURCE}:{name}"


def attributes(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def mail(topic):
    return [entry for entry in control("GET", "mailbox") if entry["topic"] == topic]


def topics_are_made_shown_and_listed(sns):
    tags = [{"Key": "team", "Value": "x"}]
    topic = sns.create_topic(Name="judge", Attributes={"DisplayName": "Judge"}, Tags=tags)["TopicArn"]
    expect(topic, arn("judge"), "ARN of a topic")
    # Idempotent, where what is asked for is what is there.
    expect(sns.create_topic(Name="judge")["TopicArn"], topic, "a topic that is there")
    refused(BAD, None, sns.create_topic, Name="judge", Attributes={"DisplayName": "Other"})
    refused(BAD, None, sns.create_topic, Name="judge", Tags=[{"Key": "team", "Value": "y"}])
    for name in ["", "a b", "x" * 257, "a.fifo"]:
        refused(BAD, None, sns.create_topic, Name=name)
    told = attributes(sns, topic)
    wanted = {"DisplayName": "Judge", "Owner": SOURCE, "TopicArn": topic, "SubscriptionsConfirmed": "0", "SubscriptionsPending": "0", "SubscriptionsDeleted": "0"}
    expect({name: told[name] for name in wanted}, wanted, "attributes of a topic")
    policy = json.loads(told["Policy"])
    statement = policy["Statement"][0]
    # GH:airbnb/binaryalert#169
    default = (policy["Version"], policy["Id"], statement["Sid"], statement["Principal"], statement["Resource"], statement["Condition"])
    condition = {"StringEquals": {"AWS:SourceOwner": SOURCE}}
    expect(default, ("2008-10-17", "__default_policy_ID", "__default_statement_ID", {"AWS": "*"}, topic, condition), "default policy")
    expect("SNS:Publish" in statement["Action"], True, "actions of the default policy")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="")
    expect(attributes(sns, topic)["DisplayName"], "", "a name that was taken away")
    refused(BAD, None, sns.set_topic_attributes, TopicArn=topic, AttributeName="Colour", AttributeValue="red")
    refused(BAD, None, sns.set_topic_attributes, TopicArn=topic, AttributeName="DisplayName", AttributeValue="x" * 101)
    refused(BAD, None, sns.set_topic_attributes, TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue="{")
    expect(sns.list_tags_for_resource(ResourceArn=topic)["Tags"], tags, "tags")
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "b", "Value": ""}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["team"])
    expect(sns.list_tags_for_resource(ResourceArn=topic)["Tags"], [{"Key": "b", "Value": ""}], "tags")
    many = [{"Key": str(number), "Value": ""} for number in range(50)]
    refused("TagLimitExceeded", None, sns.tag_resource, ResourceArn=topic, Tags=many)
    for number in range(105):
        sns.create_topic(Name=f"judge-page-{number:03}")
    pages = list(sns.get_paginator("list_topics").paginate())
    listed = [one["TopicArn"] for page in pages for one in page["Topics"]]
    expect((len(pages) > 1, topic in listed, len(set(listed)) == len(listed)), (True, True, True), "pages of topics")
    for number in range(105):
        sns.delete_topic(TopicArn=arn(f"judge-page-{number:03}"))
    refused("NotFound", "Topic does not exist", sns.get_topic_attributes, TopicArn=arn("judge-page-000"))
    refused("ResourceNotFound", None, sns.list_tags_for_resource, ResourceArn=arn("judge-page-000"))
    sns.delete_topic(TopicArn=arn("judge-page-000"))
    # GH:mozilla/security#8
    refused(BAD, "Invalid parameter: TopicArn", client(region="eu-central-1").get_topic_attributes, TopicArn=topic)
    refused(BAD, None, sns.get_topic_attributes, TopicArn="judge")


def allow(principal, action="sns:Publish", name="judge", **more):
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn(name), **more}


def policies_are_checked_when_they_are_put(sns):
    put = lambda policy: {"TopicArn": arn("judge"), "AttributeName": "Policy", "AttributeValue": policy}  # noqa: E731
    everyone = {"AWS": SOURCE}
    # GH:aws/aws-cli#3143, GH:hashicorp/terraform#12740
    for action in ["sns:CreateTopic", "sns:SetSubscriptionAttributes", "s3:GetObject", "sns:Nothing"]:
        refused(BAD, OUT_OF_SCOPE, sns.set_topic_attributes, **put(document(allow(everyone, ["sns:Publish", action]))))
    refused(BAD, NO_PRINCIPAL, sns.set_topic_attributes, **put(document(allow({"AWS": f"arn:aws:iam::{SOURCE}:role/gone"}))))
    # GH:cloud-custodian/cloud-custodian#1779
    refused(BAD, "Invalid parameter: Policy Error: null", sns.set_topic_attributes, **put(document()))
    for policy in ["{", "[]", document({**allow(everyone), "Effect": "Permit"}), document(allow(everyone, name="other"))]:
        refused(BAD, None, sns.set_topic_attributes, **put(policy))
    refused(BAD, None, sns.set_topic_attributes, **put(document(allow(everyone)) + " " * 30720))
    # GH:nccgroup/ScoutSuite#1415: `sns:*` is taken.
    role = f"arn:aws:iam::{SOURCE}:role/sandbox"
    for action in ["sns:*", ["SNS:Publish", "sns:Receive", "sns:Subscribe"]]:
        sns.set_topic_attributes(**put(document(allow({"AWS": role, "Service": "cloudwatch.amazonaws.com"}, action))))
    shown = json.loads(attributes(sns, arn("judge"))["Policy"])["Statement"][0]["Principal"]
    expect(shown, {"AWS": role, "Service": "cloudwatch.amazonaws.com"}, "principals as shown")
    sns.add_permission(TopicArn=arn("judge"), Label="other", AWSAccountId=[DESTINATION], ActionName=["Publish", "Subscribe"])
    refused(BAD, None, sns.add_permission, TopicArn=arn("judge"), Label="other", AWSAccountId=[DESTINATION], ActionName=["Publish"])
    # GH:aws/aws-cli#3143
    refused(BAD, OUT_OF_SCOPE, sns.add_permission, TopicArn=arn("judge"), Label="l", AWSAccountId=[DESTINATION], ActionName=["SetSubscriptionAttributes"])
    added = json.loads(attributes(sns, arn("judge"))["Policy"])["Statement"][1]
    told = (added["Sid"], added["Principal"], added["Action"], added["Resource"])
    expect(told, ("other", {"AWS": f"arn:aws:iam::{DESTINATION}:root"}, ["SNS:Publish", "SNS:Subscribe"], arn("judge")), "an added statement")
    client(DESTINATION).publish(TopicArn=arn("judge"), Message="from afar")
    sns.remove_permission(TopicArn=arn("judge"), Label="other")
    refused("AuthorizationError", None, client(DESTINATION).publish, TopicArn=arn("judge"), Message="from afar")


def subscriptions_are_confirmed(sns):
    topic = sns.create_topic(Name="judge-subscribers")["TopicArn"]
    control("DELETE", "mailbox")
    given = lambda protocol, endpoint, **more: {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, **more}  # noqa: E731
    subscribe = lambda *of, **more: sns.subscribe(**given(*of, **more))["SubscriptionArn"]  # noqa: E731
    expect(subscribe("email", "a@example.com"), "pending confirmation", "a subscription by mail")
    pending = subscribe("https", "https://example.com/x", ReturnSubscriptionArn=True)
    expect(pending.startswith(f"{topic}:"), True, f"ARN of a pending subscription: {pending}")
    queue = f"arn:aws:sqs:eu-west-1:{SOURCE}:q"
    confirmed = subscribe("sqs", queue, Attributes={"RawMessageDelivery": "true"})
    expect(subscribe("sqs", queue), confirmed, "a subscription that is there")
    refused(BAD, None, sns.subscribe, **given("sqs", queue, Attributes={"RawMessageDelivery": "false"}))
    for protocol, endpoint in [("email", "a"), ("https", "http://example.com"), ("sqs", "q"), ("lambda", queue), ("pigeon", "x")]:
        refused(BAD, None, sns.subscribe, **given(protocol, endpoint))
    refused(BAD, None, sns.subscribe, **given("sqs", queue + "2", Attributes={"FilterPolicy": '{"a": ["b"]}'}))
    refused("NotFound", "Topic does not exist", sns.subscribe, TopicArn=arn("none"), Protocol="sqs", Endpoint=queue)
    told = attributes(sns, topic)
    expect((told["SubscriptionsConfirmed"], told["SubscriptionsPending"]), ("1", "2"), "counts of subscriptions")
    listed = {one["Endpoint"]: one["SubscriptionArn"] for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]}
    wanted = {"a@example.com": "PendingConfirmation", "https://example.com/x": "PendingConfirmation", queue: confirmed}
    expect(listed, wanted, "subscriptions of a topic")
    expect(confirmed in [one["SubscriptionArn"] for one in sns.list_subscriptions()["Subscriptions"]], True, "subscriptions")
    shown = sns.get_subscription_attributes(SubscriptionArn=confirmed)["Attributes"]
    told = {name: shown[name] for name in ["PendingConfirmation", "RawMessageDelivery", "Protocol", "Endpoint", "Owner", "TopicArn"]}
    wanted = {"PendingConfirmation": "false", "RawMessageDelivery": "true", "Protocol": "sqs", "Endpoint": queue, "Owner": SOURCE, "TopicArn": topic}
    expect(told, wanted, "attributes of a subscription")
    sns.set_subscription_attributes(SubscriptionArn=confirmed, AttributeName="RawMessageDelivery", AttributeValue="false")
    expect(sns.get_subscription_attributes(SubscriptionArn=confirmed)["Attributes"]["RawMessageDelivery"], "false", "a changed attribute")
    # Only who confirmed gets anything; the mailbox has the token.
    sns.publish(TopicArn=topic, Message="first")
    letters = mail(topic)
    expect([one["type"] for one in letters], ["confirmation", "confirmation", "published"], "letters")
    expect([to["endpoint"] for to in letters[2]["to"]], [queue], "who got the first message")
    refused(BAD, None, sns.confirm_subscription, TopicArn=topic, Token="no")
    arn_of_mail = sns.confirm_subscription(TopicArn=topic, Token=letters[0]["token"])["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="second", Subject="s")
    last = mail(topic)[-1]
    expect(sorted(to["endpoint"] for to in last["to"]), ["a@example.com", queue], "who got the second message")
    expect((last["subject"], last["message"], last["from"]), ("s", "second", f"arn:aws:sts::{SOURCE}:assumed-role/sandbox/judge"), "a letter")
    sns.unsubscribe(SubscriptionArn=arn_of_mail)
    refused("NotFound", "Subscription does not exist", sns.get_subscription_attributes, SubscriptionArn=arn_of_mail)
    expect(attributes(sns, topic)["SubscriptionsDeleted"], "1", "deleted subscriptions")
    refused(BAD, None, sns.publish, TopicArn=topic, Message="x", Subject="a\nb")
    refused(BAD, None, sns.publish, TopicArn=topic, Message="x" * (256 * 1024 + 1))
    refused(BAD, None, sns.publish, TopicArn=topic, Message="x", MessageStructure="json")
    sns.publish(TopicArn=topic, Message='{"default": "x"}', MessageStructure="json")
    # What nobody confirms within two days goes.
    expect(attributes(sns, topic)["SubscriptionsPending"], "1", "pending subscriptions")
    control("POST", "clock", {"advance_ms": 48 * 3600 * 1000 + 1000})
    expect(attributes(client(), topic)["SubscriptionsPending"], "0", "pending subscriptions after two days")


def callers_need_permissions():
    admin, iam = client(), client(service="iam")
    role = "judge-sns"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}))
    sns, topic = client(role=role), admin.create_topic(Name="judge-permissions")["TopicArn"]

    def grant(*statements):
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(*statements))

    def may(action, resource=topic, **more):
        return {"Effect": "Allow", "Action": f"sns:{action}", "Resource": resource, **more}

    # GH:prowler-cloud/prowler#12
    denial = f"User: arn:aws:sts::{SOURCE}:assumed-role/{role}/judge is not authorized to perform: SNS:Publish on resource: {topic} because no identity-based policy allows the SNS:Publish action"
    refused("AuthorizationError", denial, sns.publish, TopicArn=topic, Message="x")
    grant(may("Publish"), may("ListTopics"))
    sns.publish(TopicArn=topic, Message="x")
    refused("AuthorizationError", None, sns.list_topics)
    grant(may("ListTopics", "*"), may("CreateTopic", "*"), may("Subscribe", Condition={"StringEquals": {"sns:Protocol": "sqs"}}))
    sns.list_topics()
    refused("AuthorizationError", None, sns.create_topic, Name="judge-tagged", Tags=[{"Key": "a", "Value": "b"}])
    refused("AuthorizationError", None, sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{SOURCE}:q")
    grant(may("*", "*", Condition={"StringEquals": {"aws:ResourceTag/owner": "judge"}}))
    refused("AuthorizationError", None, sns.get_topic_attributes, TopicArn=topic)
    admin.tag_resource(ResourceArn=topic, Tags=[{"Key": "owner", "Value": "judge"}])
    sns.get_topic_attributes(TopicArn=topic)
    # The topic's policy alone is enough in its own account, and a Deny there is the end of it.
    iam.delete_role_policy(RoleName=role, PolicyName="p")
    put = lambda *statements: admin.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(*statements))  # noqa: E731
    put(allow({"AWS": f"arn:aws:iam::{SOURCE}:role/{role}"}, name="judge-permissions"))
    sns.publish(TopicArn=topic, Message="x")
    put({**allow("*", name="judge-permissions"), "Effect": "Deny"})
    refused("AuthorizationError", None, admin.publish, TopicArn=topic, Message="x")
    # An encrypted topic asks for its key, too.
    admin.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue="")
    key = create_key(SOURCE)
    admin.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
    grant(may("Publish"))
    refused("KMSAccessDenied", None, sns.publish, TopicArn=topic, Message="x")
    grant(may("Publish"), {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key, "Condition": {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic}}})
    sns.publish(TopicArn=topic, Message="x")
    client(service="kms").disable_key(KeyId=key)
    refused("KMSDisabled", None, sns.publish, TopicArn=topic, Message="x")
    admin.delete_topic(TopicArn=topic)


def the_cli_finds_the_same():
    def run(*arguments, fails=False):
        return cli("sns", *arguments, fails=fails)

    topic = run("create-topic", "--name", "cli", "--tags", "Key=a,Value=b")["TopicArn"]
    of = ["--topic-arn", topic]
    run("set-topic-attributes", *of, "--attribute-name", "DisplayName", "--attribute-value", "CLI")
    expect(run("get-topic-attributes", *of)["Attributes"]["DisplayName"], "CLI", "an attribute")
    run("add-permission", *of, "--label", "l", "--aws-account-id", DESTINATION, "--action-name", "Publish")
    run("remove-permission", *of, "--label", "l")
    told = run("add-permission", *of, "--label", "l", "--aws-account-id", DESTINATION, "--action-name", "CreateTopic", fails=True)
    expect("(InvalidParameter)" in told and OUT_OF_SCOPE in told, True, f"an error as the CLI tells it: {told}")
    run("subscribe", *of, "--protocol", "email", "--notification-endpoint", "a@example.com")
    token = mail(topic)[-1]["token"]
    subscription = run("confirm-subscription", *of, "--token", token)["SubscriptionArn"]
    run("set-subscription-attributes", "--subscription-arn", subscription, "--attribute-name", "RedrivePolicy", "--attribute-value", "{}")
    expect(run("get-subscription-attributes", "--subscription-arn", subscription)["Attributes"]["Protocol"], "email", "a subscription")
    expect(len(run("list-subscriptions-by-topic", *of)["Subscriptions"]), 1, "subscriptions of a topic")
    expect(subscription in [one["SubscriptionArn"] for one in run("list-subscriptions")["Subscriptions"]], True, "subscriptions")
    expect(len(run("publish", *of, "--message", "x")["MessageId"]), 36, "id of a message")
    run("unsubscribe", "--subscription-arn", subscription)
    run("tag-resource", "--resource-arn", topic, "--tags", "Key=c,Value=d")
    run("untag-resource", "--resource-arn", topic, "--tag-keys", "a")
    expect(run("list-tags-for-resource", "--resource-arn", topic)["Tags"], [{"Key": "c", "Value": "d"}], "tags")
    expect(topic in [one["TopicArn"] for one in run("list-topics")["Topics"]], True, "topics")
    run("delete-topic", *of)


def main():
    sns = client()
    topics_are_made_shown_and_listed(sns)
    policies_are_checked_when_they_are_put(sns)
    callers_need_permissions()
    the_cli_finds_the_same()
    snapshot = control("GET", "snapshot")["sns"][SOURCE]["eu-west-1"]
    expect(snapshot["judge"]["tags"], {"b": ""}, "a topic in the snapshot")
    subscriptions_are_confirmed(sns)


if __name__ == "__main__":
    main()

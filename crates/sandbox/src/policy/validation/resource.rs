//! Policies of resources and trust policies.

use serde_json::Value;

use super::fault::Fault;
use super::grammar::statements;
use super::judge::judge;
use super::profile::Profile;

/// "Bucket policies are limited to 20 KB in size" (UG:bucket-policies), as S3 normalises them: at least the layout does
/// not count (GH:MIT-LCP/physionet-build#2094; of access points 24,620 bytes without any were taken).
const LARGEST: usize = 20 * 1024;

/// Checks a policy; the error is AWS's message.
pub(crate) fn check(profile: &Profile<'_>, json: &[u8]) -> Result<(), String> {
    checked(profile, json).map_err(|fault| profile.words(&fault))
}

fn checked(profile: &Profile<'_>, json: &[u8]) -> Result<(), Fault> {
    if matches!(profile, Profile::Bucket { .. }) && json.first() != Some(&b'{') {
        return Err(Fault::NoObject);
    }
    let document: Value = serde_json::from_slice(json).map_err(|_| Fault::Json)?;
    for statement in &statements(&document, profile)? {
        judge(statement, profile)?;
    }
    // A role's size is a quota of IAM.
    if matches!(profile, Profile::Bucket { .. }) && document.to_string().len() > LARGEST {
        return Err(Fault::TooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BUCKET: &str = "arn:aws:s3:::b";
    const OBJECTS: &str = "arn:aws:s3:::b/*";
    const ACTION: &str = "Policy has invalid action";
    const RESOURCE: &str = "Policy has invalid resource";
    const KEY: &str = "Policy has an invalid condition key";
    const NO_RESOURCE: &str = "Action does not apply to any resource(s) in statement";
    const NO_CONDITION: &str =
        "Conditions do not apply to combination of actions and resources in statement";
    const PROFILE: Profile<'_> = Profile::Bucket {
        name: "b",
        partition: "aws",
    };

    fn put(statement: &Value) -> Result<(), String> {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        check(&PROFILE, document.to_string().as_bytes())
    }

    fn with(fields: Value) -> Value {
        let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
            "Resource": OBJECTS});
        for (name, value) in fields.as_object().unwrap() {
            statement[name] = value.clone();
        }
        statement
    }

    fn without(name: &str) -> Value {
        let mut statement = with(json!({}));
        statement.as_object_mut().unwrap().remove(name);
        statement
    }

    fn on(actions: Value, resources: Value) -> Value {
        with(json!({"Action": actions, "Resource": resources}))
    }

    fn under(actions: Value, resources: Value, key: &str) -> Value {
        with(
            json!({"Action": actions, "Resource": resources, "Condition": {"StringLike": {key: "x"}}}),
        )
    }

    fn taken(statements: impl IntoIterator<Item = Value>) {
        for statement in statements {
            assert_eq!(put(&statement), Ok(()), "{statement}");
        }
    }

    fn refused<'a>(statements: impl IntoIterator<Item = (Value, &'a str)>) {
        for (statement, words) in statements {
            assert_eq!(put(&statement), Err(words.to_owned()), "{statement}");
        }
    }

    #[test]
    fn actions_and_resources_go_together() {
        taken([
            on(json!("s3:GetObject"), json!(OBJECTS)),
            on(json!("s3:ListBucket"), json!(BUCKET)),
            on(
                json!(["s3:ListBucket", "s3:GetObject"]),
                json!([BUCKET, OBJECTS]),
            ),
            on(
                json!(["s3:ListBucket", "s3:GetObject"]),
                json!("arn:aws:s3:::b*"),
            ),
            on(json!("s3:*"), json!(BUCKET)),
            on(json!("*"), json!(OBJECTS)),
            on(json!("S3:getobject"), json!(OBJECTS)),
            on(json!("s3:List*"), json!(OBJECTS)),
            on(
                json!("s3:GetObjectVersionAnnotationForReplication"),
                json!(OBJECTS),
            ),
            on(
                json!("s3:PutObject"),
                json!("arn:aws:s3:::b/${aws:username}/*"),
            ),
            on(json!("s3:TagResource"), json!(BUCKET)),
        ]);
        refused([
            (on(json!("s3:GetObject"), json!(BUCKET)), NO_RESOURCE),
            (on(json!("s3:ListBucket"), json!(OBJECTS)), NO_RESOURCE),
            (
                on(json!(["s3:ListBucket", "s3:GetObject"]), json!(OBJECTS)),
                NO_RESOURCE,
            ),
            (on(json!("s3:Replicate*"), json!(BUCKET)), NO_RESOURCE),
        ]);
    }

    #[test]
    fn names_must_be_known() {
        for action in [
            "s3:GetObjects",
            "s3:Foo*",
            "ec2:RunInstances",
            "s3",
            "s3:CreateBucket",
            "s3:ListAllMyBuckets",
            "s3:CreateJob",
        ] {
            refused([(on(json!(action), json!([BUCKET, OBJECTS])), ACTION)]);
            refused([(
                on(json!(["s3:*", action]), json!([BUCKET, OBJECTS])),
                ACTION,
            )]);
        }
        for resource in [
            "*",
            "arn:aws:s3:::c/*",
            "arn:aws-cn:s3:::b/*",
            "b/*",
            "arn:aws:sqs:::b",
            "arn:aws:s3:eu-west-1::b/*",
        ] {
            refused([(
                on(json!("s3:GetObject"), json!([OBJECTS, resource])),
                RESOURCE,
            )]);
        }
        for key in [
            "aws:SourceIP4",
            "s3:prefixes",
            "prefix",
            "s3:ExistingObjectTag",
            "s3:VersionStatus",
        ] {
            refused([(under(json!("s3:GetObject"), json!(OBJECTS), key), KEY)]);
        }
        for key in [
            "AWS:securetransport",
            "aws:PrincipalTag/team",
            "s3:ExistingObjectTag/a",
            "saml:sub",
        ] {
            taken([under(json!("s3:GetObject"), json!(OBJECTS), key)]);
        }
    }

    #[test]
    fn a_key_goes_with_every_action_that_is_named() {
        let both = || json!([BUCKET, OBJECTS]);
        taken([
            under(
                json!(["s3:ListBucket", "s3:ListBucketVersions"]),
                json!(BUCKET),
                "s3:prefix",
            ),
            under(json!("s3:*"), both(), "s3:prefix"),
            under(json!("s3:*"), both(), "s3:x-amz-acl"),
            under(json!("s3:PutObject*"), json!(OBJECTS), "s3:x-amz-acl"),
            under(
                json!(["s3:PutObject", "s3:PutObjectAcl"]),
                json!(OBJECTS),
                "s3:x-amz-acl",
            ),
            under(json!("*"), both(), "s3:DataAccessPointAccount"),
            under(
                json!(["s3:ListBucket", "s3:GetObject"]),
                both(),
                "s3:TlsVersion",
            ),
            under(
                json!(["s3:ListBucket", "s3:GetObject"]),
                both(),
                "aws:SourceArn",
            ),
        ]);
        refused([
            (
                under(json!("s3:GetObject"), json!(OBJECTS), "s3:prefix"),
                NO_CONDITION,
            ),
            (
                under(
                    json!(["s3:ListBucket", "s3:GetObject"]),
                    both(),
                    "s3:prefix",
                ),
                NO_CONDITION,
            ),
            (
                under(
                    json!(["s3:GetObject", "s3:PutObject"]),
                    json!(OBJECTS),
                    "s3:x-amz-acl",
                ),
                NO_CONDITION,
            ),
            (
                under(
                    json!("s3:ListBucketMultipartUploads"),
                    json!(BUCKET),
                    "s3:prefix",
                ),
                NO_CONDITION,
            ),
            (
                under(
                    json!("s3:PutObject"),
                    json!(OBJECTS),
                    "s3:ExistingObjectTag/a",
                ),
                NO_CONDITION,
            ),
            // The list has the key, but nothing is listed on objects.
            (
                under(json!("s3:*"), json!(OBJECTS), "s3:prefix"),
                NO_CONDITION,
            ),
        ]);
    }

    #[test]
    fn what_is_left_by_not_is_not_judged() {
        taken([
            json!({"Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject", "Resource": BUCKET,
                "Condition": {"StringLike": {"s3:prefix": "a"}}}),
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "NotResource": BUCKET}),
            json!({"Effect": "Deny", "NotPrincipal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": BUCKET}),
        ]);
        refused([
            (
                json!({"Effect": "Deny", "Principal": "*", "NotAction": "s3:Get", "Resource": BUCKET}),
                ACTION,
            ),
            (
                json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": BUCKET}),
                "Allow with NotPrincipal is not allowed.",
            ),
        ]);
    }

    #[test]
    fn the_grammar_is_told_by_name() {
        let syntax = "Invalid policy syntax.";
        refused([
            (without("Effect"), "Missing required field Effect"),
            (without("Principal"), "Missing required field Principal"),
            (without("Action"), "Missing required field Action"),
            (without("Resource"), "Missing required field Resource"),
            (with(json!({"Effect": "allow"})), "Invalid effect: allow"),
            (with(json!({"condition": {}})), "Unknown field condition"),
            (
                with(json!({"Principal": {}})),
                "Missing required field Principal cannot be empty!",
            ),
            (
                with(json!({"Principal": {"AWS": []}})),
                "Missing required field Principal cannot be empty!",
            ),
            (
                with(json!({"Principal": "arn:aws:iam::111111111111:root"})),
                syntax,
            ),
            (with(json!({"NotPrincipal": "*"})), syntax),
            (with(json!({"Action": null})), syntax),
            (
                with(json!({"Condition": {"stringlike": {"aws:SourceArn": "x"}}})),
                "Invalid Condition type : stringlike",
            ),
            (
                with(json!({"Condition": {"ForSomeValues:Bool": {"aws:SourceArn": "x"}}})),
                "Invalid Condition type : ForSomeValues:Bool",
            ),
            (
                with(json!({"Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "10"]}}})),
                "Invalid IP address in Conditions",
            ),
        ]);
        taken([
            with(
                json!({"Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]}}}),
            ),
            with(
                json!({"Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": ["o-1/*"]}}}),
            ),
            with(
                json!({"Condition": {"Bool": {"aws:SecureTransport": false}, "NumericLessThan": {"s3:TlsVersion": 1.2}}}),
            ),
            with(json!({"Sid": "a b"})),
        ]);
        let document = |text: &str| check(&PROFILE, text.as_bytes()).unwrap_err();
        for text in ["", "[]", "invalid json"] {
            assert!(
                document(text).contains("the first byte must be '{'"),
                "{text}"
            );
        }
        assert_eq!(document("{"), "This policy contains invalid Json");
        assert_eq!(document("{}"), "Missing required field Statement");
        assert_eq!(
            document(r#"{"Statement":[],"Statements":[]}"#),
            "Unknown field Statements"
        );
        assert_eq!(
            document(r#"{"Statement":[]}"#),
            "Could not parse the policy: Statement is empty!"
        );
        assert_eq!(
            document(r#"{"Version":"2012-10-18","Statement":[]}"#),
            "The policy must contain a valid version string"
        );
        let twice = json!({"Statement": [with(json!({"Sid": "a"})), with(json!({"Sid": "a"}))]});
        assert_eq!(
            document(&twice.to_string()),
            "The Statement Ids in the policy are not unique"
        );
    }

    #[test]
    fn layout_does_not_count() {
        let many = |count: usize| {
            let statements: Vec<_> = (0..count).map(|_| with(json!({}))).collect();
            json!({"Statement": statements})
        };
        let (small, large) = (many(200), many(300));
        let pretty = serde_json::to_string_pretty(&small).unwrap();
        assert!(pretty.len() > LARGEST && small.to_string().len() < LARGEST);
        assert_eq!(check(&PROFILE, pretty.as_bytes()), Ok(()));
        let words = "Normalized policy document exceeds the maximum allowed size of 20480 bytes";
        assert_eq!(
            check(&PROFILE, large.to_string().as_bytes()),
            Err(words.to_owned())
        );
    }

    #[test]
    fn trust_is_about_who_assumes() {
        let trust = |fields: Value| {
            let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"});
            for (name, value) in fields.as_object().unwrap() {
                statement[name] = value.clone();
            }
            check(
                &Profile::Trust,
                json!({"Statement": statement}).to_string().as_bytes(),
            )
        };
        for action in [
            json!("sts:assumerole"),
            json!(["sts:AssumeRole", "sts:TagSession"]),
            json!("sts:AssumeRole*"),
        ] {
            assert_eq!(trust(json!({"Action": action})), Ok(()));
        }
        for action in ["*", "s3:GetObject", "sts:GetCallerIdentity"] {
            let error = trust(json!({"Action": action})).unwrap_err();
            assert_eq!(
                error, "AssumeRole policy may only specify STS AssumeRole actions.",
                "{action}"
            );
        }
        let error = trust(json!({"Resource": "*"})).unwrap_err();
        assert_eq!(error, "Has prohibited field Resource");
        let error = trust(json!({"Principal": {}})).unwrap_err();
        assert_eq!(error, "Missing required field Principal cannot be empty!");
        assert_eq!(
            check(&Profile::Trust, b"["),
            Err("This policy contains invalid Json".to_owned())
        );
    }
}

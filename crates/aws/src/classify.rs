//! What a failure means: one table from AWS's codes and statuses to [`Class`], and the hints that follow.
//!
//! The first row that fits wins; codes that no row names are judged by their HTTP status.

use s3ferry_core::goals;
use s3ferry_core::model::kinds;
use s3ferry_core::permissions::calls_on_lists;
use s3ferry_core::status;
use s3ferry_engine::ports::{Class, PortError};

use crate::failure::{Call, Cause, Facts, Failure, INVALID_ENDPOINT, Intent};
use crate::secrets::told;

/// One row: an error code, a part of its message (empty for any), the calls it holds for, and what it means.
struct Row(&'static str, &'static str, On, Class);

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Any,
    /// A write may meet what AWS does not see yet; for a read the same words are a plain answer.
    Write,
}

/// Sources: BC:s3 and BC:iam error lists, BC:sts; the replication rows quote domain reference §1.4 and §2.9.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Not signed in, or not any more.
    Row("ExpiredToken", "", On::Any, Class::Credentials),
    Row("ExpiredTokenException", "", On::Any, Class::Credentials),
    Row("RequestExpired", "", On::Any, Class::Credentials),
    Row("TokenRefreshRequired", "", On::Any, Class::Credentials),
    Row("InvalidToken", "", On::Any, Class::Credentials),
    Row("InvalidAccessKeyId", "", On::Any, Class::Credentials),
    Row("InvalidClientTokenId", "", On::Any, Class::Credentials),
    Row("UnrecognizedClientException", "", On::Any, Class::Credentials),
    Row("SignatureDoesNotMatch", "", On::Any, Class::Credentials),
    Row("IncompleteSignature", "", On::Any, Class::Credentials),
    Row("MissingAuthenticationToken", "", On::Any, Class::Credentials),
    Row("MissingAuthenticationTokenException", "", On::Any, Class::Credentials),
    Row("AuthFailure", "", On::Any, Class::Credentials),
    Row("NotSignedUp", "", On::Any, Class::Credentials),
    Row("OptInRequired", "", On::Any, Class::Credentials),
    Row("RegionDisabledException", "", On::Any, Class::Credentials),
    Row("RequestTimeTooSkewed", "", On::Any, Class::Credentials),
    // Signed in, but not allowed.
    Row("AccessDenied", "", On::Any, Class::Denied),
    Row("AccessDeniedException", "", On::Any, Class::Denied),
    Row("UnauthorizedAccess", "", On::Any, Class::Denied),
    Row("UnauthorizedOperation", "", On::Any, Class::Denied),
    Row("AllAccessDisabled", "", On::Any, Class::Denied),
    Row("AccountProblem", "", On::Any, Class::Denied),
    Row("AuthorizationError", "", On::Any, Class::Denied), // BC:sns
    // Too fast.
    Row("SlowDown", "", On::Any, Class::Throttled),
    Row("Throttling", "", On::Any, Class::Throttled),
    Row("ThrottlingException", "", On::Any, Class::Throttled),
    Row("ThrottledException", "", On::Any, Class::Throttled),
    Row("RequestThrottled", "", On::Any, Class::Throttled),
    Row("RequestThrottledException", "", On::Any, Class::Throttled),
    Row("RequestLimitExceeded", "", On::Any, Class::Throttled),
    Row("TooManyRequests", "", On::Any, Class::Throttled),
    Row("TooManyRequestsException", "", On::Any, Class::Throttled),
    Row("BandwidthLimitExceeded", "", On::Any, Class::Throttled),
    Row("ServiceUnavailable", "", On::Any, Class::Throttled),
    // AWS's own trouble, or the way there.
    Row("InternalError", "", On::Any, Class::Transient),
    Row("InternalFailure", "", On::Any, Class::Transient),
    Row("ServiceFailure", "", On::Any, Class::Transient),
    Row("RequestTimeout", "", On::Any, Class::Transient),
    Row("RequestTimeoutException", "", On::Any, Class::Transient),
    Row("IncompleteBody", "", On::Any, Class::Transient),
    // KMS answers both with 500 or 503 (BC:kms PutKeyPolicy).
    Row("KMSInternalException", "", On::Any, Class::Transient),
    Row("DependencyTimeoutException", "", On::Any, Class::Transient),
    Row("NotImplemented", "", On::Any, Class::Rejected),
    // Somebody else is at the same thing.
    Row("OperationAborted", "", On::Any, Class::Busy),
    Row("ConditionalRequestConflict", "", On::Any, Class::Busy),
    Row("ConcurrentModification", "", On::Any, Class::Busy),
    Row("ConcurrentModificationException", "", On::Any, Class::Busy),
    Row("EntityTemporarilyUnmodifiable", "", On::Any, Class::Busy),
    Row("ConflictException", "", On::Any, Class::Busy), // BC:cloudtrail
    // IAM still sees a policy that was just taken off the role (TF role.go retries it).
    Row("DeleteConflict", "", On::Any, Class::Busy),
    // The write may have happened in an answer that was lost: read again, then decide.
    Row("BucketAlreadyOwnedByYou", "", On::Any, Class::Transient),
    Row("EntityAlreadyExists", "", On::Any, Class::Transient),
    Row("TrailAlreadyExistsException", "", On::Any, Class::Transient), // BC:cloudtrail
    // AWS does not see yet what was just made.
    Row("MalformedPolicyDocument", "Invalid principal", On::Write, Class::Propagation),
    Row("MalformedPolicy", "Invalid principal", On::Write, Class::Propagation),
    // KMS: "Policy contains a statement with one or more invalid principals" (Knowledge Center, of that title).
    Row("MalformedPolicyDocumentException", "invalid principals", On::Write, Class::Propagation),
    Row("InvalidRequest", "Versioning must be 'Enabled'", On::Write, Class::Propagation),
    Row("InvalidRequest", "Destination bucket must have versioning enabled", On::Write, Class::Propagation),
    Row("InvalidRequest", "Destination bucket must exist", On::Write, Class::Propagation),
    // unverified: S3's words for a role that IAM has not spread yet; §1.4 says that S3 does not look roles up.
    Row("InvalidRequest", "role cannot be assumed", On::Write, Class::Propagation),
    Row("InvalidRequest", "validate the role", On::Write, Class::Propagation),
    Row("InvalidArgument", "role cannot be assumed", On::Write, Class::Propagation),
    Row("InvalidArgument", "validate the role", On::Write, Class::Propagation),
    Row("NoSuchBucket", "", On::Write, Class::Propagation),
    Row("NoSuchEntity", "", On::Write, Class::Propagation),
    // The policy of the bucket was just put, and may not be seen yet (BC:cloudtrail; TF internal/service/cloudtrail/trail.go, which retries).
    Row("InsufficientS3BucketPolicyException", "", On::Write, Class::Propagation),
    Row("S3BucketDoesNotExistException", "", On::Write, Class::Propagation),
    Row("TrailNotFoundException", "", On::Write, Class::Propagation),
    Row("TemporaryRedirect", "", On::Any, Class::Propagation),
    // Another Region, or somebody else's bucket.
    Row("InvalidHomeRegionException", "", On::Any, Class::Misplaced), // BC:cloudtrail
    Row("PermanentRedirect", "", On::Any, Class::Misplaced),
    Row("AuthorizationHeaderMalformed", "the region", On::Any, Class::Misplaced),
    Row("AuthorizationHeaderMalformed", "", On::Any, Class::Credentials),
    Row("IllegalLocationConstraintException", "", On::Any, Class::Misplaced),
    Row("IncorrectEndpoint", "", On::Any, Class::Misplaced),
    Row("BucketAlreadyExists", "", On::Any, Class::Misplaced),
    // 409 that waiting does not change.
    Row("LimitExceeded", "", On::Any, Class::Rejected),
    Row("InvalidBucketState", "", On::Any, Class::Rejected),
    Row("BucketNotEmpty", "", On::Any, Class::Rejected),
    Row("UnmodifiableEntity", "", On::Any, Class::Rejected),
];

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        let facts = failure.facts();
        let Facts {
            call,
            cause,
            request_id,
            bucket_region: _,
        } = facts;
        let (code, message) = words(cause);
        let (code, message) = (told(&code), told(&message));
        let class = class(facts);
        Self {
            class,
            service: call.service,
            operation: call.operation,
            target: call.subject.clone(),
            code,
            message,
            request_id: request_id.as_deref().map(told),
            hint: hint(facts, class).as_deref().map(told),
        }
    }
}

/// What to do about a failure.
pub(crate) fn class(facts: &Facts) -> Class {
    if elsewhere(facts).is_some() {
        return Class::Misplaced;
    }
    match &facts.cause {
        Cause::Answer {
            status,
            code,
            message,
        } => {
            let message = message.as_deref().unwrap_or_default();
            let named = code
                .as_deref()
                .and_then(|code| by_code(code, message, facts.call.intent));
            named.unwrap_or_else(|| by_status(*status))
        }
        Cause::Unreadable { status, .. } => match status {
            500.. => by_status(*status),
            _ => Class::Unexpected,
        },
        Cause::Timeout { .. }
        | Cause::Unreachable { .. }
        | Cause::Connection { .. }
        | Cause::Contradiction { .. }
        | Cause::Overtaken { .. } => Class::Transient,
        Cause::NoCredentials { denied: true, .. } => Class::Denied,
        Cause::NoCredentials { denied: false, .. } => Class::Credentials,
        Cause::NotAws { .. } => Class::Unexpected,
        Cause::NotSent { .. } => Class::Rejected,
        Cause::Misplaced { .. } => Class::Misplaced,
    }
}

fn by_code(code: &str, message: &str, intent: Intent) -> Option<Class> {
    let fits = |Row(named, part, on, _): &&Row| {
        *named == code && message.contains(part) && (*on == On::Any || intent == Intent::Write)
    };
    TABLE.iter().find(fits).map(|Row(_, _, _, class)| *class)
}

/// For codes that the table does not name, and for HEAD answers, which have none.
fn by_status(status: u16) -> Class {
    match status {
        401 => Class::Credentials,
        403 => Class::Denied,
        409 => Class::Busy,
        429 | 503 => Class::Throttled,
        408 | 500.. => Class::Transient,
        300..400 => Class::Misplaced,
        400..500 => Class::Rejected,
        _ => Class::Unexpected,
    }
}

/// The Region that S3 says the bucket is in, where that is not the one it was looked for in.
pub(crate) fn elsewhere(facts: &Facts) -> Option<&str> {
    let wanted = facts.call.region.as_ref()?;
    facts
        .bucket_region
        .as_deref()
        .filter(|actual| *actual != wanted.as_str())
}

fn words(cause: &Cause) -> (String, String) {
    let pair = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    match cause {
        Cause::Answer {
            status,
            code,
            message,
        } => (
            code.clone().unwrap_or_else(|| format!("HTTP {status}")),
            message
                .clone()
                .unwrap_or_else(|| "the answer gives no reason".to_owned()),
        ),
        Cause::Unreadable { status, detail } => (format!("HTTP {status}"), detail.clone()),
        Cause::Timeout { detail } => pair("Timeout", detail),
        Cause::Unreachable { detail } => pair("NoConnection", detail),
        Cause::Connection { detail } => pair("BrokenConnection", detail),
        Cause::NotAws { detail } => pair("NotAws", detail),
        Cause::NoCredentials { detail, .. } => pair("NoCredentials", detail),
        Cause::NotSent { code, detail } | Cause::Misplaced { code, detail } => pair(code, detail),
        Cause::Contradiction { detail } => pair("Contradiction", detail),
        Cause::Overtaken { code, detail } => pair(code, detail),
    }
}

fn hint(facts: &Facts, class: Class) -> Option<String> {
    if let Some(region) = elsewhere(facts) {
        return Some(format!(
            "the bucket is in {region}: write that as the account's region in the spec, or name another bucket"
        ));
    }
    if let Cause::Answer {
        message: Some(message),
        ..
    } = &facts.cause
        && message.contains("BlockPublic")
    {
        return Some(
            "Block Public Access of the bucket or of its account refuses a policy that is public, also where only an old statement makes \
             it so: narrow that statement"
                .to_owned(),
        );
    }
    match class {
        Class::Denied => Some(denied_hint(&facts.call)),
        Class::Credentials => Some(credentials_hint(&facts.cause)),
        Class::Misplaced => Some(
            "the bucket must belong to the account and be in the Region that the spec names for it"
                .to_owned(),
        ),
        Class::Rejected => wordless_hint(&facts.cause).or_else(|| network_hint(&facts.cause)),
        Class::Transient | Class::Unexpected => network_hint(&facts.cause),
        Class::Throttled | Class::Propagation | Class::Busy => None,
    }
}

fn denied_hint(call: &Call) -> String {
    let actions = actions(call);
    format!(
        "the caller needs {actions} here, with no Deny in a policy of {}, the organization, a boundary or the session{}",
        if call.service == "kms" {
            "the key, which must let the caller or its account in"
        } else {
            "the bucket"
        },
        // S3 answers the same to a bucket of another account, and only ListBuckets tells the two apart for sure.
        if call.service == "s3" {
            "; and the bucket must belong to the account"
        } else {
            ""
        }
    )
}

/// What leads requests elsewhere than to AWS, or lets them fail there: the variables that are set, by name. Their values may
/// hold passwords.
pub(crate) const DETOURS: [&str; 14] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_S3_CONTROL",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_CA_BUNDLE",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
];

/// For a server that was not reached, or that did not answer.
fn network_hint(cause: &Cause) -> Option<String> {
    let unanswered = match cause {
        Cause::Timeout { .. }
        | Cause::Unreachable { .. }
        | Cause::Connection { .. }
        | Cause::NotAws { .. } => true,
        Cause::NotSent { code, .. } => *code == INVALID_ENDPOINT,
        Cause::Answer { .. }
        | Cause::Unreadable { .. }
        | Cause::NoCredentials { .. }
        | Cause::Misplaced { .. }
        | Cause::Contradiction { .. }
        | Cause::Overtaken { .. } => false,
    };
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let set: Vec<&str> = DETOURS.into_iter().filter(is_set).collect();
    unanswered.then(|| match &set[..] {
        [] => "check the network of this machine; behind a proxy set HTTPS_PROXY".to_owned(),
        set => format!(
            "check the network, and what is set here: {}",
            set.join(", ")
        ),
    })
}

/// For a HEAD that was refused without a reason.
fn wordless_hint(cause: &Cause) -> Option<String> {
    let wordless = matches!(
        cause,
        Cause::Answer {
            status: 400,
            code: None,
            ..
        }
    );
    wordless.then(|| {
        "S3 gives no reason with this answer; expired credentials look like this, and so does a malformed version ID"
            .to_owned()
    })
}

fn credentials_hint(cause: &Cause) -> String {
    let skewed =
        matches!(cause, Cause::Answer { code: Some(code), .. } if code == "RequestTimeTooSkewed");
    if skewed {
        return "this machine's clock is wrong: set it, then run again".to_owned();
    }
    "sign in again (aws sso login, or fresh keys in the environment or the profile), then run again"
        .to_owned()
}

/// The IAM actions that allow an operation, as the plan's permissions have them: several operations have actions of
/// another name.
fn actions(call: &Call) -> String {
    let of_service = kinds::calls().filter(|(service, _)| service.as_str() == call.service);
    let beside = goals::calls().chain(status::calls());
    let calls = of_service.map(|(_, known)| known).chain(beside);
    let calls = calls.chain(calls_on_lists());
    let of_this = calls.filter(|known| known.operation == call.operation);
    let mut actions: Vec<&str> = of_this.flat_map(|known| known.actions()).collect();
    actions.sort_unstable();
    actions.dedup();
    let named = match &actions[..] {
        [] => format!("{}:{}", call.service, call.operation),
        [one] => (*one).to_owned(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    };
    named + besides(call.operation)
}

/// What the table of actions cannot say: on what else, and when.
fn besides(operation: &str) -> &'static str {
    match operation {
        "HeadObject" => ", and s3:ListBucket to tell what is missing from what is denied,",
        "PutObject" => ", and kms:GenerateDataKey on the key if there is one,",
        "PutBucketReplication" => " (iam:PassRole on the replication role)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(intent: Intent) -> Call {
        Call {
            service: "s3",
            operation: "PutBucketReplication",
            intent,
            subject: "111111111111/bucket/orders/replication".to_owned(),
            region: Some(s3ferry_core::ids::Region::new("eu-west-1").unwrap()),
        }
    }

    fn judged(intent: Intent, status: u16, code: Option<&str>, message: &str) -> Class {
        let cause = Cause::Answer {
            status,
            code: code.map(str::to_owned),
            message: Some(message.to_owned()),
        };
        class(Failure::new(call(intent), cause).facts())
    }

    #[test]
    fn codes_decide_before_statuses() {
        use Class::{Busy, Credentials, Denied, Misplaced, Rejected, Throttled, Transient};
        let table = [
            (403, "AccessDenied", Denied),
            (403, "InvalidAccessKeyId", Credentials),
            (403, "SignatureDoesNotMatch", Credentials),
            (400, "ExpiredToken", Credentials),
            (403, "InvalidClientTokenId", Credentials),
            (503, "SlowDown", Throttled),
            (400, "Throttling", Throttled),
            (400, "RequestLimitExceeded", Throttled),
            (500, "InternalError", Transient),
            (400, "RequestTimeout", Transient),
            (501, "NotImplemented", Rejected),
            (409, "OperationAborted", Busy),
            (409, "EntityAlreadyExists", Transient),
            (409, "BucketAlreadyOwnedByYou", Transient),
            (409, "BucketAlreadyExists", Misplaced),
            (409, "LimitExceeded", Rejected),
            (301, "PermanentRedirect", Misplaced),
            (400, "IllegalLocationConstraintException", Misplaced),
            (400, "MalformedXML", Rejected),
            (409, "SomethingNew", Busy),
            (403, "SomethingNew", Denied),
            (404, "SomethingNew", Rejected),
            (418, "SomethingNew", Rejected),
            (502, "SomethingNew", Transient),
            (503, "SomethingNew", Throttled),
        ];
        for (status, code, expected) in table {
            assert_eq!(
                judged(Intent::Read, status, Some(code), ""),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_head_answer_is_judged_by_its_status() {
        assert_eq!(judged(Intent::Read, 403, None, ""), Class::Denied);
        assert_eq!(judged(Intent::Read, 401, None, ""), Class::Credentials);
        assert_eq!(judged(Intent::Read, 301, None, ""), Class::Misplaced);
        assert_eq!(judged(Intent::Read, 503, None, ""), Class::Throttled);
        assert_eq!(judged(Intent::Read, 500, None, ""), Class::Transient);
        assert_eq!(judged(Intent::Read, 400, None, ""), Class::Rejected);
    }

    #[test]
    fn what_aws_does_not_see_yet_is_propagation_for_writes_only() {
        let table = [
            ("MalformedPolicy", "Invalid principal in policy"),
            (
                "MalformedPolicyDocument",
                "Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:role/x\"",
            ),
            (
                "InvalidRequest",
                "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
            ),
            (
                "InvalidRequest",
                "Destination bucket must have versioning enabled.",
            ),
            ("NoSuchBucket", "The specified bucket does not exist"),
            ("NoSuchEntity", "The role with name x cannot be found."),
        ];
        for (code, message) in table {
            assert_eq!(
                judged(Intent::Write, 400, Some(code), message),
                Class::Propagation,
                "{code}"
            );
            assert_eq!(
                judged(Intent::Read, 400, Some(code), message),
                Class::Rejected,
                "{code}"
            );
        }
        let grammar = judged(
            Intent::Write,
            400,
            Some("MalformedPolicy"),
            "Missing required field Action",
        );
        assert_eq!(grammar, Class::Rejected);
        let pass_role = judged(
            Intent::Write,
            403,
            Some("AccessDenied"),
            "is not authorized to perform: iam:PassRole",
        );
        assert_eq!(pass_role, Class::Denied);
    }

    #[test]
    fn a_missing_or_broken_answer_has_its_class() {
        let of = |cause| class(Failure::new(call(Intent::Write), cause).facts());
        let detail = String::new;
        assert_eq!(of(Cause::Timeout { detail: detail() }), Class::Transient);
        assert_eq!(
            of(Cause::Unreachable { detail: detail() }),
            Class::Transient
        );
        assert_eq!(of(Cause::Connection { detail: detail() }), Class::Transient);
        assert_eq!(
            of(Cause::Unreadable {
                status: 200,
                detail: detail()
            }),
            Class::Unexpected
        );
        assert_eq!(
            of(Cause::Unreadable {
                status: 502,
                detail: detail()
            }),
            Class::Transient
        );
        assert_eq!(
            of(Cause::NoCredentials {
                denied: false,
                detail: detail()
            }),
            Class::Credentials
        );
        assert_eq!(
            of(Cause::NoCredentials {
                denied: true,
                detail: detail()
            }),
            Class::Denied
        );
    }

    #[test]
    fn an_answer_from_another_region_names_it() {
        let cause = Cause::Answer {
            status: 403,
            code: Some("AccessDenied".to_owned()),
            message: None,
        };
        let failure = Failure::new(call(Intent::Read), cause).in_region("eu-central-1");
        let error = PortError::from(failure);
        assert_eq!(error.class, Class::Misplaced);
        assert!(error.hint.unwrap().contains("eu-central-1"));
    }

    #[test]
    fn a_denial_names_the_action() {
        let cause = Cause::Answer {
            status: 403,
            code: Some("AccessDenied".to_owned()),
            message: None,
        };
        let error = PortError::from(Failure::new(call(Intent::Write), cause));
        let hint = error.hint.unwrap();
        assert!(hint.contains("s3:PutReplicationConfiguration"), "{hint}");
        assert!(hint.contains("iam:PassRole"), "{hint}");
    }

    #[test]
    fn actions_are_those_of_the_plan_each_once() {
        let needed = |operation| {
            let call = Call {
                operation,
                ..call(Intent::Write)
            };
            actions(&call)
        };
        assert_eq!(
            needed("DeleteBucketEncryption"),
            "s3:PutEncryptionConfiguration"
        );
        assert_eq!(
            needed("CreateBucket"),
            "s3:CreateBucket, s3:PutBucketOwnershipControls and s3:TagResource"
        );
        let head = needed("HeadObject");
        assert!(
            head.starts_with("s3:GetObjectVersion, and s3:ListBucket"),
            "{head}"
        );
        assert_eq!(needed("ListObjectsV2"), "s3:ListBucket");
        assert_eq!(needed("GetObject"), "kms:Decrypt and s3:GetObject");
        assert_eq!(needed("SomethingNew"), "s3:SomethingNew");
        assert_eq!(
            needed("GetPublicAccessBlock"),
            "s3:GetBucketPublicAccessBlock"
        );
        let of_account = Call {
            service: "s3control",
            operation: "GetPublicAccessBlock",
            ..call(Intent::Read)
        };
        assert_eq!(actions(&of_account), "s3:GetAccountPublicAccessBlock");
    }

    #[test]
    fn no_row_hides_another() {
        for (index, Row(code, part, on, _)) in TABLE.iter().enumerate() {
            let earlier = TABLE[..index]
                .iter()
                .find(|Row(other, before, earlier_on, _)| {
                    other == code
                        && part.contains(before)
                        && (*earlier_on == On::Any || earlier_on == on)
                });
            assert!(
                earlier.is_none(),
                "the row {code} {part:?} is never reached"
            );
        }
    }
}

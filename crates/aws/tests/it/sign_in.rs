//! Signing in: every account is proven, every problem is told, no secret is.

use std::collections::BTreeMap;
use std::error::Error;

use s3ferry_aws::{Cloud, Options};
use s3ferry_core::ids::{AccountName, Arn};
use s3ferry_core::model::{BucketPart, Target};
use s3ferry_core::spec::{Access, Account};
use s3ferry_engine::ports::{Class, Read};

use crate::stub::{self, Reply, Request, Stub, account, bucket};

const ARCHIVE: &str = "222222222222";

fn assume(id: &str) -> Access {
    Access::AssumeRole {
        arn: Arn::new(format!("arn:aws:iam::{id}:role/s3ferry")).unwrap(),
        external_id: Some("move-42".to_owned()),
    }
}

fn accounts() -> BTreeMap<AccountName, Account> {
    BTreeMap::from([
        account("archive", ARCHIVE, assume(ARCHIVE)),
        account("prod", stub::ACCOUNT, Access::DefaultChain),
    ])
}

const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:s3ferry</AssumedRoleId><Arn>arn:aws:sts::222222222222:assumed-role/s3ferry/s3ferry</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>not-a-secret-to-print</SecretAccessKey><SessionToken>not-a-token-to-print</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

/// STS of two accounts: whoever signs with the assumed key is the archive.
fn sts(request: &Request) -> Reply {
    let assumed = request
        .header("authorization")
        .is_some_and(|header| header.contains("ASIAASSUMED"));
    if request.body.contains("Action=AssumeRole&") {
        Reply::ok(ASSUMED)
    } else if request.body.contains("Action=GetCallerIdentity") {
        stub::identity(if assumed { ARCHIVE } else { stub::ACCOUNT })
    } else {
        Reply::of(404, "")
    }
}

#[tokio::test]
async fn each_account_is_entered_its_own_way() {
    let stub = Stub::start(sts).await;
    let (_, callers) = Cloud::connect(&accounts(), stub.options()).await.unwrap();
    let ids: Vec<_> = callers
        .values()
        .map(|caller| caller.account.as_str())
        .collect();
    assert_eq!(ids, [ARCHIVE, stub::ACCOUNT]);
    let arns: Vec<_> = callers.values().map(|caller| caller.arn.as_str()).collect();
    assert_eq!(
        arns,
        [
            "arn:aws:sts::222222222222:assumed-role/s3ferry/s3ferry",
            "arn:aws:iam::111111111111:user/ci"
        ]
    );
    assert_eq!(stub.sign_ins().len(), 2, "one call an account");
    let assumed = stub
        .sign_ins()
        .into_iter()
        .find(|body| body.contains("Action=AssumeRole&"))
        .unwrap();
    for part in [
        "RoleSessionName=s3ferry",
        "ExternalId=move-42",
        "role%2Fs3ferry",
    ] {
        assert!(assumed.contains(part), "{assumed}");
    }
}

#[tokio::test]
async fn every_problem_is_told_at_once_and_no_secret() {
    let stub = Stub::start(|request| {
        if request.body.contains("Action=AssumeRole&") {
            let message = "User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole";
            Reply::iam_error(403, "AccessDenied", message)
        } else if request.body.contains("Action=GetCallerIdentity") {
            stub::identity("333333333333")
        } else {
            Reply::of(404, "")
        }
    })
    .await;
    let problems = Cloud::connect(&accounts(), stub.options())
        .await
        .unwrap_err();
    assert_eq!(problems.len(), 2);
    let [archive, prod] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!(archive.error.class, Class::Denied, "{:?}", archive.error);
    assert!(
        archive
            .error
            .message
            .contains("is not authorized to perform: sts:AssumeRole")
    );
    assert!(archive.error.hint.as_ref().unwrap().contains("external ID"));
    assert_eq!(prod.error.class, Class::Credentials);
    assert_eq!(prod.error.code, "WrongAccount");
    assert!(
        prod.error.message.contains("333333333333"),
        "{}",
        prod.error
    );
    assert_eq!(prod.to_string(), "sign in to account prod (111111111111)");
    assert!(prod.source().is_some());
    let told = format!("{problems:?} {:?}", stub.options());
    assert!(!told.contains("to-print"), "{told}");
}

#[tokio::test]
async fn a_role_of_another_account_than_the_specs_is_not_entered() {
    let stub = Stub::start(sts).await;
    let id = "333333333333";
    let accounts = BTreeMap::from([account("other", id, assume(id))]);
    let problems = Cloud::connect(&accounts, stub.options()).await.unwrap_err();
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!(problem.error.class, Class::Credentials);
    assert_eq!(problem.error.code, "WrongAccount");
    assert!(problem.error.message.contains(ARCHIVE), "{}", problem.error);
    assert!(!format!("{problems:?}").contains("to-print"));
}

#[tokio::test]
async fn refused_keys_are_a_credentials_problem() {
    let stub = Stub::start(|_| {
        Reply::iam_error(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        )
    })
    .await;
    let accounts = BTreeMap::from([account("prod", stub::ACCOUNT, Access::DefaultChain)]);
    let problems = Cloud::connect(&accounts, stub.options()).await.unwrap_err();
    assert_eq!(problems[0].error.class, Class::Credentials);
    assert!(
        problems[0]
            .error
            .hint
            .as_ref()
            .unwrap()
            .contains("AWS_PROFILE")
    );
}

#[tokio::test]
async fn a_profile_that_does_not_exist_is_a_credentials_problem() {
    let stub = Stub::start(sts).await;
    let mut options = stub.options();
    options.endpoint = None;
    let access = Access::Profile("s3ferry-test-of-a-missing-profile".to_owned());
    let accounts = BTreeMap::from([account("prod", stub::ACCOUNT, access)]);
    let problems = Cloud::connect(&accounts, options).await.unwrap_err();
    assert_eq!(
        problems[0].error.class,
        Class::Credentials,
        "{:?}",
        problems[0].error
    );
    let hint = problems[0].error.hint.as_ref().unwrap();
    assert!(hint.contains("s3ferry-test-of-a-missing-profile"), "{hint}");
    assert!(stub.sign_ins().is_empty());
}

#[tokio::test]
async fn nothing_is_called_in_an_account_that_was_not_signed_in_to() {
    let stub = Stub::start(sts).await;
    let cloud = stub.cloud().await;
    let mut other = bucket();
    other.account = s3ferry_core::ids::AccountId::new(ARCHIVE).unwrap();
    let error = cloud
        .read(&Target::Bucket(other, BucketPart::Tags))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Credentials);
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn the_user_agent_names_the_tool() {
    let stub = Stub::start(sts).await;
    let mut options = stub.options();
    options.version = "9.9.9".to_owned();
    let accounts = BTreeMap::from([account("prod", stub::ACCOUNT, Access::DefaultChain)]);
    Cloud::connect(&accounts, options).await.unwrap();
    let agent = stub.all().remove(0).headers.remove("user-agent").unwrap();
    assert!(agent.contains("app/s3ferry-9.9.9"), "{agent}");
}

/// Set in the processes that [`in_child`] starts.
const CHILD: &str = "S3FERRY_TEST_CHILD";

/// Runs one test of this file again in a process with an environment of its own.
async fn in_child(test: &str, environment: &[(&str, &str)]) {
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("sign_in::{test}")])
        .env(CHILD, "1")
        .env("AWS_CA_BUNDLE", "/no/such/bundle.pem")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

/// What the child does: signs in to the archive, and reads there once.
async fn read_in_archive(access: Access) {
    let accounts = BTreeMap::from([account("archive", ARCHIVE, access)]);
    let (cloud, callers) = Cloud::connect(&accounts, Options::default()).await.unwrap();
    assert_eq!(callers.values().next().unwrap().account.as_str(), ARCHIVE);
    let mut at = bucket();
    at.account = s3ferry_core::ids::AccountId::new(ARCHIVE).unwrap();
    assert_eq!(
        cloud.read(&Target::Bucket(at, BucketPart::Policy)).await,
        Ok(None)
    );
}

async fn two_accounts() -> Stub {
    Stub::start(|request| match request.method.as_str() {
        "GET" => Reply::s3_error(404, "NoSuchBucketPolicy", "none"),
        _ => sts(request),
    })
    .await
}

#[tokio::test]
async fn a_profile_wins_over_keys_in_the_environment() {
    if std::env::var_os(CHILD).is_some() {
        return read_in_archive(Access::Profile("archive".to_owned())).await;
    }
    let stub = two_accounts().await;
    let profile = "[profile archive]\naws_access_key_id = ASIAASSUMED\naws_secret_access_key = x\n";
    let config = Scratch::file("profile", profile);
    let environment = [
        ("AWS_ENDPOINT_URL", stub.url.as_str()),
        ("AWS_CONFIG_FILE", config.path()),
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
    ];
    in_child("a_profile_wins_over_keys_in_the_environment", &environment).await;
    // The endpoint of the environment, with the bucket in the path, and the profile's key.
    assert_eq!(stub.lines(), ["GET /orders?policy"]);
    let signed = |request: &Request| {
        request
            .header("authorization")
            .unwrap()
            .contains("ASIAASSUMED")
    };
    assert!(stub.all().iter().all(signed));
}

#[tokio::test]
async fn a_role_is_entered_with_what_a_credential_process_says() {
    if std::env::var_os(CHILD).is_some() {
        return read_in_archive(assume(ARCHIVE)).await;
    }
    let stub = two_accounts().await;
    let said = r#"{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"x"}"#;
    let answer = Scratch::file("answer", said);
    let config = Scratch::file(
        "process",
        &format!("[default]\ncredential_process = cat {}\n", answer.path()),
    );
    // An endpoint for each service, and none for all. At a name, a bucket could be taken for a host.
    let named = stub.url.replace("127.0.0.1", "localhost");
    let environment = [
        ("AWS_ENDPOINT_URL_S3", named.as_str()),
        ("AWS_ENDPOINT_URL_STS", stub.url.as_str()),
        ("AWS_CONFIG_FILE", config.path()),
    ];
    in_child(
        "a_role_is_entered_with_what_a_credential_process_says",
        &environment,
    )
    .await;
    assert_eq!(stub.lines(), ["GET /orders?policy"]);
    let keys: Vec<bool> = stub
        .all()
        .iter()
        .map(|request| {
            request
                .header("authorization")
                .unwrap()
                .contains("AKIAPROCESS")
        })
        .collect();
    assert_eq!(keys, [true, false], "AssumeRole, GetBucketPolicy");
}

/// A file that goes with its owner.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn file(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("s3ferry-aws-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

//! Roles that are read together are as they are read one by one, and where they cannot be, nothing is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use s3ferry_core::model::kinds::Role;
use s3ferry_core::model::target::ROLE_POLICY_NAME;
use s3ferry_core::model::{Document, RolePart, RoleRef, Target};
use s3ferry_engine::ports::Read;
use s3ferry_sandbox::{Fault, FaultKind, Sandbox};
use s3ferry_testkit::build;

use crate::sandbox::World;
use crate::stub::{self, Reply, Stub};

const LISTING: &str = "GetAccountAuthorizationDetails";
const BOUNDARY: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

fn roles(count: usize) -> Vec<RoleRef> {
    let role = |number| build::role(&format!("s3ferry-{number:02}"));
    (0..count).map(role).collect()
}

/// The parts of roles that a plan reads.
fn parts(roles: &[RoleRef]) -> Vec<Target> {
    let parts = [RolePart::Itself, RolePart::Policy, RolePart::Policies];
    let of = |role: &RoleRef| parts.map(|part| Target::Role(role.clone(), part));
    roles.iter().flat_map(of).collect()
}

async fn together(world: &impl Read, targets: &[Target]) -> Vec<(Target, Option<Document>)> {
    let targets: Vec<&Target> = targets.iter().collect();
    world.read_together(&targets).await
}

fn listings(sandbox: &Sandbox) -> usize {
    let calls = sandbox.calls();
    calls
        .iter()
        .filter(|call| call.operation == LISTING)
        .count()
}

/// IAM of the first account, for what s3ferry never does to a role.
fn iam(sandbox: &Sandbox) -> aws_sdk_iam::Client {
    let (id, secret) = (
        sandbox.root_access_key_id(),
        sandbox.root_secret_access_key(),
    );
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .region(aws_sdk_iam::config::Region::new("eu-west-1"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(sandbox.endpoint())
        .credentials_provider(Credentials::new(id, secret, None, None, "test"))
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

/// Roles bare, with tags and a boundary, with policies of ours, of others, and attached.
async fn peopled(world: &World, roles: &[RoleRef]) {
    let foreign = iam(&world.sandbox);
    for (number, role) in roles.iter().enumerate() {
        let name = role.name.as_str();
        let Document::Role(made) = build::replication_role(&[("a +b", "c/é"), ("n", "")]) else {
            panic!("a role")
        };
        let made = Role {
            boundary: (number % 2 == 0).then(|| BOUNDARY.to_owned()),
            ..made
        };
        let itself = Target::Role(role.clone(), RolePart::Itself);
        world.set(&itself, &Document::Role(made)).await;
        let text = build::role_policy(&build::source());
        if number % 3 == 0 {
            let policy = Target::Role(role.clone(), RolePart::Policy);
            world.set(&policy, &text).await;
        }
        let text = r#"{ "Version": "2012-10-17", "Statement": [{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a+b c%20/*"}] }"#;
        if number % 4 == 0 {
            let request = foreign.put_role_policy().role_name(name);
            let name = if number == 8 {
                ROLE_POLICY_NAME
            } else {
                "theirs"
            };
            let request = request.policy_name(name).policy_document(text);
            request.send().await.unwrap();
        }
        if number % 5 == 0 {
            let request = foreign.attach_role_policy().role_name(name);
            request.policy_arn(BOUNDARY).send().await.unwrap();
        }
    }
}

#[tokio::test]
async fn roles_read_together_are_as_read_one_by_one() {
    let world = World::start().await;
    let mut roles = roles(13);
    peopled(&world, &roles[..12]).await;
    roles.push(build::role("S3FERRY-03"));
    let targets = parts(&roles);
    world.sandbox.reset_calls();
    let found = together(&world.cloud, &targets).await;
    assert_eq!(world.sandbox.calls().len(), 1);
    assert_eq!(listings(&world.sandbox), 1);
    let answered: Vec<&Target> = found.iter().map(|(target, _)| target).collect();
    assert_eq!(answered, targets.iter().collect::<Vec<_>>());
    for (target, document) in &found {
        assert_eq!(*document, world.found(target).await, "{target}");
    }
    let present = found.iter().filter(|(_, document)| document.is_some());
    assert_eq!(
        present.count(),
        13 * 2 + 6,
        "all but the 13th role; policies of 6"
    );
}

#[tokio::test]
async fn a_few_roles_are_not_worth_the_list() {
    let world = World::start().await;
    let mut targets = parts(&roles(7));
    targets.push(Target::Bucket(
        build::source(),
        s3ferry_core::model::BucketPart::Tags,
    ));
    assert_eq!(together(&world.cloud, &targets).await, vec![]);
    assert_eq!(listings(&world.sandbox), 0);
}

#[tokio::test]
async fn a_list_that_is_not_allowed_is_asked_for_once_and_said() {
    let world = World::start().await;
    let kind = FaultKind::ErrorBefore {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "not authorized to perform: iam:GetAccountAuthorizationDetails".to_owned(),
    };
    world.sandbox.switches().fail(Fault {
        service: "iam".to_owned(),
        operation: LISTING.to_owned(),
        nth: 0,
        kind,
    });
    let targets = parts(&roles(8));
    assert_eq!(world.cloud.remarks(), Vec::<String>::new());
    for _ in 0..2 {
        assert_eq!(together(&world.cloud, &targets).await, vec![]);
    }
    assert_eq!(listings(&world.sandbox), 1);
    let said = "roles of account 111111111111 are read one by one: iam:GetAccountAuthorizationDetails is not allowed";
    assert_eq!(world.cloud.remarks(), [said]);
}

fn page(number: usize) -> Reply {
    Reply::ok(format!(
        "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><RoleDetailList><member><RoleName>role-{number}</RoleName><Path>/s3ferry/</Path>\
         <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></member></RoleDetailList><IsTruncated>true</IsTruncated>\
         <Marker>m{number}</Marker></GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    ))
}

#[tokio::test]
async fn a_list_of_more_pages_than_it_is_worth_answers_nothing() {
    let pages = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.body.contains(LISTING) {
        true => page(pages.fetch_add(1, Ordering::Relaxed)),
        false => Reply::of(404, ""),
    })
    .await;
    let cloud = stub.cloud().await;
    let role = |number| RoleRef {
        name: s3ferry_core::ids::RoleName::new(format!("role-{number}")).unwrap(),
        ..stub::role()
    };
    let targets = parts(&(0..12).map(role).collect::<Vec<_>>());
    assert_eq!(together(&cloud, &targets).await, vec![]);
    assert_eq!(stub.seen().len(), 3, "48 calls are three round trips");
    let asked = &stub.seen()[2].body;
    for part in ["Filter.member.1=Role", "MaxItems=1000", "Marker=m1"] {
        assert!(asked.contains(part), "{asked}");
    }
    assert_eq!(cloud.remarks().len(), 1);
}

//! IAM as the other services meet it, through [`Authority`].

use std::sync::Arc;
use std::time::Duration;

use crate::authority::{Action, Authority, Caller, CallerKind, Denied};
use crate::clock::Clock;
use crate::environment::Account;
use crate::keys::KeyRing;
use crate::switches::Switches;
use crate::wire::{Form, QueryRequest, QueryService, Refusal};

use super::{Iam, session_caller};

const ONE: &str = "111111111111";
const TWO: &str = "222222222222";
const COPIER: &str = "arn:aws:iam::111111111111:role/copier";

struct World {
    iam: Iam,
    clock: Clock,
    switches: Arc<Switches>,
}

impl World {
    fn new() -> Self {
        let account = |id: &str| Account {
            id: id.to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let (clock, switches) = (Clock::default(), Arc::new(Switches::default()));
        let keys = KeyRing::new(clock.clone());
        let accounts = [account(ONE), account(TWO)];
        let iam = Iam::new(&accounts, 1, clock.clone(), Arc::clone(&switches), keys);
        Self {
            iam,
            clock,
            switches,
        }
    }

    fn root(&self, account: &str) -> Caller {
        let key = self.iam.add_root_key(account);
        self.iam.keys().open(&key.id, None).unwrap().caller
    }

    /// Calls an operation as root of account 1.
    fn call(&self, operation: &str, fields: &[(&str, &str)]) -> Result<Option<String>, Refusal> {
        let encode =
            |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let form = Form::parse(&fields.collect::<Vec<_>>().join("&"));
        self.iam.call(&QueryRequest {
            caller: &self.root(ONE),
            region: "us-east-1",
            operation,
            form: &form,
        })
    }

    /// Makes the role `copier` that S3 may assume.
    fn copier(&self) -> &Self {
        let trust = trust(r#"{"Service":"s3.amazonaws.com"}"#);
        let fields = [
            ("RoleName", "copier"),
            ("AssumeRolePolicyDocument", trust.as_str()),
        ];
        self.call("CreateRole", &fields).unwrap();
        self
    }

    fn grant(&self, document: &str) -> &Self {
        let fields = [
            ("RoleName", "copier"),
            ("PolicyName", "p"),
            ("PolicyDocument", document),
        ];
        self.call("PutRolePolicy", &fields).unwrap();
        self
    }

    fn session(&self) -> Caller {
        let (account, role) = self.iam.effective_role(COPIER).unwrap();
        session_caller(&account, &role.identity, "s", None)
    }

    fn get_object(&self, caller: &Caller, owner: &str, policy: Option<&str>) -> Result<(), Denied> {
        let action = Action {
            name: "s3:GetObject",
            resource: "arn:aws:s3:::orders/k",
            resource_account: owner,
            resource_policy: policy,
            context: &[],
        };
        self.iam.authorize(caller, &action)
    }
}

fn trust(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
    )
}

fn policy(effect: &str, action: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*","Condition":{condition}}}]}}"#
    )
}

fn bucket_policy(effect: &str, principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":{principal},"Action":"s3:*","Resource":"arn:aws:s3:::orders/*"}}]}}"#
    )
}

#[test]
fn a_service_assumes_a_role_that_trusts_it() {
    let world = World::new();
    assert!(
        world
            .iam
            .assume_as_service("s3.amazonaws.com", COPIER)
            .is_err(),
        "there is no role"
    );
    world.copier();
    let session = world
        .iam
        .assume_as_service("s3.amazonaws.com", COPIER)
        .unwrap();
    assert_eq!(
        session.arn,
        "arn:aws:sts::111111111111:assumed-role/copier/s3-replication"
    );
    assert_eq!(
        (session.kind, session.principal_arn.as_str()),
        (CallerKind::AssumedRole, COPIER)
    );
    assert!(
        world
            .iam
            .assume_as_service("batchoperations.s3.amazonaws.com", COPIER)
            .is_err()
    );
    let elsewhere = "arn:aws:iam::111111111111:role/path/copier";
    assert!(
        world
            .iam
            .assume_as_service("s3.amazonaws.com", elsewhere)
            .is_err()
    );
}

#[test]
fn a_condition_on_the_source_account_keeps_s3_from_assuming() {
    // S3 does not document that it sends these keys for replication (domain: confused deputy).
    let world = World::new();
    let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},
        "Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}}"#;
    let fields = [("RoleName", "copier"), ("AssumeRolePolicyDocument", trust)];
    world.call("CreateRole", &fields).unwrap();
    assert!(
        world
            .iam
            .assume_as_service("s3.amazonaws.com", COPIER)
            .is_err()
    );
}

#[test]
fn roles_and_policies_take_effect_only_after_the_delay() {
    let world = World::new();
    world.switches.propagation_delay(Duration::from_secs(60));
    world.copier();
    let assume = || world.iam.assume_as_service("s3.amazonaws.com", COPIER);
    assert!(assume().is_err());
    world.clock.advance(Duration::from_secs(61));
    let session = assume().unwrap();
    world.grant(&policy("Allow", "s3:*", "{}"));
    assert!(world.get_object(&session, ONE, None).is_err());
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(world.get_object(&session, ONE, None), Ok(()));

    world
        .call(
            "DeleteRolePolicy",
            &[("RoleName", "copier"), ("PolicyName", "p")],
        )
        .unwrap();
    assert_eq!(
        world.get_object(&session, ONE, None),
        Ok(()),
        "the deletion lags, too"
    );
    world.clock.advance(Duration::from_secs(61));
    assert!(world.get_object(&session, ONE, None).is_err());
}

#[test]
fn reads_of_iam_may_be_stale_and_go_backwards() {
    let world = World::new();
    world.clock.advance(Duration::from_secs(60));
    world.copier();
    world.switches.stale_reads(Duration::from_secs(30));
    let found = || world.call("GetRole", &[("RoleName", "copier")]).is_ok();
    let reads: Vec<bool> = (0..6).map(|_| found()).collect();
    assert_eq!(reads, [false, false, true, false, true, false]);
    world.switches.stale_reads(Duration::ZERO);
    assert!(found());
}

#[test]
fn a_session_of_a_role_that_was_made_again_has_no_permissions() {
    let world = World::new();
    world.copier().grant(&policy("Allow", "s3:*", "{}"));
    let session = world.session();
    assert_eq!(world.get_object(&session, ONE, None), Ok(()));
    world
        .call(
            "DeleteRolePolicy",
            &[("RoleName", "copier"), ("PolicyName", "p")],
        )
        .unwrap();
    world.call("DeleteRole", &[("RoleName", "copier")]).unwrap();
    world.copier().grant(&policy("Allow", "s3:*", "{}"));
    assert!(world.get_object(&session, ONE, None).is_err());
    assert_eq!(world.get_object(&world.session(), ONE, None), Ok(()));
}

#[test]
fn principals_are_stored_as_ids_and_shown_as_arns() {
    let world = World::new();
    let given = bucket_policy("Allow", &format!(r#"{{"AWS":["{COPIER}","{TWO}"]}}"#));
    let refused = world.iam.store_principals(&given);
    assert_eq!(refused, Err("Invalid principal in policy".to_owned()));
    world.switches.propagation_delay(Duration::from_secs(60));
    world.copier();
    assert_eq!(
        world.iam.store_principals(&given),
        refused,
        "it is not valid before the delay"
    );
    world.clock.advance(Duration::from_secs(61));
    let stored = world.iam.store_principals(&given).unwrap();
    assert!(
        stored.contains("\"AROA") && !stored.contains("role/copier"),
        "{stored}"
    );
    let shown = world.iam.show_principals(&stored);
    assert!(
        shown.contains(COPIER) && shown.contains("arn:aws:iam::222222222222:root"),
        "{shown}"
    );

    world.call("DeleteRole", &[("RoleName", "copier")]).unwrap();
    let dangling = world.iam.show_principals(&stored);
    assert!(
        dangling.contains("\"AROA") && !dangling.contains("role/copier"),
        "{dangling}"
    );
    assert!(
        world.iam.store_principals(&dangling).is_err(),
        "AWS refuses to store it again"
    );
}

#[test]
fn a_policy_without_principals_to_store_keeps_its_text() {
    let world = World::new();
    let text = "{ \"Statement\": { \"Effect\": \"Deny\",\n \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": \"*\" } }";
    assert_eq!(world.iam.store_principals(text).unwrap(), text);
    assert_eq!(
        world.iam.store_principals("{"),
        Err("Syntax errors in policy.".to_owned())
    );
}

#[test]
fn a_role_of_another_account_needs_both_sides() {
    let world = World::new();
    world.copier();
    let named = world
        .iam
        .store_principals(&bucket_policy("Allow", &format!(r#"{{"AWS":"{COPIER}"}}"#)));
    let named = named.unwrap();
    let session = world.session();
    let only_bucket = world.get_object(&session, TWO, Some(&named)).unwrap_err();
    assert_eq!(
        only_bucket.message, "Access Denied",
        "S3 explains nothing to other accounts"
    );
    world.grant(&policy("Allow", "s3:GetObject", "{}"));
    assert_eq!(world.get_object(&session, TWO, Some(&named)), Ok(()));
    assert!(world.get_object(&session, TWO, None).is_err());
}

#[test]
fn denials_are_worded_as_aws_words_them() {
    let world = World::new();
    world.copier();
    let session = world.session();
    let message = |policy| world.get_object(&session, ONE, policy).unwrap_err().message;
    let asked = "User: arn:aws:sts::111111111111:assumed-role/copier/s is not authorized to perform: \
                 s3:GetObject on resource: \"arn:aws:s3:::orders/k\"";
    let why = "because no identity-based policy allows the s3:GetObject action";
    assert_eq!(message(None), format!("{asked} {why}"));
    let deny = bucket_policy("Deny", "\"*\"");
    assert_eq!(
        message(Some(&deny)),
        format!("{asked} with an explicit deny in a resource-based policy")
    );
    let boundary = [
        ("RoleName", "copier"),
        (
            "PermissionsBoundary",
            "arn:aws:iam::aws:policy/IAMFullAccess",
        ),
    ];
    world
        .grant(&policy("Allow", "*", "{}"))
        .call("PutRolePermissionsBoundary", &boundary)
        .unwrap();
    let why = "because no permissions boundary allows the s3:GetObject action";
    assert_eq!(message(None), format!("{asked} {why}"));
}

#[test]
fn roles_are_passed_by_permission_to_the_service_it_names() {
    let world = World::new();
    world.copier();
    let session = world.session();
    let pass = |caller: &Caller, service| world.iam.may_pass_role(caller, COPIER, service);
    assert!(pass(&session, "s3.amazonaws.com").is_err());
    let to_s3 = r#"{"StringEquals":{"iam:PassedToService":"s3.amazonaws.com"}}"#;
    world.grant(&policy("Allow", "iam:PassRole", to_s3));
    assert_eq!(pass(&session, "s3.amazonaws.com"), Ok(()));
    assert!(pass(&session, "batchoperations.s3.amazonaws.com").is_err());
    assert_eq!(pass(&world.root(ONE), "s3.amazonaws.com"), Ok(()));
    assert!(
        pass(&world.root(TWO), "s3.amazonaws.com").is_err(),
        "never to another account"
    );
}

#[test]
fn root_is_locked_out_of_objects_but_not_of_the_bucket_s_policy() {
    let world = World::new();
    let (root, deny) = (
        world.root(ONE),
        bucket_policy("Deny", "\"*\"").replace("/*", "*"),
    );
    assert!(
        world
            .get_object(&root, ONE, Some(&deny))
            .unwrap_err()
            .explicit
    );
    let ask = |root: &Caller, owner| {
        let action = Action {
            name: "s3:PutBucketPolicy",
            resource: "arn:aws:s3:::orders",
            resource_account: owner,
            resource_policy: Some(&deny),
            context: &[],
        };
        world.iam.authorize(root, &action)
    };
    assert_eq!(ask(&root, ONE), Ok(()));
    assert!(ask(&root, TWO).is_err());
}

#[test]
fn conditions_see_the_caller_and_the_request() {
    let world = World::new();
    world.copier();
    let tag = [
        ("RoleName", "copier"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "ops"),
    ];
    world.call("TagRole", &tag).unwrap();
    let session = world.session();
    let holds = |condition: &str| {
        world
            .grant(&policy("Allow", "s3:*", condition))
            .get_object(&session, ONE, None)
            .is_ok()
    };
    assert!(holds(
        r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/copier"}}"#
    ));
    assert!(holds(r#"{"StringEquals":{"aws:PrincipalTag/team":"ops"}}"#));
    assert!(holds(
        r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}"#
    ));
    assert!(holds(r#"{"Bool":{"aws:SecureTransport":"true"}}"#));
    assert!(!holds(r#"{"StringEquals":{"aws:PrincipalType":"User"}}"#));
    assert!(!holds(
        r#"{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#
    ));
    let action = Action {
        name: "s3:PutObject",
        resource: "arn:aws:s3:::orders/k",
        resource_account: ONE,
        resource_policy: None,
        context: &[("s3:x-amz-acl", "private".to_owned())],
    };
    world.grant(&policy(
        "Allow",
        "s3:*",
        r#"{"StringEquals":{"s3:x-amz-acl":"private"}}"#,
    ));
    assert_eq!(world.iam.authorize(&session, &action), Ok(()));
}

#[test]
fn permissions_of_iam_may_depend_on_tags_and_policies() {
    let world = World::new();
    let tags = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "ops"),
    ];
    world
        .copier()
        .call(
            "TagRole",
            &[&[("RoleName", "copier")], tags.as_slice()].concat(),
        )
        .unwrap();
    let session = world.session();
    let may = |condition: &str, operation: &str, fields: &str| {
        world.grant(&policy("Allow", "iam:*", condition));
        let form = Form::parse(&format!("RoleName=copier&{fields}"));
        let request = QueryRequest {
            caller: &session,
            region: "us-east-1",
            operation,
            form: &form,
        };
        world.iam.call(&request).is_ok()
    };
    for (key, team) in [
        ("iam:ResourceTag/team", "ops"),
        ("aws:ResourceTag/team", "ops"),
    ] {
        let condition = format!(r#"{{"StringEquals":{{"{key}":"{team}"}}}}"#);
        assert!(may(&condition, "GetRole", ""), "{key}");
        assert!(
            !may(&condition.replace("ops", "dev"), "GetRole", ""),
            "{key}"
        );
    }
    let tag = "Tags.member.1.Key=cost&Tags.member.1.Value=7";
    let cost = r#"{"StringEquals":{"aws:RequestTag/cost":"7"}}"#;
    assert!(may(cost, "TagRole", tag) && !may(cost, "TagRole", &tag.replace("=7", "=8")));
    let keys = r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["cost"]}}"#;
    assert!(may(keys, "TagRole", tag) && may(keys, "UntagRole", "TagKeys.member.1=cost"));
    assert!(!may(keys, "UntagRole", "TagKeys.member.1=team"));
    let arn = "PolicyArn=arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    let only = r#"{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/IAMReadOnlyAccess"}}"#;
    assert!(may(only, "AttachRolePolicy", arn));
    assert!(!may(
        only,
        "AttachRolePolicy",
        &arn.replace("ReadOnly", "Full")
    ));
}

#[test]
fn quotas_are_those_of_iam() {
    let world = World::new();
    world.copier();
    let refused = |operation, fields: &[(&str, &str)]| world.call(operation, fields).unwrap_err();
    let limited = |operation, fields: &[(&str, &str)]| {
        let refusal = refused(operation, fields);
        assert_eq!(
            (refusal.status, refusal.code.as_str()),
            (409, "LimitExceeded"),
            "{operation}"
        );
        refusal.message
    };

    let services: Vec<_> = (0..100)
        .map(|n| format!("\"logs.zone-{n}.amazonaws.com\""))
        .collect();
    let long = trust(&format!(r#"{{"Service":[{}]}}"#, services.join(",")));
    let message = limited(
        "UpdateAssumeRolePolicy",
        &[("RoleName", "copier"), ("PolicyDocument", &long)],
    );
    assert_eq!(message, "Cannot exceed quota for ACLSizePerRole: 2048");
    let padded = trust(&format!("{}\"*\"", " ".repeat(4096)));
    let fields = [("RoleName", "copier"), ("PolicyDocument", padded.as_str())];
    assert!(
        world.call("UpdateAssumeRolePolicy", &fields).is_ok(),
        "white space does not count"
    );

    for n in 0..=10 {
        let name = format!("p{n}");
        let document = policy("Allow", "s3:*", "{}");
        let fields = [
            ("PolicyName", name.as_str()),
            ("PolicyDocument", document.as_str()),
        ];
        world.call("CreatePolicy", &fields).unwrap();
        let arn = format!("arn:aws:iam::111111111111:policy/{name}");
        let fields = [("RoleName", "copier"), ("PolicyArn", arn.as_str())];
        if n < 10 {
            world.call("AttachRolePolicy", &fields).unwrap();
        } else {
            let message = limited("AttachRolePolicy", &fields);
            assert_eq!(message, "Cannot exceed quota for PoliciesPerRole: 10");
        }
    }

    let tags: Vec<_> = (1..=51)
        .map(|n| (format!("Tags.member.{n}.Key"), format!("k{n}")))
        .collect();
    let mut fields = vec![("RoleName", "copier")];
    fields.extend(tags.iter().map(|(name, key)| (name.as_str(), key.as_str())));
    limited("TagRole", &fields);
    assert!(world.call("TagRole", &fields[..51]).is_ok());

    world.call("CreateUser", &[("UserName", "ann")]).unwrap();
    for _ in 0..2 {
        world
            .call("CreateAccessKey", &[("UserName", "ann")])
            .unwrap();
    }
    limited("CreateAccessKey", &[("UserName", "ann")]);
}

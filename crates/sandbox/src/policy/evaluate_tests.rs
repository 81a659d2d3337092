//! The evaluation logic, rule by rule.

use super::*;

const OWN: &str = "111111111111";
const OTHER: &str = "222222222222";
const OBJECT: &str = "arn:aws:s3:::orders/a/b";

fn caller(kind: CallerKind) -> Caller {
    let (arn, principal_arn, principal_id) = match kind {
        CallerKind::Root => (
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:root",
            OWN,
        ),
        CallerKind::User => (
            "arn:aws:iam::111111111111:user/ann",
            "arn:aws:iam::111111111111:user/ann",
            "AIDAANN",
        ),
        CallerKind::AssumedRole => (
            "arn:aws:sts::111111111111:assumed-role/r/s",
            "arn:aws:iam::111111111111:role/p/r",
            "AROAR",
        ),
        CallerKind::Anonymous => return Caller::anonymous(),
        CallerKind::Service => return Caller::service("cloudtrail.amazonaws.com"),
    };
    Caller {
        account: OWN.to_owned(),
        arn: arn.to_owned(),
        principal_arn: principal_arn.to_owned(),
        user_id: principal_id.to_owned(),
        principal_id: principal_id.to_owned(),
        kind,
        is_root: kind == CallerKind::Root,
        session_policy: None,
        of_service: false,
    }
}

fn document(statements: &str) -> Arc<Document> {
    let json = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Arc::new(Document::parse(&json).unwrap())
}

fn identity(effect: &str, action: &str, resource: &str) -> Arc<Document> {
    document(&format!(
        r#"{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}"#
    ))
}

fn resource(effect: &str, principal: &str) -> Arc<Document> {
    document(&format!(
        r#"{{"Effect":"{effect}","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::orders/*"}}"#
    ))
}

/// A GetObject by a caller of account 1 on an object of `account`.
struct Case {
    kind: CallerKind,
    account: &'static str,
    policies: Policies,
    resource: Option<Arc<Document>>,
}

impl Case {
    fn new(kind: CallerKind, account: &'static str) -> Self {
        Self {
            kind,
            account,
            policies: Policies::default(),
            resource: None,
        }
    }

    fn identity(mut self, policy: Arc<Document>) -> Self {
        self.policies.identity.push(policy);
        self
    }

    fn boundary(mut self, policy: Arc<Document>) -> Self {
        self.policies.boundary = Some(policy);
        self
    }

    fn session(mut self, policy: Arc<Document>) -> Self {
        self.policies.session = Some(policy);
        self
    }

    fn resource(mut self, policy: Arc<Document>) -> Self {
        self.resource = Some(policy);
        self
    }

    fn decide(&self) -> Decision {
        let question = Question {
            requester: Requester::Caller(&caller(self.kind)),
            action: "s3:GetObject",
            resource: OBJECT,
            resource_account: self.account,
            resource_policy: self.resource.as_deref(),
            context: &Context::default(),
        };
        decide(&question, &self.policies)
    }
}

use CallerKind::{Anonymous, AssumedRole, Root, User};
use Decision::{Allowed, Explicit, Implicit};

const ROLE: &str = r#"{"AWS":"AROAR"}"#;
const USER: &str = r#"{"AWS":"AIDAANN"}"#;
const SESSION: &str = r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"}"#;
const ACCOUNT: &str = r#"{"AWS":"arn:aws:iam::111111111111:root"}"#;
const STRANGER: &str = r#"{"AWS":"arn:aws:iam::333333333333:root"}"#;
const EVERYONE: &str = r#""*""#;

fn get() -> Arc<Document> {
    identity("Allow", "s3:Get*", "arn:aws:s3:::orders/*")
}

fn put() -> Arc<Document> {
    identity("Allow", "s3:PutObject", "*")
}

#[test]
fn nothing_is_allowed_by_default() {
    assert_eq!(Case::new(User, OWN).decide(), Implicit(Source::Identity));
    assert_eq!(
        Case::new(User, OWN).identity(put()).decide(),
        Implicit(Source::Identity)
    );
    assert_eq!(
        Case::new(Anonymous, OWN).decide(),
        Implicit(Source::Resource)
    );
}

#[test]
fn either_side_allows_within_an_account() {
    assert_eq!(
        Case::new(AssumedRole, OWN).identity(get()).decide(),
        Allowed
    );
    for principal in [ROLE, SESSION, EVERYONE] {
        let case = Case::new(AssumedRole, OWN).resource(resource("Allow", principal));
        assert_eq!(case.decide(), Allowed, "{principal}");
    }
}

#[test]
fn naming_the_own_account_only_delegates() {
    let delegated = Case::new(AssumedRole, OWN).resource(resource("Allow", ACCOUNT));
    assert_eq!(delegated.decide(), Implicit(Source::Identity));
    assert_eq!(delegated.identity(get()).decide(), Allowed);
}

#[test]
fn both_sides_must_allow_across_accounts() {
    let case = || Case::new(AssumedRole, OTHER);
    assert_eq!(case().identity(get()).decide(), Implicit(Source::Resource));
    let stranger = case().identity(get()).resource(resource("Allow", STRANGER));
    assert_eq!(stranger.decide(), Implicit(Source::Resource));
    for principal in [ROLE, SESSION, ACCOUNT, EVERYONE] {
        let granted = case().resource(resource("Allow", principal));
        assert_eq!(granted.decide(), Implicit(Source::Identity), "{principal}");
        assert_eq!(granted.identity(get()).decide(), Allowed, "{principal}");
    }
}

#[test]
fn a_deny_anywhere_wins() {
    let deny = || identity("Deny", "s3:*", "*");
    let allowed = || {
        Case::new(AssumedRole, OWN)
            .identity(get())
            .boundary(get())
            .session(get())
    };
    assert_eq!(allowed().decide(), Allowed);
    assert_eq!(
        allowed().identity(deny()).decide(),
        Explicit(Source::Identity)
    );
    assert_eq!(
        allowed().boundary(deny()).decide(),
        Explicit(Source::Boundary)
    );
    assert_eq!(
        allowed().session(deny()).decide(),
        Explicit(Source::Session)
    );
    for principal in [ROLE, SESSION, ACCOUNT, EVERYONE] {
        let case = allowed().resource(resource("Deny", principal));
        assert_eq!(case.decide(), Explicit(Source::Resource), "{principal}");
    }
    assert_eq!(
        allowed().resource(resource("Deny", STRANGER)).decide(),
        Allowed
    );
}

#[test]
fn boundaries_and_session_policies_narrow_identities() {
    let case = || Case::new(AssumedRole, OWN).identity(get());
    assert_eq!(case().boundary(put()).decide(), Implicit(Source::Boundary));
    assert_eq!(case().session(put()).decide(), Implicit(Source::Session));
    let alone = Case::new(AssumedRole, OWN).boundary(get());
    assert_eq!(
        alone.decide(),
        Implicit(Source::Identity),
        "a boundary grants nothing"
    );
}

#[test]
fn they_narrow_a_grant_to_the_role_but_not_to_its_session_or_a_user() {
    let role = Case::new(AssumedRole, OWN)
        .session(put())
        .resource(resource("Allow", ROLE));
    assert_eq!(role.decide(), Implicit(Source::Session));
    let session = Case::new(AssumedRole, OWN)
        .session(put())
        .resource(resource("Allow", SESSION));
    assert_eq!(session.decide(), Allowed);
    let user = Case::new(User, OWN)
        .boundary(put())
        .resource(resource("Allow", USER));
    assert_eq!(user.decide(), Allowed);
}

#[test]
fn root_needs_no_policy_at_home_but_obeys_a_bucket_s_deny() {
    assert_eq!(Case::new(Root, OWN).decide(), Allowed);
    let denied = Case::new(Root, OWN).resource(resource("Deny", EVERYONE));
    assert_eq!(denied.decide(), Explicit(Source::Resource));
    assert_eq!(Case::new(Root, OTHER).decide(), Implicit(Source::Resource));
    assert_eq!(
        Case::new(Root, OTHER)
            .resource(resource("Allow", ACCOUNT))
            .decide(),
        Allowed
    );
}

#[test]
fn everyone_includes_those_who_do_not_sign() {
    assert_eq!(
        Case::new(Anonymous, OWN)
            .resource(resource("Allow", EVERYONE))
            .decide(),
        Allowed
    );
    let account = Case::new(Anonymous, OWN).resource(resource("Allow", ACCOUNT));
    assert_eq!(account.decide(), Implicit(Source::Resource));
}

#[test]
fn not_principal_spares_those_it_names() {
    let policy = |principal: &str| {
        document(&format!(
            r#"{{"Effect":"Deny","NotPrincipal":{principal},"Action":"*","Resource":"*"}}"#
        ))
    };
    let case = || Case::new(AssumedRole, OWN).identity(get());
    let both = r#"{"AWS":["AROAR","arn:aws:iam::111111111111:root"]}"#;
    for spared in [both, EVERYONE] {
        assert_eq!(
            case().resource(policy(spared)).decide(),
            Allowed,
            "{spared}"
        );
    }
    // The account is looked at first and then the principal: each alone is not enough.
    for denied in [ROLE, ACCOUNT, SESSION, STRANGER] {
        assert_eq!(
            case().resource(policy(denied)).decide(),
            Explicit(Source::Resource),
            "{denied}"
        );
    }
    let root = Case::new(Root, OWN).resource(policy(ACCOUNT));
    assert_eq!(root.decide(), Allowed);
}

#[test]
fn not_action_and_not_resource_select_the_rest() {
    let not_action = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
    assert_eq!(
        Case::new(User, OWN).identity(document(not_action)).decide(),
        Allowed
    );
    let not_get = r#"{"Effect":"Allow","NotAction":"S3:getobject","Resource":"*"}"#;
    let case = Case::new(User, OWN).identity(document(not_get));
    assert_eq!(case.decide(), Implicit(Source::Identity));
    let not_resource = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::orders/*"}"#;
    let case = Case::new(User, OWN)
        .identity(get())
        .identity(document(not_resource));
    assert_eq!(case.decide(), Allowed);
}

#[test]
fn a_service_is_allowed_by_the_resource_s_policy_alone() {
    let trust = document(
        r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
    );
    let ask = |service| {
        let question = Question {
            requester: Requester::Service(service),
            action: "sts:AssumeRole",
            resource: "arn:aws:iam::111111111111:role/r",
            resource_account: OWN,
            resource_policy: Some(&trust),
            context: &Context::default(),
        };
        decide(&question, &Policies::default())
    };
    assert_eq!(ask("s3.amazonaws.com"), Allowed);
    assert_eq!(
        ask("batchoperations.s3.amazonaws.com"),
        Implicit(Source::Resource)
    );
}

#[test]
fn a_trust_policy_must_allow_even_its_own_account() {
    let ask = |kind, principal: &str, policies: &Policies| {
        let trust = document(&format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#
        ));
        let question = Question {
            requester: Requester::Caller(&caller(kind)),
            action: "sts:AssumeRole",
            resource: "arn:aws:iam::111111111111:role/r",
            resource_account: OWN,
            resource_policy: Some(&trust),
            context: &Context::default(),
        };
        decide(&question, policies)
    };
    let (none, all) = (
        Policies::default(),
        Policies {
            identity: vec![identity("Allow", "*", "*")],
            ..Policies::default()
        },
    );
    assert_eq!(ask(User, STRANGER, &all), Implicit(Source::Resource));
    assert_eq!(ask(Root, STRANGER, &none), Implicit(Source::Resource));
    assert_eq!(ask(User, ACCOUNT, &none), Implicit(Source::Identity));
    assert_eq!(ask(User, ACCOUNT, &all), Allowed);
    assert_eq!(ask(User, USER, &none), Allowed);
    assert_eq!(ask(Root, ACCOUNT, &none), Allowed);
}

#[test]
fn conditions_must_hold_for_a_statement_to_count() {
    let policy = document(
        r#"{"Effect":"Deny","Action":"s3:*","Resource":"*",
            "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/p/*"}}}"#,
    );
    let ask = |principal: &str| {
        let mut context = Context::default();
        context.add("aws:PrincipalArn", principal);
        let question = Question {
            requester: Requester::Caller(&caller(AssumedRole)),
            action: "s3:PutObject",
            resource: OBJECT,
            resource_account: OWN,
            resource_policy: None,
            context: &context,
        };
        let identity = vec![identity("Allow", "s3:*", "*"), Arc::clone(&policy)];
        decide(
            &question,
            &Policies {
                identity,
                ..Policies::default()
            },
        )
    };
    assert_eq!(ask("arn:aws:iam::111111111111:role/p/r"), Allowed);
    assert_eq!(
        ask("arn:aws:iam::111111111111:role/q/r"),
        Explicit(Source::Identity)
    );
}

//! KMS without a network: whom a key's policy lets in, states, and the key that AWS manages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Kms;
use crate::authority::{Authority, Caller};
use crate::clock::Clock;
use crate::environment::Account;
use crate::iam::Iam;
use crate::keys::KeyRing;
use crate::seed::Seed;
use crate::switches::Switches;
use crate::vault::{KeyUse, Unusable, Vault};
use crate::wire::{Form, JsonRequest, JsonService, QueryRequest, QueryService, Refusal};

const HOME: &str = "111111111111";
const OTHER: &str = "222222222222";
const REGION: &str = "eu-west-1";
const OBJECT: &str = "arn:aws:s3:::b/k";

struct Lab {
    kms: Kms,
    iam: Iam,
    clock: Clock,
}

impl Lab {
    fn new(keys: &Value) -> Self {
        let clock = Clock::default();
        let accounts = [HOME, OTHER].map(|id| Account {
            id: id.to_owned(),
            region: REGION.to_owned(),
        });
        let iam = Iam::new(
            &accounts,
            1,
            clock.clone(),
            Arc::new(Switches::default()),
            KeyRing::new(clock.clone()),
        );
        let kms = Kms::new(1, clock.clone(), Arc::new(iam.clone()));
        let seed = Seed::read(&json!({ "keys": keys }).to_string()).unwrap();
        super::seed::load(&kms, &seed.keys).unwrap();
        Self { kms, iam, clock }
    }

    /// A role of the home account that S3 assumes, with these statements.
    fn role(&self, statements: &Value) -> Caller {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let make = [("RoleName", "r"), ("AssumeRolePolicyDocument", trust)];
        // The second time it is there already.
        let _ = self.iam("CreateRole", &make);
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let put = [
            ("RoleName", "r"),
            ("PolicyName", "p"),
            ("PolicyDocument", document.as_str()),
        ];
        self.iam("PutRolePolicy", &put).unwrap();
        let arn = format!("arn:aws:iam::{HOME}:role/r");
        self.iam
            .assume_as_service("s3.amazonaws.com", &arn)
            .unwrap()
    }

    fn iam(&self, operation: &str, fields: &[(&str, &str)]) -> Result<Option<String>, Refusal> {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let form = Form::parse(&fields.collect::<Vec<_>>().join("&"));
        let request = QueryRequest {
            caller: &Caller::root(HOME),
            region: "us-east-1",
            operation,
            form: &form,
        };
        QueryService::call(&self.iam, &request)
    }

    fn call(&self, caller: &Caller, operation: &str, input: &Value) -> Result<Value, Refusal> {
        let request = JsonRequest {
            caller,
            region: REGION,
            operation,
            input,
        };
        let answer = JsonService::call(&self.kms, &request)?;
        Ok(answer.unwrap_or_default())
    }

    fn uses(&self, caller: &Caller, key: &str) -> Result<(), Unusable> {
        self.kms.ask(&KeyUse {
            caller,
            key,
            action: "kms:Decrypt",
            service: Some("s3"),
            region: REGION,
            context: ("aws:s3:arn", OBJECT),
            others: &[],
        })
    }
}

fn arn(account: &str, id: u32) -> String {
    format!("arn:aws:kms:{REGION}:{account}:key/00000000-0000-0000-0000-{id:012}")
}

fn decrypt(condition: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition })
}

fn is_denied(answer: &Result<(), Unusable>) -> bool {
    matches!(answer, Err(Unusable::Denied(_)))
}

#[test]
fn the_key_s_policy_decides_before_iam_does() {
    let only_me = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "kms:*", "Resource": "*",
    }] });
    let lab = Lab::new(&json!([
        { "arn": arn(HOME, 1) }, { "arn": arn(HOME, 2), "policy": only_me },
        { "arn": arn(OTHER, 3) }, { "arn": arn(OTHER, 4), "users": [HOME] },
    ]));
    let without = lab.role(&json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }]));
    for id in [1, 2] {
        assert!(is_denied(&lab.uses(&without, &arn(HOME, id))), "{id}");
    }
    assert!(is_denied(&lab.uses(&without, &arn(OTHER, 4))));
    let with = lab.role(&json!([decrypt(&json!({}))]));
    assert_eq!(lab.uses(&with, &arn(HOME, 1)), Ok(()));
    // What the policy leaves to nobody, the account's own policies do not give, and its root has it no more.
    assert!(is_denied(&lab.uses(&with, &arn(HOME, 2))));
    assert!(is_denied(&lab.uses(&Caller::root(HOME), &arn(HOME, 2))));
    // Across accounts both sides speak.
    assert!(is_denied(&lab.uses(&with, &arn(OTHER, 3))));
    assert_eq!(lab.uses(&with, &arn(OTHER, 4)), Ok(()));
}

#[test]
fn conditions_see_the_service_the_context_and_the_caller() {
    let lab = Lab::new(&json!([{ "arn": arn(HOME, 1), "aliases": ["alias/orders"] }]));
    for (condition, holds) in [
        (
            json!({ "kms:ViaService": "s3.eu-west-1.amazonaws.com" }),
            true,
        ),
        (
            json!({ "kms:ViaService": "s3.eu-central-1.amazonaws.com" }),
            false,
        ),
        (json!({ "kms:EncryptionContext:aws:s3:arn": OBJECT }), true),
        (
            json!({ "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::b" }),
            false,
        ),
        (json!({ "kms:CallerAccount": HOME }), true),
        (json!({ "kms:CallerAccount": OTHER }), false),
        (json!({ "kms:KeySpec": "RSA_2048" }), false),
    ] {
        let caller = lab.role(&json!([decrypt(&json!({ "StringEquals": condition }))]));
        assert_eq!(
            lab.uses(&caller, &arn(HOME, 1)).is_ok(),
            holds,
            "{condition}"
        );
    }
    let aliases = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/orders" } });
    let caller = lab.role(&json!([decrypt(&aliases)]));
    assert_eq!(lab.uses(&caller, &arn(HOME, 1)), Ok(()));
}

#[test]
fn a_key_that_is_not_fit_is_told_by_its_state() {
    let lab = Lab::new(&json!([
        { "arn": arn(HOME, 1), "state": "Disabled" },
        { "arn": arn(HOME, 2), "state": "PendingDeletion" },
        { "arn": arn(HOME, 3), "spec": "RSA_2048" },
        { "arn": arn(HOME, 4) },
    ]));
    let root = Caller::root(HOME);
    let told = |id: u32, rest: &str| format!("{}{rest}", arn(HOME, id));
    let disabled = Unusable::Disabled(told(1, " is disabled."));
    assert_eq!(lab.uses(&root, &arn(HOME, 1)), Err(disabled));
    let pending = Unusable::InvalidState(told(2, " is pending deletion."));
    assert_eq!(lab.uses(&root, &arn(HOME, 2)), Err(pending));
    assert!(matches!(
        lab.uses(&root, &arn(HOME, 3)),
        Err(Unusable::InvalidUsage(_))
    ));
    let missing = Unusable::NotFound(format!("Key '{}' does not exist", arn(HOME, 5)));
    assert_eq!(lab.uses(&root, &arn(HOME, 5)), Err(missing));
    let elsewhere = arn(HOME, 4).replace(REGION, "us-east-1");
    let wrong = Unusable::NotFound("Invalid arn us-east-1".to_owned());
    assert_eq!(lab.uses(&root, &elsewhere), Err(wrong));
    // It goes when its time is over, and the others stay.
    lab.clock.advance(Duration::from_secs(31 * 24 * 3600));
    assert!(matches!(
        lab.uses(&root, &arn(HOME, 2)),
        Err(Unusable::NotFound(_))
    ));
    assert_eq!(lab.uses(&root, &arn(HOME, 4)), Ok(()));
}

#[test]
fn the_key_of_s3_is_for_its_own_account_through_s3() {
    let lab = Lab::new(&json!([]));
    let key = lab.kms.resolve(HOME, REGION, "alias/aws/s3").unwrap();
    assert_eq!(
        lab.kms.resolve(
            OTHER,
            REGION,
            &format!("arn:aws:kms:{REGION}:{HOME}:alias/aws/s3")
        ),
        Ok(key.clone())
    );
    // It needs no policy of IAM's.
    let caller = lab.role(&json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }]));
    assert_eq!(lab.uses(&caller, &key), Ok(()));
    assert!(is_denied(&lab.uses(&Caller::root(OTHER), &key)));
    let input = json!({ "KeyId": "alias/aws/s3", "Plaintext": "aGVsbG8=" });
    let direct = lab
        .call(&Caller::root(HOME), "Encrypt", &input)
        .unwrap_err();
    assert_eq!(direct.code, "AccessDeniedException");
    let shown = lab
        .call(&Caller::root(HOME), "DescribeKey", &input)
        .unwrap();
    assert_eq!(shown["KeyMetadata"]["KeyManager"], "AWS");
}

#[test]
fn nobody_is_locked_out_but_on_purpose() {
    let lab = Lab::new(&json!([{ "arn": arn(HOME, 1) }]));
    let put = |statement: Value, bypass: bool| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let input = json!({
            "KeyId": arn(HOME, 1), "Policy": policy, "BypassPolicyLockoutSafetyCheck": bypass,
        });
        let answer = lab.call(&Caller::root(HOME), "PutKeyPolicy", &input);
        answer.map(|_| ()).map_err(|refusal| refusal.message)
    };
    let to = |principal: &str, effect: &str| json!({ "Effect": effect, "Principal": { "AWS": principal }, "Action": "kms:*", "Resource": "*" });
    let locked = "The new key policy will not allow you to update the key policy in the future.";
    assert_eq!(put(to(OTHER, "Allow"), false), Err(locked.to_owned()));
    assert_eq!(put(to(HOME, "Deny"), false), Err(locked.to_owned()));
    let invalid = "Policy contains a statement with one or more invalid principals.";
    let gone = format!("arn:aws:iam::{HOME}:role/gone");
    assert_eq!(put(to(&gone, "Allow"), true), Err(invalid.to_owned()));
    assert_eq!(put(to(HOME, "Allow"), false), Ok(()));
    assert_eq!(put(to(OTHER, "Allow"), true), Ok(()));
    assert!(put(to(HOME, "Allow"), true).is_err(), "that was the last");
}

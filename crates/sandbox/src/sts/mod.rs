//! STS: who calls, and temporary credentials of roles.

use std::time::{Duration, SystemTime};

use crate::authority::{Action, Authority, Caller, CallerKind};
use crate::clock::iso_seconds;
use crate::iam::{Iam, Role, arn_parts, constraint, element, pattern_error, session_caller, text};
use crate::keys::{Key, Temporary};
use crate::policy::validation::identity::{self, Place};
use crate::wire::{Form, QueryRequest, QueryService, Refusal};

/// The longest session of a role that another role's session assumes (IAMUG:id_roles_terms-and-concepts).
const CHAINED: u64 = 3600;

/// What a session's name may hold (BC:sts AssumeRole).
const SESSION_NAME: &str = "[\\w+=,.@-]*";

/// The STS service.
pub(crate) struct Sts {
    iam: Iam,
}

/// The fields of AssumeRole that the sandbox heeds; session tags it does not.
struct Assume<'a> {
    role_arn: &'a str,
    session: &'a str,
    external_id: Option<&'a str>,
    policy: Option<&'a str>,
    seconds: u64,
}

impl Sts {
    /// Makes the service over IAM's roles and keys.
    pub(crate) fn new(iam: Iam) -> Self {
        Self { iam }
    }

    fn assume_role(&self, caller: &Caller, form: &Form) -> Result<String, Refusal> {
        let asked = Assume::read(form)?;
        let denied = || {
            let message = format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                caller.arn, asked.role_arn
            );
            Refusal::new(403, "AccessDenied", message)
        };
        let (account, role) = self.iam.effective_role(asked.role_arn).ok_or_else(denied)?;
        self.check_trust(caller, &account, &role, &asked)
            .map_err(|()| denied())?;
        asked.check_duration(caller, &role)?;
        let policy = asked.policy.map(str::to_owned);
        let session = session_caller(&account, &role.identity, asked.session, policy);
        Ok(self.credentials(session, asked.seconds))
    }

    /// The trust policy is the role's resource policy; naming an account in it only delegates.
    fn check_trust(
        &self,
        caller: &Caller,
        account: &str,
        role: &Role,
        asked: &Assume<'_>,
    ) -> Result<(), ()> {
        let mut context = vec![("sts:RoleSessionName", asked.session.to_owned())];
        context.extend(
            asked
                .external_id
                .map(|id| ("sts:ExternalId", id.to_owned())),
        );
        let action = Action {
            name: "sts:AssumeRole",
            resource: asked.role_arn,
            resource_account: account,
            resource_policy: Some(&role.trust.json),
            context: &context,
        };
        self.iam.authorize(caller, &action).map_err(|_| ())
    }

    fn credentials(&self, session: Caller, seconds: u64) -> String {
        let ids = self.iam.ids();
        let (id, secret, token) = (ids.access_key_id("ASIA"), ids.mixed(40), ids.mixed(172));
        let expires = self.iam.now() + Duration::from_secs(seconds);
        let xml = element(
            "Credentials",
            &credentials_xml(&id, &secret, &token, expires),
        ) + &element(
            "AssumedRoleUser",
            &(text("AssumedRoleId", &session.user_id) + &text("Arn", &session.arn)),
        );
        let temporary = Some(Temporary { token, expires });
        self.iam.keys().add(
            id,
            Key {
                secret,
                temporary,
                caller: session,
            },
        );
        xml
    }
}

impl<'a> Assume<'a> {
    fn read(form: &'a Form) -> Result<Self, Refusal> {
        let required = |field| {
            form.get(field)
                .ok_or_else(|| constraint(None, field, "not be null"))
        };
        let (role_arn, session) = (required("RoleArn")?, required("RoleSessionName")?);
        check_role_arn(role_arn)?;
        check_session(session)?;
        let policy = form.get("Policy");
        if let Some(json) = policy {
            let malformed = |message| Refusal::new(400, "MalformedPolicyDocument", message);
            identity::check(json, Place::Inline).map_err(malformed)?;
        }
        if form.has("PolicyArns.member.1.arn") {
            let message = "The sandbox takes a session policy only as a document, in Policy.";
            return Err(Refusal::new(400, "ValidationError", message));
        }
        let external_id = form.get("ExternalId");
        Ok(Self {
            role_arn,
            session,
            external_id,
            policy,
            seconds: seconds(form)?,
        })
    }

    fn check_duration(&self, caller: &Caller, role: &Role) -> Result<(), Refusal> {
        let chained = caller.kind == CallerKind::AssumedRole;
        let message = if chained && self.seconds > CHAINED {
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining."
        } else if self.seconds > role.max_session {
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        } else {
            return Ok(());
        };
        Err(Refusal::new(400, "ValidationError", message))
    }
}

fn seconds(form: &Form) -> Result<u64, Refusal> {
    let Some(given) = form.get("DurationSeconds") else {
        return Ok(CHAINED);
    };
    match given.parse::<u64>() {
        Ok(seconds) if seconds < 900 => Err(constraint(
            Some(given),
            "DurationSeconds",
            "have value greater than or equal to 900",
        )),
        Ok(seconds) if seconds > 43_200 => Err(constraint(
            Some(given),
            "DurationSeconds",
            "have value less than or equal to 43200",
        )),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err(Refusal::new(
            400,
            "MalformedInput",
            "DurationSeconds is not a number",
        )),
    }
}

fn check_role_arn(arn: &str) -> Result<(), Refusal> {
    let is_role = arn_parts(arn).is_some_and(|(service, account, resource)| {
        service == "iam" && account.len() == 12 && resource.starts_with("role/")
    });
    if is_role {
        Ok(())
    } else {
        Err(Refusal::new(
            400,
            "ValidationError",
            format!("{arn} is invalid"),
        ))
    }
}

fn check_session(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if length < 2 {
        let must = "have length greater than or equal to 2";
        return Err(constraint(Some(name), "RoleSessionName", must));
    }
    if length > 64 {
        let must = "have length less than or equal to 64";
        return Err(constraint(Some(name), "RoleSessionName", must));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.bytes().all(allowed) {
        return Ok(());
    }
    Err(pattern_error(name, "RoleSessionName", SESSION_NAME))
}

fn credentials_xml(id: &str, secret: &str, token: &str, expires: SystemTime) -> String {
    text("AccessKeyId", id)
        + &text("SecretAccessKey", secret)
        + &text("SessionToken", token)
        + &text("Expiration", &iso_seconds(expires))
}

impl QueryService for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn namespace(&self) -> &'static str {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    }

    fn resource(&self, form: &Form) -> String {
        form.get("RoleArn").unwrap_or_default().to_owned()
    }

    fn call(&self, request: &QueryRequest<'_>) -> Result<Option<String>, Refusal> {
        let QueryRequest {
            caller,
            region: _,
            operation,
            form,
        } = *request;
        match operation {
            // It needs no permission (BC:sts GetCallerIdentity).
            "GetCallerIdentity" => Ok(Some(
                text("Arn", &caller.arn)
                    + &text("UserId", &caller.user_id)
                    + &text("Account", &caller.account),
            )),
            "AssumeRole" => self.assume_role(caller, form).map(Some),
            _ => {
                let message =
                    format!("Could not find operation {operation} for version 2011-06-15");
                Err(Refusal::new(400, "InvalidAction", message))
            }
        }
    }
}

//! The engine's ports, and signing in; `read` and `write` say which call serves which target.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use s3ferry_core::ids::{AccountId, AccountName};
use s3ferry_core::model::{AccountPart, BucketRef, Document, Target};
use s3ferry_core::spec::Account;
use s3ferry_engine::ports::{NewObject, ObjectHead, Objects, PortError, Read, Write, WriteChange};

use crate::failure::{Call, Cause, Failure, Intent};
use crate::iam::IamApi;
use crate::options::Options;
use crate::s3::{self, BucketApi};
use crate::session::Session;
use crate::sign_in::{self, Caller, SignInProblem};
use crate::{read, write};

/// AWS, signed in to every account of a spec. Cheap to clone; clones share connections, credentials and limits.
#[derive(Debug, Clone)]
pub struct Cloud {
    sessions: Arc<BTreeMap<AccountId, Session>>,
}

impl Cloud {
    /// Signs in to all accounts at once and proves each with `sts:GetCallerIdentity`.
    ///
    /// # Guarantees
    /// Nothing but STS (and what the credential providers ask) was called. An account is in the result only if STS
    /// says that its credentials belong to the account ID of the spec.
    ///
    /// # Caveats
    /// Two names for one account ID share the session of the name that sorts first; each is proven on its own.
    ///
    /// # Errors
    /// Every account that cannot be used, in the order of the names. No secret is part of a problem.
    pub async fn connect(
        accounts: &BTreeMap<AccountName, Account>,
        options: Options,
    ) -> Result<(Self, BTreeMap<AccountName, Caller>), Vec<SignInProblem>> {
        let mut sessions = BTreeMap::new();
        let mut callers = BTreeMap::new();
        for (name, entry) in sign_in::sign_in(accounts, &options).await? {
            sessions
                .entry(entry.caller.account.clone())
                .or_insert_with(|| Session::new(entry.config, options.parallelism));
            callers.insert(name, entry.caller);
        }
        let sessions = Arc::new(sessions);
        Ok((Self { sessions }, callers))
    }

    fn session(
        &self,
        account: &AccountId,
        call: impl FnOnce() -> Call,
    ) -> Result<&Session, Failure> {
        self.sessions.get(account).ok_or_else(|| {
            let detail = format!("account {account} is not among those that were signed in to");
            Failure::new(
                call(),
                Cause::NoCredentials {
                    denied: false,
                    detail,
                },
            )
        })
    }

    fn bucket<'a>(
        &'a self,
        at: &'a BucketRef,
        intent: Intent,
        subject: &impl Display,
    ) -> Result<BucketApi<'a>, Failure> {
        let call = || Call {
            service: "s3",
            operation: "SignIn",
            intent,
            subject: subject.to_string(),
            region: None,
        };
        let session = self.session(&at.account, call)?;
        Ok(BucketApi::new(session, at, subject.to_string()))
    }

    fn iam<'a>(&'a self, target: &Target, intent: Intent) -> Result<IamApi<'a>, Failure> {
        let call = || Call {
            service: "iam",
            operation: "SignIn",
            intent,
            subject: target.to_string(),
            region: None,
        };
        let session = self.session(target.account(), call)?;
        Ok(IamApi::new(session, target.to_string()))
    }
}

impl Read for Cloud {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        self.read_target(target).await.map_err(PortError::from)
    }
}

/// Writes are sent once each: the clients that carry them have retries off.
impl Write for Cloud {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        self.write_target(target, change)
            .await
            .map_err(PortError::from)
    }
}

impl Objects for Cloud {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        let api = self.object(&object.bucket, &object.key, Intent::Write)?;
        Ok(explained(&api, s3::objects::put(&api, object).await).await?)
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        let api = self.object(bucket, key, Intent::Read)?;
        Ok(explained(&api, s3::objects::head(&api, key, version).await).await?)
    }

    async fn versions(&self, bucket: &BucketRef, key: &str) -> Result<Vec<String>, PortError> {
        let api = self.object(bucket, key, Intent::Read)?;
        Ok(explained(&api, s3::objects::versions(&api, key).await).await?)
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        let api = self.object(bucket, key, Intent::Write)?;
        Ok(explained(&api, s3::objects::delete(&api, key, version).await).await?)
    }
}

impl Cloud {
    fn object<'a>(
        &'a self,
        bucket: &'a BucketRef,
        key: &str,
        intent: Intent,
    ) -> Result<BucketApi<'a>, Failure> {
        self.bucket(bucket, intent, &format!("s3://{}/{key}", bucket.bucket))
    }

    async fn read_target(&self, target: &Target) -> Result<Option<Document>, Failure> {
        match target {
            Target::Bucket(at, part) => {
                let api = self.bucket(at, Intent::Read, target)?;
                explained(&api, read::bucket_part(&api, *part).await).await
            }
            Target::Account(_, part) => {
                read::account_part(&self.iam(target, Intent::Read)?, *part).await
            }
            Target::Role(of, part) => {
                read::role_part(&self.iam(target, Intent::Read)?, &of.name, *part).await
            }
        }
    }

    async fn write_target(&self, target: &Target, change: WriteChange<'_>) -> Result<(), Failure> {
        match target {
            Target::Bucket(at, part) => {
                let api = self.bucket(at, Intent::Write, target)?;
                explained(&api, write::bucket_part(&api, *part, change).await).await
            }
            Target::Account(_, AccountPart::Roles) => {
                let api = self.iam(target, Intent::Write)?;
                Err(api.refused("Write", "a list of roles is only read"))
            }
            Target::Role(of, part) => {
                let api = self.iam(target, Intent::Write)?;
                write::role_part(&api, &of.name, *part, change).await
            }
        }
    }
}

async fn explained<T>(api: &BucketApi<'_>, answer: Result<T, Failure>) -> Result<T, Failure> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(failure) => Err(s3::bucket::explain(api, failure).await),
    }
}

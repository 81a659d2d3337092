//! The engine's ports, and signing in; `read` and `write` of each service say which call serves which target.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::Arc;

use futures::future::{join, join_all};
use s3ferry_core::ids::{AccountId, AccountName, AlarmName, BucketName, JobId, Region};
use s3ferry_core::model::kinds::{Job, RuleMetric};
use s3ferry_core::model::{
    AccountPart, BucketRef, Document, KeyRef, RegionPart, RegionRef, Target,
};
use s3ferry_core::permissions::Asked;
use s3ferry_core::plan::NewJob;
use s3ferry_core::queries::QueryPlace;
use s3ferry_core::spec::Account;
use s3ferry_engine::ports::{
    Jobs, ListedVersion, Look, Metrics, NewObject, ObjectHead, Objects, PageRequest, Piece, Pieces,
    PortError, Queries, QueryLines, QueryState, Read, Sample, Versions, Write, WriteChange,
};

use tokio::task::{JoinError, JoinSet};

use crate::api::Api;
use crate::athena::{self, AthenaApi};
use crate::classify::elsewhere;
use crate::cloudtrail::history::PastCall;
use crate::cloudtrail::{self, CloudTrailApi};
use crate::cloudwatch::{self, CloudWatchApi};
use crate::failure::{Call, Cause, Failure, Intent};
use crate::iam::simulate::Refused;
use crate::iam::{self, IamApi};
use crate::kms::{self, KeyApi};
use crate::options::Options;
use crate::s3::{self, BucketApi};
use crate::s3control::{self, AccountApi};
use crate::service::{SdkClient, Service};
use crate::session::Session;
use crate::sign_in::{self, Caller, SignInProblem};
use crate::sns::{self, SnsApi};

/// AWS, signed in to every account of a spec. Cheap to clone; clones share connections, credentials and limits.
#[derive(Debug, Clone)]
pub struct Cloud {
    sessions: Arc<BTreeMap<AccountId, Session>>,
}

impl Cloud {
    /// Signs in to all accounts at once, each proven by STS: one call an account.
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
                .or_insert_with(|| Session::new(entry.config, &options));
            callers.insert(name, entry.caller);
        }
        let sessions = Arc::new(sessions);
        Ok((Self { sessions }, callers))
    }

    /// What is worth a word about how things were read; nothing of it makes an answer wrong.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let remark = |(account, session): (&AccountId, &Session)| {
            let why = session.roles.why_not()?;
            Some(format!(
                "roles of account {account} are read one by one: {why}"
            ))
        };
        self.sessions.iter().filter_map(remark).collect()
    }

    /// What IAM's simulator says that the policies of an account's caller refuse of these calls; none where the simulator does not
    /// take such a caller. It changes nothing.
    ///
    /// # Errors
    /// As the calls fail: callers need `iam:SimulatePrincipalPolicy`, and those in a role `iam:GetRole` on it.
    pub async fn refused(
        &self,
        account: &AccountId,
        caller: &str,
        asked: &[Asked],
    ) -> Result<Option<Vec<Refused>>, PortError> {
        let session = self.session(account, || entry("iam", Intent::Read, account))?;
        let api = IamApi::new(&session.iam, account, None, account);
        let Some(principal) = iam::simulate::principal(&api, caller).await? else {
            return Ok(None);
        };
        Ok(Some(iam::simulate::refused(&api, &principal, asked).await?))
    }

    /// Who called what about a thing since a time, as CloudTrail's event history in a Region has it: what changed something and was
    /// not refused, newest first.
    ///
    /// # Errors
    /// As the calls fail: callers need `cloudtrail:LookupEvents`, which takes no resource.
    pub async fn history(
        &self,
        account: &AccountId,
        region: &Region,
        name: &str,
        since: &str,
    ) -> Result<Vec<PastCall>, PortError> {
        let session = self.session(account, || entry("cloudtrail", Intent::Read, account))?;
        let api = CloudTrailApi::new(&session.cloudtrail, account, Some(region), account);
        Ok(cloudtrail::history::of(&api, name, since).await?)
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
        subject: &'a (impl Display + Sync),
    ) -> Result<BucketApi<'a>, Failure> {
        let session = self.session(&at.account, || entry("s3", intent, subject))?;
        Ok(BucketApi::new(&session.s3, at, Some(&at.region), subject))
    }

    fn iam<'a>(&'a self, target: &'a Target, intent: Intent) -> Result<IamApi<'a>, Failure> {
        self.of_account(target, intent, |session| &session.iam, None)
    }

    fn kms<'a>(
        &'a self,
        of: &'a KeyRef,
        target: &'a Target,
        intent: Intent,
    ) -> Result<KeyApi<'a>, Failure> {
        let session = self.session(&of.account, || entry("kms", intent, target))?;
        Ok(KeyApi::new(&session.kms, of, Some(&of.region), target))
    }

    fn cloudwatch<'a>(
        &'a self,
        target: &'a Target,
        intent: Intent,
    ) -> Result<CloudWatchApi<'a>, Failure> {
        let region = target.region();
        self.of_account(target, intent, |session| &session.cloudwatch, region)
    }

    fn cloudtrail<'a>(
        &'a self,
        target: &'a Target,
        intent: Intent,
    ) -> Result<CloudTrailApi<'a>, Failure> {
        let region = target.region();
        self.of_account(target, intent, |session| &session.cloudtrail, region)
    }

    fn sns<'a>(&'a self, target: &'a Target, intent: Intent) -> Result<SnsApi<'a>, Failure> {
        self.of_account(target, intent, |session| &session.sns, target.region())
    }

    fn s3control<'a>(
        &'a self,
        target: &'a Target,
        intent: Intent,
    ) -> Result<AccountApi<'a>, Failure> {
        let region = target.region();
        self.of_account(target, intent, |session| &session.s3control, region)
    }

    /// The calls on the jobs of an account in a Region.
    fn jobs<'a>(
        &'a self,
        at: &'a RegionRef,
        intent: Intent,
        subject: &'a (dyn Display + Sync),
    ) -> Result<AccountApi<'a>, Failure> {
        let session = self.session(&at.account, || entry("s3control", intent, &subject))?;
        let (service, region) = (&session.s3control, Some(&at.region));
        Ok(AccountApi::new(service, &at.account, region, subject))
    }

    /// The calls on queries, told of by the workgroup.
    fn queries<'a>(
        &'a self,
        at: &'a QueryPlace,
        intent: Intent,
        subject: &'a String,
    ) -> Result<AthenaApi<'a>, Failure> {
        let session = self.session(&at.at.account, || entry("athena", intent, subject))?;
        let region = Some(&at.at.region);
        Ok(AthenaApi::new(&session.athena, at, region, subject))
    }

    /// The calls on what an account has in a service, in a Region where the service has Regions.
    fn of_account<'a, C: SdkClient>(
        &'a self,
        target: &'a Target,
        intent: Intent,
        service: impl FnOnce(&'a Session) -> &'a Service<C>,
        region: Option<&'a Region>,
    ) -> Result<Api<'a, C, AccountId>, Failure> {
        let account = target.account();
        let session = self.session(account, || entry(C::SERVICE, intent, target))?;
        Ok(Api::new(service(session), account, region, target))
    }
}

/// The alarms among the targets of one account, a hundred a call. What fails is read one by one, and then told.
async fn alarms_together(
    session: &Session,
    account: &AccountId,
    targets: &[&Target],
) -> Vec<(Target, Option<Document>)> {
    let mut regions: BTreeMap<&Region, Vec<(&Target, &AlarmName)>> = BTreeMap::new();
    for target in targets {
        if let Target::Alarm(at) = target {
            let of = regions.entry(&at.region).or_default();
            of.push((target, &at.name));
        }
    }
    let calls = regions.iter().flat_map(|(region, alarms)| {
        let parts = alarms.chunks(cloudwatch::read::NAMES);
        parts.map(move |part| async move {
            let api = CloudWatchApi::new(&session.cloudwatch, account, Some(region), account);
            cloudwatch::read::together(&api, part).await
        })
    });
    let answers = join_all(calls).await.into_iter();
    answers.filter_map(Result::ok).flatten().collect()
}

/// What failed where an account was not signed in to.
fn entry(service: &'static str, intent: Intent, subject: &impl Display) -> Call {
    Call {
        service,
        operation: "SignIn",
        intent,
        subject: subject.to_string(),
        region: None,
    }
}

/// Has the work run by any thread of the runtime: signing requests and taking answers apart is most of what a plan costs, and
/// whoever waits for thousands of them is one task. It ends where nobody waits for it any more.
async fn on_any_thread<F>(work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut alone = JoinSet::new();
    alone.spawn(work);
    match alone
        .join_next()
        .await
        .map(|ended| ended.map_err(JoinError::try_into_panic))
    {
        Some(Ok(output)) => output,
        Some(Err(Ok(panic))) => std::panic::resume_unwind(panic),
        // The runtime is coming down, and with it whoever waits here.
        Some(Err(Err(_))) | None => std::future::pending().await,
    }
}

impl Read for Cloud {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        let (cloud, target) = (self.clone(), target.clone());
        let read = async move { cloud.read_target(&target).await };
        on_any_thread(read).await.map_err(PortError::from)
    }

    async fn read_together(&self, targets: &[&Target]) -> Vec<(Target, Option<Document>)> {
        let mut accounts: BTreeMap<&AccountId, Vec<&Target>> = BTreeMap::new();
        for target in targets {
            accounts.entry(target.account()).or_default().push(target);
        }
        let answers = accounts.into_iter().filter_map(|(account, targets)| {
            let session = self.sessions.get(account)?;
            Some(async move {
                let api = IamApi::new(&session.iam, account, None, account);
                let roles = session.roles.read(&api, &targets);
                let alarms = alarms_together(session, account, &targets);
                let (mut answers, alarms) = join(roles, alarms).await;
                answers.extend(alarms);
                answers
            })
        });
        join_all(answers).await.into_iter().flatten().collect()
    }

    async fn locate(&self, account: &AccountId, bucket: &BucketName) -> Option<BucketRef> {
        let session = self.sessions.get(account)?;
        let mut at = BucketRef {
            account: account.clone(),
            region: session.region.clone()?,
            bucket: bucket.clone(),
        };
        // S3 says where it is to whoever asks elsewhere.
        for _ in 0..2 {
            let api = BucketApi::new(&session.s3, &at, Some(&at.region), bucket);
            let region = match s3::bucket::read(&api).await {
                Ok(found) => return found.map(|_| at),
                Err(failure) => elsewhere(failure.facts())?.to_owned(),
            };
            at.region = Region::new(region).ok()?;
        }
        None
    }
}

/// Writes are sent once each: no client has retries on.
impl Write for Cloud {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        self.write_target(target, change)
            .await
            .map_err(PortError::from)
    }
}

impl Objects for Cloud {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        let name = ObjectName(&object.bucket, &object.key);
        let api = self.bucket(&object.bucket, Intent::Write, &name)?;
        Ok(explained(&api, s3::objects::put(&api, object).await).await?)
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        let name = ObjectName(bucket, key);
        let api = self.bucket(bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::objects::head(&api, key, version).await).await?)
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        let name = ObjectName(bucket, key);
        let api = self.bucket(bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::objects::versions(&api, key).await).await?)
    }

    async fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        let name = ObjectName(bucket, key);
        let api = self.bucket(bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::objects::tags(&api, key, version).await).await?)
    }

    async fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> Result<String, PortError> {
        let name = ObjectName(bucket, key);
        let api = self.bucket(bucket, Intent::Write, &name)?;
        Ok(explained(&api, s3::objects::put_delete_marker(&api, key).await).await?)
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        let name = ObjectName(bucket, key);
        let api = self.bucket(bucket, Intent::Write, &name)?;
        Ok(explained(&api, s3::objects::delete(&api, key, version).await).await?)
    }
}

impl Queries for Cloud {
    async fn start_query(
        &self,
        at: &QueryPlace,
        statement: &str,
        token: &str,
    ) -> Result<String, PortError> {
        let subject = at.workgroup_arn();
        let api = self.queries(at, Intent::Write, &subject)?;
        Ok(athena::start(&api, statement, token).await?)
    }

    async fn query(&self, at: &QueryPlace, id: &str) -> Result<QueryState, PortError> {
        let subject = at.workgroup_arn();
        let api = self.queries(at, Intent::Read, &subject)?;
        Ok(athena::state(&api, id).await?)
    }

    async fn query_lines(
        &self,
        at: &QueryPlace,
        id: &str,
        after: Option<&str>,
    ) -> Result<QueryLines, PortError> {
        let subject = at.workgroup_arn();
        let api = self.queries(at, Intent::Read, &subject)?;
        Ok(athena::lines(&api, id, after).await?)
    }

    async fn stop_query(&self, at: &QueryPlace, id: &str) -> Result<(), PortError> {
        let subject = at.workgroup_arn();
        let api = self.queries(at, Intent::Write, &subject)?;
        Ok(athena::stop(&api, id).await?)
    }
}

impl Jobs for Cloud {
    async fn create_job(&self, job: &NewJob) -> Result<JobId, PortError> {
        let api = self.jobs(&job.at, Intent::Write, &job.description)?;
        Ok(s3control::jobs::create(&api, job).await?)
    }

    async fn job(&self, at: &RegionRef, id: &JobId) -> Result<Option<Job>, PortError> {
        let api = self.jobs(at, Intent::Read, id)?;
        Ok(s3control::jobs::described(&api, id).await?)
    }

    async fn job_tags(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> Result<BTreeMap<String, String>, PortError> {
        let api = self.jobs(at, Intent::Read, id)?;
        Ok(s3control::jobs::tags(&api, id).await?)
    }

    async fn confirm_job(&self, at: &RegionRef, id: &JobId) -> Result<(), PortError> {
        let api = self.jobs(at, Intent::Write, id)?;
        Ok(s3control::jobs::confirm(&api, id).await?)
    }

    async fn sample(&self, bucket: &BucketRef, prefix: &str) -> Result<Sample, PortError> {
        let name = ObjectName(bucket, prefix);
        let api = self.bucket(bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::report::sample(&api, prefix).await).await?)
    }
}

impl Metrics for Cloud {
    async fn metrics(
        &self,
        at: &RegionRef,
        of: &[&RuleMetric],
    ) -> Result<Vec<Option<u64>>, PortError> {
        let (account, region) = (&at.account, Some(&at.region));
        let session = self.session(account, || entry("cloudwatch", Intent::Read, account))?;
        let api = CloudWatchApi::new(&session.cloudwatch, account, region, account);
        Ok(cloudwatch::data::of(&api, of).await?)
    }
}

impl Versions for Cloud {
    async fn page(&self, bucket: &BucketRef, request: &PageRequest) -> Result<Vec<u8>, PortError> {
        let name = ObjectName(bucket, &request.prefix);
        let api = self.bucket(bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::pages::page(&api, request).await).await?)
    }

    async fn look(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<Look>, PortError> {
        let name = ObjectName(bucket, key);
        let api = self.bucket(bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::objects::look(&api, key, version).await).await?)
    }

    async fn tags_of(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        self.tags(bucket, key, version).await
    }
}

impl Pieces for Cloud {
    async fn piece(&self, of: Piece<'_>) -> Result<Option<Vec<u8>>, PortError> {
        let name = ObjectName(of.bucket, of.key);
        let api = self.bucket(of.bucket, Intent::Read, &name)?;
        Ok(explained(&api, s3::objects::piece(&api, of).await).await?)
    }
}

/// An object, as errors name it.
struct ObjectName<'a>(&'a BucketRef, &'a str);

impl Display for ObjectName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.0.bucket, self.1)
    }
}

impl Cloud {
    async fn read_target(&self, target: &Target) -> Result<Option<Document>, Failure> {
        match target {
            Target::Bucket(at, part) => {
                let api = self.bucket(at, Intent::Read, target)?;
                explained(&api, s3::read::bucket_part(&api, *part).await).await
            }
            Target::Account(_, AccountPart::Roles) => {
                iam::read::roles(&self.iam(target, Intent::Read)?).await
            }
            Target::Account(_, AccountPart::PublicAccess) => {
                s3control::public_access(&self.s3control(target, Intent::Read)?).await
            }
            Target::Account(_, AccountPart::Buckets) => {
                let api = self.of_account(target, Intent::Read, |of| &of.s3, None)?;
                s3::list::buckets(&api).await
            }
            Target::Role(of, part) => {
                iam::read::role_part(&self.iam(target, Intent::Read)?, &of.name, *part).await
            }
            Target::Key(of, part) => kms::read(&self.kms(of, target, Intent::Read)?, *part).await,
            Target::Region(_, RegionPart::Alarms) => {
                cloudwatch::lists::names(&self.cloudwatch(target, Intent::Read)?).await
            }
            Target::Region(_, RegionPart::Metrics) => {
                cloudwatch::lists::metrics(&self.cloudwatch(target, Intent::Read)?).await
            }
            Target::Alarm(at) => {
                cloudwatch::read::one(&self.cloudwatch(target, Intent::Read)?, &at.name).await
            }
            Target::Region(_, RegionPart::Jobs) => {
                s3control::jobs::listed(&self.s3control(target, Intent::Read)?).await
            }
            Target::Region(_, RegionPart::Trails) => {
                cloudtrail::read::of_region(&self.cloudtrail(target, Intent::Read)?).await
            }
            Target::Trail(of, part) => {
                cloudtrail::read::part(&self.cloudtrail(target, Intent::Read)?, of, *part).await
            }
            Target::Topic(topic) => sns::topic(&self.sns(target, Intent::Read)?, topic).await,
        }
    }

    async fn write_target(&self, target: &Target, change: WriteChange<'_>) -> Result<(), Failure> {
        match target {
            Target::Bucket(at, part) => {
                let api = self.bucket(at, Intent::Write, target)?;
                explained(&api, s3::write::bucket_part(&api, *part, change).await).await
            }
            Target::Account(_, AccountPart::Roles) => {
                let api = self.iam(target, Intent::Write)?;
                Err(api.refused("Write", "a list of roles is only read"))
            }
            Target::Account(_, AccountPart::Buckets) => {
                let api = self.of_account(target, Intent::Write, |of| &of.s3, None)?;
                Err(api.misfit(target.kind(), change.after))
            }
            Target::Account(_, AccountPart::PublicAccess) => {
                let api = self.s3control(target, Intent::Write)?;
                Err(api.misfit(target.kind(), change.after))
            }
            Target::Role(of, part) => {
                let api = self.iam(target, Intent::Write)?;
                iam::write::role_part(&api, &of.name, *part, change).await
            }
            Target::Key(of, part) => {
                kms::write(&self.kms(of, target, Intent::Write)?, *part, change).await
            }
            Target::Alarm(at) => {
                let api = self.cloudwatch(target, Intent::Write)?;
                cloudwatch::write::alarm(&api, &at.name, &at.arn(), change).await
            }
            Target::Region(_, _) => {
                let api = self.cloudwatch(target, Intent::Write)?;
                Err(api.misfit(target.kind(), change.after))
            }
            Target::Trail(of, part) => {
                let api = self.cloudtrail(target, Intent::Write)?;
                cloudtrail::write::part(&api, of, *part, change).await
            }
            Target::Topic(_) => {
                let api = self.sns(target, Intent::Write)?;
                Err(api.misfit(target.kind(), change.after))
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

//! What the sandbox and its control endpoint show of the whole.

use serde_json::json;

use crate::athena::Athena;
use crate::cloudwatch::{self, CloudWatch};
use crate::error::SeedError;
use crate::front::Admission;
use crate::iam::Iam;
use crate::keys::RootKey;
use crate::kms::{self, Kms};
use crate::s3::S3;
use crate::seed::Seed;
use crate::sns::{self, Sns};
use crate::trail::{self, CloudTrail};

/// What the sandbox and its control endpoint show of the whole.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) admission: Admission,
    pub(crate) endpoint: String,
    pub(crate) root: RootKey,
    pub(crate) region: String,
    pub(crate) iam: Iam,
    pub(crate) kms: Kms,
    pub(crate) s3: S3,
    pub(crate) sns: Sns,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) trail: CloudTrail,
    pub(crate) athena: Athena,
}

impl World {
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", &self.root.id),
            ("AWS_SECRET_ACCESS_KEY", &self.root.secret),
            ("AWS_REGION", &self.region),
            // boto3 and the AWS CLI read only this one.
            ("AWS_DEFAULT_REGION", &self.region),
        ];
        let token = self.admission.token();
        let token = token.map(|token| ("S3FERRY_SANDBOX_TOKEN".to_owned(), token.to_owned()));
        variables
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into_iter()
            .chain(token)
            .collect()
    }

    pub(crate) fn snapshot(&self) -> serde_json::Value {
        self.catch_up();
        json!({
            "iam": self.iam.snapshot(), "kms": self.kms.snapshot(), "s3": self.s3.snapshot(),
            "sns": self.sns.snapshot(), "cloudwatch": self.cloudwatch.snapshot(),
            "cloudtrail": self.trail.snapshot(),
        })
    }

    /// Fills the world with what a seed file holds.
    pub(crate) fn load_seed(&self, json: &str) -> Result<(), SeedError> {
        let Seed {
            keys,
            buckets,
            pairs,
            synthetic,
            topics,
            alarms,
            trails,
        } = Seed::read(json)?;
        kms::seed::load(&self.kms, &keys)?;
        self.s3.load_seed(&buckets)?;
        self.s3.load_pairs(&pairs)?;
        self.s3.load_synthetic(&synthetic)?;
        sns::seed::load(&self.sns, &topics)?;
        cloudwatch::seed::load(&self.cloudwatch, &alarms)?;
        trail::seed::load(&self.trail, &trails)
    }

    /// Does what the clock has made due: jobs go on, alarms are evaluated.
    pub(crate) fn catch_up(&self) {
        self.s3.work_on_jobs();
        self.cloudwatch.catch_up();
    }

    pub(crate) async fn settle(&self) {
        self.s3.settle().await;
        self.trail.deliver(true);
        self.s3.deliver();
        // What was delivered may be replicated in its turn.
        self.s3.settle().await;
    }
}

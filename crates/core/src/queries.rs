//! Where queries over inventories run, and what of AWS they use there.

use crate::model::{BucketRef, RegionRef};
use crate::spec::{LogPlace, Migration, Spec};

/// Where queries of Athena run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPlace {
    /// The account and the Region.
    pub at: RegionRef,
    /// The workgroup.
    pub workgroup: String,
    /// The database that tables are made in.
    pub database: String,
    /// The bucket that results go to, there.
    pub output: BucketRef,
    /// What the keys of results begin with: empty, or with a slash at its end.
    pub prefix: String,
}

/// What the names of tables of ours begin with.
pub const TABLES: &str = "s3ferry_";

impl QueryPlace {
    /// The ARN of the workgroup.
    #[must_use]
    pub fn workgroup_arn(&self) -> String {
        self.arn("athena", &format!("workgroup/{}", self.workgroup))
    }

    /// The ARNs of the catalog, of databases and of all tables of ours. "A policy that allows access to the default database and to the
    /// AWS Glue Data Catalog per AWS Region must be present" (Athena UG, fine-grained-access-to-glue-resources).
    #[must_use]
    pub fn table_arns(&self) -> Vec<String> {
        let Self { database, .. } = self;
        let mut arns = vec![
            "catalog".to_owned(),
            "database/default".to_owned(),
            format!("database/{database}"),
            format!("table/{database}/{TABLES}*"),
        ];
        arns.dedup();
        arns.iter().map(|what| self.arn("glue", what)).collect()
    }

    /// Where results go, as Athena is told.
    #[must_use]
    pub fn location(&self) -> String {
        format!("s3://{}/{}", self.output.bucket, self.prefix)
    }

    fn arn(&self, service: &str, what: &str) -> String {
        let RegionRef { account, region } = &self.at;
        format!(
            "arn:{}:{service}:{region}:{account}:{what}",
            region.partition()
        )
    }
}

/// Where the inventories of a migration are compared by queries; none where the spec does not say.
#[must_use]
pub fn place(spec: &Spec, migration: &Migration) -> Option<QueryPlace> {
    let athena = migration.verify.athena.as_ref()?;
    let named = athena.account.as_ref();
    let account = spec
        .accounts
        .get(named.unwrap_or(&migration.source.account))?;
    let LogPlace { bucket, prefix } = &athena.output;
    Some(QueryPlace {
        at: RegionRef {
            account: account.id.clone(),
            region: account.region.clone(),
        },
        workgroup: athena.workgroup.clone(),
        database: athena.database.clone(),
        output: BucketRef {
            account: account.id.clone(),
            region: account.region.clone(),
            bucket: bucket.clone(),
        },
        prefix: match prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        },
    })
}

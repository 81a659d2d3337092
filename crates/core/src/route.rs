//! Routes: where a migration's data comes from, where it goes, and under which role.

use crate::ids::{AccountName, BucketName, MigrationName};
use crate::model::{BucketRef, RoleRef};
use crate::spec::{Migration, Spec};

/// A migration with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// The migration's name.
    pub name: &'a MigrationName,
    /// What the spec says of it.
    pub migration: &'a Migration,
    /// The bucket that data comes from.
    pub source: BucketRef,
    /// The bucket that data goes to.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
}

impl Spec {
    /// The routes of all migrations, by name.
    pub fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        self.migrations.iter().map(|(name, migration)| Route {
            name,
            migration,
            source: self.source(migration),
            destination: self.destination(migration),
            role: self.role(migration),
        })
    }

    /// The source bucket of a migration.
    ///
    /// # Panics
    /// Never for a spec from `s3ferry-spec`, which checks that the account exists.
    #[must_use]
    pub fn source(&self, migration: &Migration) -> BucketRef {
        self.bucket_ref(&migration.source.account, &migration.source.bucket)
    }

    /// The destination bucket of a migration.
    ///
    /// # Panics
    /// Never for a spec from `s3ferry-spec`, which checks that the account exists.
    #[must_use]
    pub fn destination(&self, migration: &Migration) -> BucketRef {
        self.bucket_ref(
            &migration.destination.account,
            &migration.destination.bucket,
        )
    }

    /// The replication role of a migration: in the source account, because `iam:PassRole` never crosses accounts
    /// (IAMUG:id_roles_use_passrole, T5).
    ///
    /// # Panics
    /// Never for a spec from `s3ferry-spec`, which checks that the account exists.
    #[must_use]
    pub fn role(&self, migration: &Migration) -> RoleRef {
        let source = self.source(migration);
        RoleRef {
            account: source.account,
            partition: source.region.partition(),
            name: migration.role.clone(),
        }
    }

    fn bucket_ref(&self, account: &AccountName, bucket: &BucketName) -> BucketRef {
        let account = self
            .accounts
            .get(account)
            .expect("a spec names only accounts it declares");
        BucketRef {
            account: account.id.clone(),
            region: account.region.clone(),
            bucket: bucket.clone(),
        }
    }
}

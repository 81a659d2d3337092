//! The codes of diagnostics, for the reference page. Data only; a test holds that no other code is given.

/// Code and meaning, in the order in which a spec is read.
pub(crate) const CODES: &[(&str, &str)] = &[
    ("no-files", "There is no file to read."),
    ("too-big", "A file is bigger than any spec."),
    ("not-utf8", "A file is not UTF-8 text."),
    (
        "bad-character",
        "A character that YAML readers do not agree on, or a control character.",
    ),
    ("empty-file", "A file that holds nothing."),
    (
        "syntax",
        "Not YAML, or YAML that two readers understand differently.",
    ),
    ("many-documents", "More than one YAML document in a file."),
    ("tag", "A YAML tag."),
    ("merge-key", "A YAML merge key."),
    (
        "alias",
        "An alias of itself, or aliases that grow out of bounds.",
    ),
    ("too-deep", "Mappings and lists nest too deep."),
    ("key-type", "A key that is not text."),
    ("duplicate-key", "A key twice in one mapping."),
    ("version", "A version of the format that is not known."),
    ("unknown-field", "A field that the mapping does not have."),
    ("missing-field", "A field that must be there."),
    ("no-value", "A field with nothing after its colon."),
    (
        "wrong-type",
        "A value of another type, such as a number where text belongs.",
    ),
    (
        "unknown-word",
        "A word that is not one of the field's words.",
    ),
    (
        "bad-value",
        "A value that is malformed, too long or out of range.",
    ),
    ("empty-list", "A list that needs an item."),
    (
        "not-yet-supported",
        "A field or word of the format that this version does not act on.",
    ),
    (
        "contradiction",
        "Two fields of one mapping that cannot both hold.",
    ),
    ("listed-twice", "A list names something twice."),
    (
        "given-twice",
        "A name, or a field that holds for all files, is given in two files.",
    ),
    ("no-migrations", "Warning: the spec declares no migration."),
    (
        "unknown-account",
        "A migration names an account that is not declared.",
    ),
    (
        "unknown-region",
        "Warning: a Region that is not in the list of known ones.",
    ),
    (
        "account-mismatch",
        "A role of another account than the one it is to sign in to.",
    ),
    (
        "access-conflict",
        "Ways into accounts that cannot all hold.",
    ),
    (
        "partition",
        "Accounts, Regions or ARNs of different partitions, or of one that is not known.",
    ),
    ("bucket-name", "Not the name of a bucket."),
    (
        "bucket-kind",
        "An access point, a directory bucket, a table bucket or a bucket on Outposts.",
    ),
    (
        "bucket-namespace",
        "A name of an account's own namespace that is not of the account and Region.",
    ),
    ("same-bucket", "Source and destination are one bucket."),
    (
        "bucket-in-two-accounts",
        "A bucket is named under two accounts.",
    ),
    (
        "owner-in-one-account",
        "An owner override where source and destination are one account.",
    ),
    (
        "encryption-without-create",
        "Encryption of a bucket that s3ferry does not make.",
    ),
    (
        "role-in-destination",
        "A role of the destination account named as the replication role.",
    ),
    ("role-account", "A replication role of a third account."),
    (
        "role-path",
        "A replication role that s3ferry would not make.",
    ),
    (
        "role-conflict",
        "Two roles for one source bucket, or one for replication and for jobs.",
    ),
    (
        "backfill-report",
        "A migration in phase `backfill` that does not say where the report of its job goes.",
    ),
    (
        "verify-reports",
        "A migration that rests on computed checksums and does not say where the reports of its jobs go.",
    ),
    (
        "backfill-priority",
        "A number that is no priority of a job.",
    ),
    (
        "log-bucket",
        "Logs, inventories, a trail's files or reports of jobs go to a bucket that a migration is from or to.",
    ),
    (
        "logging-conflict",
        "Two migrations that do not agree on what is written down of one bucket.",
    ),
    (
        "trail-place",
        "A prefix or a home Region that does not go with whose the trail is.",
    ),
    ("key-alias", "An alias where the ARN of a key belongs."),
    ("key-region", "A key of another Region than its bucket."),
    (
        "key-account",
        "A key of another account than its bucket; a warning for source keys.",
    ),
    (
        "events-conflict",
        "Two migrations that do not agree on who hears of failures in one bucket.",
    ),
    (
        "topic-region",
        "A topic of another Region than the alarms that are to tell it.",
    ),
    (
        "source-kms-keys",
        "SSE-KMS objects are to replicate and the keys are not named.",
    ),
    (
        "replica-key",
        "SSE-KMS objects are to replicate and no key for replicas is named.",
    ),
    (
        "tag-count",
        "A filter with more tags than an object can have.",
    ),
    (
        "delete-markers-with-tags",
        "Delete markers are to be mirrored by a rule that filters by tags.",
    ),
    ("rule-id-twice", "Two rules of a migration with one id."),
    (
        "same-filter",
        "Two rules that select the same objects for the same destination.",
    ),
    (
        "shadowed-rule",
        "Warning: a rule that never acts because of one before it.",
    ),
    (
        "prefix-pattern",
        "Warning: a prefix that looks like a pattern.",
    ),
    (
        "prefix-slash",
        "Warning: a prefix that begins with a slash.",
    ),
    (
        "too-many-rules",
        "More rules for a source bucket than S3 takes.",
    ),
    (
        "destination-conflict",
        "Two migrations do not agree on how their destination bucket is made.",
    ),
    (
        "rules-overlap",
        "Warning: rules of two migrations select the same objects for the same destination.",
    ),
    (
        "keys-mix",
        "Warning: two source buckets can write the same keys of one destination bucket.",
    ),
    ("replication-loop", "Migrations that replicate in a circle."),
    (
        "replicas-stay",
        "Warning: a bucket whose replicas are not replicated on.",
    ),
    ("canary-too-long", "A canary whose key would be too long."),
    ("too-many", "There are more problems than are told."),
];

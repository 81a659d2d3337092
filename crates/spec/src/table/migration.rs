//! The fields of a migration that this version acts on. Data only; what comes later is in [`super::later`].

use super::Need::{Default, Optional, Required};
use super::Shape::{
    Bool, Either, False, List as ListShape, Named as NamedShape, Record as RecordShape,
    Scalar as ScalarShape, Words,
};
use super::backfill::{BACKFILL, BATCH_ROLE, DESTINATION_BATCH_ROLE};
use super::later::{CUTOVER, DESTINATION_ROLE, RETIRE};
use super::logging::LOGGING;
use super::monitoring::MONITORING;
use super::verify::VERIFY;
use super::{Apart, Field, List, Named, Record, Word, later_word, record, word};
use crate::scalar::Scalar;

const PHASES_TODAY: &str = "today's phases are `prepare`, `replicate`, `backfill` and `verify`";

/// A migration.
pub(crate) static MIGRATION: Record = record("a migration", &[
    Field::new(
        "phase",
        Words(PHASES),
        Required("write `phase: prepare` to begin with: buckets, versioning, role and policies, and nothing replicates yet"),
        "How far the move has come. Changing this line is how a migration moves on.",
    ),
    Field::new(
        "source",
        RecordShape(&SOURCE),
        Required("write `source: { account: NAME, bucket: NAME }`"),
        "Where the data is.",
    ),
    Field::new(
        "destination",
        RecordShape(&DESTINATION),
        Required("write `destination: { account: NAME, bucket: NAME }`"),
        "Where the data goes.",
    ),
    Field::new(
        "roles",
        RecordShape(&ROLES),
        Default("{}"),
        "The IAM roles of the move.",
    ),
    Field::new(
        "rules",
        ListShape(&RULES),
        Required("write at least one rule, e.g. `rules: [{ id: everything, delete_markers: mirror }]`"),
        "What is replicated; the most important rule first. Where an object matches two rules with the same destination, \
         the first one counts.",
    ),
    Field::new(
        "owner",
        Words(OWNERS),
        Default("destination"),
        "Who owns the replicas. S3's own default is the source account, which leaves the destination account unable to \
         read what it stores.",
    ),
    Field::new(
        "canary",
        RecordShape(&CANARY),
        Default("{ name: .s3ferry-canary }"),
        "How rules are proven. S3 accepts a replication configuration without looking at the role, the policies or the \
         keys; an object that arrives is the only proof.",
    )
    .whole(),
    Field::new(
        "monitoring",
        RecordShape(&MONITORING),
        Optional("nothing is watched, and every plan says so"),
        "Who is told when replication fails: alarms on the metrics of every rule, from phase `replicate` on.",
    )
    .whole(),
    Field::new(
        "guards",
        RecordShape(&GUARDS),
        Default("{}"),
        "What an apply may delete and take over. A plan takes the addresses and accounts of all migrations and of `defaults` together, and the highest `max_deletes`.",
    ),
    BACKFILL,
    LOGGING,
    VERIFY,
    CUTOVER,
    RETIRE,
]);

static PHASES: &[Word] = &[
    word(
        "prepare",
        "Buckets, versioning, role and policies are there; nothing replicates yet.",
    ),
    word(
        "replicate",
        "New objects replicate, proven by a canary object under each rule.",
    ),
    word(
        "backfill",
        "Objects from before the rules are copied, too, and what became of each is known.",
    ),
    word(
        "verify",
        "Both sides were compared lately, and are the same.",
    ),
    later_word(
        "cutover",
        "The source is frozen and consumers move.",
        PHASES_TODAY,
    ),
    later_word("retire", "The source is emptied or deleted.", PHASES_TODAY),
];

static SOURCE: Record = record(
    "a source",
    &[
        Field::new(
            "account",
            ScalarShape(Scalar::AccountName),
            Required("name the account that owns the source bucket, one of `accounts`"),
            "The account that owns the bucket, one of `accounts`.",
        ),
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required("write the name of the source bucket"),
            "The name of the source bucket; not an ARN.",
        ),
    ],
);

static DESTINATION: Record = record(
    "a destination",
    &[
        Field::new(
            "account",
            ScalarShape(Scalar::AccountName),
            Required("name the account that owns the destination bucket, one of `accounts`"),
            "The account that owns the bucket, one of `accounts`.",
        ),
        Field::new(
            "bucket",
            ScalarShape(Scalar::Bucket),
            Required("write the name of the destination bucket"),
            "The name of the destination bucket; not an ARN.",
        ),
        Field::new(
            "create",
            Bool,
            Default("false"),
            "Whether s3ferry makes the bucket and keeps its ownership, public access block, tags and encryption. \
         Where false, the bucket exists and only versioning and our policy statements are set.",
        ),
        Field::new(
            "encryption",
            Either(&[Words(&[SSE_S3]), RecordShape(&ENCRYPTION_KMS)]),
            Default("sse-s3"),
            "The default encryption of a bucket that s3ferry makes. Only with `create: true`.",
        )
        .whole(),
        Field::new(
            "kms",
            RecordShape(&KMS),
            Default("{}"),
            "What s3ferry does with the KMS keys that the migration uses, on both sides.",
        ),
    ],
);

/// What is done with keys.
static KMS: Record = record(
    "what is done with keys",
    &[Field::new(
        "write_policy",
        Bool,
        Default("false"),
        "Whether s3ferry adds its statements to the policies of the keys that the migration uses, on both sides: those of \
         `source_kms`, and those that the destination encrypts with. Only to keys of accounts that the spec has; the statements of others stay as they are. \
         Where false, policies are read, and what is missing is shown for you to add.",
    )],
);

pub(super) const SSE_S3: Word = word("sse-s3", "Keys that S3 manages.");

/// Default encryption by a key.
static ENCRYPTION_KMS: Record = record(
    "encryption by a KMS key",
    &[
        Field::new(
            "kms_key",
            ScalarShape(Scalar::KeyArn),
            Required("write the ARN of a key in the destination account and Region"),
            "The ARN of a customer managed key in the destination account and Region; not an alias.",
        ),
        Field::new(
            "bucket_key",
            Bool,
            Default("true"),
            "Whether S3 Bucket Keys are used: fewer calls to KMS, at the same protection.",
        ),
    ],
);

static ROLES: Record = record("roles", &[
    Field::new(
        "replication",
        Either(&[ScalarShape(Scalar::ReplicationRole), RecordShape(&REPLICATION_ROLE)]),
        Optional("`s3ferry-` and the source bucket, shortened with a hash to 64 characters"),
        "The role that S3 assumes to replicate. It is ONE role per source bucket, in the source account, under the path \
         `/s3ferry/`; s3ferry makes it and keeps its policies.",
    )
    .whole(),
    BATCH_ROLE,
    DESTINATION_BATCH_ROLE,
    DESTINATION_ROLE,
]);

static REPLICATION_ROLE: Record = record(
    "a replication role",
    &[Field::new(
        "name",
        ScalarShape(Scalar::RoleName),
        Required(
            "write the name of the role in the source account, e.g. `replication: { name: S3ReplicationSourceRole }`",
        ),
        "The name of the role in the source account.",
    )],
);

static RULES: List = List {
    of: RecordShape(&RULE),
    at_least: 1,
    distinct: false,
};

/// A replication rule.
pub(crate) static RULE: Record = record(
    "a rule",
    &[
        Field::new(
            "id",
            ScalarShape(Scalar::RuleName),
            Required(
                "write a short name, e.g. `id: everything`: it is the RuleId dimension of metrics and alarms, and a name that S3 makes up breaks them when it changes",
            ),
            "The short name of the rule, unique in the migration. It is the RuleId dimension of metrics and alarms.",
        ),
        Field::new(
            "prefix",
            ScalarShape(Scalar::Prefix),
            Default("\"\""),
            "Keys that begin with this; empty for every key. It is not a pattern.",
        ),
        Field::new(
            "tags",
            NamedShape(&TAGS),
            Default("{}"),
            "Objects that had all these tags when they were written. Tags that come later do not count (UG26:replication-troubleshoot).",
        ),
        Field::new(
            "delete_markers",
            Words(DELETE_MARKERS),
            Required(
                "write `delete_markers: mirror` if a delete in the source shall hide the replica, or `delete_markers: keep` if it shall not; \
                  there is no default, because S3's own differs between its two rule formats and nobody sees which one a bucket has",
            ),
            "Whether a delete in the source hides the replica too. There is no default, because S3 has two: rules of its first \
         format always replicate delete markers, rules of the second do not unless told.",
        ),
        Field::new(
            "storage_class",
            Words(STORAGE_CLASSES),
            Optional("as in the source"),
            "The storage class of the replicas.",
        ),
        Field::new(
            "time_control",
            Bool,
            Default("false"),
            "S3 Replication Time Control: 15 minutes, with a service level and a price per GB. Its metrics come with every rule.",
        ),
        Field::new(
            "source_kms",
            Either(&[
                False(
                    "write `source_kms: { keys: [ARN of each key that source objects are encrypted with] }`: the role must be \
             allowed to decrypt with each of them, so they cannot be guessed",
                ),
                RecordShape(&SOURCE_KMS),
            ]),
            Default("false"),
            "Whether objects encrypted with SSE-KMS replicate, and with which keys. Where false, S3 skips them without a word.",
        ),
        Field::new(
            "replica_modifications",
            Bool,
            Default("false"),
            "Whether changes of metadata on replicas replicate as well. It is of use where rules run in both directions.",
        ),
        Field::new(
            "enabled",
            Bool,
            Default("true"),
            "Whether the rule works. Objects written while it does not are not replicated later.",
        ),
    ],
)
.apart(&[Apart::FilledWithWord("tags", "delete_markers", "mirror")]);

/// How many tags an object can have (UG:object-tagging), and so how many a filter can ask for.
pub(crate) const MOST_TAGS: usize = 10;

static TAGS: Named = Named {
    key: Scalar::TagKey,
    what: "tag",
    of: ScalarShape(Scalar::TagValue),
    at_most: MOST_TAGS,
};

static DELETE_MARKERS: &[Word] = &[
    word("mirror", "A delete in the source hides the replica."),
    word("keep", "A delete in the source leaves the replica visible."),
];

static STORAGE_CLASSES: &[Word] = &[
    word("STANDARD", "S3 Standard."),
    word(
        "REDUCED_REDUNDANCY",
        "Reduced Redundancy; AWS advises against it.",
    ),
    word("STANDARD_IA", "Standard, infrequent access."),
    word("ONEZONE_IA", "One zone, infrequent access."),
    word("INTELLIGENT_TIERING", "Intelligent-Tiering."),
    word("GLACIER_IR", "Glacier Instant Retrieval."),
    word("GLACIER", "Glacier Flexible Retrieval."),
    word("DEEP_ARCHIVE", "Glacier Deep Archive."),
];

/// Replication of SSE-KMS objects.
static SOURCE_KMS: Record = record(
    "a selection of SSE-KMS objects",
    &[
        Field::new(
            "keys",
            ListShape(&KEYS),
            Required(
                "list the ARN of each key that source objects are encrypted with: `keys: [ARN]`",
            ),
            "The ARNs of the keys that source objects are encrypted with. The role is allowed to decrypt with these and no others.",
        ),
        Field::new(
            "replica_key",
            ScalarShape(Scalar::KeyArn),
            Optional("the `kms_key` of `destination.encryption`"),
            "The key in the destination account and Region that replicas are encrypted with. A key that AWS manages cannot \
         be shared between accounts.",
        ),
    ],
);

static KEYS: List = List {
    of: ScalarShape(Scalar::KeyArn),
    at_least: 1,
    distinct: true,
};

static OWNERS: &[Word] = &[
    word(
        "destination",
        "The destination account, which can then read its replicas.",
    ),
    word("source", "The owner of the source object."),
];

static CANARY: Record = record(
    "a canary",
    &[
        Field::new(
            "name",
            ScalarShape(Scalar::CanaryName),
            Optional(".s3ferry-canary"),
            "What the key of an object begins with that is written under each rule's prefix, with the rule's tags, and removed by version wherever rules carry it; the spec, the migration, the rule and the run follow.",
        ),
        Field::new(
            "skip",
            ScalarShape(Scalar::Text),
            Optional("rules are proven"),
            "Why the rules are not proven. It stands in every plan. Not together with `name`.",
        ),
    ],
)
.apart(&[Apart::Two("name", "skip")]);

static GUARDS: Record = record(
    "guards",
    &[
        Field::new(
            "max_deletes",
            ScalarShape(Scalar::Count),
            Default("0"),
            "How many deletions a plan may hold before `apply` refuses it.",
        ),
        Field::new(
            "adopt",
            ListShape(&ADOPT),
            Default("[]"),
            "Addresses, as plans show them, of things that exist without our marker and that s3ferry may take over.",
        ),
        Field::new(
            "forget",
            ListShape(&FORGET),
            Default("[]"),
            "IDs of accounts that are gone: what of this spec was there is left, and what leads there may go.",
        ),
    ],
);

static FORGET: List = List {
    of: ScalarShape(Scalar::AccountId),
    at_least: 0,
    distinct: true,
};

static ADOPT: List = List {
    of: ScalarShape(Scalar::Text),
    at_least: 0,
    distinct: true,
};

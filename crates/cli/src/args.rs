//! Arguments: every command and flag, in one place. Names are a contract with users and pipelines.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use s3ferry_core::ids::{AccountId, Arn, BucketName, Region, SpecName};
use s3ferry_core::model::RoleRef;
use s3ferry_core::spec::{self, Access, Share};

use crate::build_info::long_version;

/// Move S3 data between AWS accounts with S3 Replication, declared in YAML.
///
/// A spec says what must be true; plan compares it with both live accounts and is reviewed; apply makes the minimal changes.
#[derive(Debug, Parser)]
#[command(name = "s3ferry", version, long_version = long_version(), propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done or nothing to do, 1 error, 2 changes pending (plan --detailed-exitcode), \
3 the plan is stale, 4 refused by a gate or a guard (plan of a blocked plan, too), 5 applied in part, 6 verification or doctor found something, \
7 credentials or permissions are missing, 8 waiting on AWS, 64 wrong usage, 65 invalid spec, 130 interrupted";

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// When to use colour; NO_COLOR is respected
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub(crate) color: ColorWhen,
    /// Print no progress lines
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Say more: who is signed in, what is read, retries
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How progress and messages are written to standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// The most calls and steps at once, for each account and service; calls adapt to what AWS takes
    #[arg(long, global = true, value_name = "N", default_value_t = PARALLELISM, value_parser = parallelism)]
    pub(crate) parallelism: usize,
}

/// As many as `s3ferry_aws::Options` has.
const PARALLELISM: usize = 56;

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=256).contains(&number) => Ok(number),
        _ => Err("it must be a number from 1 to 256".to_owned()),
    }
}

impl Global {
    /// The options of a command line that cannot be read as a whole: for whom its errors are, and otherwise nothing.
    pub(crate) fn of_unread(arguments: impl Iterator<Item = OsString>) -> Self {
        let arguments: Vec<OsString> = arguments.collect();
        let json = arguments.iter().any(|one| one == "--log-format=json")
            || arguments
                .windows(2)
                .any(|two| two == ["--log-format", "json"]);
        Self {
            color: ColorWhen::Auto,
            no_progress: false,
            verbose: 0,
            log_format: if json {
                LogFormat::Json
            } else {
                LogFormat::Text
            },
            parallelism: PARALLELISM,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a starter spec with comments
    Init(Init),
    /// Check specs offline and show every problem at once
    Validate(Paths),
    /// Compare specs with the live accounts and show what would change
    Plan(PlanArgs),
    /// Show a saved plan
    Show(Show),
    /// Say where migrations stand, what needs attention first, and what to do next
    Status(StatusArgs),
    /// Make the changes of a saved plan, or of specs after asking
    Apply(Apply),
    /// List what an apply found where it wrote, and give it back
    Restore(Restore),
    /// Compare both sides of migrations, version by version; exits 6 where they differ
    Verify(Verify),
    /// Say why objects do not replicate, and what to add where; exits 6 where something is wrong
    Doctor(Doctor),
    /// Print the least IAM policies that the callers of plan and apply need
    Permissions(PermissionsArgs),
    /// Say what a code of a finding, a problem or a diagnostic means, and what to do about it
    Explain(Explain),
    /// Write a spec from live configuration; planning it changes nothing but what it takes over by name
    Import(Import),
    /// Print the JSON Schema of the spec
    Schema,
    /// Print a shell completion script
    Completions(Completions),
    /// Run a local AWS of several accounts and Regions
    Sandbox(SandboxArgs),
    /// Run a whole migration on the sandbox
    Demo(Demo),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The file to write; it must not exist
    #[arg(default_value = "s3ferry.yaml")]
    pub(crate) file: PathBuf,
    /// The spec's name, which marks what it makes; left out, that of the file's folder
    #[arg(long, value_name = "NAME", value_parser = spec_name)]
    pub(crate) name: Option<SpecName>,
}

fn spec_name(text: &str) -> Result<SpecName, String> {
    SpecName::new(text).map_err(|error| error.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct Paths {
    /// Spec files, or folders of them; together they make one spec
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Save the plan for apply; - is standard output, where the plan is then not printed
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Exit with 2 where changes are pending; a blocked plan exits 4 with and without
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan for these migrations only
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) target: Vec<String>,
    /// Look for what is the spec's in every bucket, role, alarm and trail of its accounts, not only where something leads
    #[arg(long, conflicts_with = "target")]
    pub(crate) search: bool,
    /// Show every value whole and every document that is kept
    #[arg(long)]
    pub(crate) full: bool,
    /// Show only what others changed since s3ferry wrote it, and exit with 2 where there is any
    #[arg(long, conflicts_with_all = ["out", "detailed_exitcode", "full"])]
    pub(crate) drift: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal
    Text,
    /// For a pull request comment
    Markdown,
    /// For programs: plan format 1.0
    Json,
}

/// What GitHub takes of a comment, in characters.
pub(crate) const COMMENT_LIMIT: usize = 65_536;

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A plan saved by `plan --out`
    #[arg(value_name = "PLANFILE")]
    pub(crate) plan: PathBuf,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// One saved plan, or spec files and folders
    #[arg(required = true, value_name = "PLANFILE | PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Apply these migrations only; not with a saved plan, which has its own
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) target: Vec<String>,
    /// Look for what is the spec's everywhere in its accounts, as for plan; a saved plan has its own
    #[arg(long, conflicts_with = "target")]
    pub(crate) search: bool,
    /// How long to wait for canaries, and for the job of a backfill, e.g. 90s, 15m, 6h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) wait: Option<Duration>,
    /// How long reads of what others write, too, must agree before it is written; answers of AWS can be old for seconds
    #[arg(long, value_name = "DURATION", env = "S3FERRY_AGREE_FOR", value_parser = duration, default_value = AGREE_FOR)]
    pub(crate) agree_for: Duration,
}

/// Without --document and --all it lists what the run kept, and changes nothing.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The run: the name of its journal in the ledger's runs, without .jsonl
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Spec files, or folders of them, as for apply: they name the accounts and the ledger
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Give this document back, even if it was changed since the run; with @sha256:... another one that is kept of it
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) document: Vec<String>,
    /// Give back all that the run found, but for what was changed since
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// How long reads of what others write, too, must agree before it is written; answers of AWS can be old for seconds
    #[arg(long, value_name = "DURATION", env = "S3FERRY_AGREE_FOR", value_parser = duration, default_value = AGREE_FOR)]
    pub(crate) agree_for: Duration,
}

/// Everything is read and nothing is written but the receipt, in the spec's ledger. A comparison that was stopped goes on where it was.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Compare these migrations only
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) target: Vec<String>,
    /// What tells of both sides; lists of S3 Inventory are read in place of the live buckets, and what they leave in doubt is seen live
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Told::Listing)]
    pub(crate) from: Told,
    /// Who compares inventories; Athena does it where they lie, as the spec's `verify.athena` says, and costs by the bytes of the lists
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Engine::Local)]
    pub(crate) engine: Engine,
    /// How closely to look; left out, as the spec's `verify` says from phase `verify` on, before it by the listings
    #[arg(long, value_enum)]
    pub(crate) depth: Option<Depth>,
    /// Read the content of this share of versions, chosen anew each time, e.g. 1%; left out, of all at --depth content
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub(crate) sample: Option<Share>,
    /// Look only at what was written since an earlier comparison and at what is no more what it was then: `last`, the newest that serves, or
    /// the name of its receipt, sha256:...
    #[arg(long, value_name = "RECEIPT", value_parser = since)]
    pub(crate) since: Option<Since>,
    /// Which versions to compare with each other
    #[arg(long = "match", value_enum, value_name = "WHICH", default_value_t = Matched::Versions)]
    pub(crate) matched: Matched,
    /// What to compare besides; from phase `verify` on also what the spec's `verify` says; tags and metadata need a look at each version
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) compare: Vec<Compared>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = VerifyFormat::Text)]
    pub(crate) format: VerifyFormat,
    /// Write what is different or not known to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) differences: Option<PathBuf>,
    /// The most versions that are told one by one; all are counted
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) max_differences: usize,
    /// The most versions that are looked at because the listings leave them in doubt, of inventories the most keys; --depth checksum looks at all
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) max_looks: u64,
    /// Count what was written within this time as on its way
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "15m")]
    pub(crate) settle: Duration,
    /// Begin anew, whatever an earlier run has compared
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Told {
    /// Both buckets, listed now
    Listing,
    /// The newest inventory of each side that is whole: where the spec lets it go, or a configuration of the bucket does
    Inventory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// This machine
    Local,
    /// Athena, by one query over both lists
    Athena,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Depth {
    /// By size, version ID and ETag, from the listings; what they leave in doubt is looked at
    Listing,
    /// By stored checksums, with a look at each version of both sides
    Checksum,
    /// By checksums that S3 computed at both sides, as the reports of the jobs tell that an apply made
    Computed,
    /// By their bytes, read at both sides, or of the share that --sample says
    Content,
}

/// The comparison to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since {
    /// Of each migration the newest one that serves.
    Last,
    /// That of this receipt.
    Receipt(String),
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Last => "last",
            Self::Receipt(name) => name,
        })
    }
}

/// `last`, or the name of a receipt, also as its file has it.
fn since(text: &str) -> Result<Since, String> {
    if text == "last" {
        return Ok(Since::Last);
    }
    let file = text.rsplit('/').next().unwrap_or(text);
    let digits = file
        .strip_prefix("sha256:")
        .or_else(|| file.strip_prefix("sha256-")?.strip_suffix(".json"));
    let is_hash =
        |digits: &&str| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match digits.filter(is_hash) {
        Some(digits) => Ok(Since::Receipt(format!("sha256:{}", digits.to_lowercase()))),
        None => Err("write last, or the name that a comparison gave its receipt: sha256: and 64 hexadecimal digits".to_owned()),
    }
}

/// A percentage.
fn share(text: &str) -> Result<Share, String> {
    Share::of_percent(text).ok_or_else(|| "write a percentage from 0% to 100%, e.g. 1%".to_owned())
}

impl From<Depth> for spec::Depth {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Listing => Self::Listing,
            Depth::Checksum => Self::Checksum,
            Depth::Computed => Self::Computed,
            Depth::Content => Self::Content,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Matched {
    /// Those of one ID, as replication keeps them
    Versions,
    /// The current objects of each key, for data that something else than replication moved
    Current,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compared {
    /// Object tags
    Tags,
    /// User metadata
    Metadata,
    /// The storage class, against that of the rule or of the source
    Class,
}

impl From<Compared> for spec::Compared {
    fn from(compared: Compared) -> Self {
        match compared {
            Compared::Tags => Self::Tags,
            Compared::Metadata => Self::Metadata,
            Compared::Class => Self::Class,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyFormat {
    /// For a terminal
    Text,
    /// For programs: what the receipts hold
    Json,
    /// For pipelines that show test results
    Junit,
}

/// Everything is read and nothing is written. It judges what is live, whoever wrote it; what a spec asks for beside is the plan's to say.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Look at these migrations only
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) target: Vec<String>,
    /// Follow this object of the source, too; where there are several migrations, with --target
    #[arg(long, value_name = "KEY")]
    pub(crate) object: Option<String>,
    /// The version of the object; left out, the current one
    #[arg(
        id = "of_object",
        long = "version",
        value_name = "ID",
        requires = "object"
    )]
    pub(crate) version: Option<String>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub(crate) format: DoctorFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// For a terminal
    Text,
    /// For programs: a list of diagnoses
    Json,
}

/// Everything is read and nothing is written. It makes the plan that plan makes, and adds metrics, failed objects, jobs, alarms and receipts.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Look at these migrations only; one is shown with everything
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) target: Vec<String>,
    /// Redraw the page in place every so many seconds until q; on a terminal
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "10", value_parser = seconds, conflicts_with = "format")]
    pub(crate) watch: Option<Duration>,
    /// How to print the status
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// A page for a terminal
    Text,
    /// For programs
    Json,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("it must be a number of seconds from 1 to 86400".to_owned()),
    }
}

/// As long as `s3ferry_engine::Limits` has.
const AGREE_FOR: &str = "5s";

fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("it must be a number with s, m or h, e.g. 15m".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "it must begin with a number".to_owned())?;
    let total = number.checked_mul(seconds).ok_or("it is too long")?;
    Ok(Duration::from_secs(total))
}

/// From the spec alone: no call is made. What retire needs is printed by a version that has this command.
#[derive(Debug, Args)]
pub(crate) struct PermissionsArgs {
    /// Spec files, or folders of them; together they make one spec
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// With --for import: an account whose replication is to be imported; there is no spec yet
    #[arg(long, value_name = "ACCOUNT_ID", conflicts_with = "target", value_parser = account_id)]
    pub(crate) account: Vec<AccountId>,
    /// With --for import: a Region of the accounts' partition
    #[arg(long, value_name = "REGION", env = "AWS_REGION", default_value = "us-east-1", value_parser = region)]
    pub(crate) region: Region,
    /// What the caller is going to do; apply contains plan
    #[arg(long = "for", value_enum, value_name = "COMMAND", default_value_t = Purpose::Apply)]
    pub(crate) purpose: Purpose,
    /// How to print the policies
    #[arg(long, value_enum, default_value_t = PolicyFormat::Text)]
    pub(crate) format: PolicyFormat,
    /// What these migrations need only; what left the spec is not looked for then
    #[arg(long, value_name = "MIGRATION")]
    pub(crate) target: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// Compare; it only reads
    Plan,
    /// Compare, and look everywhere for what is the spec's (plan --search); it only reads
    Search,
    /// Make the changes
    Apply,
    /// Compare both sides of the migrations; it only reads
    Verify,
    /// See where the migrations stand; it only reads
    Status,
    /// See why objects do not replicate; it only reads
    Doctor,
    /// Write a spec from what is live in the accounts of --account
    Import,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyFormat {
    /// A heading for each account, then its policies
    Text,
    /// An object of lists of policies, by account ID
    Json,
    /// aws_iam_policy resources
    Terraform,
}

/// Everything is read and nothing is written but the spec. What no spec can say stands in it as a comment.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A bucket whose replication is imported
    #[arg(long, required_unless_present = "all", value_name = "ACCOUNT_ID:BUCKET", value_parser = place)]
    pub(crate) source: Vec<Place>,
    /// Import the rules to this bucket only
    #[arg(long, value_name = "ACCOUNT_ID:BUCKET", value_parser = place)]
    pub(crate) destination: Vec<Place>,
    /// An account whose buckets are looked at, with --all
    #[arg(long, value_name = "ACCOUNT_ID", requires = "all", value_parser = account_id)]
    pub(crate) account: Vec<AccountId>,
    /// Import every replication from buckets of the accounts
    #[arg(long, requires = "account", conflicts_with = "source")]
    pub(crate) all: bool,
    /// The profile to sign in to an account with, here and in the spec; the account is called after it there
    #[arg(long, value_name = "ACCOUNT_ID=NAME", value_parser = profile)]
    pub(crate) profile: Vec<(AccountId, String)>,
    /// The role to assume in an account, here and in the spec
    #[arg(long, value_name = "ACCOUNT_ID=ARN[,EXTERNAL_ID]", value_parser = assumed_role)]
    pub(crate) assume_role: Vec<(AccountId, Access)>,
    /// The Region to sign in to and to ask in first; buckets are found wherever they are
    #[arg(long, value_name = "REGION", env = "AWS_REGION", default_value = "us-east-1", value_parser = region)]
    pub(crate) region: Region,
    /// The spec's name; left out, that of the s3ferry rules that are found, or default
    #[arg(long, value_name = "NAME", value_parser = spec_name)]
    pub(crate) name: Option<SpecName>,
    /// The file to write; left out, standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write over the file if it exists
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// A bucket in an account.
pub(crate) type Place = (AccountId, BucketName);

fn place(text: &str) -> Result<Place, String> {
    let (account, bucket) = text
        .split_once(':')
        .ok_or("it must be an account ID and a bucket, e.g. 111111111111:orders-prod")?;
    let account = account_id(account)?;
    let bucket = BucketName::new(bucket).map_err(|error| error.to_string())?;
    Ok((account, bucket))
}

fn account_id(text: &str) -> Result<AccountId, String> {
    AccountId::new(text).map_err(|_| "an account ID has 12 digits".to_owned())
}

fn region(text: &str) -> Result<Region, String> {
    Region::new(text).map_err(|error| error.to_string())
}

fn profile(text: &str) -> Result<(AccountId, String), String> {
    let (account, name) = text
        .split_once('=')
        .filter(|(_, name)| !name.trim().is_empty())
        .ok_or("it must be an account ID and a profile, e.g. 111111111111=prod")?;
    Ok((account_id(account)?, name.to_owned()))
}

fn assumed_role(text: &str) -> Result<(AccountId, Access), String> {
    let (account, role) = text.split_once('=').ok_or(
        "it must be an account ID and a role, e.g. 111111111111=arn:aws:iam::111111111111:role/s3ferry",
    )?;
    let account = account_id(account)?;
    let (arn, external_id) = match role.split_once(',') {
        Some((arn, external_id)) => (arn, Some(external_id.to_owned())),
        None => (role, None),
    };
    let of = RoleRef::of_arn(arn).ok_or("what follows the account ID must be the ARN of a role")?;
    if of.account != account {
        return Err(format!("the role is in account {}", of.account));
    }
    let arn = Arn::new(arn).map_err(|error| error.to_string())?;
    Ok((account, Access::AssumeRole { arn, external_id }))
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, e.g. role-not-ours; left out, all codes are listed
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The address to listen on; a loopback address unless you know why not
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4599")]
    pub(crate) listen: SocketAddr,
    /// A JSON file of buckets and objects to begin with
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// An account and its Region
    #[arg(long, value_name = "ID:REGION", default_values = ["111111111111:eu-west-1", "222222222222:eu-central-1"])]
    pub(crate) account: Vec<String>,
    /// Who may use the control endpoint on this machine; pages of a browser never may
    #[arg(long, value_enum, value_name = "WHO", env = "S3FERRY_SANDBOX_CONTROL", default_value_t = Control::Token)]
    pub(crate) control: Control,
    /// Added to every call, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency: u64,
    /// How long a replica takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub(crate) replication_delay: u64,
    /// How long IAM takes until a change is in force, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) propagation_delay: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Control {
    /// Who sends the token that is printed with the environment
    Token,
    /// Everybody
    Open,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the specs, the plans and the ledger of the demo in ./s3ferry-demo
    #[arg(long)]
    pub(crate) keep: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for bad in [
            "",
            "15",
            "m",
            "1d",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}

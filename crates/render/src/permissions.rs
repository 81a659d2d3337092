//! What callers need, as text, JSON and Terraform, ready to paste.
//!
//! All three are drawn from the same tree of each policy, so that they say the same.

use s3ferry_core::permissions::{ATTACHED, CallerPermissions, MANAGED_POLICY_CHARACTERS, Purpose};
use s3ferry_core::policy::{PolicyDocument, Statement, size};
use s3ferry_core::spec::Access;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::sanitize::{sanitize, sanitize_json};
use crate::words::{number, plural};

/// A policy, member by member in AWS's order.
enum Tree {
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What a reader should know of all the policies.
#[must_use]
pub fn permission_notes(callers: &[CallerPermissions], purpose: Purpose) -> Vec<String> {
    match purpose {
        Purpose::Import => return of_import(),
        Purpose::Verify => return of_verify(),
        Purpose::Doctor => return of_doctor(),
        Purpose::Plan | Purpose::Search | Purpose::Apply | Purpose::Status => {}
    }
    let general = [
        "This is for the spec as it is: print it again when a phase, a bucket, a role, a rule or a key changes.",
        "What earlier texts of the spec left in its buckets, under its name or with its tag is among it. Buckets, keys, roles and other people's \
         trails that only an earlier text names are not: print and keep its permissions, too, until the apply that takes them out is through.",
        "That a principal may be assumed or signed in as is granted elsewhere: its trust policy, and sts:AssumeRole for whoever assumes it.",
        "WholeAccount has * because its actions take no other resource. Of a role that is not there yet IAM knows no path, \
         so reads name it without one; roles that left the spec are found under role/s3ferry/.",
    ];
    let mut notes: Vec<String> = general.into_iter().map(str::to_owned).collect();
    for caller in callers {
        let name = named(caller);
        if caller.by_path {
            notes.push(format!(
                "{name}: roles are named by their path, because one by one they would take more than {ATTACHED} policies."
            ));
        }
        if caller.policies.len() > ATTACHED {
            notes.push(format!(
                "{name}: these are {} policies, and a role takes {ATTACHED}, or 20 where AWS raised its quota: split the spec, or let migrations share roles.",
                caller.policies.len()
            ));
        }
    }
    notes
}

fn of_import() -> Vec<String> {
    let notes = [
        "Nothing is known of the accounts yet, so buckets, roles, keys and trails are all that there are: it only reads their configuration, and no object.",
        "What logs, inventories, notifications, alarms, trails and keys' policies are may be left out: the import goes on and says that it could not look.",
        "The import plans the spec that it wrote: what that plan needs, s3ferry permissions prints for the spec (--for plan); without it, only whether it would change anything is not known.",
        "That a principal may be assumed or signed in as is granted elsewhere: its trust policy, and sts:AssumeRole for whoever assumes it.",
    ];
    notes.into_iter().map(str::to_owned).collect()
}

fn of_verify() -> Vec<String> {
    let notes = [
        "It only reads, and of objects' content that of inventories alone. Versions that may not be looked at are counted as not known, and the comparison goes on.",
        "kms:Decrypt is for the keys that the spec names: S3 shows the checksum of what is encrypted under a key to who may decrypt. What is under other keys is compared by size, version ID and ETag.",
        "s3:ListBucket and s3:GetObject are for --from inventory, on the lists that the spec declares. Of inventories that it does not, s3:GetInventoryConfiguration on both buckets and these two on where the lists lie are yours to add.",
        "s3:GetObjectVersionTagging is for --compare tags, and for rules with tags.",
        "That a principal may be assumed or signed in as is granted elsewhere: its trust policy, and sts:AssumeRole for whoever assumes it.",
    ];
    notes.into_iter().map(str::to_owned).collect()
}

fn of_doctor() -> Vec<String> {
    let notes = [
        "It judges what is live, whoever wrote it: rules may name any role and any key of their accounts, so roles, policies and keys are all that there are. It reads no content of objects.",
        "What may be left out is said as unknown, but for the rules themselves (s3:GetReplicationConfiguration). s3:ListBucketVersions, s3:GetObjectVersion and s3:GetObjectVersionTagging are for --object.",
        "That a principal may be assumed or signed in as is granted elsewhere: its trust policy, and sts:AssumeRole for whoever assumes it.",
    ];
    notes.into_iter().map(str::to_owned).collect()
}

/// The policies for people: a heading for each account, then its policies as JSON.
#[must_use]
pub fn permissions_text(callers: &[CallerPermissions], purpose: Purpose) -> String {
    let blocks = callers.iter().map(|caller| {
        let heading = format!(
            "Account {}: {} for {}\nNeeded by {}.\n",
            account(caller),
            plural(caller.policies.len() as u64, "policy"),
            purpose.as_str(),
            principal(caller, purpose),
        );
        let policies = caller.policies.iter().enumerate().map(|(at, policy)| {
            let count = caller.policies.len();
            let which = if count == 1 {
                String::new()
            } else {
                format!("Policy {} of {count}, ", at + 1)
            };
            let size = number(size::iam(policy) as u64);
            let most = number(MANAGED_POLICY_CHARACTERS as u64);
            let measured = format!("{which}{size} of {most} characters:");
            format!("{}\n{}\n", capital(&measured), json(&tree(policy)))
        });
        let policies: Vec<String> = policies.collect();
        sanitize_lines(&heading) + &sanitize_json(&policies.join("\n"))
    });
    blocks.collect::<Vec<String>>().join("\n")
}

/// The policies for programs: an object with a list of policies for each account's ID.
#[must_use]
pub fn permissions_json(callers: &[CallerPermissions]) -> String {
    let accounts = callers.iter().map(|caller| {
        let policies = caller.policies.iter().map(tree).collect();
        (caller.id.to_string(), Tree::List(policies))
    });
    let all = Tree::Object(accounts.collect());
    sanitize_json(&format!("{}\n", json(&all)))
}

/// The policies as resources of Terraform's AWS provider, as `terraform fmt` has them.
#[must_use]
pub fn permissions_terraform(
    callers: &[CallerPermissions],
    purpose: Purpose,
    spec: Option<&str>,
) -> String {
    let mut notes = permission_notes(callers, purpose);
    notes.push(
        "Each resource belongs to the provider of its account: provider = aws.NAME.".to_owned(),
    );
    let notes: Vec<String> = notes
        .iter()
        .map(|note| format!("# {}\n", sanitize(note)))
        .collect();
    let mut blocks = vec![notes.concat()];
    for caller in callers {
        for (at, policy) in caller.policies.iter().enumerate() {
            blocks.push(sanitize_json(&resource(
                caller,
                policy,
                (purpose, spec, at + 1),
            )));
        }
    }
    blocks.join("\n")
}

fn resource(
    caller: &CallerPermissions,
    policy: &PolicyDocument,
    (purpose, spec, at): (Purpose, Option<&str>, usize),
) -> String {
    let who = principal(caller, purpose);
    let purpose = purpose.as_str();
    let first = caller.names.first();
    let place = first.map_or(caller.id.as_str(), |name| name.as_str());
    let label = |text: &str| {
        let safe = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        };
        text.chars().map(safe).collect::<String>()
    };
    let (of_spec, for_spec) = spec.map_or_else(Default::default, |spec| {
        (format!("-{spec}"), format!(" for spec {spec}"))
    });
    let name = format!("s3ferry{of_spec}-{purpose}-{place}-{at}");
    let description = format!(
        "What s3ferry {purpose} needs in account {}{for_spec}",
        named(caller)
    );
    format!(
        "# Account {}, needed by {who}.\n\
         resource \"aws_iam_policy\" \"s3ferry_{purpose}_{}_{at}\" {{\n  \
         name        = {}\n  description = {}\n  policy = jsonencode({})\n}}\n",
        account(caller),
        label(place),
        hcl_text(&name),
        hcl_text(&description),
        hcl(&tree(policy), 1),
    )
}

/// The account as the spec calls it; by its ID where there is none yet.
fn named(caller: &CallerPermissions) -> String {
    let names: Vec<&str> = caller.names.iter().map(|name| name.as_str()).collect();
    if names.is_empty() {
        return caller.id.to_string();
    }
    names.join(", ")
}

/// The account by its names and its ID.
fn account(caller: &CallerPermissions) -> String {
    if caller.names.is_empty() {
        return caller.id.to_string();
    }
    format!("{} ({})", named(caller), caller.id)
}

fn principal(caller: &CallerPermissions, purpose: Purpose) -> String {
    if purpose == Purpose::Import {
        return "whoever imports".to_owned();
    }
    match &caller.access {
        Access::DefaultChain => "whoever the default credential chain is".to_owned(),
        Access::Profile(profile) => format!("whoever profile {profile} is"),
        Access::AssumeRole { arn, .. } => arn.to_string(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn sanitize_lines(text: &str) -> String {
    text.lines().map(|line| sanitize(line) + "\n").collect()
}

fn tree(policy: &PolicyDocument) -> Tree {
    let statements = policy.statements().iter().map(of_statement).collect();
    Tree::Object(vec![
        ("Version".to_owned(), Tree::Text("2012-10-17".to_owned())),
        ("Statement".to_owned(), Tree::List(statements)),
    ])
}

fn of_statement(statement: &Statement) -> Tree {
    let list = |items: &[String]| Tree::List(items.iter().cloned().map(Tree::Text).collect());
    let mut members = Vec::new();
    if let Some(sid) = statement.sid() {
        members.push(("Sid".to_owned(), Tree::Text(sid.to_owned())));
    }
    members.push(("Effect".to_owned(), Tree::Text("Allow".to_owned())));
    members.push(("Action".to_owned(), list(statement.actions().listed())));
    if let Some(resources) = statement.resources() {
        members.push(("Resource".to_owned(), list(resources.listed())));
    }
    let conditions = statement.conditions().iter().map(|condition| {
        let on = vec![(condition.key.clone(), list(&condition.values))];
        (condition.operator.clone(), Tree::Object(on))
    });
    let conditions: Vec<(String, Tree)> = conditions.collect();
    if !conditions.is_empty() {
        members.push(("Condition".to_owned(), Tree::Object(conditions)));
    }
    Tree::Object(members)
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(to),
            Self::List(items) => items.serialize(to),
            Self::Object(members) => to.collect_map(members.iter().map(|(name, of)| (name, of))),
        }
    }
}

fn json(tree: &Tree) -> String {
    serde_json::to_string_pretty(tree).expect("a tree has string keys only")
}

fn enclosed((open, close): (char, char), items: Vec<String>, depth: usize) -> String {
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let items = items.join("\n");
    format!("{open}\n{items}\n{}{close}", "  ".repeat(depth))
}

/// As `terraform fmt` lays it out: single lines that follow each other are aligned, what opens a bracket is not.
fn hcl(tree: &Tree, depth: usize) -> String {
    let inner = "  ".repeat(depth + 1);
    match tree {
        Tree::Text(text) => hcl_text(text),
        Tree::List(items) => {
            let items = items
                .iter()
                .map(|item| format!("{inner}{},", hcl(item, depth + 1)));
            enclosed(('[', ']'), items.collect(), depth)
        }
        Tree::Object(members) => {
            let single = |of: &Tree| matches!(of, Tree::Text(_));
            let lines = members.iter().filter(|(_, of)| single(of));
            let width = lines
                .map(|(name, _)| hcl_name(name).len())
                .max()
                .unwrap_or(0);
            let members = members.iter().map(|(name, of)| {
                let width = if single(of) { width } else { 0 };
                format!("{inner}{:width$} = {}", hcl_name(name), hcl(of, depth + 1))
            });
            enclosed(('{', '}'), members.collect(), depth)
        }
    }
}

fn hcl_name(name: &str) -> String {
    if name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        name.to_owned()
    } else {
        hcl_text(name)
    }
}

/// A string of Terraform's language: JSON's, but that `${` and `%{` begin templates.
fn hcl_text(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.replace("${", "$${").replace("%{", "%%{")
}

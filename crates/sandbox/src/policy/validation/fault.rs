//! What is wrong with a policy, in the words of the service that refuses it.
//!
//! Sources: `seen` is a public report of an answer of AWS; docs/semantics.md names them.

/// What is wrong with the policy of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The first byte is no `{`.
    NoObject,
    Json,
    TooLarge,
    Version,
    NoStatements,
    UnknownField(String),
    Missing(&'static str),
    Empty(&'static str),
    Prohibited(&'static str),
    /// Something is of a type that the grammar does not have there.
    Syntax,
    Effect(String),
    AllowNotPrincipal,
    /// Two statements have one Sid.
    Sid,
    Operator(String),
    Address,
    /// There is no such action, or none that the policy of such a resource may name.
    Action,
    /// The resource is not the one whose policy it is.
    Resource,
    /// There is no such condition key.
    Key,
    /// An action is done to none of the resources.
    NoResource,
    /// A condition key goes with none of what is done to the resources.
    NoCondition,
    /// A trust policy names an action that lets nobody assume anything.
    NotAssuming,
}

impl Fault {
    /// Returns the message; `syntax` is what the service says of what the grammar does not have.
    pub(super) fn words(&self, syntax: &'static str) -> String {
        let text = match self {
            // seen: snapshots of LocalStack; GH:cloud-gov/terraform-provision#574
            Self::NoObject => "Policies must be valid JSON and the first byte must be '{'",
            // seen with roles; for S3 as others report it (versitygw)
            Self::Json => "This policy contains invalid Json",
            // seen: what a suite expects that runs against AWS, and CORTX
            Self::TooLarge => {
                "Normalized policy document exceeds the maximum allowed size of 20480 bytes"
            }
            // seen: GH:versity/versitygw#1536, GH:codevise/pageflow#902
            Self::Version => "The policy must contain a valid version string",
            Self::NoStatements => "Could not parse the policy: Statement is empty!",
            Self::UnknownField(name) => return format!("Unknown field {name}"),
            Self::Missing(name) => return format!("Missing required field {name}"),
            Self::Empty(name) => return format!("Missing required field {name} cannot be empty!"),
            Self::Prohibited(name) => return format!("Has prohibited field {name}"),
            Self::Syntax => syntax,
            Self::Effect(effect) => return format!("Invalid effect: {effect}"),
            Self::AllowNotPrincipal => "Allow with NotPrincipal is not allowed.",
            Self::Sid => "The Statement Ids in the policy are not unique",
            Self::Operator(name) => return format!("Invalid Condition type : {name}"),
            Self::Address => "Invalid IP address in Conditions",
            Self::Action => "Policy has invalid action",
            Self::Resource => "Policy has invalid resource",
            Self::Key => "Policy has an invalid condition key",
            Self::NoResource => "Action does not apply to any resource(s) in statement",
            Self::NoCondition => {
                "Conditions do not apply to combination of actions and resources in statement"
            }
            Self::NotAssuming => "AssumeRole policy may only specify STS AssumeRole actions.",
        };
        text.to_owned()
    }
}

//! How a service of the sandbox publishes to a topic in its own name: SNS takes it if the topic's policy and the topic's key let it
//! ([`crate::sns`]); the other services know only this trait.

use std::fmt;

use crate::authority::Source;

/// What a service publishes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'a> {
    /// `cloudwatch.amazonaws.com`
    pub(crate) service: &'a str,
    /// What it is about, and whose that is.
    pub(crate) source: Source<'a>,
    /// Whether the service also tells the account as `aws:SourceOwner`, as those do that were there before
    /// `aws:SourceAccount` and which the policy of a new topic lets publish (SNS Developer Guide, "aws:SourceAccount versus
    /// aws:SourceOwner").
    pub(crate) tells_owner: bool,
    pub(crate) topic: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) message: &'a str,
    /// In seconds since 1970.
    pub(crate) at: f64,
}

/// Why a notice is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unpublished {
    /// There is no such topic.
    NoTopic,
    /// The topic's policy, or its key, does not let the service.
    Denied(String),
}

impl fmt::Display for Unpublished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTopic => f.write_str("Topic does not exist"),
            Self::Denied(reason) => f.write_str(reason),
        }
    }
}

/// Delivers notices; implemented by SNS.
pub(crate) trait Notifier: Send + Sync {
    /// Says whether a notice would be taken.
    fn accepts(&self, notice: &Notice<'_>) -> Result<(), Unpublished>;

    /// Publishes a notice.
    fn publish(&self, notice: &Notice<'_>) -> Result<(), Unpublished>;
}

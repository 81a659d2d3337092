//! How a service of the sandbox publishes to a topic in its own name: SNS takes it if the topic's policy and the topic's key let it
//! ([`crate::sns`]); the other services know only this trait.

/// What a service publishes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'a> {
    /// `cloudwatch.amazonaws.com`
    pub(crate) service: &'a str,
    /// What it is about, and whose that is: `aws:SourceArn` and `aws:SourceAccount`.
    pub(crate) source_arn: &'a str,
    pub(crate) source_account: &'a str,
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

/// Delivers notices; implemented by SNS.
pub(crate) trait Notifier: Send + Sync {
    /// Publishes a notice; the error says why it was refused.
    fn publish(&self, notice: &Notice<'_>) -> Result<(), String>;
}

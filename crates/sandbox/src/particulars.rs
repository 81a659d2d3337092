//! What the logs of AWS tell of a call beyond the call log: who, when, with which request, and what was answered.

use std::time::SystemTime;

use crate::authority::Caller;

/// What is known of a call when it comes.
#[derive(Debug, Clone)]
pub(crate) struct Particulars {
    /// By the sandbox's clock.
    pub(crate) at: SystemTime,
    /// None where nobody's key signed it.
    pub(crate) caller: Option<Caller>,
    pub(crate) access_key: String,
    /// AWS itself makes it, as S3 that replicates.
    pub(crate) of_aws: bool,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) uri: String,
    pub(crate) host: String,
    pub(crate) user_agent: String,
    pub(crate) referer: String,
    /// `AuthHeader`, `QueryString`, or empty.
    pub(crate) auth_type: &'static str,
    /// Headers `x-amz-...` that say something of the request.
    pub(crate) headers: Vec<(String, String)>,
    /// The input as JSON, of services that are not S3; empty where it is too long, or no JSON.
    pub(crate) input: String,
    /// Bytes of the request's body, as it says itself.
    pub(crate) received: u64,
}

/// What is known when it is answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replied {
    pub(crate) request_id: String,
    pub(crate) host_id: String,
    pub(crate) version_id: String,
    pub(crate) message: String,
    /// Bytes of the reply's body.
    pub(crate) sent: u64,
    /// The object's size, where the call is about one that is there.
    pub(crate) object_size: Option<u64>,
    pub(crate) millis: u64,
}

impl Particulars {
    /// Returns what there is to say of a call that AWS makes itself.
    pub(crate) fn of_aws(at: SystemTime) -> Self {
        let none = String::new;
        Self {
            at,
            caller: None,
            access_key: none(),
            of_aws: true,
            method: none(),
            uri: none(),
            host: none(),
            user_agent: none(),
            referer: none(),
            auth_type: "",
            headers: Vec::new(),
            input: none(),
            received: 0,
        }
    }

    /// Returns about how many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        /// A caller, the empty fields, and what was answered.
        const REST: usize = 1024;
        let Self {
            at: _,
            caller: _,
            access_key: _,
            of_aws: _,
            method: _,
            uri,
            host,
            user_agent,
            referer,
            auth_type: _,
            headers,
            input,
            received: _,
        } = self;
        let texts = [uri, host, user_agent, referer, input];
        let headers = headers.iter().map(|(name, value)| name.len() + value.len());
        REST + texts.iter().map(|text| text.len()).sum::<usize>() + headers.sum::<usize>()
    }
}

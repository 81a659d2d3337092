//! Services that speak several protocols at once, of which the oldest is the query protocol: one implementation, and codecs.

use super::dialect::Dialect;
use super::node::Node;
use super::refusal::Refusal;
use crate::authority::Caller;

/// A service of several protocols.
pub(crate) trait RpcService: Send + Sync {
    /// Its name in the credential scope.
    fn name(&self) -> &'static str;
    /// How it is worded in each protocol.
    fn dialect(&self) -> &'static Dialect;
    /// What a call is about, for the call log.
    fn resource(&self, input: &Node) -> String;
    /// Answers one operation; `None` where the operation answers nothing.
    fn call(&self, request: &RpcRequest<'_>) -> Result<Option<Node>, Refusal>;
}

/// One call of such a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RpcRequest<'a> {
    pub(crate) caller: &'a Caller,
    /// The Region of the signature.
    pub(crate) region: &'a str,
    pub(crate) operation: &'a str,
    /// `Node::Null` where the body cannot be read.
    pub(crate) input: &'a Node,
}

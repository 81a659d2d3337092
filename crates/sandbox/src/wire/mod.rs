//! What travels between the port and the services: forms, host names, paths, refusals, and the protocols: query, AWS JSON and RPC v2
//! CBOR.

pub(crate) mod codec;
pub(crate) mod control;
mod dialect;
pub(crate) mod form;
pub(crate) mod hosts;
pub(crate) mod json;
pub(crate) mod node;
pub(crate) mod query;
pub(crate) mod refusal;
mod reply;
pub(crate) mod rpc;
mod unzipped;

pub(crate) use codec::Codec;
pub(crate) use control::{control_path, in_signed_order};
pub(crate) use dialect::Dialect;
pub(crate) use form::Form;
pub(crate) use hosts::Hosts;
pub(crate) use json::{JsonRequest, JsonService};
pub(crate) use node::Node;
pub(crate) use query::{QueryRequest, QueryService};
pub(crate) use refusal::{JSON_1_1, Refusal, escaped, is_xml_char};
pub(crate) use rpc::{RpcRequest, RpcService};

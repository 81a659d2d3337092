//! What travels between the port and the services: forms, host names, paths, refusals, the query protocol and AWS JSON.

pub(crate) mod control;
pub(crate) mod form;
pub(crate) mod hosts;
pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod refusal;

pub(crate) use control::control_path;
pub(crate) use form::Form;
pub(crate) use hosts::Hosts;
pub(crate) use json::{JsonRequest, JsonService};
pub(crate) use query::QueryService;
pub(crate) use refusal::{JSON_1_1, Refusal, escaped, is_xml_char};

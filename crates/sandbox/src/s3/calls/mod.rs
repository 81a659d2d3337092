//! What a request does.
//!
//! ```text
//! service (s3s, error documents)
//!   |- routes -> documents: PUT/GET/DELETE of configuration, CreateBucket   (kept as the text that was sent)
//!   |    |           |- subresource (the table)  |- validate, acl, and a file for policy, replication, lifecycle,
//!   |    |                                           logging, inventory, notification
//!   |    |- account: S3 Control: what is set for all of an account's buckets, and jobs
//!   |    |           |- control (who may), jobs, job_document, job_tags
//!   |    `- versions, list_objects: ListObjectVersions and ListObjectsV2 (list_route; cursors -> listing -> listed)
//!   `- access (bucket, Region, owner, policies) -> api -> put, get, attributes, copy, delete,
//!        multipart, complete, tagging, list_calls                (all over the state)
//! ```
//!
//! Every new version passes through [`mod@write`], which plans its replication.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod acl;
pub(crate) mod actions;
pub(crate) mod api;
pub(crate) mod attributes;
pub(crate) mod body;
pub(crate) mod complete;
pub(crate) mod conditions;
pub(crate) mod context;
pub(crate) mod control;
pub(crate) mod copy;
pub(crate) mod create;
pub(crate) mod cursors;
pub(crate) mod delete;
pub(crate) mod documents;
pub(crate) mod find;
pub(crate) mod get;
pub(crate) mod inventory_document;
pub(crate) mod job_document;
pub(crate) mod job_tags;
pub(crate) mod jobs;
pub(crate) mod lifecycle_document;
pub(crate) mod list_calls;
pub(crate) mod list_objects;
pub(crate) mod list_route;
pub(crate) mod listed;
pub(crate) mod listing;
pub(crate) mod logging_document;
pub(crate) mod multipart;
pub(crate) mod notification_document;
pub(crate) mod pace;
pub(crate) mod policy_document;
pub(crate) mod put;
pub(crate) mod replication_document;
pub(crate) mod request;
pub(crate) mod restore;
pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod subresource;
pub(crate) mod tagging;
pub(crate) mod times;
pub(crate) mod validate;
pub(crate) mod versions;
pub(crate) mod write;
pub(crate) mod write_options;

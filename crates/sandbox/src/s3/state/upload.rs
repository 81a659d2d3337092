//! Multipart uploads that are not yet complete.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;

use super::version::Headers;
use super::write_options::WriteOptions;
use crate::s3::checksum::{Algorithm, Checksum, Type};

/// An upload in progress.
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: SystemTime,
    pub(crate) initiator: String,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kind: Type,
    pub(crate) parts: BTreeMap<i32, UploadedPart>,
    pub(crate) headers: Headers,
    pub(crate) options: WriteOptions,
}

/// A part that was uploaded.
#[derive(Clone)]
pub(crate) struct UploadedPart {
    pub(crate) bytes: Bytes,
    pub(crate) md5: Vec<u8>,
    pub(crate) checksum: Checksum,
    pub(crate) modified: SystemTime,
}

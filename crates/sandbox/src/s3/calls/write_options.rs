//! What the headers of a write ask for, taken from the input of any of the three operations that write an object.

/// The [`WriteOptions`](crate::s3::state::write_options::WriteOptions) of an input. PutObject, CopyObject and
/// CreateMultipartUpload take the same headers, but their inputs are types of their own that share no trait.
macro_rules! write_options_of {
    ($input:expr, $tags:expr) => {
        $crate::s3::state::write_options::WriteOptions {
            tags: $tags,
            storage_class: $input
                .storage_class
                .as_ref()
                .map(|class| class.as_str().to_owned()),
            encryption: $crate::s3::state::write_options::EncryptionOptions {
                algorithm: $input
                    .server_side_encryption
                    .as_ref()
                    .map(|sse| sse.as_str().to_owned()),
                key: $input.ssekms_key_id.clone(),
                bucket_key: $input.bucket_key_enabled,
                customer_key_md5: $input.sse_customer_key_md5.clone(),
            },
            lock: $crate::s3::state::write_options::LockOptions {
                mode: $input
                    .object_lock_mode
                    .as_ref()
                    .map(|mode| mode.as_str().to_owned()),
                retain_until: $input
                    .object_lock_retain_until_date
                    .clone()
                    .and_then($crate::s3::calls::times::system_time),
                legal_hold: $input
                    .object_lock_legal_hold_status
                    .as_ref()
                    .map(|status| status.as_str() == "ON"),
            },
            acl: $crate::s3::state::write_options::AclOptions {
                canned: $input.acl.as_ref().map(|acl| acl.as_str().to_owned()),
                read: $input.grant_read.clone(),
                write: None,
                read_acp: $input.grant_read_acp.clone(),
                write_acp: $input.grant_write_acp.clone(),
                full_control: $input.grant_full_control.clone(),
            },
        }
    };
}

pub(crate) use write_options_of;

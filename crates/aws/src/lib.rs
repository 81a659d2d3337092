//! The ports of the engine over the AWS SDK for Rust.

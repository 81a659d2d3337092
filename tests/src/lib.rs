//! What the tests of the whole share; the tests themselves are in `tests/`.
//!
//! ```text
//! repository   the files of the repository
//! python       a virtual environment with boto3, the AWS CLI and moto
//! rust         Rust source as tokens, without comments, literals and tests
//! workspace    the crates and what they depend on, as cargo sees it
//! ```
//! The product is used here as its users use it: as a program. Only the sandbox runs in process.

pub mod python;
pub mod repository;
pub mod rust;
pub mod workspace;

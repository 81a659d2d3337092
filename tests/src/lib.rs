//! What the tests of the whole share; the tests themselves are in `tests/`.
//!
//! ```text
//! athena       who executes queries of the sandbox's Athena
//! house        the files of a crate, and which names which
//! program      the binary, found or built
//! python       a virtual environment with boto3, the AWS CLI and moto
//! repository   the files of the repository
//! rust         Rust source as tokens, without comments, literals and tests
//! signed       a small client of the sandbox: the other people of an account
//! workspace    the crates and what they depend on, as cargo sees it
//! world        a sandbox, a spec, and the program between them
//! ```
//! The product is used here as its users use it: as a program. Only the sandbox runs in process.

pub mod athena;
pub mod house;
pub mod program;
pub mod python;
pub mod repository;
pub mod rust;
pub mod signed;
pub mod terraform;
pub mod workspace;
pub mod world;

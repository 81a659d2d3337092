//! The adapter seen from outside: over a scripted server (`stub`), and over the sandbox.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alarms;
mod cloudwatch;
mod logs;
mod replication;
mod sandbox;
mod sign_in;
mod stub;
mod together;
mod trails;
mod wire;
